//! What an API server does with the effects of its machine.

use lode_core::api_server::ApiServer as Machine;
use lode_core::api_server::messages::{ApiEffect, ApiInput};
use lode_core::bus::BusEvent;

use super::ask;
use crate::bus::Role;
use crate::engine::{Engine, Kind};
use crate::http::client::HttpClient;

/// What an API server needs beside its machine: the way to the data servers.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) client: HttpClient,
}

impl Kind for Node {
    type Machine = Machine;

    const ROLE: Role = Role::Api;

    fn heard(event: BusEvent) -> ApiInput {
        ApiInput::Bus(event)
    }

    fn carry_out(engine: &Engine<Self>, effect: ApiEffect) {
        match effect {
            ApiEffect::Bus(command) => engine.tell_bus(command),
            ApiEffect::AskDirectly { ask, server, name, probe, patience } => engine.spawn(move |engine| async move {
                let answer = ask::ask_directly(&engine.own.client, &server, &name, probe, patience).await;
                engine.feed(ApiInput::AnsweredDirectly { ask, answer });
            }),
            ApiEffect::Remove { removal, server, name, patience } => engine.spawn(move |engine| async move {
                let outcome = ask::remove(&engine.own.client, &server, &name, patience).await;
                engine.feed(ApiInput::Removed { removal, outcome });
            }),
            ApiEffect::Upload { request, .. }
            | ApiEffect::Fetch { request, .. }
            | ApiEffect::Relay { request, .. }
            | ApiEffect::Respond { request, .. } => engine.mailboxes.deliver(request, effect),
        }
    }
}
