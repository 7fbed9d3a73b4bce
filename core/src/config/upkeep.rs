//! Settings of the upkeep: how copies are counted, made anew, and cleaned away.

use core::time::Duration;

use super::{ConfigError, SHORTEST_PERIOD, refuse_zero};
use crate::inventory::MAX_BLOBS_AT_A_TIME;

/// How long a data server may be gone before its copies are made anew elsewhere, unless told otherwise (DESIGN.md §5).
pub const DEFAULT_REPAIR_AFTER: Duration = Duration::from_secs(600);
/// For how long blobs that no version has are kept, unless told otherwise: far longer than an upload can be under way.
pub const DEFAULT_GARBAGE_AGE: Duration = Duration::from_secs(3600);

/// Settings of the upkeep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpkeepConfig {
    /// How long a data server may be gone before its copies are made anew elsewhere.
    pub repair_after: Duration,
    /// How many bytes a second repair may copy, on average.
    pub repair_bytes_per_second: u64,
    /// Blobs repaired at a time.
    pub max_repairs: usize,
    /// Blobs that wait to be repaired; an audit goes on when there is room for those that it finds.
    pub max_waiting: usize,
    /// How long after the end of an audit of all blobs the next one begins.
    pub audit_every: Duration,
    /// For how long blobs that no version has are kept. No upload may take longer: if it does, its commit is refused. Data
    /// servers are searched for such blobs as often.
    pub garbage_age: Duration,
    /// How long after one collection of known garbage the next one begins.
    pub garbage_every: Duration,
    /// How long audit, sweep and collection rest after each page, so that others get their turn.
    pub page_pause: Duration,
    /// Blobs in a page.
    pub page: usize,
    /// How long others leave a blob alone that this server repairs. Longer than a repair takes, as a rule; if not, a copy may
    /// be made twice, and one of the two is removed later.
    pub claim_lasts: Duration,
}

impl UpkeepConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// If a bound is zero, a period is shorter than [`SHORTEST_PERIOD`], or a page longer than can be asked about.
    pub fn check(&self) -> Result<(), ConfigError> {
        refuse_zero(&[
            ("repairs at a time", self.max_repairs),
            ("blobs waiting for repair", self.max_waiting),
            ("blobs in a page", self.page),
        ])?;
        if self.page > MAX_BLOBS_AT_A_TIME || self.page > self.max_waiting {
            return Err(ConfigError::PageTooLong { page: self.page });
        }
        let periods = [
            ("delay of repair", self.repair_after),
            ("period of audits", self.audit_every),
            ("age of garbage", self.garbage_age),
            ("period of collection", self.garbage_every),
            ("claim on a repair", self.claim_lasts),
            ("pause between pages", self.page_pause),
        ];
        match periods.into_iter().find(|(_, period)| *period < SHORTEST_PERIOD) {
            Some((setting, period)) => Err(ConfigError::TooShort { setting, period }),
            None => Ok(()),
        }
    }
}

impl Default for UpkeepConfig {
    fn default() -> Self {
        Self {
            repair_after: DEFAULT_REPAIR_AFTER,
            repair_bytes_per_second: 50 << 20,
            max_repairs: 4,
            max_waiting: 2000,
            audit_every: Duration::from_secs(6 * 3600),
            garbage_age: DEFAULT_GARBAGE_AGE,
            garbage_every: Duration::from_secs(60),
            page_pause: Duration::from_millis(100),
            page: 200,
            claim_lasts: Duration::from_secs(120),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_be_are_refused() {
        let config = UpkeepConfig::default();
        assert_eq!(config.check(), Ok(()));
        let none = UpkeepConfig { max_repairs: 0, ..UpkeepConfig::default() };
        assert_eq!(none.check(), Err(ConfigError::ZeroBound { setting: "repairs at a time" }));
        for page in [1001, 2001] {
            let long = UpkeepConfig { page, max_waiting: 2000, ..config.clone() };
            assert_eq!(long.check(), Err(ConfigError::PageTooLong { page }));
        }
        let hasty = UpkeepConfig { garbage_age: Duration::ZERO, ..config };
        assert!(matches!(hasty.check(), Err(ConfigError::TooShort { setting: "age of garbage", .. })));
    }
}
