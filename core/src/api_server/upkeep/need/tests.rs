use super::*;
use crate::placement::spread::Zone;
use alloc::format;
use proptest::prelude::*;

/// Servers by number; the lower the number, the better the rank. Even ones stand in zone a, odd ones in zone b.
struct World {
    copies: Copies,
    held: BTreeSet<ServerAddress>,
    awaited: BTreeSet<ServerAddress>,
    retired: BTreeSet<ServerAddress>,
    refused: BTreeSet<ServerAddress>,
    live: Vec<(ServerAddress, Option<Zone>, bool)>,
}

fn server(number: u8) -> ServerAddress {
    format!("10.0.0.{number}:22345").parse().unwrap()
}

fn servers(numbers: &[u8]) -> BTreeSet<ServerAddress> {
    numbers.iter().map(|number| server(*number)).collect()
}

impl World {
    fn of(copies: usize, live: &[u8], held: &[u8]) -> Self {
        let live = live.iter().map(|number| (server(*number), None, true)).collect();
        let [awaited, retired, refused] = [(); 3].map(|()| BTreeSet::new());
        Self { copies: Copies::UpTo(copies), held: servers(held), awaited, retired, refused, live }
    }

    fn in_zones(mut self) -> Self {
        for (address, zone, _) in &mut self.live {
            let is_even = address.as_str().as_bytes()[7] % 2 == 0;
            *zone = Some(if is_even { "a" } else { "b" }.parse().unwrap());
        }
        self
    }

    fn situation(&self) -> Situation<'_> {
        let places = self.live.iter().map(|(address, zone, takes_it)| Place {
            spot: Spot { address, zone: zone.as_ref() },
            takes_it: *takes_it,
        });
        let ranked = places.collect();
        let Self { copies, held, awaited, retired, refused, .. } = self;
        Situation { copies: *copies, held, awaited, retired, refused, ranked }
    }

    fn need(&self) -> Need {
        self.situation().need()
    }
}

fn copy(from: &[u8], to: u8) -> Need {
    Need::Copy { from: from.iter().map(|number| server(*number)).collect(), to: server(to) }
}

fn retire(victim: u8, keep: &[u8]) -> Need {
    Need::Retire { server: server(victim), keep: keep.iter().map(|number| server(*number)).collect() }
}

#[test]
fn a_blob_with_all_its_copies_needs_nothing() {
    assert_eq!(World::of(3, &[1, 2, 3, 4], &[2, 3, 4]).need(), Need::Nothing);
    assert_eq!(World::of(3, &[1, 2], &[1, 2]).need(), Need::Nothing);
    assert_eq!(World::of(1, &[1, 2], &[2]).need(), Need::Nothing);
}

#[test]
fn a_missing_copy_is_made_on_the_best_server_that_has_none() {
    assert_eq!(World::of(3, &[1, 2, 3, 4], &[1, 3]).need(), copy(&[1, 3], 2));
    let mut full = World::of(3, &[1, 2, 3, 4], &[1, 3]);
    full.live[1].2 = false;
    assert_eq!(full.need(), copy(&[1, 3], 4));
}

#[test]
fn a_copy_goes_into_a_zone_that_has_none() {
    assert_eq!(World::of(3, &[1, 2, 3, 4, 5], &[1, 3]).in_zones().need(), copy(&[1, 3], 2));
    assert_eq!(World::of(2, &[1, 3, 5, 6], &[3]).in_zones().need(), copy(&[3], 6));
}

#[test]
fn who_may_come_back_is_waited_for() {
    let mut world = World::of(3, &[1, 2, 3, 4], &[1, 3]);
    world.awaited = servers(&[9]);
    assert_eq!(world.need(), Need::Patience);
    world.held = servers(&[1]);
    assert_eq!(world.need(), copy(&[1], 2));
    world.held = servers(&[]);
    assert_eq!(world.need(), Need::Patience);
    world.awaited = servers(&[]);
    assert_eq!(world.need(), Need::Lost);
}

#[test]
fn where_there_is_no_server_for_it_a_copy_needs_room() {
    let mut world = World::of(3, &[1, 2, 3], &[1]);
    world.copies = Copies::Exactly(3);
    world.live[1].2 = false;
    world.live[2].2 = false;
    assert_eq!(world.need(), Need::Room);
    world.copies = Copies::UpTo(3);
    assert_eq!(world.need(), Need::Nothing);
    let mut world = World::of(2, &[1, 2, 3], &[1]);
    world.refused = servers(&[2]);
    assert_eq!(world.need(), copy(&[1], 3));
    world.refused = servers(&[2, 3]);
    assert_eq!(world.need(), Need::Room);
}

#[test]
fn what_a_drained_server_holds_is_copied_elsewhere_before_it_is_retired() {
    // Server 9 is drained: it is not among the places.
    assert_eq!(World::of(3, &[1, 2, 3, 4], &[1, 2, 9]).need(), copy(&[1, 2, 9], 3));
    assert_eq!(World::of(3, &[1, 2, 3, 4], &[1, 2, 3, 9]).need(), retire(9, &[1, 2, 3]));
}

#[test]
fn the_worst_placed_of_too_many_copies_is_retired_and_zones_are_kept() {
    assert_eq!(World::of(2, &[1, 2, 3, 4], &[2, 3, 4]).need(), retire(4, &[2, 3]));
    assert_eq!(World::of(2, &[1, 3, 4], &[1, 3, 4]).in_zones().need(), retire(3, &[1, 4]));
}

#[test]
fn a_retired_copy_is_removed_once_the_others_are_enough_and_until_then_can_be_copied() {
    let mut world = World::of(2, &[1, 2, 3], &[1, 2]);
    world.retired = servers(&[3]);
    assert_eq!(world.need(), Need::Remove { server: server(3) });
    world.held = servers(&[]);
    assert_eq!(world.need(), copy(&[3], 1));
}

fn some_servers() -> impl Strategy<Value = BTreeSet<u8>> {
    prop::collection::btree_set(1_u8..9, 0..7)
}

proptest! {
    /// However things stand, doing what is needed again and again comes to an end, never takes a copy that is needed, and
    /// leaves as many as are wanted where there is room.
    #[test]
    fn what_is_done_step_by_step_ends_with_the_right_copies(
        copies in 1_usize..5,
        live in some_servers(),
        drained in some_servers(),
        held in some_servers(),
        retired in some_servers(),
        full in some_servers(),
        zones: bool,
    ) {
        let live: Vec<u8> = live.difference(&drained).copied().collect();
        let is_there = |number: &u8| live.contains(number) || drained.contains(number);
        let held: Vec<u8> = held.into_iter().filter(is_there).collect();
        let mut world = World::of(copies, &live, &held);
        if zones {
            world = world.in_zones();
        }
        let full: BTreeSet<_> = full.into_iter().map(server).collect();
        for (address, _, takes_it) in &mut world.live {
            *takes_it = !full.contains(address);
        }
        let retired = retired.into_iter().filter(is_there).map(server);
        world.retired = retired.filter(|address| !world.held.contains(address)).collect();
        let had_any = !world.held.is_empty() || !world.retired.is_empty();
        let mut steps = 0;
        loop {
            steps += 1;
            prop_assert!(steps < 50, "it does not end");
            match world.need() {
                Need::Nothing => break,
                Need::Lost => {
                    prop_assert!(!had_any);
                    return Ok(());
                }
                Need::Patience => prop_assert!(false, "nobody is waited for"),
                Need::Room => {
                    let is_no_place = |(address, _, takes_it): &(ServerAddress, _, bool)| {
                        !takes_it || world.held.contains(address) || world.retired.contains(address)
                    };
                    prop_assert!(world.live.iter().all(is_no_place));
                    return Ok(());
                }
                Need::Copy { from, to } => {
                    prop_assert!(!from.is_empty() && !from.contains(&to));
                    prop_assert!(world.held.insert(to));
                }
                Need::Retire { server, keep } => {
                    prop_assert!(keep.len() >= world.situation().wanted().min(copies));
                    prop_assert!(keep.iter().all(|other| *other != server && world.held.contains(other)));
                    prop_assert!(world.held.remove(&server));
                    world.retired.insert(server);
                }
                Need::Remove { server } => prop_assert!(world.retired.remove(&server)),
            }
        }
        prop_assert!(world.retired.is_empty());
        prop_assert!(world.held.len() <= copies && world.held.len() >= world.situation().wanted());
    }
}
