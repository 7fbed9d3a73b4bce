//! lode
