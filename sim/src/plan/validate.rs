//! Refuses a plan that contradicts itself, with a sentence that says what is wrong and what to do: plans are also written and
//! edited by hand.

mod error;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use lode_core::catalog::Version;
use lode_core::config::{ApiConfig, ConfigError, DataConfig, Timing};
use lode_core::copies::{Copies, MAX_COPIES};
use lode_core::wire::SoftwareVersion;

pub use self::error::{FaultError, OperationError, PlanError};
use crate::node::Node;
use crate::plan::kind::{self, ALWAYS, Kind, Lane, Measure};
use crate::plan::{Action, BodyFlaw, CatalogSetup, Cluster, Fault, FaultKind, Operation, Pace, Plan};

/// The longest that a run may be: more is a slip of the keyboard, and far from where the arithmetic of time ends.
const LONGEST_RUN_US: u64 = 24 * 60 * 60 * 1_000_000;

/// How much a clock may be off. At a million it would stand still or go backwards.
const MOST_DRIFT_PPM: u32 = 500_000;

/// Checks that the plan can be run.
///
/// # Errors
/// With the first contradiction found.
pub fn validate(plan: &Plan) -> Result<(), PlanError> {
    check_cluster(&plan.cluster)?;
    check_pace(&plan.pace)?;
    check_not_too_long(&[("calm_at_us", plan.calm_at_us)])?;
    check_operations(plan)?;
    check_faults(plan)?;
    check_lanes(&plan.faults)
}

/// The settings of the cluster's API servers.
///
/// # Errors
/// If they contradict each other.
pub fn api_config(cluster: &Cluster) -> Result<ApiConfig, ConfigError> {
    let timing = Timing::new(
        Duration::from_micros(cluster.heartbeat_period_us),
        Duration::from_micros(cluster.expiry_us),
        Duration::from_micros(cluster.locate_deadline_us),
        Duration::from_micros(cluster.ask_directly_after_us),
    )?;
    let config = ApiConfig {
        timing,
        max_requests: bound(cluster.max_requests),
        max_members: bound(cluster.max_members),
        max_direct_asks: bound(cluster.max_direct_asks),
        max_direct_asks_beside_bus: bound(cluster.max_direct_asks_beside_bus),
        held_body_bytes: cluster.held_body_bytes,
        copies: cluster.catalog.map_or_else(Copies::default, CatalogSetup::copies),
        upkeep: None,
        max_attempts: bound(cluster.max_attempts),
        short_patience: Duration::from_micros(cluster.short_patience_us),
        long_patience: Duration::from_micros(cluster.long_patience_us),
    };
    config.check()?;
    Ok(config)
}

/// The settings of the cluster's data servers.
///
/// # Errors
/// If they contradict each other.
pub fn data_config(cluster: &Cluster) -> Result<DataConfig, ConfigError> {
    let config = DataConfig {
        heartbeat_period: Duration::from_micros(cluster.heartbeat_period_us),
        max_requests: bound(cluster.max_requests),
        max_lookups: bound(cluster.max_lookups),
        max_damaged: DataConfig::default().max_damaged,
        reserve_bytes: cluster.reserve_bytes,
        scrub_every: None,
        scrub_rate_bytes: 0,
        zone: None,
        software: SoftwareVersion::of_this_crate(),
    };
    config.check()?;
    Ok(config)
}

fn bound(of_the_plan: u32) -> usize {
    usize::try_from(of_the_plan).unwrap_or(usize::MAX)
}

fn check_cluster(cluster: &Cluster) -> Result<(), PlanError> {
    api_config(cluster)?;
    data_config(cluster)?;
    check_not_too_long(&[
        ("heartbeat_period_us", cluster.heartbeat_period_us),
        ("expiry_us", cluster.expiry_us),
        ("locate_deadline_us", cluster.locate_deadline_us),
        ("short_patience_us", cluster.short_patience_us),
        ("long_patience_us", cluster.long_patience_us),
    ])?;
    let (disk_bytes, reserve_bytes) = (cluster.disk_bytes, cluster.reserve_bytes);
    if reserve_bytes > disk_bytes {
        return Err(PlanError::ReserveAboveDisk { reserve_bytes, disk_bytes });
    }
    match cluster.catalog {
        Some(_) if cluster.seed_apis + cluster.seed_datas > 0 => Err(PlanError::CatalogBesideTheSeed),
        Some(CatalogSetup { copies, .. }) => {
            let checked = Copies::exactly(usize::from(copies));
            checked.map(|_| ()).map_err(|_| PlanError::Copies { copies, most: MAX_COPIES })
        }
        None => Ok(()),
    }
}

fn check_pace(pace: &Pace) -> Result<(), PlanError> {
    let named = [
        ("link_us", pace.link_us),
        ("bus_us", pace.bus_us),
        ("disk_us", pace.disk_us),
        ("reconnect_us", pace.reconnect_us),
    ];
    if let Some((setting, (least_us, most_us))) = named.into_iter().find(|(_, (least, most))| least > most) {
        return Err(PlanError::PaceBackwards { setting, least_us, most_us });
    }
    check_not_too_long(&named.map(|(setting, (_, most_us))| (setting, most_us)))?;
    if pace.bytes_per_ms == 0 {
        return Err(PlanError::NoThroughput);
    }
    Ok(())
}

fn check_not_too_long(periods: &[(&'static str, u64)]) -> Result<(), PlanError> {
    match periods.iter().find(|(_, period_us)| *period_us > LONGEST_RUN_US) {
        Some(&(setting, period_us)) => Err(PlanError::PeriodTooLong { setting, period_us, longest_us: LONGEST_RUN_US }),
        None => Ok(()),
    }
}

fn check_operations(plan: &Plan) -> Result<(), PlanError> {
    let mut earliest_us = 0;
    for (index, operation) in plan.operations.iter().enumerate() {
        check_operation(plan, earliest_us, operation).map_err(|problem| PlanError::Operation { index, problem })?;
        earliest_us = operation.at_us;
    }
    Ok(())
}

fn check_operation(plan: &Plan, earliest_us: u64, operation: &Operation) -> Result<(), OperationError> {
    let &Operation { at_us, client, server, .. } = operation;
    if at_us < earliest_us {
        return Err(OperationError::OutOfOrder { at_us, before_us: earliest_us });
    }
    if at_us > plan.calm_at_us {
        return Err(OperationError::AfterCalm { at_us, calm_at_us: plan.calm_at_us });
    }
    if !matches!(client, Node::Client(1..)) {
        return Err(OperationError::NotAClient { node: client });
    }
    if !kind::is_api(server) && !kind::is_data(server) {
        return Err(OperationError::NotAServer { node: server });
    }
    if !takes_part(&plan.cluster, server) {
        return Err(OperationError::NoSuchNode { node: server });
    }
    check_action(&operation.action, server)?;
    check_versions(plan.cluster.catalog.is_some(), operation)
}

/// What belongs to clusters with a catalog, and what to those without.
fn check_versions(has_catalog: bool, operation: &Operation) -> Result<(), OperationError> {
    let Operation { server, action, only_if, version, .. } = operation;
    let (takes_condition, takes_version, needs_catalog) = match action {
        Action::Put { .. } => (true, false, false),
        Action::Delete => (version.is_none(), true, false),
        Action::Get { .. } | Action::Head => (false, true, false),
        Action::Locate { .. } => (false, false, false),
        Action::Versions | Action::List { .. } => (false, false, true),
    };
    if only_if.is_some() && !takes_condition {
        return Err(OperationError::StrayCondition);
    }
    if version.is_some_and(|version| !takes_version || Version::new(version).is_none()) {
        return Err(OperationError::StrayVersion);
    }
    match (has_catalog, action) {
        (true, Action::Locate { .. }) => Err(OperationError::LocateOfVersions),
        (true, _) if !kind::is_api(*server) => Err(OperationError::PastTheCatalog { node: *server }),
        (false, _) if needs_catalog || only_if.is_some() || version.is_some() => Err(OperationError::NoCatalog),
        (true | false, _) => Ok(()),
    }
}

fn check_action(action: &Action, server: Node) -> Result<(), OperationError> {
    match *action {
        Action::Get { range: Some((first, last)), .. } if first > last => {
            Err(OperationError::RangeBackwards { first, last })
        }
        Action::Put { flaw: BodyFlaw::Stalls { for_us }, .. } if for_us > LONGEST_RUN_US => {
            Err(OperationError::StallsTooLong { for_us, longest_us: LONGEST_RUN_US })
        }
        Action::Locate { .. } if kind::is_data(server) => Err(OperationError::LocateAtDataServer { node: server }),
        Action::Put { .. }
        | Action::Get { .. }
        | Action::Head
        | Action::Delete
        | Action::Locate { .. }
        | Action::Versions
        | Action::List { .. } => Ok(()),
    }
}

fn check_faults(plan: &Plan) -> Result<(), PlanError> {
    let mut earliest_us = 0;
    for (index, fault) in plan.faults.iter().enumerate() {
        let kind = fault.kind.kind();
        let refuse = |problem| PlanError::Fault { index, kind, problem };
        check_times(plan, earliest_us, fault).map_err(refuse)?;
        check_subject(&plan.cluster, &fault.kind).map_err(refuse)?;
        check_strength(&fault.kind).map_err(refuse)?;
        earliest_us = fault.from_us;
    }
    Ok(())
}

fn check_times(plan: &Plan, earliest_us: u64, fault: &Fault) -> Result<(), FaultError> {
    let &Fault { from_us, until_us, .. } = fault;
    if from_us < earliest_us {
        return Err(FaultError::OutOfOrder { from_us, before_us: earliest_us });
    }
    if from_us >= until_us {
        return Err(FaultError::EndsBeforeItBegins { from_us, until_us });
    }
    if until_us > plan.calm_at_us {
        return Err(FaultError::AfterCalm { until_us, calm_at_us: plan.calm_at_us });
    }
    if fault.kind.kind() == Kind::StartsLate && from_us != 0 {
        return Err(FaultError::NotFromTheBeginning { from_us });
    }
    Ok(())
}

fn check_subject(cluster: &Cluster, fault: &FaultKind) -> Result<(), FaultError> {
    let (subject, place) = (fault.subject(), fault.kind().place());
    let (a, b) = subject.ends();
    if let Some(node) = [a, b].into_iter().find(|node| !takes_part(cluster, *node)) {
        return Err(FaultError::NoSuchNode { node });
    }
    if !place.takes(subject) {
        return Err(FaultError::WrongPlace { subject, place });
    }
    Ok(())
}

fn takes_part(cluster: &Cluster, node: Node) -> bool {
    match node {
        Node::Broker => true,
        Node::Catalog => cluster.catalog.is_some(),
        // Clients are not counted in the cluster: they are whoever asks for something.
        Node::Client(number) => number >= 1,
        Node::Api(number) => (1..=cluster.apis).contains(&number),
        Node::Data(number) => (1..=cluster.datas).contains(&number),
        Node::SeedApi(number) => (1..=cluster.seed_apis).contains(&number),
        Node::SeedData(number) => (1..=cluster.seed_datas).contains(&number),
    }
}

fn check_strength(fault: &FaultKind) -> Result<(), FaultError> {
    let strength = fault.strength();
    match fault.kind().measure() {
        Some(Measure::Permille) if strength > ALWAYS => Err(FaultError::Permille { permille: strength }),
        Some(Measure::Micros) if strength > LONGEST_RUN_US.into() => {
            Err(FaultError::TooSlow { up_to_us: strength, longest_us: LONGEST_RUN_US })
        }
        Some(Measure::Ppm) if strength.unsigned_abs() > MOST_DRIFT_PPM.into() => {
            Err(FaultError::Drift { ppm: strength, most_ppm: MOST_DRIFT_PPM })
        }
        Some(Measure::Permille | Measure::Micros | Measure::Effects | Measure::Ppm | Measure::Step) | None => Ok(()),
    }
}

/// Faults come in order of time here, so each has only to be compared with the one of its lane that ends last.
fn check_lanes(faults: &[Fault]) -> Result<(), PlanError> {
    let mut busy: BTreeMap<Lane, (u64, usize)> = BTreeMap::new();
    for (second, fault) in faults.iter().enumerate() {
        let Some(lane) = fault.kind.lane() else { continue };
        if let Some(&(until_us, first)) = busy.get(&lane)
            && fault.from_us < until_us
        {
            return Err(PlanError::Overlap { first, second, lane, until_us });
        }
        busy.insert(lane, (fault.until_us, second));
    }
    Ok(())
}
