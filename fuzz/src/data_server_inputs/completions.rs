//! How what the machine wanted done comes out: well, badly, late, twice.

use lode_core::data_server::messages::{
    BlobInfo, DataEffect, DataInput, DiskFailure, ReceiveFailure, ReceivedBody, SendFailure,
};
use lode_core::digest::ComputedDigests;
use lode_core::space::Space;
use lode_core::transfer::BodyFault;

use super::driver::Driver;
use super::upload::Upload;
use crate::reader::Reader;
use crate::world;

impl Driver {
    /// One of the effects under way is completed, whichever.
    pub(super) fn complete_one(&mut self, reader: &mut Reader<'_>) {
        if self.pending.is_empty() {
            return;
        }
        let at = reader.below(self.pending.len().min(256));
        let effect = self.pending.remove(at);
        let completion = completion(&effect, reader);
        self.note_completion(&effect, &completion);
        self.forget(completion.clone());
        self.feed(completion);
    }

    /// A completion that was fed already, or that nobody waits for any more, comes again and changes nothing.
    pub(super) fn complete_again(&mut self, reader: &mut Reader<'_>) {
        if self.stale.is_empty() {
            return;
        }
        let at = reader.below(self.stale.len());
        let completion = self.stale.get(at).cloned().expect("an index below the length");
        let before = (self.server.space(), self.server.accepts_writes());
        self.feed(completion);
        assert_eq!((self.server.space(), self.server.accepts_writes()), before);
    }

    fn note_completion(&mut self, effect: &DataEffect, completion: &DataInput) {
        match (effect, completion) {
            (DataEffect::LookUp { lookup, .. }, DataInput::LookedUp { outcome, .. }) => {
                let query = self.queries.remove(lookup).expect("a look-up is completed once");
                self.looked_up = outcome.as_ref().ok().map(|found| (query, found.is_some()));
            }
            (DataEffect::Receive { request, .. }, DataInput::Received { outcome, .. }) => {
                *self.upload(*request) = match outcome {
                    Ok(body) => Upload::Received { size_bytes: body.size_bytes, checksum: body.checksum },
                    Err(_) => Upload::Gone,
                };
            }
            (DataEffect::Commit { request, .. }, DataInput::Committed { outcome, .. }) => {
                self.upload(*request).committed(outcome.is_ok());
            }
            (DataEffect::Remove { request, .. }, DataInput::Removed { outcome, .. }) => {
                let asker = self.askers.get_mut(request).expect("the request is under way");
                asker.is_removed = *outcome == Ok(true);
            }
            (DataEffect::Send { request, .. }, _) => drop(self.askers.remove(request)),
            _ => {}
        }
    }
}

/// An input that completes `effect`. Behind the end of the story, everything fails.
pub(super) fn completion(effect: &DataEffect, reader: &mut Reader<'_>) -> DataInput {
    match effect {
        DataEffect::LookUp { lookup, .. } => DataInput::LookedUp { lookup: *lookup, outcome: found(reader) },
        DataEffect::Open { open, .. } => DataInput::Opened { open: *open, outcome: found(reader) },
        DataEffect::Receive { receive, declared_bytes, .. } => {
            DataInput::Received { receive: *receive, outcome: received(reader, *declared_bytes) }
        }
        DataEffect::Commit { commit, .. } => {
            DataInput::Committed { commit: *commit, outcome: or_disk_failure(reader, |_| ()) }
        }
        DataEffect::Send { send, .. } => DataInput::Sent {
            send: *send,
            outcome: match reader.below(3) {
                0 => Err(SendFailure::Disk(disk_failure(reader))),
                1 => Err(SendFailure::Client),
                _ => Ok(()),
            },
        },
        DataEffect::Remove { removal, .. } => {
            DataInput::Removed { removal: *removal, outcome: or_disk_failure(reader, |reader| reader.flag()) }
        }
        DataEffect::MeasureSpace { measurement } => DataInput::SpaceMeasured {
            measurement: *measurement,
            outcome: or_disk_failure(reader, |reader| Space {
                free_bytes: world::size_bytes(reader),
                total_bytes: u64::MAX,
            }),
        },
        DataEffect::Bus(_) | DataEffect::Discard { .. } | DataEffect::Respond { .. } => {
            panic!("nothing completes {effect:?}")
        }
    }
}

fn or_disk_failure<T>(reader: &mut Reader<'_>, value: impl FnOnce(&mut Reader<'_>) -> T) -> Result<T, DiskFailure> {
    if reader.below(4) == 0 { Err(disk_failure(reader)) } else { Ok(value(reader)) }
}

fn found(reader: &mut Reader<'_>) -> Result<Option<BlobInfo>, DiskFailure> {
    or_disk_failure(reader, |reader| {
        world::maybe(reader, |reader| BlobInfo {
            size_bytes: world::size_bytes(reader),
            checksum: world::checksum(reader),
        })
    })
}

fn received(reader: &mut Reader<'_>, declared_bytes: Option<u64>) -> Result<ReceivedBody, ReceiveFailure> {
    match reader.below(6) {
        0 => Err(ReceiveFailure::Disk(disk_failure(reader))),
        1 => Err(ReceiveFailure::Body(BodyFault::Broken { reason: "cut short".into() })),
        _ => {
            let other_bytes = world::size_bytes(reader);
            Ok(ReceivedBody {
                size_bytes: declared_bytes.filter(|_| !reader.flag()).unwrap_or(other_bytes),
                checksum: world::checksum(reader),
                digests: ComputedDigests { sha256: None, md5: world::maybe(reader, |reader| [reader.byte() % 2; 16]) },
            })
        }
    }
}

fn disk_failure(reader: &mut Reader<'_>) -> DiskFailure {
    let reason = String::from("Input/output error");
    match reader.below(4) {
        0 => DiskFailure::Write { reason },
        1 => DiskFailure::Full,
        2 => DiskFailure::Read { reason },
        _ => DiskFailure::Corrupt { reason },
    }
}
