//! lode core
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod address;
pub mod bus;
pub mod checksum;
pub mod conditions;
pub mod content_range;
pub mod digest;
pub mod etag;
mod hex;
pub mod id;
pub mod machine;
pub mod name;
pub mod placement;
pub mod range;
pub mod resource;
pub mod space;
pub mod time;
pub mod wire;
