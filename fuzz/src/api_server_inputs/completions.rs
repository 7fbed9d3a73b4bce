//! How what the machine wanted done comes out: well, badly, late, twice.

use lode_core::api_server::messages::{ApiEffect, ApiInput, RelayFailure};
use lode_core::digest::{Digest, DigestMismatch};
use lode_core::transfer::{BodyFault, DirectAnswer, FetchOutcome, RemoveOutcome, UploadOutcome};

use super::driver::Driver;
use crate::reader::Reader;
use crate::world;

impl Driver {
    /// One of the effects under way is completed, whichever.
    pub(super) fn complete_one(&mut self, reader: &mut Reader<'_>) {
        if self.pending.is_empty() {
            return;
        }
        let at = reader.below(self.pending.len().min(256));
        let (step, effect) = self.pending.remove(at);
        let completion = completion(&effect, reader);
        self.note_completion(step, &effect, &completion);
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
        self.feed(completion);
    }

    fn note_completion(&mut self, step: u64, effect: &ApiEffect, completion: &ApiInput) {
        match (effect, completion) {
            (ApiEffect::AskDirectly { server, name, .. }, ApiInput::AnsweredDirectly { answer, .. }) => {
                let held = match answer {
                    DirectAnswer::Held { .. } => true,
                    DirectAnswer::NotHeld => false,
                    DirectAnswer::Failed(_) => return,
                };
                // Which query it belongs to is not said outside; it cannot be one that began later.
                let clients = self.clients.values_mut().filter(|client| client.name() == name);
                clients.filter(|client| client.searched_in_step <= step).for_each(|client| client.note(server, held));
            }
            (ApiEffect::Upload { request, .. }, ApiInput::Uploaded { outcome, .. }) => {
                if let Some(client) = self.clients.get_mut(request) {
                    client.uploaded = Some(outcome.clone());
                }
            }
            (ApiEffect::Fetch { request, server, .. }, ApiInput::Fetched { outcome, .. }) => {
                if let Some(client) = self.clients.get_mut(request) {
                    client.fetched = Some(outcome.clone());
                    if *outcome == FetchOutcome::Missing {
                        client.missing.insert(server.clone());
                        self.search = Some(*request);
                    } else if matches!(outcome, FetchOutcome::Failed(_)) {
                        client.failed.insert(server.clone());
                        self.search = Some(*request);
                    }
                }
            }
            (ApiEffect::Relay { request, .. }, _) => drop(self.clients.remove(request)),
            _ => {}
        }
    }
}

/// An input that completes `effect`. Behind the end of the story, everything fails.
pub(super) fn completion(effect: &ApiEffect, reader: &mut Reader<'_>) -> ApiInput {
    match effect {
        ApiEffect::AskDirectly { ask, .. } => ApiInput::AnsweredDirectly { ask: *ask, answer: direct_answer(reader) },
        ApiEffect::Upload { upload, terms, .. } => {
            ApiInput::Uploaded { upload: *upload, outcome: upload_outcome(reader, terms.hold_up_to_bytes > 0) }
        }
        ApiEffect::Fetch { fetch, .. } => ApiInput::Fetched { fetch: *fetch, outcome: fetch_outcome(reader) },
        ApiEffect::Relay { relay, .. } => ApiInput::Relayed {
            relay: *relay,
            outcome: match reader.below(3) {
                0 => Err(RelayFailure::Server(world::transfer_failure(reader))),
                1 => Err(RelayFailure::Client),
                _ => Ok(()),
            },
        },
        ApiEffect::Remove { removal, .. } => ApiInput::Removed {
            removal: *removal,
            outcome: match reader.below(4) {
                0 => RemoveOutcome::Failed(world::transfer_failure(reader)),
                1 => RemoveOutcome::Removed,
                2 => RemoveOutcome::NotHeld,
                _ => RemoveOutcome::CannotDelete,
            },
        },
        ApiEffect::Bus(_) | ApiEffect::Respond { .. } | ApiEffect::Version(_) | ApiEffect::Upkeep(_) => {
            panic!("nothing completes {effect:?}")
        }
    }
}

fn direct_answer(reader: &mut Reader<'_>) -> DirectAnswer {
    match reader.below(3) {
        0 => DirectAnswer::Failed(world::transfer_failure(reader)),
        1 => DirectAnswer::NotHeld,
        _ => DirectAnswer::Held {
            size_bytes: world::maybe(reader, world::size_bytes),
            checksum: world::maybe(reader, world::checksum),
        },
    }
}

fn upload_outcome(reader: &mut Reader<'_>, may_be_held: bool) -> UploadOutcome {
    match reader.below(4) {
        0 => {
            let failure = world::transfer_failure(reader);
            UploadOutcome::Failed { failure, resendable: may_be_held && reader.flag() }
        }
        1 => UploadOutcome::BodyFault(BodyFault::Broken { reason: "cut short".into() }),
        2 => {
            let requested = Digest::Md5([reader.byte(); 16]);
            UploadOutcome::BodyFault(BodyFault::DigestMismatch(DigestMismatch::NotComputed { requested }))
        }
        _ => UploadOutcome::Stored {
            size_bytes: world::size_bytes(reader),
            checksum: world::maybe(reader, world::checksum),
        },
    }
}

fn fetch_outcome(reader: &mut Reader<'_>) -> FetchOutcome {
    match reader.below(7) {
        0 => FetchOutcome::Failed(world::transfer_failure(reader)),
        1 => FetchOutcome::Missing,
        2 => FetchOutcome::Whole {
            size_bytes: world::maybe(reader, world::size_bytes),
            etag: world::maybe(reader, world::etag),
        },
        3 => {
            let (one, other) = (world::size_bytes(reader), world::size_bytes(reader));
            let (first, last) = (one.min(other).min(u64::MAX - 1), one.max(other).min(u64::MAX - 1));
            FetchOutcome::Part { first, last, size_bytes: last + 1, etag: world::maybe(reader, world::etag) }
        }
        4 => FetchOutcome::NotModified { etag: world::maybe(reader, world::etag) },
        5 => FetchOutcome::PreconditionFailed,
        _ => FetchOutcome::Unsatisfiable { size_bytes: world::size_bytes(reader) },
    }
}
