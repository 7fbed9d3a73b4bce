//! Draws plans, from a seed or from a fuzzer's bytes.

mod source;

pub use self::source::{ByteStream, ByteStreams, SeedStream, SeedStreams, Source, Streams};
