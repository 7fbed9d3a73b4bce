//! What repair and the collection of garbage ask, of a catalog that has all its names and a lot of garbage.

use std::time::{Duration, Instant};

use futures::future::join_all;
use lode_core::address::ServerAddress;
use lode_core::catalog::{BlobId, CatalogAnswer, CatalogRequest};
use lode_smol::catalog::Catalog as _;
use lode_smol::catalog::sqlite::SqliteCatalog;

use super::{Outcome, blob_of, commit, report, report_times};

/// How much garbage has copies, and how much has none.
const WITH_COPIES: u64 = 150_000;
const WITHOUT_COPIES: u64 = 150_000;

/// How many blobs are in a page, and in a request that tells of many.
const PAGE: usize = 500;

/// How much is forgotten at once.
const FORGOTTEN: usize = 10_000;

/// Far from the numbers of all other blobs here.
const FIRST_BLOB: u64 = 1 << 40;

pub(super) fn figures(catalog: &SqliteCatalog, names: u64) -> Outcome<()> {
    make(catalog, names)?;
    let page = |number: u64| after(number * (WITH_COPIES.min(names) / 100));
    times(catalog, "a page of garbage", 100, |number| CatalogRequest::Garbage { after: page(number), limit: PAGE })?;
    let (known, new) = (server(1)?, server(99)?);
    times(catalog, "a page of what one of 20 servers holds", 100, |number| CatalogRequest::Blobs {
        on: Some(known.clone()),
        after: after(number * (names / 100)),
        limit: PAGE,
    })?;
    let mut settled = Vec::new();
    for number in 0..100 {
        settled.push(kept(catalog, after(number * (names / 100)))?);
    }
    for (what, held_on) in [
        ("to settle what is known", None),
        ("and note their server", Some(new.clone())),
        ("and note it again", Some(new)),
    ] {
        let settle = |number: usize| CatalogRequest::Settle {
            blobs: settled.get(number).cloned().unwrap_or_default(),
            held_on: held_on.clone(),
        };
        times(catalog, what, settled.len(), |number| settle(usize::try_from(number).unwrap_or_default()))?;
    }
    let removed = |number: u64| (0..PAGE as u64).map(|more| blob_of(number * PAGE as u64 + more)).collect();
    times(catalog, "to note that copies are removed", 100, |number| CatalogRequest::NoteRemoved {
        server: known.clone(),
        blobs: removed(number),
    })?;
    let forget = CatalogRequest::ForgetGarbage { garbage_age: Duration::ZERO, limit: FORGOTTEN };
    times(catalog, "to forget 10,000", 10, |_| forget.clone())
}

/// Names are written again, and uploads settled that nobody knows.
fn make(catalog: &SqliteCatalog, names: u64) -> Outcome<()> {
    for from in (0..WITH_COPIES.min(names)).step_by(512) {
        let some = from..WITH_COPIES.min(names).min(from + 512);
        let some = some.map(|number| catalog.ask(commit(number, FIRST_BLOB + number)));
        smol::block_on(join_all(some)).into_iter().collect::<Result<Vec<_>, _>>()?;
    }
    for from in (0..WITHOUT_COPIES).step_by(PAGE) {
        let blobs = (from..from + PAGE as u64).map(|number| blob_of(2 * FIRST_BLOB + number)).collect();
        smol::block_on(catalog.ask(CatalogRequest::Settle { blobs, held_on: None }))?;
    }
    report("garbage with copies, at least", WITH_COPIES.min(names).to_string(), "blobs");
    report("garbage without", WITHOUT_COPIES.to_string(), "blobs");
    Ok(())
}

/// A page of blobs that versions have.
fn kept(catalog: &SqliteCatalog, after: Option<BlobId>) -> Outcome<Vec<BlobId>> {
    let answer = smol::block_on(catalog.ask(CatalogRequest::Blobs { on: None, after, limit: PAGE }))?;
    let CatalogAnswer::Blobs(held) = answer else { return Err(format!("{answer:?}").into()) };
    Ok(held.into_iter().map(|held| held.record.blob).collect())
}

/// Asks so many times, each with another number.
fn times(catalog: &SqliteCatalog, what: &str, count: usize, request: impl Fn(u64) -> CatalogRequest) -> Outcome<()> {
    let mut took = Vec::new();
    for number in 0..count {
        let request = request(number as u64);
        let begun = Instant::now();
        let answer = smol::block_on(catalog.ask(request))?;
        took.push(begun.elapsed());
        if let CatalogAnswer::Forgotten(forgotten) = answer {
            assert_eq!(forgotten, FORGOTTEN);
        }
    }
    report_times(what, took);
    Ok(())
}

fn after(number: u64) -> Option<BlobId> {
    Some(blob_of(number))
}

fn server(number: u64) -> Outcome<ServerAddress> {
    Ok(format!("10.0.0.{number}:22345").parse()?)
}
