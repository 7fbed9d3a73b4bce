//! Keeping up what is stored: API servers that share a catalog in memory, and data servers that come, go, and lose what they
//! hold.

mod cluster;
mod random;
mod stories;
