//! A server as the bus sees one: a link, and the events that came over it.

use std::time::{Duration, Instant};

use lode_core::bus::{BusCommand, BusEvent, BusMessage, ReplyRoute, ReplyTo};
use lode_core::id::{Incarnation, OperationId, OperationIds};
use lode_smol::bus::{Bus as _, BusLink, EventSink, RabbitBus, Role};
use smol::channel::Receiver;

/// Long enough for anything that is not told to take longer.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// A link with everything that came over it, in order.
pub(crate) struct Server {
    pub(crate) link: BusLink,
    events: Receiver<BusEvent>,
    task: smol::Task<()>,
}

impl Server {
    /// A server that tries to reach the broker.
    pub(crate) fn on(url: &str, role: Role) -> Self {
        let bus = RabbitBus::new(url.parse().expect("the harness gives good URLs"));
        let (sender, events) = smol::channel::unbounded();
        let sink = EventSink::new(move |event| {
            // It fails when the test is over.
            let _ = sender.try_send(event);
        });
        let (link, task) = bus.connect(role, sink);
        Self { link, events, task: smol::spawn(task) }
    }

    /// A server that has reached the broker.
    pub(crate) fn up_on(url: &str, role: Role) -> Self {
        let server = Self::on(url, role);
        server.expect(&BusEvent::Up, SOON);
        server
    }

    /// The next event, if one comes in time.
    pub(crate) fn next(&self, limit: Duration) -> Option<BusEvent> {
        smol::block_on(smol::future::or(async { self.events.recv().await.ok() }, async {
            smol::Timer::after(limit).await;
            None
        }))
    }

    /// Waits for this very event to be the next, and tells how long it took.
    #[track_caller]
    pub(crate) fn expect(&self, event: &BusEvent, limit: Duration) -> Duration {
        let began = Instant::now();
        assert_eq!(self.next(limit).as_ref(), Some(event));
        began.elapsed()
    }

    /// Waits for a query to be the next event.
    #[track_caller]
    pub(crate) fn next_query(&self) -> BusMessage {
        match self.next(SOON) {
            Some(BusEvent::Query(message)) => message,
            other => panic!("expected a query, got {other:?}"),
        }
    }

    pub(crate) fn hears_nothing(&self) -> bool {
        self.next(Duration::from_millis(300)).is_none()
    }

    pub(crate) fn ask(&self, route: ReplyRoute, body: &str) {
        self.link.send(BusCommand::Query { route, message: saying(body) });
    }

    pub(crate) fn answer(&self, to: &ReplyTo, body: &str) {
        self.link.send(BusCommand::Answer { to: to.clone(), message: saying(body) });
    }

    /// Ends the link and waits until its future has.
    pub(crate) fn shut_down(self) {
        self.link.shutdown();
        let ended = smol::block_on(smol::future::or(
            async {
                self.task.await;
                true
            },
            async {
                smol::Timer::after(SOON).await;
                false
            },
        ));
        assert!(ended, "the link does not end");
    }
}

/// Asserts that a query of `api` reaches `data`, and its answer comes back.
#[track_caller]
pub(crate) fn assert_they_talk(api: &Server, data: &Server) {
    let body = format!("q{}", fastrand::u64(..));
    api.ask(ReplyRoute::Shared, &body);
    let query = data.next_query();
    assert_eq!(query.body, body.as_bytes());
    data.answer(&query.reply_to.expect("a query says where its answers go"), &body);
    api.expect(&answered(ReplyRoute::Shared, &body), SOON);
}

pub(crate) fn saying(body: &str) -> BusMessage {
    BusMessage { body: body.into(), ..BusMessage::default() }
}

pub(crate) fn answered(route: ReplyRoute, body: &str) -> BusEvent {
    BusEvent::Answer { route, message: saying(body) }
}

pub(crate) fn operation() -> OperationId {
    OperationIds::new(Incarnation::new(fastrand::u64(..))).fresh()
}
