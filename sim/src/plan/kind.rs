//! What the kinds of faults have in common: on what each acts, where it makes sense, and which of them cannot happen to the
//! same thing at the same time.

use std::fmt;

use crate::node::Node;
use crate::plan::FaultKind;

macro_rules! kinds {
    ($($kind:ident = $name:literal,)*) => {
        /// A [`FaultKind`] without its particulars.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "each is explained at the variant of FaultKind that has its name")]
        pub enum Kind { $($kind,)* }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// Its name, as a plan written as JSON has it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }
        }

        impl FaultKind {
            /// Which kind it is.
            #[must_use]
            pub const fn kind(&self) -> Kind {
                match self { $(Self::$kind { .. } => Kind::$kind,)* }
            }
        }
    };
}

kinds! {
    BusLoss = "bus-loss",
    BusDelay = "bus-delay",
    BusDuplicates = "bus-duplicates",
    BusMalformed = "bus-malformed",
    LateBinding = "late-binding",
    QueueLost = "queue-lost",
    BrokerDown = "broker-down",
    BrokerHangs = "broker-hangs",
    BusCut = "bus-cut",
    Partition = "partition",
    OneWay = "one-way",
    Isolated = "isolated",
    Refused = "refused",
    Reset = "reset",
    Stall = "stall",
    Truncated = "truncated",
    AnswerLost = "answer-lost",
    SlowLink = "slow-link",
    DiskWriteError = "disk-write-error",
    DiskReadError = "disk-read-error",
    DiskFull = "disk-full",
    ShortWrite = "short-write",
    SlowDisk = "slow-disk",
    BitRot = "bit-rot",
    Kill = "kill",
    KillBetweenEffects = "kill-between-effects",
    PowerLoss = "power-loss",
    BlankDisk = "blank-disk",
    Pause = "pause",
    StartsLate = "starts-late",
    SharedAddress = "shared-address",
    ClockDrift = "clock-drift",
    ClockPause = "clock-pause",
    WallClockStep = "wall-clock-step",
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

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

/// Something that can have only one thing happen to it at a time: a process that is dead cannot be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Whether the broker works.
    Broker,
    /// Whether the process of the node works.
    Process(Node),
    /// How fast the clock of the node goes.
    Clock(Node),
    /// Who else has the address of the node.
    Address(Node),
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broker => f.write_str("the broker"),
            Self::Process(node) => write!(f, "the process of {node}"),
            Self::Clock(node) => write!(f, "the clock of {node}"),
            Self::Address(node) => write!(f, "the address of {node}"),
        }
    }
}

impl Kind {
    /// What it claims for itself when it acts on this subject, if anything.
    #[must_use]
    pub const fn lane(self, subject: Subject) -> Option<Lane> {
        let (node, _) = subject.ends();
        match self {
            Self::BrokerDown | Self::BrokerHangs => Some(Lane::Broker),
            Self::Kill
            | Self::KillBetweenEffects
            | Self::PowerLoss
            | Self::BlankDisk
            | Self::Pause
            | Self::StartsLate => Some(Lane::Process(node)),
            Self::ClockDrift | Self::ClockPause => Some(Lane::Clock(node)),
            Self::SharedAddress => Some(Lane::Address(node)),
            Self::BusLoss
            | Self::BusDelay
            | Self::BusDuplicates
            | Self::BusMalformed
            | Self::LateBinding
            | Self::QueueLost
            | Self::BusCut
            | Self::Partition
            | Self::OneWay
            | Self::Isolated
            | Self::Refused
            | Self::Reset
            | Self::Stall
            | Self::Truncated
            | Self::AnswerLost
            | Self::SlowLink
            | Self::DiskWriteError
            | Self::DiskReadError
            | Self::DiskFull
            | Self::ShortWrite
            | Self::SlowDisk
            | Self::BitRot
            | Self::WallClockStep => None,
        }
    }

    /// Where it makes sense.
    #[must_use]
    pub const fn place(self) -> Place {
        match self {
            Self::BrokerDown | Self::BrokerHangs => Place::Broker,
            Self::Partition | Self::OneWay => Place::Link,
            Self::BusLoss
            | Self::BusDelay
            | Self::BusDuplicates
            | Self::BusMalformed
            | Self::LateBinding
            | Self::QueueLost
            | Self::BusCut
            | Self::Isolated
            | Self::Refused
            | Self::Reset
            | Self::Stall
            | Self::Truncated
            | Self::AnswerLost
            | Self::SlowLink
            | Self::Kill
            | Self::Pause
            | Self::StartsLate => Place::Server,
            Self::KillBetweenEffects | Self::PowerLoss | Self::ClockDrift | Self::ClockPause | Self::WallClockStep => {
                Place::OurServer
            }
            Self::DiskWriteError
            | Self::DiskReadError
            | Self::DiskFull
            | Self::ShortWrite
            | Self::SlowDisk
            | Self::BitRot
            | Self::BlankDisk
            | Self::SharedAddress => Place::OurDataServer,
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
    /// At one that runs a machine of ours.
    OurServer,
    /// At a data server of ours: the only ones whose disks are modelled.
    OurDataServer,
}

impl Place {
    /// Whether the subject is such a place.
    #[must_use]
    pub const fn takes(self, subject: Subject) -> bool {
        match (self, subject) {
            (Self::Broker, Subject::Broker) => true,
            (Self::Link, Subject::Link(a, b)) => talk(a, b) || talk(b, a),
            (Self::Server, Subject::Node(node)) => is_api(node) || is_data(node),
            (Self::OurServer, Subject::Node(node)) => matches!(node, Node::Api(_) | Node::Data(_)),
            (Self::OurDataServer, Subject::Node(node)) => matches!(node, Node::Data(_)),
            (Self::Broker, Subject::Node(_) | Subject::Link(..))
            | (Self::Link, Subject::Broker | Subject::Node(_))
            | (Self::Server | Self::OurServer | Self::OurDataServer, Subject::Broker | Subject::Link(..)) => false,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Broker => "the broker",
            Self::Link => {
                "two nodes that talk to each other: a server and the broker, an API server and a data server, \
                 or a client and a server"
            }
            Self::Server => "an API server or a data server",
            Self::OurServer => "an API server or a data server of ours",
            Self::OurDataServer => "a data server of ours",
        })
    }
}

impl FaultKind {
    /// On what it acts.
    #[must_use]
    pub const fn subject(&self) -> Subject {
        match self {
            Self::BrokerDown | Self::BrokerHangs => Subject::Broker,
            Self::Partition { a, b } => Subject::Link(*a, *b),
            Self::OneWay { from, to } => Subject::Link(*from, *to),
            Self::BusLoss { node, .. }
            | Self::BusDelay { node, .. }
            | Self::BusDuplicates { node, .. }
            | Self::BusMalformed { node, .. }
            | Self::LateBinding { node }
            | Self::QueueLost { node }
            | Self::BusCut { node }
            | Self::Isolated { node }
            | Self::Refused { node }
            | Self::Reset { node, .. }
            | Self::Stall { node, .. }
            | Self::Truncated { node, .. }
            | Self::AnswerLost { node, .. }
            | Self::SlowLink { node, .. }
            | Self::DiskWriteError { node }
            | Self::DiskReadError { node }
            | Self::DiskFull { node }
            | Self::ShortWrite { node }
            | Self::SlowDisk { node, .. }
            | Self::BitRot { node }
            | Self::Kill { node }
            | Self::KillBetweenEffects { node, .. }
            | Self::PowerLoss { node }
            | Self::BlankDisk { node }
            | Self::Pause { node }
            | Self::StartsLate { node }
            | Self::SharedAddress { node }
            | Self::ClockDrift { node, .. }
            | Self::ClockPause { node }
            | Self::WallClockStep { node, .. } => Subject::Node(*node),
        }
    }
}

/// Whether the first asks anything of the second.
const fn talk(from: Node, to: Node) -> bool {
    match from {
        Node::Client(_) => is_api(to) || is_data(to),
        Node::Api(_) | Node::SeedApi(_) => is_data(to) || matches!(to, Node::Broker),
        Node::Data(_) | Node::SeedData(_) => matches!(to, Node::Broker),
        Node::Broker => false,
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
    fn names_are_those_of_the_json() {
        let written = serde_json::to_string(&FaultKind::KillBetweenEffects { node: Node::Api(1), after_effects: 3 });
        assert!(written.unwrap().contains(&format!("{:?}", Kind::KillBetweenEffects.name())));
        for kind in Kind::ALL {
            let camel_case: String = kind.name().split('-').map(capitalised).collect();
            assert_eq!(camel_case, format!("{kind:?}"));
        }
    }

    fn capitalised(word: &str) -> String {
        word[..1].to_uppercase() + &word[1..]
    }

    #[test]
    fn links_are_between_those_who_talk() {
        let takes = |a, b| Place::Link.takes(Subject::Link(a, b));
        assert!(takes(Node::Api(1), Node::Data(1)) && takes(Node::SeedData(1), Node::Api(2)));
        assert!(takes(Node::Broker, Node::Data(1)) && takes(Node::Client(1), Node::Api(1)));
        assert!(!takes(Node::Api(1), Node::Api(2)) && !takes(Node::Data(1), Node::Data(1)));
        assert!(!takes(Node::Client(1), Node::Broker) && !takes(Node::Broker, Node::Broker));
    }
}
