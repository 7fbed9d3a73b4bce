//! What the machine wants done: whether it may want that, and keeping it until it is completed.

use lode_core::address::ServerAddress;
use lode_core::api_server::messages::{ApiEffect, ApiOperation, UploadTerms};
use lode_core::bus::{BusCommand, ReplyRoute};
use lode_core::id::{OperationId, RequestId};
use lode_core::name::ObjectName;
use lode_core::transfer::UploadOutcome;
use lode_core::wire::{Hello, ReceivedQuery};

use super::driver::{Asked, Driver};

/// The request that an effect says it is for.
pub(super) const fn request_of(effect: &ApiEffect) -> Option<RequestId> {
    match effect {
        ApiEffect::Upload { request, .. }
        | ApiEffect::Fetch { request, .. }
        | ApiEffect::Relay { request, .. }
        | ApiEffect::Respond { request, .. } => Some(*request),
        ApiEffect::Bus(_)
        | ApiEffect::AskDirectly { .. }
        | ApiEffect::Remove { .. }
        | ApiEffect::Version(_)
        | ApiEffect::Upkeep(_) => None,
    }
}

impl Driver {
    pub(super) fn carry_out(&mut self, effect: ApiEffect) {
        if let Some(request) = request_of(&effect) {
            assert!(self.clients.contains_key(&request), "nothing is done for {request:?}, which is over: {effect:?}");
        }
        match &effect {
            ApiEffect::Bus(command) => return self.publish(command),
            ApiEffect::Version(_) | ApiEffect::Upkeep(_) => panic!("nothing about versions was asked: {effect:?}"),
            ApiEffect::Respond { request, response } => {
                let client = self.clients.remove(request).expect("each request is answered once");
                return client.check_response(response);
            }
            ApiEffect::AskDirectly { ask, patience, .. } => {
                self.use_id(*ask);
                assert!(!patience.is_zero() && *patience <= self.config.timing.locate_deadline());
                self.check_room_for_ask();
            }
            ApiEffect::Upload { upload, request, server, name, terms } => {
                self.use_id(*upload);
                self.check_upload(*request, server, name, *terms);
            }
            ApiEffect::Fetch { fetch, request, server, name, head_only, .. } => {
                self.use_id(*fetch);
                let client = self.clients.get_mut(request).expect("looked at above");
                let ApiOperation::Get { selection, name: wanted } = &client.operation else {
                    panic!("only a GET fetches: {:?}", client.operation)
                };
                assert!(wanted == name && selection.head_only >= *head_only);
                assert!(client.yes.contains(server), "{server} has not said that it holds the object");
                assert!(
                    !(client.was_asked(server) && client.missing.contains(server)),
                    "{server} has said already that it does not"
                );
            }
            ApiEffect::Relay { relay, request, head, body } => {
                self.use_id(*relay);
                let client = self.clients.get_mut(request).expect("looked at above");
                client.check_relay(head, *body);
                client.is_relaying = true;
            }
            ApiEffect::Remove { removal, server, name, .. } => {
                self.use_id(*removal);
                let mut deletes = self.clients.values().filter(|client| client.name() == name);
                assert!(
                    deletes
                        .any(|client| matches!(client.operation, ApiOperation::Delete { .. })
                            && client.yes.contains(server)),
                    "nobody asked to remove {name} from {server}"
                );
            }
        }
        self.pending.push((self.step, effect));
    }

    fn publish(&mut self, command: &BusCommand) {
        match command {
            BusCommand::Query { route, message } => {
                assert!(self.bus_is_up, "nothing is published while the bus is down");
                if Hello::is_hello(message) {
                    assert!(self.has_just_come && *route == ReplyRoute::Shared);
                    return;
                }
                let id: OperationId = message
                    .correlation_id
                    .as_deref()
                    .and_then(|id| id.parse().ok())
                    .expect("our queries carry their id");
                self.use_id(id);
                if let ReplyRoute::Private(own) = route {
                    assert_eq!(*own, id);
                    self.routes.insert(*own);
                }
                let request = self.search.expect("a query is asked for a request that has just come or was set back");
                let client = self.clients.get(&request).expect("its client waits");
                let received = lode_core::bus::BusMessage {
                    reply_to: lode_core::bus::ReplyTo::new("q".into()),
                    ..message.clone()
                };
                let query = ReceivedQuery::parse(&received).expect("our own query can be read");
                assert!(query.understands_negative && query.name == *client.name());
                let (route, message) = (*route, message.clone());
                self.remember_query(Asked { request, step: self.step, route, message });
            }
            BusCommand::CloseRoute(id) => assert!(self.routes.remove(id), "each reply queue is closed once"),
            BusCommand::Heartbeat(_) | BusCommand::Answer { .. } => panic!("an API server says no such thing"),
        }
    }

    fn use_id(&mut self, id: OperationId) {
        assert!(self.ids.insert(id), "{id} was used twice");
        assert_eq!(id.incarnation(), self.server.incarnation());
    }

    /// One question more over HTTP, beside those under way.
    fn check_room_for_ask(&self) {
        let under_way =
            self.pending.iter().filter(|(_, effect)| matches!(effect, ApiEffect::AskDirectly { .. })).count();
        // Timers that are due when the bus comes up come before it.
        let is_beside_bus = self.bus_is_up && !self.has_just_come;
        let bound = if is_beside_bus { self.config.max_direct_asks_beside_bus } else { self.config.max_direct_asks };
        assert!(under_way < bound, "{under_way} questions are under way already");
    }

    fn check_upload(&mut self, request: RequestId, server: &ServerAddress, name: &ObjectName, terms: UploadTerms) {
        let member = self.server.membership().member(server);
        assert!(member.is_some_and(|member| member.accepts_writes()), "{server} takes no objects");
        let client = self.clients.get_mut(&request).expect("looked at by the caller");
        let ApiOperation::Put { declared_bytes, name: wanted } = &client.operation else {
            panic!("only a PUT uploads: {:?}", client.operation)
        };
        assert_eq!(wanted, name);
        assert!(!client.tried.contains(server), "{server} has failed this upload already");
        let resendable = |outcome: &UploadOutcome| matches!(outcome, UploadOutcome::Failed { resendable: true, .. });
        assert!(client.uploaded.as_ref().is_none_or(resendable), "a body that is not held cannot be sent again");
        client.tried.push(server.clone());
        assert!(client.tried.len() <= self.config.max_attempts);
        let is_long = declared_bytes.is_some_and(|bytes| bytes > self.config.held_body_bytes);
        assert_eq!(terms.hold_up_to_bytes, if is_long { 0 } else { self.config.held_body_bytes });
    }
}
