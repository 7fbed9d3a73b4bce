//! The way of a request to the catalog and back, and what befalls it there.

use std::time::Duration;

use lode_core::api_server::messages::versions::VersionInput;
use lode_core::catalog::{CatalogAnswer, CatalogFailure, CatalogRequest};
use lode_core::id::OperationId;

use super::{CatalogStep, Doing, LATEST_US, PATIENCE, Request, Stage};
use crate::chance::Purpose;
use crate::coverage::Point;
use crate::node::Node;
use crate::plan::kind::Kind;
use crate::trace::MessageKind;
use crate::world::World;
use crate::world::exchange::Party;
use crate::world::label;
use crate::world::queue::{Event, Lane};

impl World<'_> {
    /// An API server asks the catalog.
    pub(crate) fn ask_catalog(&mut self, asker: Party, ask: OperationId, what: CatalogRequest) {
        let arrives = self.now + self.link_delay(asker.node, Node::Catalog);
        let ways = (asker.node, Node::Catalog);
        self.note_message(MessageKind::Request, ways, arrives, || label::catalog_request(&what));
        let breaks_off = self.draw_break();
        let given_up = self.waited(asker.node, self.now, PATIENCE);
        let Some(catalog) = &mut self.catalog else { return };
        let request = catalog.next_request;
        catalog.next_request += 1;
        let (stage, told, broken, acts_later) = (Stage::Travelling, false, false, false);
        let open = Request { asker, ask, what, stage, told, breaks_off, broken, acts_later };
        catalog.requests.insert(request, open);
        self.arrange_catalog(arrives, request, CatalogStep::Arrives);
        let step = CatalogStep::GivenUp;
        self.queue.push_in_lane(Lane::Catalog, given_up, Event::Catalog { request, step });
    }

    fn draw_break(&mut self) -> Option<Doing> {
        let permille = self.faults.permille(Kind::CatalogBreaksOff, Node::Catalog, Node::Catalog);
        if permille == 0 {
            return None;
        }
        let strikes = self.chance.of(Node::Catalog, Purpose::CatalogFault).u16(0..1000) < permille;
        let doing = self.draw_doing();
        strikes.then_some(doing)
    }

    fn draw_doing(&mut self) -> Doing {
        match self.chance.of(Node::Catalog, Purpose::CatalogFault).u8(0..3) {
            0 => Doing::Before,
            1 => Doing::After,
            _ => Doing::Never,
        }
    }

    fn arrange_catalog(&mut self, at: lode_core::time::Instant, request: u64, step: CatalogStep) {
        self.queue.push(at, Event::Catalog { request, step });
    }

    fn catalog_request(&mut self, request: u64) -> Option<&mut Request> {
        self.catalog.as_mut()?.requests.get_mut(request)
    }

    /// A request goes on; one that is over does nothing.
    pub(crate) fn catalog_step(&mut self, request: u64, step: CatalogStep) {
        let Some(api) = self.catalog_request(request).map(|request| request.asker.node) else { return };
        let way = match step {
            CatalogStep::Arrives => Some((api, Node::Catalog)),
            CatalogStep::Answers(_) => Some((Node::Catalog, api)),
            CatalogStep::Acts | CatalogStep::ActsLate | CatalogStep::GivenUp => None,
        };
        if let Some((from, to)) = way
            && let Some(until) = self.faults.blocked_until(from, to)
        {
            self.hit(Point::FaultCatalogOutOfReach);
            let later = until + self.link_delay(from, to);
            return self.arrange_catalog(later, request, step);
        }
        match step {
            CatalogStep::Arrives => self.catalog_is_asked(request),
            CatalogStep::Acts => self.catalog_works(request),
            CatalogStep::ActsLate => self.catalog_works_late(request),
            CatalogStep::Answers(outcome) => self.catalog_has_answered(request, *outcome),
            CatalogStep::GivenUp => self.catalog_is_given_up(request),
        }
    }

    fn catalog_is_asked(&mut self, request: u64) {
        if self.refuses_all() {
            return self.catalog_refuses(request);
        }
        let given_up = self.catalog_request(request).is_some_and(|request| request.told);
        if given_up && self.draw_doing() == Doing::Never {
            // What lies in the buffer of a connection that the other side has closed may never be read.
            return self.forget_catalog_request(request);
        }
        if let Some(request) = self.catalog_request(request) {
            request.stage = Stage::Working;
        }
        let slower = self.faults.longest(Kind::SlowCatalog, Node::Catalog, Node::Catalog);
        let extra = slower.map_or(Duration::ZERO, |longest| {
            let most = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX);
            Duration::from_micros(self.chance.of(Node::Catalog, Purpose::Disk).u64(0..=most))
        });
        let (low, high) = self.plan.pace.disk_us;
        let works = Duration::from_micros(self.chance.of(Node::Catalog, Purpose::Disk).u64(low..=high));
        self.arrange_catalog(self.now + works + extra, request, CatalogStep::Acts);
    }

    fn refuses_all(&self) -> bool {
        self.faults.on(Kind::CatalogDown, Node::Catalog) || self.faults.on(Kind::CatalogFailover, Node::Catalog)
    }

    fn catalog_refuses(&mut self, request: u64) {
        self.hit(Point::FaultCatalogDown);
        if let Some(request) = self.catalog_request(request) {
            request.stage = Stage::Done;
        }
        self.catalog_answers(request, Err(CatalogFailure::Unavailable { reason: "it is down".to_owned() }));
    }

    fn catalog_works(&mut self, request: u64) {
        let Some(Request { stage: Stage::Working, breaks_off, what, .. }) = self.catalog_request(request) else {
            return;
        };
        let (breaks_off, what) = (*breaks_off, what.clone());
        if self.faults.on(Kind::CatalogDown, Node::Catalog) {
            return self.catalog_refuses(request);
        }
        if let Some(doing) = breaks_off {
            return self.catalog_breaks_off(request, doing);
        }
        let Some(answer) = self.catalog_acts(&what) else { return };
        if let Some(request) = self.catalog_request(request) {
            request.stage = Stage::Done;
        }
        self.catalog_answers(request, Ok(answer));
    }

    /// The connection is gone, and with it the answer.
    fn catalog_breaks_off(&mut self, request: u64, doing: Doing) {
        let Some(open) = self.catalog_request(request) else { return };
        let (what, was_done) = (open.what.clone(), open.stage == Stage::Done);
        open.stage = Stage::Done;
        open.broken = true;
        open.acts_later = doing == Doing::After && !was_done;
        match doing {
            _ if was_done => self.hit(Point::FaultCatalogAnswerLost),
            Doing::Before => {
                self.hit(Point::FaultCatalogAnswerLost);
                let _nobody_hears = self.catalog_acts(&what);
            }
            Doing::After => {
                self.hit(Point::FaultCatalogDoneLate);
                let after = self.chance.of(Node::Catalog, Purpose::CatalogFault).u64(1..LATEST_US);
                self.arrange_catalog(self.now + Duration::from_micros(after), request, CatalogStep::ActsLate);
            }
            Doing::Never => self.hit(Point::FaultCatalogNeverDone),
        }
        let reason = "the connection broke".to_owned();
        self.catalog_answers(request, Err(CatalogFailure::Unknown { reason }));
    }

    fn catalog_works_late(&mut self, request: u64) {
        let Some(open) = self.catalog_request(request) else { return };
        let what = open.what.clone();
        // It is done, whoever was told so.
        open.acts_later = false;
        let told = open.told;
        let _nobody_hears = self.catalog_acts(&what);
        if told {
            self.forget_catalog_request(request);
        }
    }

    fn catalog_answers(&mut self, request: u64, outcome: Result<CatalogAnswer, CatalogFailure>) {
        let Some(Request { asker, .. }) = self.catalog_request(request) else { return };
        let api = asker.node;
        let arrives = self.now + self.link_delay(Node::Catalog, api);
        self.note_message(MessageKind::Response, (Node::Catalog, api), arrives, || label::catalog_outcome(&outcome));
        self.arrange_catalog(arrives, request, CatalogStep::Answers(Box::new(outcome)));
    }

    fn catalog_has_answered(&mut self, request: u64, outcome: Result<CatalogAnswer, CatalogFailure>) {
        let Some(open) = self.catalog_request(request) else { return };
        if open.broken && outcome.is_ok() {
            return;
        }
        let (asker, ask, told) = (open.asker, open.ask, std::mem::replace(&mut open.told, true));
        if !open.acts_later {
            self.forget_catalog_request(request);
        }
        if !told {
            self.tell_of_catalog(asker, ask, outcome);
        }
    }

    fn catalog_is_given_up(&mut self, request: u64) {
        let Some(open) = self.catalog_request(request) else { return };
        if std::mem::replace(&mut open.told, true) {
            return;
        }
        let (asker, ask) = (open.asker, open.ask);
        self.hit(Point::FaultCatalogGivenUp);
        let reason = "no answer came".to_owned();
        self.tell_of_catalog(asker, ask, Err(CatalogFailure::Unknown { reason }));
    }

    fn tell_of_catalog(&mut self, asker: Party, ask: OperationId, outcome: Result<CatalogAnswer, CatalogFailure>) {
        if self.run_of(asker.node) == Some(asker.run) {
            self.feed_api(asker.node, VersionInput::Catalogued { ask, outcome }.into());
        }
    }

    fn forget_catalog_request(&mut self, request: u64) {
        if let Some(catalog) = &mut self.catalog {
            catalog.requests.remove(request);
        }
    }

    /// The machine of the catalog is gone: all that it is at breaks off, answers on their way included.
    pub(crate) fn catalog_fails_over(&mut self) {
        let under_way: Vec<u64> = match &self.catalog {
            Some(catalog) => {
                let open = catalog.requests.iter().filter(|(_, open)| !open.broken);
                open.map(|(request, _)| request).collect()
            }
            None => Vec::new(),
        };
        for request in under_way {
            let doing = self.draw_doing();
            self.catalog_breaks_off(request, doing);
        }
    }
}
