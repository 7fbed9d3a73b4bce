//! `GET /cluster`: what this API server knows of the others, as JSON.

mod copies;

use std::time::Duration;

use lode_core::address::ServerAddress;
use lode_core::api_server::ApiServer as Machine;
use lode_core::membership::{BusState, Member};
use lode_core::time::Instant;
use serde::Serialize;

use self::copies::Copies;

/// The cluster as one API server sees it.
#[derive(Debug, Serialize)]
pub(super) struct Cluster {
    bus: Bus,
    api: Api,
    /// How many copies there are of what is stored; nothing without a catalog.
    copies: Option<Copies>,
    data_servers: Vec<DataServer>,
}

#[derive(Debug, Serialize)]
struct Bus {
    state: &'static str,
    since_ms: u64,
}

#[derive(Debug, Serialize)]
struct Api {
    address: String,
    software: String,
    incarnation: String,
    uptime_ms: u64,
    requests: usize,
    queries: usize,
}

#[derive(Debug, Serialize)]
struct DataServer {
    address: String,
    kind: &'static str,
    state: &'static str,
    last_heard_ms: u64,
    accepts_writes: bool,
    free_bytes: Option<u64>,
    total_bytes: Option<u64>,
    software: Option<String>,
    incarnation: Option<String>,
}

impl Cluster {
    /// The machine's view at this instant.
    pub(super) fn of(machine: &Machine, now: Instant, address: String) -> Self {
        let (state, since) = match machine.membership().bus() {
            BusState::Up { since } => ("up", since),
            BusState::Down { since } => ("down", since),
        };
        Self {
            bus: Bus { state, since_ms: since_ms(now, since) },
            api: Api {
                address,
                software: lode_core::wire::SoftwareVersion::of_this_crate().to_string(),
                incarnation: machine.incarnation().to_string(),
                uptime_ms: since_ms(now, Instant::START),
                requests: machine.requests_under_way(),
                queries: machine.queries_under_way(),
            },
            copies: machine.upkeep().map(|report| Copies::of(&report, now)),
            data_servers: machine.membership().members().map(|(address, member)| row(address, member, now)).collect(),
        }
    }
}

fn row(address: &ServerAddress, member: &Member, now: Instant) -> DataServer {
    let details = member.details();
    DataServer {
        address: address.to_string(),
        kind: if member.is_of_the_seed() { "seed" } else { "lode" },
        state: if member.is_suspected(now) { "suspected" } else { "live" },
        last_heard_ms: since_ms(now, member.last_heard()),
        accepts_writes: member.accepts_writes(),
        free_bytes: details.map(|details| details.space.free_bytes),
        total_bytes: details.map(|details| details.space.total_bytes),
        software: details.map(|details| details.software.to_string()),
        incarnation: details.map(|details| details.incarnation.to_string()),
    }
}

fn since_ms(now: Instant, since: Instant) -> u64 {
    millis(now - since)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
