//! The HTTP/1.1 gate: what stands between the network and `http-types`/`async-h1`, which cannot face a network alone.
//!
//! Bytes from a peer meet our own bounded framing ([`head`], [`body`], [`deadline`]) before anything else sees them.

pub mod body;
pub mod chunked;
pub mod client;
pub mod deadline;
pub mod head;
pub mod server;
