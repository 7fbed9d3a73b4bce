//! # Fuzz targets: bytes and events from outside must never confuse Lode
//!
//! Each target is a function of this library that takes any bytes and panics if something that must hold does not. To
//! search with libFuzzer for as long as you like, with `cargo install cargo-fuzz --locked`, from the top:
//!
//! ```text
//! cargo fuzz list --fuzz-dir fuzz
//! cargo fuzz run --fuzz-dir fuzz -s none --features libfuzzer heartbeat -- -max_total_time=60
//! ```
//!
//! That works with the stable toolchain. Without `-s none` it looks for errors of memory too, for which it wants a nightly
//! toolchain that all dependencies can be built with (rustix 0.37, which async-h1 brings along, cannot be with those of
//! 2026); there is no `unsafe` of ours that it could find any in.
//!
//! What it finds goes to `fuzz/artifacts`; new inputs of interest go to the corpus, where git ignores them until they are given
//! a name shorter than a hash. `cargo test -p lode-fuzz` needs nothing installed: it replays `fuzz/corpus` and a fixed number
//! of mutations of it, the same at each run. A file that made a target fail belongs into the corpus once it is mended.
//!
//! To add a target: a module here with `pub fn name(data: &[u8])`, a line in [`TARGETS`], `fuzz_targets/name.rs` and its
//! `[[bin]]` as the others have them, at least one file in `corpus/name/`, and a test in `tests/replay.rs`, which says what
//! is missing. The targets for machines read their bytes as a story of inputs, and play a small driver that keeps the
//! contract of `lode-core`; the targets for messages read `name: value` lines, an empty line, and the body; the target for
//! whole clusters reads a plan of `lode-sim`.
#![allow(clippy::expect_used, clippy::panic, reason = "a fuzz target says by panicking that something does not hold")]

mod api_server_inputs;
mod blob_texts;
mod chunked_body;
mod data_server_inputs;
mod headers;
mod heartbeat;
mod http_request_head;
mod http_response_head;
mod locate_answer;
mod locate_query;
mod message;
mod name;
mod raw_head;
mod reader;
mod simulated_cluster;
mod text;
mod version_resource;
mod world;

pub use api_server_inputs::api_server_inputs;
pub use blob_texts::blob_texts;
pub use chunked_body::chunked_body;
pub use data_server_inputs::data_server_inputs;
pub use headers::headers;
pub use heartbeat::heartbeat;
pub use http_request_head::http_request_head;
pub use http_response_head::http_response_head;
pub use locate_answer::locate_answer;
pub use locate_query::locate_query;
pub use name::name;
pub use simulated_cluster::simulated_cluster;
pub use text::text;
pub use version_resource::version_resource;

/// A target: its name, which is also that of its corpus folder and of its program, and its function.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// What is called with any bytes.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 14] = [
    Target { name: "api_server_inputs", run: api_server_inputs },
    Target { name: "blob_texts", run: blob_texts },
    Target { name: "chunked_body", run: chunked_body },
    Target { name: "data_server_inputs", run: data_server_inputs },
    Target { name: "headers", run: headers },
    Target { name: "heartbeat", run: heartbeat },
    Target { name: "http_request_head", run: http_request_head },
    Target { name: "http_response_head", run: http_response_head },
    Target { name: "locate_answer", run: locate_answer },
    Target { name: "locate_query", run: locate_query },
    Target { name: "name", run: name },
    Target { name: "simulated_cluster", run: simulated_cluster },
    Target { name: "text", run: text },
    Target { name: "version_resource", run: version_resource },
];
