//! # lode-core: what a distributed object store decides, and nothing else
//!
//! API servers face the clients and keep nothing; data servers keep the bytes; they find each other over a message bus.
//! This crate holds every decision in that sentence as a state machine that is fed events and the time, and answers with
//! effects: who lives ([`membership`]), who has an object ([`locate`]), where a new one goes ([`placement`]), when to say
//! that one lives ([`heartbeat`]), when an upload counts ([`data_server::receiving`]), and what is answered to whom. The
//! two composed machines are [`api_server::ApiServer`] and [`data_server::DataServer`]; each small one is usable alone.
//!
//! It is `no_std` and knows no clock, socket, file, thread, environment or randomness. A driver (the crate `lode-smol`, the
//! simulator, yours) carries out the effects and brings back what came of them.
//!
//! ## The contract, on one page
//!
//! *Between a [`Machine`](machine::Machine) and its driver:*
//!
//! 1. **One way in.** [`handle(now, input, effects)`](machine::Machine::handle) is the only call that changes anything.
//! 2. **Time** comes in as `now`, an [`Instant`](time::Instant) of the driver's making that never goes back. The machine
//!    asks for nothing else: no wall clock, no ticks.
//! 3. **Timers are not effects.** The driver sleeps until [`next_deadline`](machine::Machine::next_deadline) and then feeds
//!    [`deadline_reached`](machine::Machine::deadline_reached): never early; late is allowed, and seen in `now`. Timers
//!    that are due fire before the input of the same instant is looked at. After `handle`, the next deadline lies in the
//!    future (asserted).
//! 4. **Effects come out where they are caused.** All of them are in the sink when `handle` returns, in the order in which
//!    they are to be begun. Nothing stays queued inside.
//! 5. **One completion per effect.** Each effect that can fail carries an id, and gets exactly one completion input with
//!    that id. Ids pair the incarnation of the process with a counter, so an answer to a process that is dead cannot match.
//!    What has no id (a message on the bus, an answer to a client) may be lost, and the machines are built for that. When a
//!    request's client is gone, the driver may feed `RequestGone` in place of the completions still missing.
//! 6. **Object bytes never enter.** The machine says "send the body of request 7 to this server"; it hears "stored,
//!    1,048,576 bytes, checksum …" or "broke off".
//! 7. **Determinism.** The same inputs at the same instants give the same effects, bit for bit. Only ordered collections,
//!    no randomness; what must be unique is handed in as an [`Incarnation`](id::Incarnation).
//! 8. **Bounded.** Requests, lookups, members and questions under way have bounds in [`config`]; over a bound the answer is
//!    [`Busy`](refusal::Refusal::Busy), or the message is dropped and counted, never queued.
//! 9. **Errors.** The mistake of a peer is an outcome (counted, refused with a sentence); a failure of the world is an
//!    input; a bug of ours is an assertion, in release builds too. What comes from outside is parsed into types that cannot
//!    hold anything invalid ([`name`], [`address`], [`wire`]), so machines never see it raw.
//!
//! ## An example: who lives?
//!
//! ```
//! use core::time::Duration;
//! use lode_core::membership::{Heard, Membership};
//! use lode_core::time::Instant;
//! use lode_core::wire::Heartbeat;
//!
//! let mut membership = Membership::new(Duration::from_secs(10), 1000);
//! membership.bus_up(Instant::START);
//!
//! // A node of the seed says that it lives. How the message came here is nobody's business.
//! let heartbeat = Heartbeat { address: "127.29.1.1:22345".parse()?, details: None };
//! assert_eq!(membership.heard(Instant::START + Duration::from_secs(1), heartbeat), Heard::Joined);
//!
//! // It is out at the very instant at which its ten seconds are over.
//! let deadline = membership.next_deadline().unwrap();
//! assert_eq!(deadline, Instant::START + Duration::from_secs(11));
//! assert_eq!(membership.expire(deadline).len(), 1);
//! assert!(membership.is_empty());
//! # Ok::<(), lode_core::address::AddressError>(())
//! ```
//!
//! ## An example: a whole machine
//!
//! ```
//! use lode_core::api_server::ApiServer;
//! use lode_core::api_server::messages::{ApiEffect, ApiInput, ApiOperation, ApiResponse};
//! use lode_core::bus::BusEvent;
//! use lode_core::config::ApiConfig;
//! use lode_core::id::{Incarnation, RequestId};
//! use lode_core::machine::{Effects, Machine as _};
//! use lode_core::name::ObjectName;
//! use lode_core::refusal::Refusal;
//! use lode_core::time::Instant;
//!
//! let mut server = ApiServer::new(ApiConfig::default(), Incarnation::new(1))?;
//! let mut effects = Effects::new();
//! server.handle(Instant::START, ApiInput::Bus(BusEvent::Up), &mut effects);
//!
//! // Nobody has been heard of yet, so nothing can be stored, and the client is told so at once.
//! let operation = ApiOperation::Put { name: ObjectName::from_segment(b"test2")?, declared_bytes: Some(3) };
//! server.handle(Instant::START, ApiInput::Request { request: RequestId(1), operation }, &mut effects);
//! let refused = ApiResponse::Refused(Refusal::NoDataServer);
//! assert_eq!(effects.drain().last(), Some(ApiEffect::Respond { request: RequestId(1), response: refused }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod address;
pub mod api_server;
pub mod bus;
pub mod catalog;
pub mod checksum;
pub mod conditions;
pub mod config;
pub mod content_range;
pub mod copies;
pub mod data_server;
mod decimal;
pub mod digest;
pub mod etag;
pub mod heartbeat;
mod hex;
pub mod id;
pub mod inventory;
pub mod locate;
pub mod machine;
pub mod membership;
pub mod name;
pub mod placement;
pub mod range;
pub mod refusal;
pub mod resource;
pub mod select;
pub mod space;
pub mod time;
pub mod transfer;
pub mod wire;
