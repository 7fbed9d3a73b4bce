//! The `lode` binary.
fn main() {}
