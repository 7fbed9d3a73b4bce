//! The fuzz targets on stable: each meets its whole committed corpus, and then a fixed number of mutations of it, the same
//! ones at each run. An input that makes a target panic is written to `fuzz/artifacts`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod mutations;

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use lode_fuzz::TARGETS;
use mutations::Mutations;

#[test]
fn api_server_inputs() {
    replay("api_server_inputs", 3_000);
}

#[test]
fn chunked_body() {
    replay("chunked_body", 80_000);
}

#[test]
fn data_server_inputs() {
    replay("data_server_inputs", 5_000);
}

#[test]
fn headers() {
    replay("headers", 10_000);
}

#[test]
fn heartbeat() {
    replay("heartbeat", 150_000);
}

#[test]
fn http_request_head() {
    replay("http_request_head", 40_000);
}

#[test]
fn http_response_head() {
    replay("http_response_head", 80_000);
}

#[test]
fn locate_answer() {
    replay("locate_answer", 150_000);
}

#[test]
fn locate_query() {
    replay("locate_query", 150_000);
}

#[test]
fn name() {
    replay("name", 30_000);
}

#[test]
fn simulated_cluster() {
    replay("simulated_cluster", 500);
}

#[test]
fn blob_texts() {
    replay("blob_texts", 100_000);
}

#[test]
fn version_resource() {
    replay("version_resource", 100_000);
}

#[test]
fn text() {
    replay("text", 150_000);
}

/// A target that is nowhere else replayed, or has no program for libFuzzer, would be forgotten in silence.
#[test]
fn every_target_has_a_program_and_a_corpus_and_is_replayed() {
    let names: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    let programs = listed("fuzz_targets").iter().map(|name| name.trim_end_matches(".rs").to_owned()).collect();
    assert_eq!(names, programs, "fuzz_targets/*.rs");
    assert_eq!(names, listed("corpus"), "corpus/*");
    let (manifest, own) = (include_str!("../Cargo.toml"), include_str!("replay.rs"));
    for name in names {
        assert!(manifest.contains(&format!("\nname = \"{name}\"\n")), "no [[bin]] {name} in Cargo.toml");
        assert!(own.contains(&format!("replay(\"{name}\", ")), "no test that replays {name}");
    }
}

fn replay(name: &str, mutations: usize) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of this name");
    let corpus = corpus(name);
    for (path, bytes) in &corpus {
        run(target.run, name, bytes, &format!("the corpus file {}", path.display()));
    }
    let corpus: Vec<Vec<u8>> = corpus.into_iter().map(|(_, bytes)| bytes).collect();
    let mut source = Mutations::of(&corpus);
    for number in 0..mutations {
        run(target.run, name, &source.next(), &format!("mutation {number}"));
    }
}

fn run(target: fn(&[u8]), name: &str, bytes: &[u8], what: &str) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(bytes))) else { return };
    let folder = top().join("artifacts").join(name);
    let file = folder.join("replay");
    let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, bytes));
    let kept =
        written.map_or_else(|error| format!("could not be kept: {error}"), |()| format!("is in {}", file.display()));
    eprintln!("{what} makes {name} panic: \"{}\"; it {kept}", bytes.escape_ascii());
    resume_unwind(panic);
}

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = top().join("corpus").join(name);
    let mut files: Vec<_> = listed(&format!("corpus/{name}")).iter().map(|file| folder.join(file)).collect();
    files.sort();
    assert!(!files.is_empty(), "the corpus {} is empty", folder.display());
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path, bytes)
    };
    files.into_iter().map(read).collect()
}

fn listed(folder: &str) -> BTreeSet<String> {
    let folder = top().join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
