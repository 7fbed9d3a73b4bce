//! `GET /cluster`: what this API server knows of the others, as JSON.

mod upkeep;

use std::time::Duration;

use lode_core::address::ServerAddress;
use lode_core::api_server::ApiServer as Machine;
use lode_core::copies::Copies as ConfiguredCopies;
use lode_core::membership::{BusState, Member};
use lode_core::time::Instant;
use serde::Serialize;

use self::upkeep::Upkeep;
use super::node::CatalogView;

/// The cluster as one API server sees it.
#[derive(Debug, Serialize)]
pub(super) struct Cluster {
    bus: Bus,
    api: Api,
    /// How many copies there are of what is stored; nothing without a catalog.
    upkeep: Option<Upkeep>,
    /// `None` where there is none, and so neither versions nor copies.
    catalog: Option<Catalog>,
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
struct Catalog {
    place: String,
    state: &'static str,
    /// What keeps it from answering.
    trouble: Option<String>,
    copies: Copies,
}

#[derive(Debug, Serialize)]
struct Copies {
    number: usize,
    /// Whether there are fewer where there are fewer data servers.
    fewer_with_fewer_servers: bool,
}

#[derive(Debug, Serialize)]
struct DataServer {
    address: String,
    kind: &'static str,
    state: &'static str,
    last_heard_ms: u64,
    accepts_writes: bool,
    draining: bool,
    zone: Option<String>,
    free_bytes: Option<u64>,
    total_bytes: Option<u64>,
    software: Option<String>,
    incarnation: Option<String>,
}

impl Cluster {
    /// The machine's view at this instant.
    pub(super) fn of(machine: &Machine, now: Instant, address: String, catalog: Option<CatalogView>) -> Self {
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
            upkeep: machine.upkeep().map(|report| Upkeep::of(&report, now)),
            catalog: catalog.map(|view| Catalog {
                place: view.place,
                state: if view.trouble.is_none() { "up" } else { "down" },
                trouble: view.trouble,
                copies: copies(machine.config().copies),
            }),
            data_servers: machine.membership().members().map(|(address, member)| row(address, member, now)).collect(),
        }
    }
}

const fn copies(copies: ConfiguredCopies) -> Copies {
    match copies {
        ConfiguredCopies::UpTo(number) => Copies { number, fewer_with_fewer_servers: true },
        ConfiguredCopies::Exactly(number) => Copies { number, fewer_with_fewer_servers: false },
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
        draining: member.is_draining(),
        zone: member.zone().map(ToString::to_string),
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
