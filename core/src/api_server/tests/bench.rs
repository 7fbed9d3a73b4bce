//! An API server on the bench: fed by hand, its effects looked at one by one.

use alloc::string::ToString as _;
use alloc::vec::Vec;
use core::time::Duration;

use super::super::*;
use crate::api_server::messages::UploadTerms;
use crate::bus::{BusCommand, ReplyTo};
use crate::id::OperationIds;
use crate::name::ObjectName;
use crate::space::Space;
use crate::wire::{Answerer, HeartbeatDetails, Held, ReceivedQuery, SoftwareVersion};

pub(super) struct Bench {
    pub(super) server: ApiServer,
    pub(super) now: Instant,
    requests: u64,
}

/// What the server wants of a data server for a request.
pub(super) struct Upload {
    pub(super) id: OperationId,
    pub(super) server: ServerAddress,
    pub(super) terms: UploadTerms,
}

impl Bench {
    /// The bus is up, and has been for so long that everybody has been heard; `ours` servers of ours and then `seeds` nodes
    /// of the seed live.
    pub(super) fn with(ours: u8, seeds: u8) -> Self {
        let mut bench = Self::without_bus();
        bench.feed(ApiInput::Bus(BusEvent::Up));
        bench.now = bench.now + Duration::from_secs(6);
        for number in 1..=ours {
            bench.hear(&of_ours(number));
        }
        for number in ours + 1..=ours + seeds {
            bench.hear(&of_the_seed(number));
        }
        bench
    }

    pub(super) fn without_bus() -> Self {
        let server = ApiServer::new(ApiConfig::default(), Incarnation::new(1)).unwrap();
        Self { server, now: Instant::START, requests: 0 }
    }

    pub(super) fn feed(&mut self, input: ApiInput) -> Vec<ApiEffect> {
        let mut effects = Effects::new();
        self.server.handle(self.now, input, &mut effects);
        effects.drain().collect()
    }

    pub(super) fn hear(&mut self, heartbeat: &Heartbeat) -> Vec<ApiEffect> {
        self.feed(ApiInput::Bus(BusEvent::Heartbeat(heartbeat.to_message())))
    }

    pub(super) fn pass(&mut self, duration: Duration) -> Vec<ApiEffect> {
        self.now = self.now + duration;
        self.feed(ApiInput::DeadlineReached)
    }

    pub(super) fn request(&mut self, operation: ApiOperation) -> Vec<ApiEffect> {
        self.requests += 1;
        self.feed(ApiInput::Request { request: RequestId(self.requests), operation })
    }

    /// The data server `number` answers a query over the bus, the way its kind does.
    pub(super) fn answer(&mut self, query: &BusCommand, number: u8, held: Held) -> Vec<ApiEffect> {
        let BusCommand::Query { route, message } = query else { panic!("{query:?}") };
        let reply_to = ReplyTo::new("q".into());
        let received = ReceivedQuery::parse(&BusMessage { reply_to, ..message.clone() }).unwrap();
        let Some(BusCommand::Answer { message, .. }) =
            received.answer(&Answerer::new(&address(number), Incarnation::new(2)), &held)
        else {
            panic!("our queries are always answered")
        };
        self.feed(ApiInput::Bus(BusEvent::Answer { route: *route, message }))
    }

    pub(super) fn expires_in(&self, number: u8) -> bool {
        self.server.membership().member(&address(number)).is_some()
    }
}

pub(super) fn address(number: u8) -> ServerAddress {
    alloc::format!("127.0.0.{number}:7501").parse().unwrap()
}

pub(super) fn name() -> ObjectName {
    ObjectName::from_message("test2").unwrap()
}

pub(super) fn of_the_seed(number: u8) -> Heartbeat {
    Heartbeat { address: address(number), details: None }
}

pub(super) fn of_ours(number: u8) -> Heartbeat {
    let details = HeartbeatDetails {
        incarnation: Incarnation::new(2),
        space: Space { free_bytes: 1 << 36, total_bytes: 1 << 40 },
        accepts_writes: true,
        zone: None,
        draining: false,
        software: SoftwareVersion::of_this_crate(),
    };
    Heartbeat { address: address(number), details: Some(details) }
}

pub(super) const YES: Held = Held::Yes { size_bytes: Some(3), checksum: None };

/// The one query among the effects.
pub(super) fn query(effects: &[ApiEffect]) -> BusCommand {
    let mut queries = effects.iter().filter_map(|effect| match effect {
        ApiEffect::Bus(command @ BusCommand::Query { .. }) => Some(command.clone()),
        _ => None,
    });
    queries.next().unwrap_or_else(|| panic!("no query among {effects:?}"))
}

/// Who is asked directly, and under which ids.
pub(super) fn direct_asks(effects: &[ApiEffect]) -> Vec<(OperationId, ServerAddress)> {
    let asks = effects.iter().filter_map(|effect| match effect {
        ApiEffect::AskDirectly { ask, server, .. } => Some((*ask, server.clone())),
        _ => None,
    });
    asks.collect()
}

pub(super) fn upload(effects: &[ApiEffect]) -> Upload {
    match effects {
        [ApiEffect::Upload { upload, server, terms, .. }] => {
            Upload { id: *upload, server: server.clone(), terms: *terms }
        }
        other => panic!("expected an upload, got {other:?}"),
    }
}

pub(super) fn fetch(effects: &[ApiEffect]) -> (OperationId, ServerAddress) {
    match effects.last() {
        Some(ApiEffect::Fetch { fetch, server, .. }) => (*fetch, server.clone()),
        other => panic!("expected a fetch, got {other:?}"),
    }
}

pub(super) fn response(effects: &[ApiEffect]) -> &ApiResponse {
    match effects.last() {
        Some(ApiEffect::Respond { response, .. }) => response,
        other => panic!("expected a response, got {other:?}"),
    }
}

pub(super) fn refusal(effects: &[ApiEffect]) -> &Refusal {
    match response(effects) {
        ApiResponse::Refused(refusal) => refusal,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

pub(super) fn unreachable_server() -> crate::transfer::TransferFailure {
    crate::transfer::TransferFailure::Unreachable { reason: "connection refused".to_string() }
}

/// An id that this server never made.
pub(super) fn foreign_id() -> OperationId {
    OperationIds::new(Incarnation::new(77)).fresh()
}
