//! Who takes part in a simulated world.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One participant. Written `broker`, `catalog`, `client-3`, `api-1`, `data-12`, `seed-api-1`, `seed-data-1`; numbers begin at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Node {
    /// The message broker.
    Broker,
    /// The database that keeps names and versions.
    Catalog,
    /// A client of the store.
    Client(u16),
    /// An API server of ours: it runs [`lode_core::api_server::ApiServer`].
    Api(u16),
    /// A data server of ours: it runs [`lode_core::data_server::DataServer`].
    Data(u16),
    /// An API server of the seed (SEED-WIRE.md).
    SeedApi(u16),
    /// A data server of the seed.
    SeedData(u16),
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broker => f.write_str("broker"),
            Self::Catalog => f.write_str("catalog"),
            Self::Client(number) => write!(f, "client-{number}"),
            Self::Api(number) => write!(f, "api-{number}"),
            Self::Data(number) => write!(f, "data-{number}"),
            Self::SeedApi(number) => write!(f, "seed-api-{number}"),
            Self::SeedData(number) => write!(f, "seed-data-{number}"),
        }
    }
}

/// A text that names no participant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} names no node: write broker, catalog, client-N, api-N, data-N, seed-api-N or seed-data-N, N from 1")]
pub struct ParseNodeError {
    text: String,
}

impl FromStr for Node {
    type Err = ParseNodeError;

    fn from_str(text: &str) -> Result<Self, ParseNodeError> {
        let error = || ParseNodeError { text: text.to_owned() };
        match text {
            "broker" => return Ok(Self::Broker),
            "catalog" => return Ok(Self::Catalog),
            _ => {}
        }
        let (kind, number) = text.rsplit_once('-').ok_or_else(error)?;
        let number = number.parse().ok().filter(|&number| number > 0).ok_or_else(error)?;
        match kind {
            "client" => Ok(Self::Client(number)),
            "api" => Ok(Self::Api(number)),
            "data" => Ok(Self::Data(number)),
            "seed-api" => Ok(Self::SeedApi(number)),
            "seed-data" => Ok(Self::SeedData(number)),
            _ => Err(error()),
        }
    }
}

impl From<Node> for String {
    fn from(node: Node) -> Self {
        node.to_string()
    }
}

impl TryFrom<String> for Node {
    type Error = ParseNodeError;

    fn try_from(text: String) -> Result<Self, ParseNodeError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_survives_being_written_and_read() {
        let nodes = [
            Node::Broker,
            Node::Catalog,
            Node::Client(3),
            Node::Api(1),
            Node::Data(1000),
            Node::SeedApi(2),
            Node::SeedData(9),
        ];
        for node in nodes {
            assert_eq!(node.to_string().parse(), Ok(node));
        }
        for text in ["", "api", "api-", "api-0", "api--1", "data-x", "seed-1", "brokers"] {
            assert!(text.parse::<Node>().is_err(), "{text}");
        }
    }
}
