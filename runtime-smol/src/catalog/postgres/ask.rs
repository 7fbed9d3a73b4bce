//! Tries until a request is done, or cannot be done in its time, and tells which.
//!
//! A commit whose answer does not come is simply made again: to commit a blob twice is to commit it once. If the first has
//! been done, or is done meanwhile, the second finds its blob; if the first is still on its way, it finds the key at another
//! revision, or its blob, whenever it gets there. And where the second is refused, the first is as well: what refuses it has
//! come with another revision of the key, or with the blob. So whatever the second hears is true of both. The same goes for
//! settling. The other writes could undo what others have done meanwhile, and end as they are: unknown.

use std::time::Instant;

use lode_core::catalog::{CatalogAnswer, CatalogFailure, CatalogRequest};

use super::limits::{OVERTAKEN_LIMIT, PAUSE, REQUEST_LIMIT};
use super::pool::Pool;
use super::session::Session;
use super::trouble::Trouble;
use super::{blobs, bucket, commit, list, read, remove, settle};

/// What has come of the attempts so far.
#[derive(Default)]
struct Attempts {
    /// How often others were faster.
    overtaken: u32,
    /// Why it is not known whether it was done, if a write was sent and not answered.
    unanswered: Option<String>,
}

/// Does what is asked.
pub(super) async fn ask(pool: &Pool, request: &CatalogRequest) -> Result<CatalogAnswer, CatalogFailure> {
    let began = Instant::now();
    let mut attempts = Attempts::default();
    loop {
        let trouble = match attempt(pool, request, attempts.overtaken > 0).await {
            Ok(answer) => return Ok(answer),
            Err(trouble) => trouble,
        };
        let is_in_time = began.elapsed() < REQUEST_LIMIT;
        let goes_on = is_in_time && attempts.go_on_after(&trouble, request);
        if !goes_on {
            return Err(attempts.failure(trouble));
        }
        if !matches!(trouble, Trouble::Overtaken(_)) {
            async_io::Timer::after(PAUSE).await;
        }
    }
}

impl Attempts {
    /// Whether another attempt may do, after this one has come to nothing.
    fn go_on_after(&mut self, trouble: &Trouble, request: &CatalogRequest) -> bool {
        match trouble {
            Trouble::Overtaken(_) => {
                self.overtaken += 1;
                self.overtaken < OVERTAKEN_LIMIT
            }
            Trouble::Lost(_) => true,
            // To hear what has become of a write is worth waiting for.
            Trouble::Unreachable(_) | Trouble::Refused(_) => self.unanswered.is_some(),
            Trouble::Unanswered(reason) => {
                self.unanswered = Some(reason.clone());
                can_be_made_again(request)
            }
        }
    }

    fn failure(self, last: Trouble) -> CatalogFailure {
        match self.unanswered {
            Some(reason) => CatalogFailure::Unknown { reason },
            None => last.into_failure(),
        }
    }
}

/// One attempt, on one connection.
async fn attempt(pool: &Pool, request: &CatalogRequest, locked: bool) -> Result<CatalogAnswer, Trouble> {
    let mut lease = pool.lease().await?;
    let answer = carry_out(&mut lease.session, request, locked).await;
    match &answer {
        Ok(_) => lease.give_back(),
        Err(Trouble::Lost(reason) | Trouble::Unanswered(reason)) => pool.lost(reason),
        Err(trouble) => {
            if trouble.spares_the_connection() && lease.session.roll_back().await.is_ok() {
                lease.give_back();
            }
        }
    }
    answer
}

async fn carry_out(session: &mut Session, request: &CatalogRequest, locked: bool) -> Result<CatalogAnswer, Trouble> {
    match request {
        CatalogRequest::Commit(commit) => commit::commit(session, commit, locked).await,
        CatalogRequest::RemoveVersion { path, version } => {
            remove::remove_version(session, path, *version, locked).await
        }
        CatalogRequest::Read { path, version } => read::read(session, path, *version).await,
        CatalogRequest::Versions { path, before, limit } => read::versions(session, path, *before, *limit).await,
        CatalogRequest::List(query) => list::list(session, query).await,
        CatalogRequest::Settle { blobs } => settle::settle(session, blobs).await,
        CatalogRequest::NoteHolders { blob, held, gone } => blobs::note_holders(session, *blob, held, gone).await,
        CatalogRequest::Blobs { on, after, limit } => blobs::kept(session, on.as_ref(), *after, *limit).await,
        CatalogRequest::Garbage { after, limit } => blobs::garbage(session, *after, *limit).await,
        CatalogRequest::NoteRemoved { blob, gone, garbage_age } => {
            blobs::note_removed(session, *blob, gone, *garbage_age).await
        }
        CatalogRequest::ClaimRepair { blob, by, lasting } => blobs::claim(session, *blob, *by, *lasting).await,
        CatalogRequest::ReleaseRepair { blob, by } => blobs::release(session, *blob, *by).await,
        CatalogRequest::SetBucket { bucket, retention } => bucket::set_bucket(session, bucket, *retention).await,
        CatalogRequest::Buckets => bucket::buckets(session).await,
    }
}

const fn can_be_made_again(request: &CatalogRequest) -> bool {
    match request {
        CatalogRequest::Commit(_) | CatalogRequest::Settle { .. } => true,
        CatalogRequest::RemoveVersion { .. }
        | CatalogRequest::NoteHolders { .. }
        | CatalogRequest::NoteRemoved { .. }
        | CatalogRequest::ClaimRepair { .. }
        | CatalogRequest::ReleaseRepair { .. }
        | CatalogRequest::SetBucket { .. } => false,
        // Nothing is written for these.
        CatalogRequest::Read { .. }
        | CatalogRequest::Versions { .. }
        | CatalogRequest::List(_)
        | CatalogRequest::Blobs { .. }
        | CatalogRequest::Garbage { .. }
        | CatalogRequest::Buckets => true,
    }
}
