use super::*;
use alloc::format;
use alloc::vec;
use proptest::collection::vec as vec_of;
use proptest::prelude::*;

fn server(number: usize) -> ServerAddress {
    format!("10.0.0.{number}:22345").parse().unwrap()
}

fn sum(of: u8) -> Checksum {
    Checksum::new([of; 32])
}

fn sent_to(copies: usize, servers: usize) -> QuorumWrite {
    let mut write = QuorumWrite::new(copies);
    (0..servers).for_each(|number| write.send(server(number)));
    write
}

fn durable(of: u8, holders: &[usize]) -> NextWrite {
    let holders = holders.iter().map(|number| server(*number)).collect();
    NextWrite::Commit(Durable { size_bytes: 7, checksum: sum(of), holders })
}

#[test]
fn two_of_three_are_enough_and_the_third_comes_late() {
    let mut write = sent_to(3, 3);
    assert_eq!(write.next_step(true), NextWrite::Wait);
    assert!(!write.stored(&server(1), 7, sum(1)));
    assert_eq!(write.next_step(false), NextWrite::Wait);
    assert!(write.stored(&server(0), 7, sum(1)));
    assert_eq!(write.next_step(true), durable(1, &[0, 1]));
    assert_eq!(write.sending(), 1);
    assert!(write.stored(&server(2), 7, sum(1)));
    assert_eq!(write.next_step(true), durable(1, &[0, 1, 2]));
    assert_eq!(write.strays(), vec![]);
}

#[test]
fn who_fails_is_replaced_while_the_body_can_be_sent_again() {
    let mut write = sent_to(3, 3);
    write.failed(&server(0), TransferFailure::Full);
    assert_eq!(write.next_step(true), NextWrite::Send);
    assert_eq!(write.next_step(false), NextWrite::Wait);
    write.failed(&server(1), TransferFailure::TimedOut);
    assert_eq!(write.next_step(false), NextWrite::GiveUp);
    assert!(write.was_tried(&server(0)) && !write.was_tried(&server(3)));
    write.send(server(3));
    assert_eq!(write.next_step(false), NextWrite::Wait);
    assert!(write.taken().eq([&server(2), &server(3)]));
    assert_eq!(write.strays(), vec![server(0), server(1)]);
    let failures = [(server(0), TransferFailure::Full), (server(1), TransferFailure::TimedOut)];
    assert!(write.failures().eq(failures.iter().map(|(server, failure)| (server, failure))));
}

#[test]
fn copies_that_differ_do_not_count_together() {
    let mut write = sent_to(3, 3);
    write.stored(&server(0), 7, sum(2));
    write.stored(&server(1), 7, sum(1));
    assert_eq!(write.next_step(false), NextWrite::Wait);
    assert!(write.stored(&server(2), 7, sum(1)));
    assert_eq!(write.next_step(false), durable(1, &[1, 2]));
    assert_eq!(write.strays(), vec![server(0)]);
    let mut write = sent_to(2, 2);
    write.stored(&server(0), 7, sum(1));
    write.stored(&server(1), 8, sum(1));
    assert_eq!(write.next_step(false), NextWrite::GiveUp);
    assert_eq!(write.next_step(true), NextWrite::Send);
    assert_eq!(write.strays(), vec![server(0), server(1)]);
}

#[test]
fn one_copy_is_its_own_quorum() {
    let mut write = QuorumWrite::new(1);
    assert_eq!((write.next_step(true), write.next_step(false)), (NextWrite::Send, NextWrite::GiveUp));
    write.send(server(0));
    assert_eq!(write.next_step(true), NextWrite::Wait);
    assert!(write.stored(&server(0), 7, sum(1)));
    assert_eq!(write.next_step(true), durable(1, &[0]));
}

#[derive(Debug, Clone, Copy)]
enum End {
    Stored(u8),
    Failed,
}

fn ends() -> impl Strategy<Value = End> {
    prop_oneof![4 => Just(End::Stored(1)), 1 => Just(End::Stored(2)), 2 => Just(End::Failed)]
}

proptest! {
    /// Whatever happens to the copies: it counts exactly if a quorum of them is alike, and it always comes to an end.
    #[test]
    fn an_upload_counts_when_a_quorum_is_alike(copies in 1_usize..6, ends in vec_of(ends(), 12), resendable: bool) {
        let mut write = QuorumWrite::new(copies);
        let mut sent = 0;
        let mut ended = 0;
        let mut stored = [0_usize; 3];
        loop {
            let may_send = sent < ends.len() && (resendable || ended == 0);
            match write.next_step(may_send) {
                NextWrite::Send => {
                    write.send(server(sent));
                    sent += 1;
                }
                NextWrite::Wait => {
                    prop_assert!(write.sending() > 0, "it waits for something");
                    match ends[ended] {
                        End::Stored(of) => {
                            stored[usize::from(of)] += 1;
                            write.stored(&server(ended), 7, sum(of));
                        }
                        End::Failed => write.failed(&server(ended), TransferFailure::TimedOut),
                    }
                    ended += 1;
                }
                NextWrite::Commit(durable) => {
                    prop_assert!(durable.holders.len() * 2 > copies);
                    prop_assert_eq!(durable.holders.len(), stored[1].max(stored[2]));
                    break;
                }
                NextWrite::GiveUp => {
                    prop_assert!(stored[1].max(stored[2]) * 2 <= copies);
                    prop_assert!(!may_send);
                    prop_assert_eq!(write.strays().len(), ended);
                    break;
                }
            }
            prop_assert!(write.taken().count() <= copies.max(stored[1] + stored[2] + write.sending()));
        }
    }
}
