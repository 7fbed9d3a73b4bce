//! Tries until a request is done, or cannot be done in its time, and tells which.
//!
//! A commit whose answer does not come is simply made again: to commit a blob twice is to commit it once. If the first has
//! been done, or is done meanwhile, the second finds its blob; if the first is still on its way, it finds the key at another
//! revision, or its blob, whenever it gets there. And where the second is refused, the first is as well: what refuses it has
//! come with another revision of the key, or with the blob. So whatever the second hears is true of both. The same goes for
//! settling, unless it notes where copies are; and for restoring, whose second leaves alone what the first has put back.
//!
//! The other writes end as they are: unknown. Each of them comes to the same when it is done twice in a row, but others may
//! come between: to note again where copies are, or are not, in whatever request, would undo what they have noted; to claim
//! or give up again, what they have claimed; to set a bucket again, how they have set it. And what the second hears is not
//! true of both: a copy that the second may not retire may be retired by the first, which is still on its way; a version that
//! the first has removed is not there for the second; and the garbage that the first has forgotten is not counted by it.
//! Those who repair and who collect garbage look at what there is, and ask again by that.

use std::time::Instant;

use lode_core::catalog::{CatalogAnswer, CatalogFailure, CatalogRequest};

use super::limits::{OVERTAKEN_LIMIT, PAUSE, REQUEST_LIMIT};
use super::pool::Pool;
use super::session::Session;
use super::trouble::Trouble;
use super::{blobs, bucket, claims, commit, copies, garbage, list, read, remove, restore, settle, uploaders};

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
        CatalogRequest::Settle { blobs, held_on } => settle::settle(session, blobs, held_on.as_ref()).await,
        CatalogRequest::Register { uploader } => uploaders::register(session, *uploader).await,
        CatalogRequest::NoteHolders { blob, held, gone } => copies::note_holders(session, *blob, held, gone).await,
        CatalogRequest::Blobs { on, after, limit } => blobs::kept(session, on.as_ref(), *after, *limit).await,
        CatalogRequest::Retire { blob, server, keep } => copies::retire(session, *blob, server, keep).await,
        CatalogRequest::Garbage { after, limit } => garbage::page(session, *after, *limit).await,
        CatalogRequest::NoteRemoved { server, blobs } => garbage::note_removed(session, server, blobs).await,
        CatalogRequest::ForgetGarbage { garbage_age, limit } => garbage::forget(session, *garbage_age, *limit).await,
        CatalogRequest::ClaimRepair { blob, by, lasting } => claims::claim(session, *blob, *by, *lasting).await,
        CatalogRequest::ReleaseRepair { blob, by } => claims::release(session, *blob, *by).await,
        CatalogRequest::Restore { versions } => restore::restore(session, versions).await,
        CatalogRequest::SetBucket { bucket, retention } => bucket::set_bucket(session, bucket, *retention).await,
        CatalogRequest::Buckets => bucket::buckets(session).await,
    }
}

const fn can_be_made_again(request: &CatalogRequest) -> bool {
    match request {
        CatalogRequest::Commit(_)
        | CatalogRequest::Settle { held_on: None, .. }
        | CatalogRequest::Register { .. }
        | CatalogRequest::Restore { .. } => true,
        CatalogRequest::RemoveVersion { .. }
        | CatalogRequest::Settle { held_on: Some(_), .. }
        | CatalogRequest::NoteHolders { .. }
        | CatalogRequest::Retire { .. }
        | CatalogRequest::NoteRemoved { .. }
        | CatalogRequest::ForgetGarbage { .. }
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
