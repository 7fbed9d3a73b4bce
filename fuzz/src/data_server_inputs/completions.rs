//! How what the machine wanted done comes out: well, badly, late, twice.

use std::time::Duration;

use lode_core::catalog::BlobId;
use lode_core::data_server::messages::{
    BlobInfo, Checked, Counts, DataEffect, DataInput, DataOperation, DescribedPage, DiskFailure, ReceiveFailure,
    ReceivedBody, SendFailure,
};
use lode_core::data_server::scrub::{ScrubPart, ScrubPlace};
use lode_core::digest::ComputedDigests;
use lode_core::id::RequestId;
use lode_core::inventory::{FullEntry, InventoryEntry, InventoryPage};
use lode_core::name::ObjectName;
use lode_core::space::Space;
use lode_core::time::WallTime;
use lode_core::transfer::BodyFault;

use super::driver::{Driver, blobs};
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
            (DataEffect::LookUp { lookup, name }, DataInput::LookedUp { outcome, .. }) => {
                let query = self.queries.remove(lookup).expect("a look-up is completed once");
                self.note_outcome(Some(name), outcome.as_ref().err());
                let is_damaged = BlobId::of_name(name).is_some_and(|blob| self.damaged.contains(&blob));
                let held = outcome.as_ref().ok().map(Option::is_some);
                let is_corrupt = matches!(outcome, Err(DiskFailure::Corrupt { .. }));
                self.looked_up = match held {
                    None if is_damaged && is_corrupt => Some((query, false)),
                    held => held.map(|held| (query, held && !is_damaged)),
                };
            }
            // That of a scrub which was begun anew meanwhile says nothing of the new one.
            (DataEffect::ReadPart { read, place, .. }, DataInput::PartRead { outcome, .. })
                if self.scrubbing == Some(*read) =>
            {
                let blob = place.file.parse::<BlobId>().ok();
                self.note_outcome(blob.map(BlobId::name).as_ref(), outcome.as_ref().err());
            }
            (DataEffect::Describe { .. }, DataInput::Described { outcome: Ok(described), .. }) => {
                self.damaged.extend(described.damaged.iter().copied());
            }
            (DataEffect::Check { .. }, DataInput::Checked { outcome: Ok(checked), .. }) => {
                self.damaged.extend(checked.damaged.iter().copied());
            }
            (DataEffect::Open { name, .. }, DataInput::Opened { outcome, .. }) => {
                self.note_outcome(Some(name), outcome.as_ref().err());
            }
            (DataEffect::Receive { request, .. }, DataInput::Received { outcome, .. }) => {
                let failure = outcome.as_ref().err().and_then(|failure| match failure {
                    ReceiveFailure::Disk(failure) => Some(failure),
                    ReceiveFailure::Body(_) => None,
                });
                let name = self.name_of(*request);
                self.note_outcome(name.as_ref(), failure);
                *self.upload(*request) = match outcome {
                    Ok(body) => Upload::Received { size_bytes: body.size_bytes, checksum: body.checksum },
                    Err(_) => Upload::Gone,
                };
            }
            (DataEffect::Commit { request, .. }, DataInput::Committed { outcome, .. }) => {
                self.upload(*request).committed(outcome.is_ok());
                let name = self.name_of(*request);
                self.note_outcome(name.as_ref(), outcome.as_ref().err());
                self.note_replaced(name.as_ref(), outcome.is_ok());
            }
            (DataEffect::Remove { request, .. }, DataInput::Removed { outcome, .. }) => {
                let asker = self.askers.get_mut(request).expect("the request is under way");
                asker.is_removed = *outcome == Ok(true);
                let name = self.name_of(*request);
                self.note_outcome(name.as_ref(), outcome.as_ref().err());
                self.note_replaced(name.as_ref(), outcome.is_ok());
            }
            (DataEffect::Send { request, .. }, DataInput::Sent { outcome, .. }) => {
                let name = self.name_of(*request);
                if let Err(SendFailure::Disk(failure)) = outcome {
                    self.note_outcome(name.as_ref(), Some(failure));
                }
                self.askers.remove(request);
            }
            _ => {}
        }
    }
}

impl Driver {
    fn name_of(&self, request: RequestId) -> Option<ObjectName> {
        match &self.askers.get(&request)?.operation {
            DataOperation::Put { name, .. } | DataOperation::Get { name, .. } | DataOperation::Delete { name } => {
                Some(name.clone())
            }
            DataOperation::Held { .. }
            | DataOperation::Inventory(_)
            | DataOperation::FullInventory(_)
            | DataOperation::Drain(_)
            | DataOperation::Scrub(_) => None,
        }
    }

    fn note_outcome(&mut self, name: Option<&ObjectName>, failure: Option<&DiskFailure>) {
        if let Some(DiskFailure::Corrupt { .. }) = failure {
            self.damaged.extend(name.and_then(BlobId::of_name));
        }
    }

    fn note_replaced(&mut self, name: Option<&ObjectName>, is_replaced: bool) {
        if let Some(blob) = name.and_then(BlobId::of_name).filter(|_| is_replaced) {
            self.damaged.remove(&blob);
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
        DataEffect::Check { check, blobs, .. } => DataInput::Checked {
            check: *check,
            outcome: or_disk_failure(reader, |reader| {
                let mut checked = Checked::default();
                for blob in blobs {
                    match reader.below(3) {
                        0 => checked.damaged.push(blob.blob),
                        1 => checked.held.push(blob.blob),
                        _ => {}
                    }
                }
                checked
            }),
        },
        DataEffect::List { list, .. } => DataInput::Listed {
            list: *list,
            outcome: or_disk_failure(reader, |_| InventoryPage {
                blobs: blobs().map(|blob| InventoryEntry { blob, age: Duration::ZERO }).collect(),
                next: None,
            }),
        },
        DataEffect::Describe { describe, .. } => {
            DataInput::Described { describe: *describe, outcome: or_disk_failure(reader, described) }
        }
        DataEffect::KeepDraining { keep, .. } => {
            DataInput::DrainingKept { keep: *keep, outcome: or_disk_failure(reader, |_| ()) }
        }
        DataEffect::Count { count, .. } => DataInput::Counted {
            count: *count,
            outcome: or_disk_failure(reader, |reader| Counts { blobs: reader.byte().into(), objects: 0 }),
        },
        DataEffect::FindFiles { find, .. } => DataInput::FilesFound {
            find: *find,
            outcome: or_disk_failure(reader, |reader| {
                let files = blobs().map(|blob| blob.to_string()).chain(["object".to_owned()]);
                files.take(reader.below(4)).map(|file| ScrubPlace { folder: 7, file }).collect()
            }),
        },
        DataEffect::ReadPart { read, .. } => DataInput::PartRead {
            read: *read,
            outcome: or_disk_failure(reader, |reader| {
                world::maybe(reader, |reader| ScrubPart { bytes: reader.byte().into(), more: reader.flag() })
            }),
        },
        DataEffect::MeasureSpace { measurement } => DataInput::SpaceMeasured {
            measurement: *measurement,
            outcome: or_disk_failure(reader, |reader| Space {
                free_bytes: world::size_bytes(reader),
                total_bytes: u64::MAX,
            }),
        },
        DataEffect::Bus(_) | DataEffect::Discard { .. } | DataEffect::KeepScrub { .. } | DataEffect::Respond { .. } => {
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

fn described(reader: &mut Reader<'_>) -> DescribedPage {
    let mut described = DescribedPage::default();
    for blob in blobs() {
        if reader.flag() {
            described.damaged.push(blob);
            continue;
        }
        described.page.blobs.push(FullEntry {
            blob,
            size_bytes: world::size_bytes(reader),
            checksum: world::checksum(reader),
            stored: WallTime::EPOCH,
            label: None,
            description: "tombstone objects a".parse().expect("a description"),
        });
    }
    described
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
