//! lode smol
