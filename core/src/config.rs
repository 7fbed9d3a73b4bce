//! Settings of the machines, checked once: a machine cannot be built from settings that contradict each other.

mod upkeep;

use core::time::Duration;

pub use self::upkeep::{DEFAULT_GARBAGE_AGE, DEFAULT_REPAIR_AFTER, UpkeepConfig};
use crate::copies::Copies;
use crate::placement::spread::Zone;
use crate::wire::SoftwareVersion;

/// How often a data server says that it lives, unless told otherwise (SEED-WIRE.md §1).
pub const DEFAULT_HEARTBEAT_PERIOD: Duration = Duration::from_secs(5);
/// After how much silence an API server forgets a data server, unless told otherwise (SEED-WIRE.md §1).
pub const DEFAULT_EXPIRY: Duration = Duration::from_secs(10);
/// How long a locate query may take, unless told otherwise (SEED-WIRE.md §2).
pub const DEFAULT_LOCATE_DEADLINE: Duration = Duration::from_secs(1);
/// After how much silence on the bus a data server is asked over HTTP, unless told otherwise: well above the 99th
/// percentile of a round trip over a busy broker (50 ms), well below the deadline.
pub const DEFAULT_ASK_DIRECTLY_AFTER: Duration = Duration::from_millis(250);

/// How often a data server reads all that lies on its disk, unless told otherwise.
pub const DEFAULT_SCRUB_EVERY: Duration = Duration::from_secs(7 * 24 * 3600);
/// How many bytes it reads for that in a second, unless told otherwise: a tenth of what a slow disk gives.
pub const DEFAULT_SCRUB_RATE_BYTES: u64 = 20 << 20;

/// The shortest period that any setting may have; below it a server would do little else than keep time.
pub const SHORTEST_PERIOD: Duration = Duration::from_millis(10);

/// The periods that API servers and data servers have to agree about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    heartbeat_period: Duration,
    expiry: Duration,
    locate_deadline: Duration,
    ask_directly_after: Duration,
}

impl Timing {
    /// Checks the periods against each other.
    ///
    /// # Errors
    /// If the expiry is not above the heartbeat period (every server would be forgotten between two heartbeats), if the
    /// silence after which a server is asked directly is not below the locate deadline, or if a period is shorter than
    /// [`SHORTEST_PERIOD`].
    pub fn new(
        heartbeat_period: Duration,
        expiry: Duration,
        locate_deadline: Duration,
        ask_directly_after: Duration,
    ) -> Result<Self, ConfigError> {
        let named = [
            ("heartbeat period", heartbeat_period),
            ("expiry", expiry),
            ("locate deadline", locate_deadline),
            ("ask-directly delay", ask_directly_after),
        ];
        if let Some((setting, period)) = named.into_iter().find(|(_, period)| *period < SHORTEST_PERIOD) {
            return Err(ConfigError::TooShort { setting, period });
        }
        if expiry <= heartbeat_period {
            return Err(ConfigError::ExpiryNotAboveHeartbeat { expiry, heartbeat_period });
        }
        if ask_directly_after >= locate_deadline {
            return Err(ConfigError::AskDirectlyNotBelowDeadline { ask_directly_after, locate_deadline });
        }
        Ok(Self { heartbeat_period, expiry, locate_deadline, ask_directly_after })
    }

    /// How often a data server says that it lives.
    #[must_use]
    pub const fn heartbeat_period(&self) -> Duration {
        self.heartbeat_period
    }

    /// After how much silence an API server forgets a data server.
    #[must_use]
    pub const fn expiry(&self) -> Duration {
        self.expiry
    }

    /// How long a locate query may take.
    #[must_use]
    pub const fn locate_deadline(&self) -> Duration {
        self.locate_deadline
    }

    /// After how much silence on the bus a data server is asked over HTTP.
    #[must_use]
    pub const fn ask_directly_after(&self) -> Duration {
        self.ask_directly_after
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            heartbeat_period: DEFAULT_HEARTBEAT_PERIOD,
            expiry: DEFAULT_EXPIRY,
            locate_deadline: DEFAULT_LOCATE_DEADLINE,
            ask_directly_after: DEFAULT_ASK_DIRECTLY_AFTER,
        }
    }
}

/// Settings of an API server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiConfig {
    /// The periods.
    pub timing: Timing,
    /// Requests served at a time; one more is told to come back later.
    pub max_requests: usize,
    /// Data servers known at a time; the heartbeat of one more is dropped and counted.
    pub max_members: usize,
    /// Questions put to data servers over HTTP at a time, over all locate queries, while the bus is down.
    pub max_direct_asks: usize,
    /// The same while the bus is up and has only been silent for a while: if that is because everybody is busy, questions
    /// over HTTP in any number would make it worse.
    pub max_direct_asks_beside_bus: usize,
    /// The longest body, in bytes, that is held until it is stored, so that it can be sent to another data server when
    /// the first one fails.
    pub held_body_bytes: u64,
    /// How many copies of each version there are to be, where there is a catalog.
    pub copies: Copies,
    /// How what is stored is kept up, where there is a catalog. Without one there is nothing to go by.
    pub upkeep: Option<UpkeepConfig>,
    /// How many data servers are tried for one request at the most.
    pub max_attempts: usize,
    /// How long a data server may take to answer when a held body was sent, or an object asked for.
    pub short_patience: Duration,
    /// How long a data server may take to answer once a body of any length was sent to it: it has to sync it.
    pub long_patience: Duration,
}

impl ApiConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// If a bound is zero, or a patience shorter than [`SHORTEST_PERIOD`].
    pub fn check(&self) -> Result<(), ConfigError> {
        let bounds = [
            ("requests at a time", self.max_requests),
            ("known data servers", self.max_members),
            ("direct questions at a time", self.max_direct_asks),
            ("direct questions at a time beside the bus", self.max_direct_asks_beside_bus),
            ("attempts", self.max_attempts),
        ];
        refuse_zero(&bounds)?;
        self.upkeep.as_ref().map_or(Ok(()), UpkeepConfig::check)?;
        for (setting, period) in [("short patience", self.short_patience), ("long patience", self.long_patience)] {
            if period < SHORTEST_PERIOD {
                return Err(ConfigError::TooShort { setting, period });
            }
        }
        Ok(())
    }
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            timing: Timing::default(),
            max_requests: 4096,
            max_members: 10_000,
            max_direct_asks: 4096,
            max_direct_asks_beside_bus: 64,
            held_body_bytes: 1 << 20,
            copies: Copies::default(),
            upkeep: None,
            max_attempts: 6,
            short_patience: Duration::from_secs(5),
            long_patience: Duration::from_secs(60),
        }
    }
}

/// Settings of a data server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataConfig {
    /// How often it says that it lives.
    pub heartbeat_period: Duration,
    /// Requests served at a time; one more is told to come back later.
    pub max_requests: usize,
    /// Locate queries looked up at a time; one more is dropped and counted.
    pub max_lookups: usize,
    /// Damaged blobs that are known at a time.
    pub max_damaged: usize,
    /// When fewer bytes than this are free on its disk, it takes no more objects.
    pub reserve_bytes: u64,
    /// How often all that lies on its disk is read to find what is rotten; never if not given.
    pub scrub_every: Option<Duration>,
    /// How many bytes are read for that in a second; zero for as many as the disk gives.
    pub scrub_rate_bytes: u64,
    /// Where it stands, said in heartbeats: copies are kept apart by it.
    pub zone: Option<Zone>,
    /// The version of the software, said in heartbeats.
    pub software: SoftwareVersion,
}

impl DataConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// If a bound is zero, or the heartbeat period shorter than [`SHORTEST_PERIOD`].
    pub fn check(&self) -> Result<(), ConfigError> {
        refuse_zero(&[("requests at a time", self.max_requests), ("lookups at a time", self.max_lookups)])?;
        if self.heartbeat_period < SHORTEST_PERIOD {
            return Err(ConfigError::TooShort { setting: "heartbeat period", period: self.heartbeat_period });
        }
        if let Some(period) = self.scrub_every.filter(|period| *period < SHORTEST_PERIOD) {
            return Err(ConfigError::TooShort { setting: "period of scrubs", period });
        }
        Ok(())
    }
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            heartbeat_period: DEFAULT_HEARTBEAT_PERIOD,
            max_requests: 4096,
            max_lookups: 4096,
            max_damaged: 100_000,
            reserve_bytes: 1 << 20,
            scrub_every: Some(DEFAULT_SCRUB_EVERY),
            scrub_rate_bytes: DEFAULT_SCRUB_RATE_BYTES,
            zone: None,
            software: SoftwareVersion::of_this_crate(),
        }
    }
}

/// Settings that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A period too short to be kept.
    #[error("the {setting} of {period:?} is too short: give at least {SHORTEST_PERIOD:?}")]
    TooShort {
        /// Which setting.
        setting: &'static str,
        /// What was given.
        period: Duration,
    },
    /// Every server would be forgotten between two of its heartbeats.
    #[error(
        "an expiry of {expiry:?} is not above the heartbeat period of {heartbeat_period:?}: every data server would be \
         forgotten between two heartbeats; give at least twice the heartbeat period"
    )]
    ExpiryNotAboveHeartbeat {
        /// The expiry given.
        expiry: Duration,
        /// The heartbeat period given.
        heartbeat_period: Duration,
    },
    /// The fallback would come too late to be of use.
    #[error(
        "asking directly after {ask_directly_after:?} leaves no time before the locate deadline of {locate_deadline:?}: \
         give a shorter delay or a longer deadline"
    )]
    AskDirectlyNotBelowDeadline {
        /// The delay given.
        ask_directly_after: Duration,
        /// The deadline given.
        locate_deadline: Duration,
    },
    /// A page that could not be asked about, or whose blobs could not all wait.
    #[error(
        "{page} blobs in a page are too many: give at most {}, and no more than may wait for repair",
        crate::inventory::MAX_BLOBS_AT_A_TIME
    )]
    PageTooLong {
        /// What was given.
        page: usize,
    },
    /// A bound of zero, with which nothing could ever be done.
    #[error("the bound on {setting} is zero, so nothing could ever be done: give at least 1")]
    ZeroBound {
        /// Which bound.
        setting: &'static str,
    },
}

fn refuse_zero(bounds: &[(&'static str, usize)]) -> Result<(), ConfigError> {
    match bounds.iter().find(|(_, bound)| *bound == 0) {
        Some((setting, _)) => Err(ConfigError::ZeroBound { setting }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn the_defaults_are_accepted() {
        let timing = Timing::default();
        let checked =
            Timing::new(timing.heartbeat_period, timing.expiry, timing.locate_deadline, timing.ask_directly_after);
        assert_eq!(checked, Ok(timing));
        assert_eq!(ApiConfig::default().check(), Ok(()));
        assert_eq!(DataConfig::default().check(), Ok(()));
    }

    #[test]
    fn contradictions_are_refused_with_a_sentence() {
        let second = Duration::from_secs(1);
        let quarter = Duration::from_millis(250);
        let equal = Timing::new(second, second, second, quarter).unwrap_err();
        assert!(equal.to_string().contains("not above the heartbeat period"), "{equal}");
        let late = Timing::new(second, 2 * second, quarter, second).unwrap_err();
        assert!(late.to_string().contains("locate deadline"), "{late}");
        let short = Timing::new(Duration::ZERO, second, second, quarter).unwrap_err();
        assert!(short.to_string().contains("heartbeat period"), "{short}");
        let none = ApiConfig { max_requests: 0, ..ApiConfig::default() }.check().unwrap_err();
        assert_eq!(none, ConfigError::ZeroBound { setting: "requests at a time" });
        let none = DataConfig { max_lookups: 0, ..DataConfig::default() }.check().unwrap_err();
        assert_eq!(none, ConfigError::ZeroBound { setting: "lookups at a time" });
    }
}
