//! Answers to locate queries as any peer may send them.

use lode_core::wire::{Held, LocateAnswer, decode_text};

use crate::heartbeat::check_address;
use crate::message;

/// A yes names its sender in the body, as the seed does; only a server of ours says no, and only in so many words.
pub fn locate_answer(data: &[u8]) {
    let message = message::read(data);
    let Ok(answer) = LocateAnswer::parse(&message) else { return };
    check_address(&answer.address);
    assert_eq!(
        answer.query.map(|id| id.to_string()).as_deref(),
        message.correlation_id.as_deref(),
        "an id is read as it is written"
    );
    let header = |name: &str| message.headers.get(name);
    let body = decode_text(&message.body);
    match answer.held {
        Held::Yes { size_bytes, checksum } => {
            assert_eq!(body.as_deref(), Ok(answer.address.as_str()));
            assert_ne!(header("lode-held"), Some("no"));
            assert_eq!(size_bytes.is_some(), header("lode-size-bytes").is_some());
            assert_eq!(checksum.map(|checksum| checksum.to_string()).as_deref(), header("lode-checksum"));
        }
        Held::No => {
            assert_eq!(body.as_deref(), Ok(""));
            assert_eq!(header("lode-held"), Some("no"));
            assert_eq!(header("lode-address"), Some(answer.address.as_str()));
        }
    }
}
