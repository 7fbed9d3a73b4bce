//! A message that was published once and is on its way to one queue or to many.

use std::rc::Rc;

use lode_core::bus::{BusEvent, BusMessage, ReplyRoute};
use lode_core::wire::Heartbeat;

use super::World;
use crate::node::Node;

/// One message, and what it says of who lives. It is shared by all copies that are on their way.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) message: BusMessage,
    /// Read once here for the models of all listeners; a machine reads the message for itself.
    pub(crate) heard: Option<Heard>,
}

/// A sign of life.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard {
    /// Whose address is in it.
    pub(crate) member: Node,
    pub(crate) of_the_seed: bool,
}

/// Which way a message takes, and so what it is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// To all API servers.
    Heartbeat,
    /// To all data servers.
    Query,
    /// To one reply queue.
    Answer(ReplyRoute),
}

impl World<'_> {
    pub(crate) fn letter(&self, way: Way, message: BusMessage) -> Rc<Letter> {
        let heard = match way {
            Way::Heartbeat => Heartbeat::parse(&message).ok().map(|heartbeat| Heard {
                member: self.owner_of(&heartbeat.address),
                of_the_seed: heartbeat.details.is_none(),
            }),
            Way::Query | Way::Answer(_) => None,
        };
        Rc::new(Letter { message, heard })
    }
}

/// As it comes out of a queue. Whoever gets the last copy gets the message itself.
pub(crate) fn opened(way: Way, letter: Rc<Letter>) -> BusEvent {
    let message = Rc::try_unwrap(letter).map_or_else(|shared| shared.message.clone(), |letter| letter.message);
    match way {
        Way::Heartbeat => BusEvent::Heartbeat(message),
        Way::Query => BusEvent::Query(message),
        Way::Answer(route) => BusEvent::Answer { route, message },
    }
}
