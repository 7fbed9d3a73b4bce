//! What a data server does with the effects of its machine.

use lode_core::bus::BusEvent;
use lode_core::data_server::DataServer as Machine;
use lode_core::data_server::messages::{DataEffect, DataInput, DiskFailure};
use lode_core::data_server::scrub::SCRUB_PAGE;

use super::serve::described;
use crate::bus::Role;
use crate::disk::BlobStore;
use crate::engine::{Engine, Kind};

/// What a data server needs beside its machine: its disk.
pub(super) struct Node {
    pub(super) store: BlobStore,
}

impl Kind for Node {
    type Machine = Machine;

    const ROLE: Role = Role::Data;

    fn heard(event: BusEvent) -> DataInput {
        DataInput::Bus(event)
    }

    fn carry_out(engine: &Engine<Self>, effect: DataEffect) {
        match effect {
            DataEffect::Bus(command) => engine.tell_bus(command),
            DataEffect::LookUp { lookup, name } => engine.spawn(move |engine| async move {
                let found = engine.own.store.look_up(&name).await.map_err(|error| DiskFailure::from(&error));
                let outcome = found.map(|found| found.as_ref().map(described));
                engine.feed(DataInput::LookedUp { lookup, outcome });
            }),
            DataEffect::FindFiles { find, after } => engine.spawn(move |engine| async move {
                let found = engine.own.store.find_files(after, SCRUB_PAGE).await;
                let outcome = found.map_err(|error| DiskFailure::from(&error));
                engine.feed(DataInput::FilesFound { find, outcome });
            }),
            DataEffect::ReadPart { read, place, from } => engine.spawn(move |engine| async move {
                let outcome = engine.own.store.check_part(&place, from).await.map_err(|error| {
                    tracing::error!(%error, "a scrub has found something that cannot be read");
                    DiskFailure::from(&error)
                });
                engine.feed(DataInput::PartRead { read, outcome });
            }),
            // A few bytes, now and then, into the cache of the system.
            DataEffect::KeepScrub { record } => engine.own.store.keep_scrub(&record),
            DataEffect::MeasureSpace { measurement } => engine.spawn(move |engine| async move {
                // The file system may be a slow one, across a network.
                let store = engine.own.store.clone();
                let outcome = smol::unblock(move || store.space()).await.map_err(|error| DiskFailure::from(&error));
                engine.feed(DataInput::SpaceMeasured { measurement, outcome });
            }),
            DataEffect::Receive { request, .. }
            | DataEffect::Commit { request, .. }
            | DataEffect::Discard { request }
            | DataEffect::Open { request, .. }
            | DataEffect::Send { request, .. }
            | DataEffect::Remove { request, .. }
            | DataEffect::Check { request, .. }
            | DataEffect::List { request, .. }
            | DataEffect::Describe { request, .. }
            | DataEffect::KeepDraining { request, .. }
            | DataEffect::Count { request, .. }
            | DataEffect::Respond { request, .. } => engine.mailboxes.deliver(request, effect),
        }
    }
}
