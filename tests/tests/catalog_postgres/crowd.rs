//! Many writers, through two catalogs on one database, as two API servers have them.

use std::sync::Arc;

use futures::future::join_all;
use lode_core::catalog::{CatalogAnswer, CatalogRequest};
use lode_smol::catalog::{Catalog as _, PostgresCatalog};
use lode_tests::postgres::Postgres;

use super::{blob, commit, connect, path};

const ROUNDS: u64 = 1000;
const WRITERS: u64 = 32;

#[test]
fn of_32_that_create_a_key_one_does() {
    let database = Postgres::shared().database();
    let catalogs = [Arc::new(connect(&database)), Arc::new(connect(&database))];
    for round in 0..ROUNDS {
        let answers = smol::block_on(join_all((0..WRITERS).map(|writer| create(&catalogs, round, writer))));
        let won = answers.iter().filter(|answer| matches!(answer, Ok(CatalogAnswer::Written(_)))).count();
        let lost = answers.iter().filter(|answer| **answer == Ok(CatalogAnswer::PreconditionFailed)).count();
        assert_eq!((won, lost), (1, answers.len() - 1), "round {round}: {answers:?}");
    }
    assert_eq!(Postgres::shared().sql(&database, "SELECT count(*), max(version) FROM lode.versions"), "1000|1");
    assert_eq!(Postgres::shared().sql(&database, "SELECT count(*) FROM lode.blobs"), "1000");
}

/// On an executor of several threads, so that they really meet.
async fn create(
    catalogs: &[Arc<PostgresCatalog>; 2],
    round: u64,
    writer: u64,
) -> Result<CatalogAnswer, lode_core::catalog::CatalogFailure> {
    let catalog = Arc::clone(&catalogs[usize::from(writer.is_multiple_of(2))]);
    let request: CatalogRequest =
        commit(&path(&format!("key-{round}")), blob(round + 1, writer), &[("If-None-Match", "*")]);
    smol::spawn(async move { catalog.ask(request).await }).await
}
