//! What happened in a run, in order: one record for each transition, message, fault and mark.
//!
//! A swarm keeps only a hash of it, by which two runs can be compared; a run that somebody looks at keeps the records, to
//! print them a line each or to draw them.

use std::fmt;
use std::hash::Hasher as _;

use lode_core::time::Instant;
use siphasher::sip::SipHasher13;

use crate::node::Node;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A machine took an input and gave effects: one transition.
    Step {
        /// When, by the world's time.
        at: Instant,
        /// Whose machine.
        node: Node,
        /// The input, short.
        input: String,
        /// The effects, short, in order.
        effects: Vec<String>,
    },
    /// Something went from one node to another.
    Message {
        /// Which kind of thing.
        kind: MessageKind,
        /// From whom.
        from: Node,
        /// To whom.
        to: Node,
        /// When it left.
        sent: Instant,
        /// When it arrives; `None` if it never does.
        arrives: Option<Instant>,
        /// What it is, short.
        label: String,
    },
    /// Something else worth a mark on the node's line.
    Mark {
        /// When.
        at: Instant,
        /// On whose line.
        node: Node,
        /// Which kind of mark.
        kind: MarkKind,
        /// What happened, as a short sentence.
        text: String,
    },
}

/// What kind of thing a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageKind {
    /// A heartbeat on the bus.
    Heartbeat,
    /// A locate query (or a hello) on the bus.
    Query,
    /// An answer to a locate query on the bus.
    Answer,
    /// A request over HTTP, with its body.
    Request,
    /// A response over HTTP, with its body.
    Response,
}

/// What kind of mark it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarkKind {
    /// A process started.
    Started,
    /// A process ended.
    Stopped,
    /// A fault began.
    FaultBegan,
    /// A fault ended.
    FaultEnded,
    /// An API server learned of a data server.
    Joined,
    /// An API server forgot a data server.
    Expired,
    /// A node's bus came up.
    BusUp,
    /// A node's bus went down.
    BusDown,
    /// A blob became visible, durable or was removed.
    Disk,
    /// Something became a version in the catalog, or a version went.
    Version,
    /// A client began an operation.
    OperationBegan,
    /// A client's operation ended.
    OperationEnded,
    /// A line that the server would log at level error. It fails the run.
    ErrorLine,
    /// Something that must hold does not.
    Violation,
}

impl Record {
    /// When it happened; for a message, when it was sent.
    #[must_use]
    pub const fn at(&self) -> Instant {
        match self {
            Self::Step { at, .. } | Self::Mark { at, .. } => *at,
            Self::Message { sent, .. } => *sent,
        }
    }

    /// On whose line it stands; for a message, its sender's.
    #[must_use]
    pub const fn node(&self) -> Node {
        match self {
            Self::Step { node, .. } | Self::Mark { node, .. } => *node,
            Self::Message { from, .. } => *from,
        }
    }
}

/// What the signs in a printed trace mean.
pub const LEGEND: &str = "\
# time (s)     node          what
#   node  <  input  =>  effect; effect      a machine took an input and wants these effects carried out
#   node  -> other  label (arrives time)    something was sent; `lost` if it never arrives
#   node  *  text                           a mark: start, stop, fault, bus, disk, join, expiry, operation
#   node  !! text                           a violation, or a line that a server would log as an error
";

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>13} {:<12} ", Seconds(self.at()).to_string(), self.node().to_string())?;
        match self {
            Self::Step { input, effects, .. } if effects.is_empty() => write!(f, "<  {input}"),
            Self::Step { input, effects, .. } => write!(f, "<  {input}  =>  {}", effects.join("; ")),
            Self::Message { to, arrives: Some(arrives), label, .. } => {
                write!(f, "-> {to}  {label} (arrives {})", Seconds(*arrives))
            }
            Self::Message { to, arrives: None, label, .. } => write!(f, "-> {to}  {label} (lost)"),
            Self::Mark { kind: MarkKind::Violation | MarkKind::ErrorLine, text, .. } => write!(f, "!! {text}"),
            Self::Mark { text, .. } => write!(f, "*  {text}"),
        }
    }
}

/// An instant as seconds and microseconds.
struct Seconds(Instant);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_nanos() / 1000;
        write!(f, "{}.{:06}", micros / 1_000_000, micros % 1_000_000)
    }
}

/// How much of a run is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Nothing: the fastest.
    Nothing,
    /// A hash over all records.
    Hash,
    /// The records, and the hash.
    Records,
}

/// What is kept of a run.
#[derive(Debug, Clone)]
pub struct Trace {
    keep: Keep,
    records: Vec<Record>,
    hasher: SipHasher13,
}

impl Trace {
    /// An empty trace.
    #[must_use]
    pub fn new(keep: Keep) -> Self {
        Self { keep, records: Vec::new(), hasher: SipHasher13::new() }
    }

    /// Notes what happened; `record` is only called if it is kept.
    pub fn note(&mut self, record: impl FnOnce() -> Record) {
        if self.keep == Keep::Nothing {
            return;
        }
        let record = record();
        self.hasher.write(record.to_string().as_bytes());
        self.hasher.write_u8(b'\n');
        if self.keep == Keep::Records {
            self.records.push(record);
        }
    }

    /// Whether anything is kept.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.keep != Keep::Nothing
    }

    /// A hash over the printed lines of all records so far.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.hasher.finish()
    }

    /// The records, in the order in which they were noted.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line() {
        let at = Instant::from_nanos(1_250_000_000);
        let step = Record::Step { at, node: Node::Api(1), input: "bus up".into(), effects: vec!["hello".into()] };
        assert_eq!(step.to_string(), "     1.250000 api-1        <  bus up  =>  hello");
        let lost = Record::Message {
            kind: MessageKind::Heartbeat,
            from: Node::Data(1),
            to: Node::Api(1),
            sent: at,
            arrives: None,
            label: "heartbeat".into(),
        };
        assert_eq!(lost.to_string(), "     1.250000 data-1       -> api-1  heartbeat (lost)");
    }

    #[test]
    fn the_hash_does_not_depend_on_whether_records_are_kept() {
        let mut traces = [Trace::new(Keep::Hash), Trace::new(Keep::Records)];
        for trace in &mut traces {
            let mark = || Record::Mark {
                at: Instant::START,
                node: Node::Broker,
                kind: MarkKind::Started,
                text: "started".into(),
            };
            trace.note(mark);
        }
        assert_eq!(traces[0].hash(), traces[1].hash());
        assert_ne!(traces[0].hash(), Trace::new(Keep::Hash).hash());
    }
}
