//! The API server as a whole, one request at a time: what it wants done, and what it makes of what comes back.

mod bench;
mod counters;
mod delete;
mod get;
mod instants;
mod locate;
mod members;
mod put;
mod timing;
mod upkeep;
mod versions;
