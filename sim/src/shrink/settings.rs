//! The settings and the pace that a person would expect.

use super::Search;
use crate::plan::{CatalogSetup, Cluster, Pace, Plan};

/// Sets what the failure does not need to be otherwise to what is usual: all at once, or else one after the other.
pub(super) fn usual(search: &mut Search<'_>) {
    let mut usual = search.best.clone();
    let Cluster { apis, datas, seed_apis, seed_datas, catalog, .. } = usual.cluster;
    let catalog = catalog.map(|_| CatalogSetup::usual());
    usual.cluster = Cluster { apis, datas, seed_apis, seed_datas, catalog, ..Cluster::usual() };
    usual.pace = Pace::usual();
    if search.attempt(|plan| ALL.iter().for_each(|set| set(plan, &usual))) {
        return;
    }
    // The periods belong together: one alone may make no sense beside the others.
    search.attempt(|plan| PERIODS.iter().for_each(|set| set(plan, &usual)));
    for set in ALL {
        search.attempt(|plan| set(plan, &usual));
    }
}

/// Takes one setting over from another plan.
type Take = fn(&mut Plan, &Plan);

const PERIODS: &[Take] = &[
    |plan, usual| plan.cluster.heartbeat_period_us = usual.cluster.heartbeat_period_us,
    |plan, usual| plan.cluster.expiry_us = usual.cluster.expiry_us,
    |plan, usual| plan.cluster.locate_deadline_us = usual.cluster.locate_deadline_us,
    |plan, usual| plan.cluster.ask_directly_after_us = usual.cluster.ask_directly_after_us,
];

const ALL: &[Take] = &[
    PERIODS[0],
    PERIODS[1],
    PERIODS[2],
    PERIODS[3],
    |plan, usual| plan.cluster.short_patience_us = usual.cluster.short_patience_us,
    |plan, usual| plan.cluster.long_patience_us = usual.cluster.long_patience_us,
    |plan, usual| plan.cluster.held_body_bytes = usual.cluster.held_body_bytes,
    |plan, usual| plan.cluster.max_requests = usual.cluster.max_requests,
    |plan, usual| plan.cluster.max_members = usual.cluster.max_members,
    |plan, usual| plan.cluster.max_direct_asks = usual.cluster.max_direct_asks,
    |plan, usual| plan.cluster.max_direct_asks_beside_bus = usual.cluster.max_direct_asks_beside_bus,
    |plan, usual| plan.cluster.max_attempts = usual.cluster.max_attempts,
    |plan, usual| plan.cluster.max_lookups = usual.cluster.max_lookups,
    |plan, usual| plan.cluster.disk_bytes = usual.cluster.disk_bytes,
    |plan, usual| plan.cluster.reserve_bytes = usual.cluster.reserve_bytes,
    |plan, usual| plan.cluster.catalog = usual.cluster.catalog,
    |plan, usual| plan.pace.link_us = usual.pace.link_us,
    |plan, usual| plan.pace.bus_us = usual.pace.bus_us,
    |plan, usual| plan.pace.disk_us = usual.pace.disk_us,
    |plan, usual| plan.pace.reconnect_us = usual.pace.reconnect_us,
    |plan, usual| plan.pace.bytes_per_ms = usual.pace.bytes_per_ms,
];
