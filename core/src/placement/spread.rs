//! Copies apart: on distinct servers, and in distinct zones as far as there are any.
//!
//! Servers are taken one by one, best ranked first, each from a zone that has the fewest copies so far. So as many zones get
//! a copy as can, none gets a second one before all others have one, and without zones it is the ranked list itself.

use alloc::sync::Arc;
use core::fmt;
use core::str::FromStr;

use crate::address::ServerAddress;

/// The longest name of a zone, in bytes.
pub const MAX_ZONE_BYTES: usize = 64;

/// What may fail as one: a rack, a room, a site. A name of 1 to 64 visible ASCII characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Zone(Arc<str>);

/// A server that may hold a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot<'a> {
    /// Which server.
    pub address: &'a ServerAddress,
    /// Where it stands; one of which that is not known stands alone.
    pub zone: Option<&'a Zone>,
}

/// Where the next copy goes, of the servers in `ranked`, best first, when those in `taken` have or get one already.
pub fn next<'a>(ranked: impl IntoIterator<Item = Spot<'a>>, taken: &[Spot<'_>]) -> Option<Spot<'a>> {
    let is_free = |spot: &Spot<'_>| taken.iter().all(|other| other.address != spot.address);
    let neighbours =
        |spot: &Spot<'_>| taken.iter().filter(|other| spot.zone.is_some() && other.zone == spot.zone).count();
    // The first of those with the fewest neighbours.
    ranked.into_iter().filter(is_free).min_by_key(neighbours)
}

impl Zone {
    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({self})")
    }
}

impl FromStr for Zone {
    type Err = ParseZoneError;

    fn from_str(text: &str) -> Result<Self, ParseZoneError> {
        let is_sound = (1..=MAX_ZONE_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_sound { Ok(Self(Arc::from(text))) } else { Err(ParseZoneError) }
    }
}

/// A text that is not the name of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name of a zone is 1 to {MAX_ZONE_BYTES} visible ASCII characters")]
pub struct ParseZoneError;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::format;
    use alloc::vec::Vec;
    use proptest::collection::vec;
    use proptest::prelude::*;

    type Server = (ServerAddress, Option<Zone>);

    fn servers(zones: &[Option<u8>]) -> Vec<Server> {
        let server = |(number, zone): (usize, &Option<u8>)| {
            let zone = zone.map(|zone| format!("zone-{zone}").parse().unwrap());
            (format!("10.0.0.{number}:22345").parse().unwrap(), zone)
        };
        zones.iter().enumerate().map(server).collect()
    }

    fn spot((address, zone): &Server) -> Spot<'_> {
        Spot { address, zone: zone.as_ref() }
    }

    fn spread(servers: &[Server], copies: usize) -> Vec<Spot<'_>> {
        let mut taken = Vec::new();
        for _ in 0..copies {
            taken.extend(next(servers.iter().map(spot), &taken));
        }
        taken
    }

    #[test]
    fn one_that_fails_is_replaced_where_there_is_no_copy() {
        let servers = servers(&[Some(1), Some(1), Some(2), Some(2)]);
        let taken = spread(&servers, 2);
        assert_eq!(taken, [spot(&servers[0]), spot(&servers[2])]);
        let without = servers.iter().filter(|server| server.0 != servers[2].0).map(spot);
        assert_eq!(next(without, &taken[..1]), Some(spot(&servers[3])));
    }

    #[test]
    fn names_of_zones_can_be_told_apart_when_they_are_printed() {
        assert_eq!("rack-7".parse::<Zone>().unwrap().to_string(), "rack-7");
        for text in ["", "a b", "a\n", "é", &"a".repeat(65)] {
            assert_eq!(text.parse::<Zone>(), Err(ParseZoneError), "{text:?}");
        }
    }

    use alloc::string::ToString as _;

    proptest! {
        #[test]
        fn copies_are_apart(zones in vec(prop::option::of(0_u8..4), 0..12), copies in 0_usize..8) {
            let servers = servers(&zones);
            let taken = spread(&servers, copies);
            prop_assert_eq!(taken.len(), copies.min(servers.len()));
            let distinct: BTreeSet<_> = taken.iter().map(|spot| spot.address).collect();
            prop_assert_eq!(distinct.len(), taken.len());
            // Who has no zone stands alone.
            let apart = |spots: &[Spot<'_>]| {
                let zones: BTreeSet<_> = spots.iter().filter_map(|spot| spot.zone).collect();
                zones.len() + spots.iter().filter(|spot| spot.zone.is_none()).count()
            };
            let all: Vec<_> = servers.iter().map(spot).collect();
            prop_assert_eq!(apart(&taken), apart(&all).min(copies));
        }

        #[test]
        fn without_zones_it_is_the_ranked_list(count in 0_usize..12, copies in 0_usize..12) {
            let servers = servers(&alloc::vec![None; count]);
            let first: Vec<_> = servers.iter().take(copies).map(spot).collect();
            prop_assert_eq!(spread(&servers, copies), first);
        }

        /// So nobody else's copies move when a server goes.
        #[test]
        fn a_server_that_was_not_taken_is_not_missed(
            zones in vec(prop::option::of(0_u8..4), 1..12),
            copies in 0_usize..6,
            gone: prop::sample::Index,
        ) {
            let servers = servers(&zones);
            let gone = &servers[gone.index(servers.len())].0;
            let taken = spread(&servers, copies);
            prop_assume!(taken.iter().all(|spot| spot.address != gone));
            let left: Vec<Server> = servers.iter().filter(|server| server.0 != *gone).cloned().collect();
            prop_assert_eq!(spread(&left, copies), taken);
        }
    }
}
