//! What the messages on the bus mean: bodies exactly as the seed writes and reads them (SEED-WIRE.md §2), and beside them
//! headers, which the seed ignores.
//!
//! | header | on | value |
//! |---|---|---|
//! | `lode-incarnation` | heartbeat, answer | the sender's [`Incarnation`](crate::id::Incarnation) |
//! | `lode-free-bytes` | heartbeat | room that is left, decimal |
//! | `lode-total-bytes` | heartbeat | size of the file system, decimal |
//! | `lode-accepts-writes` | heartbeat | `yes` or `no` |
//! | `lode-zone` | heartbeat | where the sender stands; left out if it was not told |
//! | `lode-draining` | heartbeat | `yes` if the sender is to be emptied; else `no`, or left out |
//! | `lode-software` | heartbeat | the sender's [`SoftwareVersion`] |
//! | `lode-negative-answers` | query | `yes` if the asker understands negative answers; else `no`, or left out |
//! | `lode-wants-heartbeats` | hello | `yes`: the sender wants to hear everybody now; there is nothing to be located |
//! | `lode-held` | answer | `yes`, or left out: the sender has the object; `no`: it has not |
//! | `lode-size-bytes` | positive answer | the size of the object, decimal; may be left out |
//! | `lode-checksum` | positive answer | its [`Checksum`](crate::checksum::Checksum); may be left out |
//! | `lode-address` | negative answer | the address of the sender |
//!
//! Headers that are not in the table are ignored, so that a newer version can add some. A heartbeat with none of the five
//! that say incarnation, space, writes and software is one of the seed; one with some of them must have them all.
//!
//! A negative answer has the body `""`, which a node of the seed reads as "no address", its word for "not found". It is
//! sent only to askers that say that they understand it.

mod header;
mod heartbeat;
mod hello;
mod locate;
mod text;

pub use heartbeat::{Heartbeat, HeartbeatDetails, SoftwareVersion};
pub use hello::Hello;
pub use locate::{Answerer, Echo, Held, LocateAnswer, LocateQuery, ReceivedQuery};
use text::read_text;
pub use text::{MAX_TEXT_BYTES, TextError, decode_text, encode_text};

use crate::address::AddressError;
use crate::name::NameError;

/// Why a message from the bus was dropped. What is wrong with one message says nothing about the next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The body is not a text.
    #[error("the body cannot be read: {0}")]
    Body(#[from] TextError),
    /// The address in it is none.
    #[error("the sender's address cannot be used: {0}")]
    Address(#[from] AddressError),
    /// The name in it is none.
    #[error("the object's name cannot be used: {0}")]
    Name(#[from] NameError),
    /// One of our headers is missing from a message that has others of ours.
    #[error("the header {header} is missing: the sender must be of a version that this one cannot talk to")]
    MissingHeader {
        /// Which one.
        header: &'static str,
    },
    /// One of our headers has a value that it cannot have.
    #[error("the header {header} is not {expected}")]
    BadHeader {
        /// Which one.
        header: &'static str,
        /// What stands there in a good message.
        expected: &'static str,
    },
    /// A query that says nowhere where its answer goes.
    #[error("the query has no reply_to: nobody would hear the answer")]
    NoReplyTo,
    /// A query's `correlation_id` is longer than AMQP can send back.
    #[error("the correlation_id is longer than {} bytes", Echo::MAX_BYTES)]
    LongCorrelationId,
    /// An answer's `correlation_id` is not one of ours.
    #[error("the answer's correlation_id is not one that a Lode server gives its queries")]
    ForeignCorrelationId,
    /// A negative answer whose body is an address, as only a positive one has it.
    #[error("the answer says that the object is held, and that it is not")]
    Contradiction,
}
