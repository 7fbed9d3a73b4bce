//! Keeping up what is stored, on real processes: copies that are lost are made anew, surplus and garbage go, damage is found
//! and mended. What there is is counted on the data servers themselves, by reading it.

mod copies;
mod damage;
mod drain;
mod garbage;
mod stage;
