//! On what faults act, and where which of them makes sense.

use std::fmt;

use crate::node::Node;

/// On what a fault acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// On the broker itself.
    Broker,
    /// On one node, or on all that it has to do with others.
    Node(Node),
    /// On what goes between two nodes.
    Link(Node, Node),
}

impl Subject {
    /// What these nodes are: nobody means the broker.
    pub(super) const fn of(nodes: &[Node]) -> Self {
        match nodes {
            [] => Self::Broker,
            [node] => Self::Node(*node),
            [a, b, ..] => Self::Link(*a, *b),
        }
    }

    /// The nodes at both its ends; the same one twice where there is only one.
    #[must_use]
    pub const fn ends(self) -> (Node, Node) {
        match self {
            Self::Broker => (Node::Broker, Node::Broker),
            Self::Node(node) => (node, node),
            Self::Link(a, b) => (a, b),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broker => Node::Broker.fmt(f),
            Self::Node(node) => node.fmt(f),
            Self::Link(a, b) => write!(f, "{a}/{b}"),
        }
    }
}

/// Where a kind of fault makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Only at the broker.
    Broker,
    /// Between two nodes that talk to each other.
    Link,
    /// At an API server or a data server, ours or of the seed.
    Server,
    /// At a server, or at the catalog: at whoever is reached over the network, other than the broker.
    Reached,
    /// At one that runs a machine of ours.
    OurServer,
    /// At whoever of ours has a wall clock: a server that runs a machine of ours, or the catalog.
    WallClock,
    /// At a data server of ours: the only ones whose disks are modelled.
    OurDataServer,
    /// At the catalog.
    Catalog,
}

impl Place {
    /// Whether the subject is such a place.
    #[must_use]
    pub const fn takes(self, subject: Subject) -> bool {
        match (self, subject) {
            (Self::Broker, Subject::Broker) => true,
            (Self::Link, Subject::Link(a, b)) => talk(a, b) || talk(b, a),
            (Self::Server, Subject::Node(node)) => is_api(node) || is_data(node),
            (Self::Reached, Subject::Node(node)) => is_api(node) || is_data(node) || matches!(node, Node::Catalog),
            (Self::OurServer, Subject::Node(node)) => matches!(node, Node::Api(_) | Node::Data(_)),
            (Self::WallClock, Subject::Node(node)) => {
                matches!(node, Node::Api(_) | Node::Data(_) | Node::Catalog)
            }
            (Self::OurDataServer, Subject::Node(node)) => matches!(node, Node::Data(_)),
            (Self::Catalog, Subject::Node(node)) => matches!(node, Node::Catalog),
            (Self::Broker, Subject::Node(_) | Subject::Link(..))
            | (Self::Link, Subject::Broker | Subject::Node(_))
            | (
                Self::Server | Self::Reached | Self::OurServer | Self::WallClock | Self::OurDataServer | Self::Catalog,
                Subject::Broker | Subject::Link(..),
            ) => false,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Broker => "the broker",
            Self::Link => {
                "two nodes that talk to each other: a server and the broker, an API server and a data server or the \
                 catalog, or a client and a server"
            }
            Self::Server => "an API server or a data server",
            Self::Reached => "an API server, a data server or the catalog",
            Self::OurServer => "an API server or a data server of ours",
            Self::WallClock => "an API server or a data server of ours, or the catalog",
            Self::OurDataServer => "a data server of ours",
            Self::Catalog => "the catalog",
        })
    }
}

/// Whether the first asks anything of the second.
const fn talk(from: Node, to: Node) -> bool {
    match from {
        Node::Client(_) => is_api(to) || is_data(to),
        Node::Api(_) => is_data(to) || matches!(to, Node::Broker | Node::Catalog),
        Node::SeedApi(_) => is_data(to) || matches!(to, Node::Broker),
        Node::Data(_) | Node::SeedData(_) => matches!(to, Node::Broker),
        Node::Broker | Node::Catalog => false,
    }
}

/// Whether it is an API server, ours or of the seed.
#[must_use]
pub const fn is_api(node: Node) -> bool {
    matches!(node, Node::Api(_) | Node::SeedApi(_))
}

/// Whether it is a data server, ours or of the seed.
#[must_use]
pub const fn is_data(node: Node) -> bool {
    matches!(node, Node::Data(_) | Node::SeedData(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_between_those_who_talk() {
        let takes = |a, b| Place::Link.takes(Subject::Link(a, b));
        assert!(takes(Node::Api(1), Node::Data(1)) && takes(Node::SeedData(1), Node::Api(2)));
        assert!(takes(Node::Api(1), Node::Catalog) && !takes(Node::Data(1), Node::Catalog));
        assert!(takes(Node::Broker, Node::Data(1)) && takes(Node::Client(1), Node::Api(1)));
        assert!(!takes(Node::Api(1), Node::Api(2)) && !takes(Node::Data(1), Node::Data(1)));
        assert!(!takes(Node::Client(1), Node::Broker) && !takes(Node::Broker, Node::Broker));
    }
}
