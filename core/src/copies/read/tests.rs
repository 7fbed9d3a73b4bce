use super::*;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec;
use proptest::collection::vec as vec_of;
use proptest::prelude::*;

fn server(number: usize) -> ServerAddress {
    format!("10.0.0.{number}:22345").parse().unwrap()
}

#[test]
fn noted_holders_come_first_then_whoever_answers() {
    let mut read = CopyRead::new([server(1), server(2)]);
    assert_eq!(read.next_step(), NextRead::Fetch(server(1)));
    read.missing();
    assert_eq!(read.next_step(), NextRead::Fetch(server(2)));
    read.failed(0);
    assert_eq!(read.next_step(), NextRead::Locate);
    read.located([server(2), server(3)]);
    assert_eq!(read.next_step(), NextRead::Fetch(server(3)));
    assert_eq!(read.corrections(), (vec![server(3)], vec![server(1)]));
    read.failed(0);
    assert_eq!(read.next_step(), NextRead::GiveUp);
    assert!(read.not_holding().iter().eq([&server(1)]) && read.failing().iter().eq([&server(2), &server(3)]));
}

#[test]
fn a_body_goes_on_where_it_broke_off() {
    let mut read = CopyRead::new([server(1), server(2), server(3)]);
    read.next_step();
    read.failed(100);
    assert_eq!((read.next_step(), read.passed_on_bytes()), (NextRead::Fetch(server(2)), 100));
    read.failed(50);
    assert_eq!((read.next_step(), read.passed_on_bytes()), (NextRead::Fetch(server(3)), 150));
}

#[test]
fn one_that_was_found_and_then_has_nothing_is_not_noted() {
    let mut read = CopyRead::new([]);
    assert_eq!(read.next_step(), NextRead::Locate);
    read.located([server(1)]);
    assert_eq!(read.next_step(), NextRead::Fetch(server(1)));
    read.missing();
    assert_eq!(read.next_step(), NextRead::GiveUp);
    assert_eq!(read.corrections(), (vec![], vec![]));
}

proptest! {
    /// Nobody is tried twice, whoever holds a sound copy and can be known is found, and it always ends.
    #[test]
    fn a_copy_is_found_if_there_is_one(
        noted in vec_of(0_usize..6, 0..4),
        answers in vec_of(0_usize..6, 0..6),
        holds in vec_of(prop::option::of(prop::bool::ANY), 6),
    ) {
        let mut read = CopyRead::new(noted.iter().map(|number| server(*number)));
        let states: BTreeMap<_, _> = (0..6).map(|number| (server(number), holds[number])).collect();
        let mut tried = BTreeSet::new();
        let served = loop {
            match read.next_step() {
                NextRead::Fetch(server) => {
                    prop_assert!(tried.insert(server.clone()), "{} is tried twice", server);
                    match states[&server] {
                        Some(true) => break true,
                        Some(false) => read.failed(1),
                        None => read.missing(),
                    }
                }
                NextRead::Locate => read.located(answers.iter().map(|number| server(*number))),
                NextRead::GiveUp => break false,
            }
        };
        let could = noted.iter().chain(&answers).any(|number| holds[*number] == Some(true));
        prop_assert_eq!(served, could);
        let failures = u64::try_from(read.failing().len()).unwrap();
        prop_assert_eq!(read.passed_on_bytes(), failures);
    }
}
