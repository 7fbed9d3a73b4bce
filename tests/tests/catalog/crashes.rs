//! A process that writes, and is killed in the midst of it: what it was told is there.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::Command;
use std::time::Duration;

use lode_core::catalog::{BlobId, CatalogAnswer, CatalogRequest, ObjectPath, Retention, Version};
use lode_smol::catalog::Catalog;
use lode_tests::process::Process;
use lode_tests::scratch::Scratch;
use lode_tests::wait;

use super::{ask, blob, commit, object, path};

/// Names the catalog to the child.
const PLACE: &str = "LODE_TEST_CATALOG";
/// Tells the child which of the rounds it is.
const ROUND: &str = "LODE_TEST_ROUND";

/// How many writers a child has, each with a key of its own.
const WRITERS: u64 = 16;

/// If this process is the child of a test of crashes: the catalog that it is to write to, until it is killed.
pub(crate) fn place_of_the_child() -> Option<String> {
    std::env::var(PLACE).ok()
}

/// What the child does: it writes for ever, and tells each version that it was told.
pub(crate) fn write_until_killed(catalog: &dyn Catalog) {
    let round = std::env::var(ROUND).ok().and_then(|round| round.parse().ok()).expect("the child knows its round");
    let write = async |writer: u64| {
        for count in 0.. {
            let blob = blob(round, count * WRITERS + writer);
            let answer = catalog.ask(commit(&key(writer), blob, object(writer), &[])).await;
            let Ok(CatalogAnswer::Written(written)) = answer else { panic!("{answer:?}") };
            let mut out = std::io::stdout().lock();
            writeln!(out, "written {writer} {} {blob} .", written.version).expect("it is told");
        }
    };
    smol::block_on(futures::future::join_all((0..WRITERS).map(write)));
}

/// Kills a child so many times while it writes, and looks after each time. `child` is the name of the test that calls
/// [`write_until_killed`] for the catalog at `place`; `open` opens that catalog, which is new at first.
pub(crate) fn what_was_told_is_there(rounds: u64, child: &str, place: &str, open: impl Fn() -> Box<dyn Catalog>) {
    let logs = Scratch::new();
    let all = CatalogRequest::SetBucket { bucket: path("a").bucket, retention: Retention::Unlimited };
    assert_eq!(ask(&*open(), all), CatalogAnswer::Done);
    let mut told: BTreeMap<(u64, Version), BlobId> = BTreeMap::new();
    for round in 0..rounds {
        let mut command = Command::new(std::env::current_exe().expect("the path of this program is known"));
        command.args(["--exact", child, "--nocapture"]).env(PLACE, place).env(ROUND, round.to_string());
        let mut process = Process::start(&format!("child-{round}"), &command, logs.path());
        // However slow the machine is: about one version for each writer.
        let writes = || process.stdout().matches("written").count() as u64 > WRITERS;
        wait::until_true(Duration::from_secs(20), "the child writes", writes);
        std::thread::sleep(Duration::from_millis(7 * round % 100));
        assert!(process.is_alive(), "the child has ended by itself");
        process.kill();
        told.extend(process.stdout().lines().filter_map(line));
        look(&*open(), &told);
    }
    assert!(told.len() as u64 > rounds * WRITERS, "only {} versions were told of", told.len());
}

/// A line that was written whole.
fn line(text: &str) -> Option<((u64, Version), BlobId)> {
    let at = text.find("written ")?;
    let words: Vec<&str> = text.get(at..)?.split(' ').collect();
    let [_, writer, version, blob, "."] = words[..] else { return None };
    Some(((writer.parse().ok()?, version.parse().ok()?), blob.parse().ok()?))
}

/// All that was told is there; and of what is there, nothing is half there.
fn look(catalog: &dyn Catalog, told: &BTreeMap<(u64, Version), BlobId>) {
    let mut blobs = BTreeSet::new();
    for writer in 0..WRITERS {
        let everything = CatalogRequest::Versions { path: key(writer), before: None, limit: usize::MAX };
        let CatalogAnswer::Versions(records) = ask(catalog, everything) else { panic!("these are no versions") };
        let there: BTreeMap<Version, BlobId> = records.iter().map(|record| (record.version, record.blob)).collect();
        for ((_, version), blob) in told.range((writer, Version::FIRST)..(writer + 1, Version::FIRST)) {
            assert_eq!(there.get(version), Some(blob), "version {version} of {writer} was told of");
        }
        let numbers: Vec<u64> = there.keys().map(|version| version.number()).collect();
        assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "no number is left out: {numbers:?}");
        assert!(records.iter().all(|record| record.state == object(writer)));
        blobs.extend(there.into_values());
    }
    let every = CatalogRequest::Blobs { on: None, after: None, limit: usize::MAX };
    let CatalogAnswer::Blobs(held) = ask(catalog, every) else { panic!("these are no blobs") };
    assert!(held.iter().map(|held| held.record.blob).eq(blobs.iter().copied()), "each blob has its version");
    assert!(held.iter().all(|held| !held.holders.is_empty()), "each blob has its holders");
    assert_eq!(
        ask(catalog, CatalogRequest::Garbage { after: None, limit: 10 }),
        CatalogAnswer::Garbage(vec![]),
        "nothing is garbage"
    );
}

fn key(writer: u64) -> ObjectPath {
    path(&format!("writer-{writer:02}"))
}
