use std::time::Duration;

use lode_core::bus::{BusCommand, BusEvent, BusMessage, ReplyRoute, ReplyTo};
use lode_core::id::{Incarnation, OperationId, OperationIds};
use smol::channel::Receiver;

use super::*;
use crate::bus::{DroppedMessages, MAX_BODY_BYTES, MAX_PRIVATE_ROUTES};

struct Server {
    link: BusLink,
    events: Receiver<BusEvent>,
    _task: smol::Task<()>,
}

impl Server {
    fn on(bus: &EmbeddedBus, role: Role) -> Self {
        let (sender, events) = smol::channel::unbounded();
        let (link, task) = bus.connect(role, EventSink::new(move |event| sender.try_send(event).unwrap()));
        Self { link, events, _task: smol::spawn(task) }
    }

    /// A server that has seen its first `Up`.
    fn up_on(bus: &EmbeddedBus, role: Role) -> Self {
        let server = Self::on(bus, role);
        assert_eq!(server.next(), Some(BusEvent::Up));
        server
    }

    fn next(&self) -> Option<BusEvent> {
        self.next_within(Duration::from_secs(5))
    }

    fn next_within(&self, limit: Duration) -> Option<BusEvent> {
        smol::block_on(or(async { self.events.recv().await.ok() }, async {
            async_io::Timer::after(limit).await;
            None
        }))
    }

    fn hears_nothing(&self) -> bool {
        self.next_within(Duration::from_millis(50)).is_none()
    }

    fn next_query(&self) -> BusMessage {
        match self.next() {
            Some(BusEvent::Query(message)) => message,
            other => panic!("expected a query, got {other:?}"),
        }
    }
}

fn saying(body: &str) -> BusMessage {
    BusMessage { body: body.into(), ..BusMessage::default() }
}

fn operation() -> OperationId {
    OperationIds::new(Incarnation::new(fastrand::u64(..))).fresh()
}

#[test]
fn heartbeats_go_to_every_api_server_and_queries_to_every_data_server() {
    let bus = EmbeddedBus::new();
    let [first_api, second_api] = [Role::Api; 2].map(|role| Server::up_on(&bus, role));
    let [first_data, second_data] = [Role::Data; 2].map(|role| Server::up_on(&bus, role));

    first_data.link.send(BusCommand::Heartbeat(saying("beat")));
    assert_eq!(first_api.next(), Some(BusEvent::Heartbeat(saying("beat"))));
    assert_eq!(second_api.next(), Some(BusEvent::Heartbeat(saying("beat"))));

    first_api.link.send(BusCommand::Query { route: ReplyRoute::Shared, message: saying("who?") });
    for data in [&first_data, &second_data] {
        let query = data.next_query();
        assert_eq!(query.body, b"who?");
        data.link.send(BusCommand::Answer { to: query.reply_to.unwrap(), message: saying("me") });
    }
    for _ in 0..2 {
        let answer = BusEvent::Answer { route: ReplyRoute::Shared, message: saying("me") };
        assert_eq!(first_api.next(), Some(answer));
    }
    assert!(first_api.hears_nothing() && second_api.hears_nothing() && second_data.hears_nothing());
}

#[test]
fn answers_to_a_private_route_name_their_query_until_it_is_closed() {
    let bus = EmbeddedBus::new();
    let (api, data) = (Server::up_on(&bus, Role::Api), Server::up_on(&bus, Role::Data));
    let query = operation();
    api.link.send(BusCommand::Query { route: ReplyRoute::Private(query), message: saying("who?") });
    let to = data.next_query().reply_to.unwrap();

    data.link.send(BusCommand::Answer { to: to.clone(), message: saying("me") });
    let answer = BusEvent::Answer { route: ReplyRoute::Private(query), message: saying("me") };
    assert_eq!(api.next(), Some(answer));

    api.link.send(BusCommand::CloseRoute(query));
    // Once this has come, the command before it has been carried out.
    api.link.send(BusCommand::Heartbeat(saying("fence")));
    assert_eq!(api.next(), Some(BusEvent::Heartbeat(saying("fence"))));
    data.link.send(BusCommand::Answer { to, message: saying("too late") });
    assert!(api.hears_nothing());
}

#[test]
fn private_routes_are_bounded_and_given_back() {
    let bus = EmbeddedBus::new();
    let api = Server::up_on(&bus, Role::Api);
    let queries: Vec<_> = (0..MAX_PRIVATE_ROUTES + 2).map(|_| operation()).collect();
    let ask = |query| api.link.send(BusCommand::Query { route: ReplyRoute::Private(query), message: saying("?") });
    let fence = || {
        api.link.send(BusCommand::Heartbeat(saying("fence")));
        assert_eq!(api.next(), Some(BusEvent::Heartbeat(saying("fence"))));
    };
    queries.iter().copied().for_each(ask);
    fence();
    assert_eq!(api.link.dropped(), DroppedMessages { outgoing: 2, incoming: 0 });

    api.link.send(BusCommand::CloseRoute(queries[0]));
    ask(operation());
    fence();
    assert_eq!(api.link.dropped(), DroppedMessages { outgoing: 2, incoming: 0 });
}

#[test]
fn stopping_and_starting_is_seen_by_all_and_loses_what_was_under_way() {
    let bus = EmbeddedBus::new();
    let (api, data) = (Server::up_on(&bus, Role::Api), Server::up_on(&bus, Role::Data));
    api.link.send(BusCommand::Query { route: ReplyRoute::Shared, message: saying("who?") });
    let to = data.next_query().reply_to.unwrap();

    bus.stop();
    bus.stop();
    assert_eq!((api.next(), data.next()), (Some(BusEvent::Down), Some(BusEvent::Down)));
    data.link.send(BusCommand::Heartbeat(saying("lost")));
    assert!(api.hears_nothing());
    assert_eq!(data.link.dropped(), DroppedMessages { outgoing: 1, incoming: 0 });
    let late = Server::on(&bus, Role::Api);
    assert!(late.hears_nothing());

    bus.start();
    bus.start();
    assert_eq!((api.next(), data.next(), late.next()), (Some(BusEvent::Up), Some(BusEvent::Up), Some(BusEvent::Up)));
    data.link.send(BusCommand::Answer { to, message: saying("too late") });
    assert!(api.hears_nothing());
}

#[test]
fn a_link_that_ends_is_heard_and_hears_no_more() {
    let bus = EmbeddedBus::new();
    let (api, data) = (Server::up_on(&bus, Role::Api), Server::up_on(&bus, Role::Data));
    data.link.send(BusCommand::Heartbeat(saying("last")));
    data.link.shutdown();
    assert_eq!(api.next(), Some(BusEvent::Heartbeat(saying("last"))));
    api.link.send(BusCommand::Query { route: ReplyRoute::Shared, message: saying("who?") });
    assert!(data.hears_nothing());
}

#[test]
fn what_breaks_a_limit_or_goes_nowhere_harms_nobody() {
    let bus = EmbeddedBus::new();
    let api = Server::up_on(&bus, Role::Api);
    api.link.send(BusCommand::Heartbeat(saying(&"x".repeat(MAX_BODY_BYTES + 1))));
    api.link.send(BusCommand::Answer { to: ReplyTo::new("nobody".into()).unwrap(), message: saying("?") });
    api.link.send(BusCommand::Heartbeat(saying("fits")));
    assert_eq!(api.next(), Some(BusEvent::Heartbeat(saying("fits"))));
    assert_eq!(api.link.dropped(), DroppedMessages { outgoing: 1, incoming: 0 });
}
