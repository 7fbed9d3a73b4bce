//! A catalog that is lost and rebuilt from what the data servers hold, on real processes: what clients see afterwards is what
//! they saw before.

mod lost;
mod refused;
mod stage;
mod view;
