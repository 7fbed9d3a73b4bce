//! The kinds of faults: what each is called, where it makes sense, how strong it can be, what it claims for itself, and as
//! what it is counted. All that treats the kinds alike goes by this table; a new one needs a line in it.

mod place;

use std::fmt;

pub use self::place::{Place, Subject, is_api, is_data};
use crate::coverage::Point;
use crate::node::Node;
use crate::plan::FaultKind;

macro_rules! option {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}

macro_rules! kinds {
    ($(
        $kind:ident = $name:literal at $place:ident($($node:ident),*)
        $(by $measure:ident($number:ident))?
        $(claims $lane:ident$(($of:ident))?)?
        $(counted $point:ident)?;
    )*) => {
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

            /// Where it makes sense.
            #[must_use]
            pub const fn place(self) -> Place {
                match self { $(Self::$kind => Place::$place,)* }
            }

            /// What its strength is, if it can be stronger or weaker.
            #[must_use]
            pub const fn measure(self) -> Option<Measure> {
                match self { $(Self::$kind => option!($(Measure::$measure)?),)* }
            }

            /// As what it is counted when it begins; the others are counted when they strike.
            #[must_use]
            pub const fn point(self) -> Option<Point> {
                match self { $(Self::$kind => option!($(Point::$point)?),)* }
            }

            /// A fault of this kind, on this subject and of this strength. One that the kind cannot have counts as none.
            #[must_use]
            pub fn on(self, subject: Subject, strength: i128) -> FaultKind {
                let (first, second) = subject.ends();
                let mut ends = [first].into_iter();
                let mut next = || ends.next().unwrap_or(second);
                let mut fault = match self {
                    $(Self::$kind => FaultKind::$kind { $($node: next(),)* $($number: 0,)? },)*
                };
                fault.set_strength(strength);
                fault
            }
        }

        impl FaultKind {
            /// Which kind it is.
            #[must_use]
            pub const fn kind(&self) -> Kind {
                match self { $(Self::$kind { .. } => Kind::$kind,)* }
            }

            /// On what it acts.
            #[must_use]
            pub const fn subject(&self) -> Subject {
                match *self { $(Self::$kind { $($node,)* .. } => Subject::of(&[$($node),*]),)* }
            }

            /// The nodes that it names.
            pub fn nodes_mut(&mut self) -> Vec<&mut Node> {
                match self { $(Self::$kind { $($node,)* .. } => vec![$($node),*],)* }
            }

            /// What it claims for itself, if anything.
            #[must_use]
            pub const fn lane(&self) -> Option<Lane> {
                match *self { $(Self::$kind { $($($of,)?)? .. } => option!($(Lane::$lane$(($of))?)?),)* }
            }

            /// How strong it is, in its kind's [`Measure`]; 0 if it has none.
            #[must_use]
            pub fn strength(&self) -> i128 {
                match *self { $(Self::$kind { $($number,)? .. } => 0 $(+ i128::from($number))?,)* }
            }

            /// Makes it this strong; what its kind has no room for leaves it as it is.
            pub fn set_strength(&mut self, strength: i128) {
                match self {
                    $(Self::$kind { $($number,)? .. } => { $(*$number = strength.try_into().unwrap_or(*$number);)? })*
                }
            }
        }
    };
}

kinds! {
    BusLoss = "bus-loss" at Server(node) by Permille(permille);
    BusDelay = "bus-delay" at Server(node) by Micros(up_to_us);
    BusDuplicates = "bus-duplicates" at Server(node) by Permille(permille);
    BusMalformed = "bus-malformed" at Server(node) by Permille(permille);
    LateBinding = "late-binding" at Server(node);
    QueueLost = "queue-lost" at Server(node) counted FaultQueueLost;
    BrokerDown = "broker-down" at Broker() claims Broker counted FaultBrokerDown;
    BrokerHangs = "broker-hangs" at Broker() claims Broker counted FaultBrokerHangs;
    BusCut = "bus-cut" at Server(node) counted FaultBusCut;
    Partition = "partition" at Link(a, b) counted FaultPartition;
    OneWay = "one-way" at Link(from, to) counted FaultOneWay;
    Isolated = "isolated" at Reached(node) counted FaultIsolated;
    Refused = "refused" at Server(node);
    Reset = "reset" at Server(node) by Permille(permille);
    Stall = "stall" at Server(node) by Permille(permille);
    Truncated = "truncated" at Server(node) by Permille(permille);
    AnswerLost = "answer-lost" at Server(node) by Permille(permille);
    SlowLink = "slow-link" at Reached(node) by Micros(up_to_us) counted FaultSlowLink;
    DiskWriteError = "disk-write-error" at OurDataServer(node);
    DiskReadError = "disk-read-error" at OurDataServer(node);
    DiskFull = "disk-full" at OurDataServer(node);
    ShortWrite = "short-write" at OurDataServer(node);
    SlowDisk = "slow-disk" at OurDataServer(node) by Micros(up_to_us) counted FaultSlowDisk;
    BitRot = "bit-rot" at OurDataServer(node);
    Kill = "kill" at Server(node) claims Process(node) counted FaultKill;
    KillBetweenEffects = "kill-between-effects" at OurServer(node) by Effects(after_effects) claims Process(node);
    PowerLoss = "power-loss" at OurServer(node) claims Process(node) counted FaultPowerLoss;
    BlankDisk = "blank-disk" at OurDataServer(node) claims Process(node) counted FaultBlankDisk;
    Pause = "pause" at Server(node) claims Process(node) counted FaultPause;
    StartsLate = "starts-late" at Server(node) claims Process(node) counted FaultStartsLate;
    SharedAddress = "shared-address" at OurDataServer(node) claims Address(node);
    ClockDrift = "clock-drift" at OurServer(node) by Ppm(ppm) claims Clock(node) counted FaultClockDrift;
    ClockPause = "clock-pause" at OurServer(node) claims Clock(node) counted FaultClockPause;
    WallClockStep = "wall-clock-step" at WallClock(node) by Step(by_us) counted FaultWallClockStep;
    CatalogDown = "catalog-down" at Catalog(node) claims Catalog;
    CatalogBreaksOff = "catalog-breaks-off" at Catalog(node) by Permille(permille);
    CatalogFailover = "catalog-failover" at Catalog(node) claims Catalog counted FaultCatalogFailover;
    SlowCatalog = "slow-catalog" at Catalog(node) by Micros(up_to_us) counted FaultSlowCatalog;
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a strength is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// How often it strikes, in thousandths.
    Permille,
    /// The longest time that it takes, in microseconds.
    Micros,
    /// After how many effects it strikes.
    Effects,
    /// How fast a clock is, in millionths; below zero it is slow.
    Ppm,
    /// How far a clock is set forward, in microseconds; below zero it is set back.
    Step,
}

/// The strength of what strikes each time, in thousandths.
pub const ALWAYS: i128 = 1000;

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
    /// Whether the catalog works.
    Catalog,
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broker => f.write_str("the broker"),
            Self::Process(node) => write!(f, "the process of {node}"),
            Self::Clock(node) => write!(f, "the clock of {node}"),
            Self::Address(node) => write!(f, "the address of {node}"),
            Self::Catalog => f.write_str("the catalog"),
        }
    }
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
    fn a_fault_is_its_kind_its_subject_and_its_strength() {
        for kind in Kind::ALL {
            let subject = match kind.place() {
                Place::Broker => Subject::Broker,
                Place::Link => Subject::Link(Node::Api(1), Node::Data(2)),
                Place::Server | Place::Reached | Place::OurServer | Place::WallClock | Place::OurDataServer => {
                    Subject::Node(Node::Data(1))
                }
                Place::Catalog => Subject::Node(Node::Catalog),
            };
            let mut fault = kind.on(subject, 7);
            assert_eq!((fault.kind(), fault.subject()), (*kind, subject));
            assert_eq!(fault.strength(), if kind.measure().is_some() { 7 } else { 0 }, "{kind}");
            let named: Vec<Node> = fault.nodes_mut().into_iter().map(|node| *node).collect();
            assert_eq!(Subject::of(&named), subject);
        }
    }

    #[test]
    fn a_strength_without_room_changes_nothing() {
        let node = Node::Data(1);
        let mut slow = FaultKind::ClockDrift { node, ppm: -500 };
        slow.set_strength(i128::MIN);
        assert_eq!(slow, FaultKind::ClockDrift { node, ppm: -500 });
        slow.set_strength(-20);
        assert_eq!(slow, FaultKind::ClockDrift { node, ppm: -20 });
        let back = FaultKind::WallClockStep { node, by_us: i64::MIN };
        assert_eq!(back.strength(), i128::from(i64::MIN));
    }
}
