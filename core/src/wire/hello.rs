//! The message by which an API server that has just come to the bus asks to hear everybody at once.

use alloc::format;

use super::{encode_text, header};
use crate::bus::BusMessage;
use crate::id::Incarnation;

/// A wish to hear heartbeats now, and not within a heartbeat period: an API server that has just started, or was cut off
/// from the bus, knows the data servers again in a moment. It goes out like a locate query. A data server of ours answers it
/// with a heartbeat; one of the seed takes it for a question about an object that nobody has, and stays silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hello {
    /// The API server's run. It makes the name that the seed looks for one that no object has.
    pub incarnation: Incarnation,
}

impl Hello {
    /// The message that says it.
    #[must_use]
    pub fn to_message(&self) -> BusMessage {
        let body = encode_text(&format!("lode-hello-{}", self.incarnation));
        let mut message = BusMessage { body, ..BusMessage::default() };
        header::set_yes_or_no(&mut message, header::WANTS_HEARTBEATS, true);
        message
    }

    /// Whether a message from the exchange of queries is such a wish, and not a query.
    #[must_use]
    pub fn is_hello(message: &BusMessage) -> bool {
        header::yes_or_no(message, header::WANTS_HEARTBEATS) == Ok(Some(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::OperationIds;
    use crate::name::ObjectName;
    use crate::wire::{LocateQuery, decode_text};

    #[test]
    fn it_is_told_from_a_query() {
        let hello = Hello { incarnation: Incarnation::new(1) }.to_message();
        assert!(Hello::is_hello(&hello));
        let id = OperationIds::new(Incarnation::new(1)).fresh();
        let query = LocateQuery { id, name: ObjectName::from_message("test2").unwrap() }.to_message();
        assert!(!Hello::is_hello(&query));
    }

    #[test]
    fn the_seed_reads_a_name_in_it() {
        let hello = Hello { incarnation: Incarnation::new(1) }.to_message();
        let text = decode_text(&hello.body).unwrap();
        assert_eq!(ObjectName::from_message(&text).unwrap().as_str(), "lode-hello-0000000000000001");
    }
}
