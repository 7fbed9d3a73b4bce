//! When servers are forgotten and questions answered: plans built by hand, run by the same drivers as every other run, and
//! held against arithmetic that shares no line with the core or the world.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test names the variants that it is about")]

mod clock;
mod direct;
mod expiry;
mod life;
mod live_set;
mod locate;
mod outage;
mod plans;
mod question;
