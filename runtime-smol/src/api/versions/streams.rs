//! A body on its way to several data servers as it comes, to each at its own pace.
//!
//! Each copy is a task of its own and has a queue. The fast may be ahead of the slow by [`LEAD_BYTES`]; then the body waits for
//! the slow ones. One that is waited for, stands still, and holds up as many others as are needed, is given up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http_types::Method;
use lode_core::address::ServerAddress;
use lode_core::api_server::messages::ApiInput;
use lode_core::id::OperationId;
use lode_core::inventory::Notes;
use lode_core::transfer::{BodyFault, TransferFailure, UploadOutcome};
use smol::Task;
use smol::channel::{Receiver, Sender};

use super::super::ask::finish;
use super::super::failure::{failure_of_status, transfer_failure};
use super::super::node::Node;
use super::copies::{Sent, failed, outcome_of};
use crate::engine::Engine;
use crate::http::client::{Request, Response, UploadState};
use crate::within::within;

/// How far the fastest copy may be ahead of the slowest, in bytes. So much of the body is held, and a piece.
const LEAD_BYTES: usize = 1 << 20;

/// How often within that patience it is looked whether one that is waited for has moved.
const LOOKS: u32 = 10;

/// What is sent, and on which terms.
#[derive(Debug, Clone)]
pub(super) struct StreamTerms {
    /// Where to, on each server.
    pub(super) target: String,
    /// What each copy is to say of itself.
    pub(super) description: String,
    /// How long the body is, if that is known.
    pub(super) bytes: Option<u64>,
    /// How many copies must be stored.
    pub(super) quorum: usize,
    /// How long to wait for the answer behind the body.
    pub(super) answer_patience: Duration,
    /// How long one may stand still while a quorum of others waits for it.
    pub(super) standstill_patience: Duration,
}

/// All copies that are being sent. Dropped, they are broken off.
pub(super) struct Streams<'a> {
    engine: &'a Engine<Node>,
    streams: Vec<Stream>,
    terms: StreamTerms,
    /// Has something whenever a copy has moved, or ended.
    moved: Receiver<()>,
}

/// One copy. Its task tells the machine of its end, unless it is broken off.
struct Stream {
    upload: OperationId,
    parts: Sender<Part>,
    pace: Arc<Pace>,
    seen: Seen,
    task: Task<()>,
}

/// How far a copy has come.
#[derive(Debug, Default)]
struct Pace {
    /// How much waits in the queue, what is being written included.
    waiting_bytes: AtomicUsize,
    /// How much the system has taken.
    sent_bytes: Arc<AtomicU64>,
}

/// When a copy was last seen to have moved.
struct Seen {
    sent_bytes: u64,
    at: Instant,
}

enum Part {
    Piece(Arc<[u8]>),
    /// All of it has come, and is this.
    End(Sent),
}

impl<'a> Streams<'a> {
    /// Begins with all of them.
    pub(super) fn open(
        engine: &'a Engine<Node>,
        copies: Vec<(OperationId, ServerAddress)>,
        terms: StreamTerms,
    ) -> Self {
        // One place is enough: a second word that something has moved says nothing new.
        let (moves, moved) = smol::channel::bounded(1);
        let open = |(upload, server)| Stream::open(engine, upload, server, terms.clone(), moves.clone());
        let streams = copies.into_iter().filter_map(open).collect();
        Self { engine, streams, terms, moved }
    }

    /// Whether there are enough of them left for the upload to count.
    pub(super) fn may_count(&self) -> bool {
        self.streams.iter().filter(|stream| !stream.has_ended()).count() >= self.terms.quorum
    }

    /// Passes a piece on to all, once none that is to be waited for is too far behind.
    pub(super) async fn give(&mut self, piece: &[u8]) {
        self.wait_for_the_slow().await;
        let piece: Arc<[u8]> = piece.into();
        for stream in &self.streams {
            stream.pace.waiting_bytes.fetch_add(piece.len(), Ordering::Relaxed);
            // Who has ended takes no more.
            let _taken = stream.parts.try_send(Part::Piece(Arc::clone(&piece)));
        }
    }

    /// All of it was given: each goes on alone, and tells the machine of its end.
    pub(super) fn finish(self, sent: Sent) {
        for stream in self.streams {
            let _taken = stream.parts.try_send(Part::End(sent));
            stream.task.detach();
        }
    }

    /// Breaks them all off, because of the body.
    pub(super) async fn body_fault(self, fault: &BodyFault) {
        for stream in self.streams {
            stream.break_off(self.engine, UploadOutcome::BodyFault(fault.clone())).await;
        }
    }

    /// Breaks them all off, because they are too few.
    pub(super) async fn give_up(self) {
        for stream in self.streams {
            let failure = TransferFailure::BrokenOff { reason: "too few other copies were left".to_owned() };
            stream.break_off(self.engine, failed(failure, false)).await;
        }
    }

    async fn wait_for_the_slow(&mut self) {
        for stream in self.streams.iter_mut().filter(|stream| !stream.is_behind()) {
            stream.seen = stream.pace.seen_now();
        }
        loop {
            self.streams.retain(|stream| !stream.has_ended());
            self.streams.iter_mut().for_each(Stream::look);
            let behind = self.streams.iter().filter(|stream| stream.is_behind()).count();
            if behind == 0 {
                return;
            }
            if self.streams.len() - behind >= self.terms.quorum {
                self.give_up_standing().await;
            }
            // A word that something has moved, or the time for another look.
            let _moved = within(self.terms.standstill_patience / LOOKS, self.moved.recv()).await;
        }
    }

    async fn give_up_standing(&mut self) {
        let patience = self.terms.standstill_patience;
        let standing = self.streams.extract_if(.., |stream| stream.is_behind() && stream.seen.at.elapsed() >= patience);
        for stream in standing.collect::<Vec<_>>() {
            tracing::debug!(upload = ?stream.upload, "a copy is given up: it stands still, and holds up the others");
            stream.break_off(self.engine, failed(TransferFailure::TimedOut, false)).await;
        }
    }
}

impl Stream {
    fn open(
        engine: &Engine<Node>,
        upload: OperationId,
        server: ServerAddress,
        terms: StreamTerms,
        moves: Sender<()>,
    ) -> Option<Self> {
        // How much it holds is bounded by who fills it.
        let (parts, coming) = smol::channel::unbounded();
        let pace = Arc::new(Pace::default());
        let seen = pace.seen_now();
        let of_the_task = Arc::clone(&pace);
        let task = engine.spawn_owned(move |engine| async move {
            let outcome = carry(&engine, &server, &terms, coming, &of_the_task, &moves).await;
            engine.feed(ApiInput::Uploaded { upload, outcome });
            notify(&moves);
        });
        Some(Self { upload, parts, pace, seen, task: task? })
    }

    /// Whether its task takes no more.
    fn has_ended(&self) -> bool {
        self.parts.is_closed()
    }

    fn is_behind(&self) -> bool {
        self.pace.waiting_bytes.load(Ordering::Relaxed) >= LEAD_BYTES
    }

    fn look(&mut self) {
        if self.pace.sent_bytes.load(Ordering::Relaxed) != self.seen.sent_bytes {
            self.seen = self.pace.seen_now();
        }
    }

    /// Closes the connection, and tells the machine, if the task has not told it of another end.
    async fn break_off(self, engine: &Engine<Node>, outcome: UploadOutcome) {
        if self.task.cancel().await.is_none() {
            engine.feed(ApiInput::Uploaded { upload: self.upload, outcome });
        }
    }
}

impl Pace {
    fn seen_now(&self) -> Seen {
        Seen { sent_bytes: self.sent_bytes.load(Ordering::Relaxed), at: Instant::now() }
    }
}

/// Sends what comes to one server, and tells what it has made of it. Takes no more when it has returned.
async fn carry(
    engine: &Engine<Node>,
    server: &ServerAddress,
    terms: &StreamTerms,
    parts: Receiver<Part>,
    pace: &Pace,
    moves: &Sender<()>,
) -> UploadOutcome {
    let request = Request::new(Method::Put, &terms.target).header(Notes::DESCRIPTION, &terms.description);
    let request = request.head_limit(terms.answer_patience);
    let mut to = match engine.own.client.upload(server, &request, terms.bytes).await {
        Ok(to) => to.counted_in(Arc::clone(&pace.sent_bytes)),
        Err(error) => return failed(transfer_failure(&error), false),
    };
    while let Ok(part) = parts.recv().await {
        let piece = match part {
            Part::Piece(piece) => piece,
            Part::End(sent) => return outcome_of(to.finish().await, sent, false).await,
        };
        match to.write(&piece).await {
            Ok(UploadState::Open) => {
                pace.waiting_bytes.fetch_sub(piece.len(), Ordering::Relaxed);
                notify(moves);
            }
            Ok(UploadState::Answered) => {
                return match to.finish().await {
                    Ok(response) => refused_early(response).await,
                    Err(error) => failed(transfer_failure(&error), false),
                };
            }
            Err(error) => return failed(transfer_failure(&error), false),
        }
    }
    failed(TransferFailure::BrokenOff { reason: "the rest of the body did not come".to_owned() }, false)
}

async fn refused_early(response: Response) -> UploadOutcome {
    let status = response.status();
    finish(response).await;
    let failure = match status {
        200..=299 => TransferFailure::BrokenOff { reason: "it answered before the end of the body".to_owned() },
        status => failure_of_status(status),
    };
    failed(failure, false)
}

fn notify(moves: &Sender<()>) {
    // A full channel holds the same word already.
    let _already_told = moves.try_send(());
}
