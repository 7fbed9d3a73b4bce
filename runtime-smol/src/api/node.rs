//! What an API server does with the effects of its machine.

use std::sync::Arc;
use std::time::Duration;

use lode_core::api_server::ApiServer as Machine;
use lode_core::api_server::messages::versions::{VersionEffect, VersionInput};
use lode_core::api_server::messages::{ApiEffect, ApiInput};
use lode_core::bus::BusEvent;
use lode_core::catalog::{CatalogAnswer, CatalogFailure, CatalogRequest};

use super::versions::store_marker;
use super::{ask, upkeep};
use crate::bus::Role;
use crate::catalog::Catalog;
use crate::engine::{Engine, Kind};
use crate::http::client::HttpClient;
use crate::within::within;

/// How long a catalog may take to answer whether it answers.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);

/// What an API server needs beside its machine: the way to the data servers.
pub(super) struct Node {
    pub(super) client: HttpClient,
    pub(super) catalog: Option<Arc<dyn Catalog>>,
}

/// What is seen of a catalog.
pub(super) struct CatalogView {
    /// Which it is, without a password.
    pub(super) place: String,
    /// What keeps it from answering, if something does.
    pub(super) trouble: Option<String>,
}

impl Node {
    async fn ask_catalog(&self, what: CatalogRequest) -> Result<CatalogAnswer, CatalogFailure> {
        match &self.catalog {
            Some(catalog) => catalog.ask(what).await,
            None => Err(CatalogFailure::Unavailable { reason: "this server has none".to_owned() }),
        }
    }

    /// Whether the catalog answers, if there is one.
    pub(super) async fn look_at_catalog(&self) -> Option<CatalogView> {
        let catalog = self.catalog.as_ref()?;
        let trouble = match within(SIGN_OF_LIFE, catalog.ask(CatalogRequest::Buckets)).await {
            Some(Ok(_)) => None,
            Some(Err(CatalogFailure::Unavailable { reason } | CatalogFailure::Unknown { reason })) => Some(reason),
            None => Some(format!("it has not answered for {} s", SIGN_OF_LIFE.as_secs())),
        };
        Some(CatalogView { place: catalog.place(), trouble })
    }
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
            ApiEffect::Version(VersionEffect::AskCatalog { ask, what }) => engine.spawn(move |engine| async move {
                let outcome = engine.own.ask_catalog(what).await;
                engine.feed(VersionInput::Catalogued { ask, outcome }.into());
            }),
            ApiEffect::Version(VersionEffect::StoreMarker { copies, blob, description, patience }) => {
                store_marker(engine, copies, &blob.name(), &description, patience);
            }
            ApiEffect::Upkeep(effect) => upkeep::carry_out(engine, effect),
            ApiEffect::Version(
                VersionEffect::UploadCopies { request, .. }
                | VersionEffect::Fetch { request, .. }
                | VersionEffect::Relay { request, .. }
                | VersionEffect::BreakOff { request },
            )
            | ApiEffect::Upload { request, .. }
            | ApiEffect::Fetch { request, .. }
            | ApiEffect::Relay { request, .. }
            | ApiEffect::Respond { request, .. } => engine.mailboxes.deliver(request, effect),
        }
    }
}
