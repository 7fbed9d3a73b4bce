//! The question who has an object, and the answers to it.
//!
//! An asker sends a [`LocateQuery`]; a data server reads it as a [`ReceivedQuery`], because it may come from a node of the
//! seed, and answers through [`ReceivedQuery::answer`]; the asker reads a [`LocateAnswer`].

use alloc::string::ToString as _;
use alloc::sync::Arc;

use super::header;
use super::{WireError, encode_text, read_text};
use crate::address::ServerAddress;
use crate::bus::{BusCommand, BusMessage, ReplyTo};
use crate::checksum::Checksum;
use crate::id::{Incarnation, OperationId};
use crate::name::ObjectName;

/// A query as we send it: with an id for its answers to carry, and with the word that we understand negative ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocateQuery {
    /// Its id.
    pub id: OperationId,
    /// The object that is looked for.
    pub name: ObjectName,
}

impl LocateQuery {
    /// The message that asks it. Its `reply_to` is for the driver to fill in.
    #[must_use]
    pub fn to_message(&self) -> BusMessage {
        let mut message = BusMessage {
            correlation_id: Some(self.id.to_text()),
            body: encode_text(self.name.as_str()),
            ..BusMessage::default()
        };
        header::set_yes_or_no(&mut message, header::NEGATIVE_ANSWERS, true);
        message
    }
}

/// The `correlation_id` of somebody's query, to be sent back as it came. Only its asker knows what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Echo(Arc<str>);

impl Echo {
    /// The longest one that AMQP 0-9-1 can carry, in bytes.
    pub const MAX_BYTES: usize = 255;

    /// It as it came.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(message: &BusMessage) -> Result<Option<Self>, WireError> {
        match &message.correlation_id {
            Some(id) if id.len() > Self::MAX_BYTES => Err(WireError::LongCorrelationId),
            id => Ok(id.clone().map(Self)),
        }
    }
}

/// A query as a data server reads it, whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedQuery {
    /// Where the answer goes.
    pub reply_to: ReplyTo,
    /// What the answer must carry; `None` if it came from a node of the seed.
    pub echo: Option<Echo>,
    /// The object that is looked for.
    pub name: ObjectName,
    /// Whether the asker wants to be told that we do not have it. One of the seed would take that for an address.
    pub understands_negative: bool,
}

impl ReceivedQuery {
    /// Reads a query.
    ///
    /// # Errors
    /// If the body is not an escaped name, nobody waits for the answer, or a header of ours is malformed.
    pub fn parse(message: &BusMessage) -> Result<Self, WireError> {
        let name = ObjectName::from_message(&read_text(&message.body)?)?;
        let understands_negative = header::yes_or_no(message, header::NEGATIVE_ANSWERS)?.unwrap_or(false);
        let reply_to = message.reply_to.clone().ok_or(WireError::NoReplyTo)?;
        Ok(Self { reply_to, echo: Echo::parse(message)?, name, understands_negative })
    }

    /// The answer of a data server. There is none if it does not hold the object and the asker knows no negative answers:
    /// then silence is the answer.
    #[must_use]
    pub fn answer(&self, answerer: &Answerer, held: &Held) -> Option<BusCommand> {
        let mut message = match held {
            Held::Yes { size_bytes, checksum } => answerer.yes(*size_bytes, *checksum),
            Held::No if self.understands_negative => answerer.no.clone(),
            Held::No => return None,
        };
        message.correlation_id = self.echo.as_ref().map(|Echo(id)| Arc::clone(id));
        Some(BusCommand::Answer { to: self.reply_to.clone(), message })
    }
}

/// One run of a data server as it answers queries. What its answers have in common is written once: it is asked for each
/// object that anybody looks for, and mostly says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answerer {
    yes: BusMessage,
    no: BusMessage,
}

impl Answerer {
    /// The data server `address` in its run `incarnation`.
    #[must_use]
    pub fn new(address: &ServerAddress, incarnation: Incarnation) -> Self {
        let mut yes = BusMessage { body: encode_text(address.as_str()), ..BusMessage::default() };
        header::set(&mut yes, header::INCARNATION, incarnation.to_text());
        header::set_yes_or_no(&mut yes, header::HELD, true);
        let mut no = BusMessage { body: encode_text(""), ..BusMessage::default() };
        header::set(&mut no, header::INCARNATION, incarnation.to_text());
        header::set_yes_or_no(&mut no, header::HELD, false);
        header::set(&mut no, header::ADDRESS, address.as_str().to_string());
        Self { yes, no }
    }

    fn yes(&self, size_bytes: Option<u64>, checksum: Option<Checksum>) -> BusMessage {
        let mut message = self.yes.clone();
        if let Some(size_bytes) = size_bytes {
            header::set(&mut message, header::SIZE_BYTES, size_bytes.to_string());
        }
        if let Some(checksum) = checksum {
            header::set(&mut message, header::CHECKSUM, checksum.to_string());
        }
        message
    }
}

/// Whether a data server holds an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// It does.
    Yes {
        /// The size of the object, where the sender said it.
        size_bytes: Option<u64>,
        /// The checksum of the object, where the sender said it.
        checksum: Option<Checksum>,
    },
    /// It does not.
    No,
}

/// An answer as the asker reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocateAnswer {
    /// The query that it answers; `None` if the answer does not say, as those of the seed: then only the queue on which it
    /// arrived can tell.
    pub query: Option<OperationId>,
    /// Who answers.
    pub address: ServerAddress,
    /// Which run of it; `None` for a node of the seed.
    pub incarnation: Option<Incarnation>,
    /// What it says.
    pub held: Held,
}

impl LocateAnswer {
    /// Reads an answer.
    ///
    /// # Errors
    /// If there is no address where one belongs, a header of ours is malformed, or the `correlation_id` is not one of ours.
    pub fn parse(message: &BusMessage) -> Result<Self, WireError> {
        let query = match &message.correlation_id {
            Some(id) => Some(id.parse().map_err(|_| WireError::ForeignCorrelationId)?),
            None => None,
        };
        let incarnation = header::parsed(message, header::INCARNATION, "16 hexadecimal digits")?;
        let body = read_text(&message.body)?;
        let (address, held) = if header::yes_or_no(message, header::HELD)?.unwrap_or(true) {
            let size_bytes = header::number(message, header::SIZE_BYTES)?;
            let checksum = header::parsed(message, header::CHECKSUM, "64 lower-case hexadecimal digits")?;
            (body.parse()?, Held::Yes { size_bytes, checksum })
        } else if body.is_empty() {
            let address = header::text(message, header::ADDRESS);
            (header::required(address, header::ADDRESS)?.parse()?, Held::No)
        } else {
            return Err(WireError::Contradiction);
        };
        Ok(Self { query, address, incarnation, held })
    }
}

#[cfg(test)]
mod tests;
