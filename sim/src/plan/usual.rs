//! What is usual: the settings that a user gets, and the pace of one room with one switch.

use std::time::Duration;

use lode_core::config::{ApiConfig, DataConfig};

use super::{Cluster, Pace};

impl Cluster {
    /// One server of each kind of ours, under the settings that a user gets, with room for everything.
    #[must_use]
    pub fn usual() -> Self {
        let (api, data) = (ApiConfig::default(), DataConfig::default());
        Self {
            apis: 1,
            datas: 1,
            seed_apis: 0,
            seed_datas: 0,
            heartbeat_period_us: micros(api.timing.heartbeat_period()),
            expiry_us: micros(api.timing.expiry()),
            locate_deadline_us: micros(api.timing.locate_deadline()),
            ask_directly_after_us: micros(api.timing.ask_directly_after()),
            short_patience_us: micros(api.short_patience),
            long_patience_us: micros(api.long_patience),
            held_body_bytes: api.held_body_bytes,
            max_requests: count(api.max_requests),
            max_members: count(api.max_members),
            max_direct_asks: count(api.max_direct_asks),
            max_direct_asks_beside_bus: count(api.max_direct_asks_beside_bus),
            max_attempts: count(api.max_attempts),
            max_lookups: count(data.max_lookups),
            disk_bytes: 1 << 40,
            reserve_bytes: data.reserve_bytes,
            catalog: None,
        }
    }
}

impl Pace {
    /// One room, one switch; disks that sync in a moment; 100 MB a second.
    #[must_use]
    pub const fn usual() -> Self {
        Self {
            link_us: (100, 300),
            bus_us: (200, 600),
            disk_us: (50, 500),
            reconnect_us: (100_000, 500_000),
            bytes_per_ms: 100_000,
        }
    }
}

fn micros(period: Duration) -> u64 {
    u64::try_from(period.as_micros()).unwrap_or(u64::MAX)
}

fn count(bound: usize) -> u32 {
    u32::try_from(bound).unwrap_or(u32::MAX)
}
