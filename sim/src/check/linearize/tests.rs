use std::time::Duration;

use proptest::prelude::*;

use super::*;

/// A register that can be written, read, and written under the condition that it holds a certain value.
struct Register;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Write(u8),
    Read(u8),
    Swap { from: u8, to: u8 },
}

impl Model for Register {
    type State = u8;
    type Op = Op;

    fn initial(&self) -> u8 {
        0
    }

    fn step(&self, state: &u8, op: &Op) -> Option<u8> {
        match *op {
            Op::Write(value) => Some(value),
            Op::Read(value) => (*state == value).then_some(value),
            Op::Swap { from, to } => (*state == from).then_some(to),
        }
    }

    fn only_reads(&self, op: &Op) -> bool {
        matches!(op, Op::Read(_))
    }

    fn can_still_come<'o>(&self, state: &u8, op: &Op, mut left: impl Iterator<Item = &'o Op>) -> bool {
        let Op::Read(value) = *op else { return true };
        *state == value
            || left.any(|op| match *op {
                Op::Write(to) | Op::Swap { to, .. } => to == value,
                Op::Read(_) => false,
            })
    }
}

fn at(nanos: u64) -> Instant {
    Instant::START + Duration::from_nanos(nanos)
}

fn call(op: Op, began: u64, ended: u64) -> Entry<Op> {
    Entry { op, began: at(began), ended: Some(at(ended)) }
}

fn unanswered(op: Op, began: u64) -> Entry<Op> {
    Entry { op, began: at(began), ended: None }
}

#[track_caller]
fn is_found(entries: &[Entry<Op>]) -> Vec<usize> {
    match linearize(&Register, entries, 100_000) {
        Search::Found { order } => {
            assert!(explains(entries, &order), "{order:?} explains nothing of {entries:?}");
            order
        }
        Search::Impossible { order } => panic!("got no further than {order:?}"),
        Search::Undecided => panic!("undecided"),
    }
}

#[track_caller]
fn is_impossible(entries: &[Entry<Op>]) -> Vec<usize> {
    match linearize(&Register, entries, 100_000) {
        Search::Impossible { order } => order,
        other @ (Search::Found { .. } | Search::Undecided) => panic!("{other:?}"),
    }
}

/// Whether the order holds every call that must have taken effect, each at most once, none before one that had ended
/// when it began, and each can have been answered as it was.
fn explains(entries: &[Entry<Op>], order: &[usize]) -> bool {
    let each_once = order.iter().collect::<BTreeSet<_>>().len() == order.len();
    let complete = (0..entries.len()).all(|index| entries[index].ended.is_none() || order.contains(&index));
    let in_time = order.iter().enumerate().all(|(place, &index)| {
        let ended = entries[index].ended;
        order[..place].iter().all(|&before| ended.is_none_or(|ended| ended >= entries[before].began))
    });
    let mut state = Some(Register.initial());
    for &index in order {
        state = state.and_then(|state| Register.step(&state, &entries[index].op));
    }
    each_once && complete && in_time && state.is_some()
}

#[test]
fn what_happens_one_after_the_other_is_read_in_that_order() {
    assert_eq!(is_found(&[]), [0; 0]);
    is_found(&[call(Op::Write(1), 0, 1), call(Op::Read(1), 2, 3)]);
    assert_eq!(is_impossible(&[call(Op::Write(1), 0, 1), call(Op::Read(0), 2, 3)]), [0]);
    is_impossible(&[call(Op::Read(1), 0, 1), call(Op::Write(1), 2, 3)]);
    let two_writes = [call(Op::Write(1), 0, 1), call(Op::Write(2), 2, 3)];
    is_found(&[two_writes[0], two_writes[1], call(Op::Read(2), 4, 5)]);
    is_impossible(&[two_writes[0], two_writes[1], call(Op::Read(1), 4, 5)]);
}

#[test]
fn what_happens_at_once_may_have_happened_in_either_order() {
    for seen in [0, 1] {
        is_found(&[call(Op::Write(1), 0, 5), call(Op::Read(seen), 1, 2)]);
        is_found(&[call(Op::Write(1), 0, 5), call(Op::Read(seen), 5, 6)]);
        is_found(&[call(Op::Read(seen), 0, 5), call(Op::Write(1), 5, 6)]);
    }
    is_impossible(&[call(Op::Write(1), 0, 5), call(Op::Read(1), 1, 2), call(Op::Read(0), 3, 4)]);
}

#[test]
fn what_nobody_knows_of_may_happen_late_once_or_never() {
    let written = unanswered(Op::Write(1), 0);
    is_found(&[written, call(Op::Read(0), 1, 2)]);
    is_found(&[written, call(Op::Read(0), 1, 2), call(Op::Read(1), 3, 4)]);
    is_found(&[written, call(Op::Write(2), 1, 2), call(Op::Read(1), 3, 4)]);
    is_impossible(&[written, call(Op::Read(1), 1, 2), call(Op::Read(0), 3, 4)]);
    is_impossible(&[call(Op::Read(1), 0, 1), unanswered(Op::Write(1), 2)]);
    let between = [call(Op::Read(1), 1, 2), call(Op::Write(2), 3, 4), call(Op::Read(1), 5, 6)];
    is_impossible(&[&[written][..], &between].concat());
    is_found(&[&[written, written][..], &between].concat());
}

#[test]
fn of_two_conditional_writes_one_wins() {
    let swap = |to| call(Op::Swap { from: 0, to }, 0, 9);
    is_found(&[swap(1), call(Op::Read(1), 10, 11)]);
    is_impossible(&[swap(1), swap(2)]);
    is_found(&[swap(1), unanswered(Op::Swap { from: 0, to: 2 }, 0), call(Op::Read(1), 10, 11)]);
}

#[test]
fn what_is_too_much_is_undecided() {
    let many: Vec<_> = (0..129).map(|n| call(Op::Write(1), n, n)).collect();
    assert_eq!(linearize(&Register, &many, 100_000), Search::Undecided);
    is_found(&many[..128]);
    let tangled = (1..20).map(|n| call(Op::Write(n), 0, 9)).chain([call(Op::Swap { from: 99, to: 1 }, 0, 9)]);
    let tangled: Vec<_> = tangled.collect();
    assert_eq!(linearize(&Register, &tangled, 100_000), Search::Undecided);
}

#[test]
fn many_lost_calls_of_one_kind_are_no_burden() {
    let lost = (0..30).map(|n| unanswered(Op::Write(1), n));
    let lost = lost.chain((0..30).map(|n| unanswered(Op::Write(2), n)));
    let seen = (0..30).map(|n| call(Op::Read(u8::from(n % 2 == 0) + 1), 100 + 2 * n, 101 + 2 * n));
    let entries: Vec<_> = lost.chain(seen).collect();
    is_found(&entries);
    let never = entries.iter().copied().chain([call(Op::Read(3), 200, 201)]);
    is_impossible(&never.collect::<Vec<_>>());
    // One change more than there are writes, which is found out only when all are used up.
    let lost = (0..12).flat_map(|n| [unanswered(Op::Write(1), n), unanswered(Op::Write(2), n)]);
    let seen = (0..26).map(|n| call(Op::Read(u8::from(n % 2 == 0) + 1), 100 + 2 * n, 101 + 2 * n));
    is_impossible(&lost.chain(seen).collect::<Vec<_>>());
}

/// One call of a run of a real register: when it begins, takes effect (if it does) and ends (if that is known).
#[derive(Debug, Clone)]
struct Ran {
    op: Op,
    began: u64,
    takes_effect: Option<u64>,
    known: bool,
    lasts: u64,
}

fn ran(times: u64, values: u8) -> impl Strategy<Value = Ran> {
    let op = prop_oneof![
        (1..=values).prop_map(Op::Write),
        Just(Op::Read(0)),
        (0..=values, 1..=values).prop_map(|(from, to)| Op::Swap { from, to }),
    ];
    let effect = proptest::option::weighted(0.8, 0..20_u64);
    (op, 0..times, effect, any::<bool>(), 0..20_u64).prop_map(|(op, began, effect, known, lasts)| Ran {
        op,
        began,
        takes_effect: effect.map(|after| began + after),
        known,
        lasts,
    })
}

/// Lets a real register do it, and notes what the callers saw. The order of what happens at the same instant is that of
/// the list.
fn run(mut calls: Vec<Ran>) -> Vec<Entry<Op>> {
    calls.sort_by_key(|ran| ran.takes_effect);
    let mut state = Register.initial();
    let mut entries = Vec::new();
    for Ran { op, began, takes_effect, known, lasts } in calls {
        let (began, ended) = match takes_effect {
            Some(effect) => (at(began), known.then(|| at(effect + lasts))),
            None => (at(began), None),
        };
        let op = match op {
            Op::Read(_) => Op::Read(state),
            Op::Write(_) | Op::Swap { .. } => op,
        };
        match Register.step(&state, &op) {
            Some(next) if takes_effect.is_some() => state = next,
            Some(_) => {}
            // The condition did not hold, and the caller was told so: there is nothing to be explained.
            None => continue,
        }
        entries.push(Entry { op, began, ended });
    }
    entries
}

/// The same question, answered by trying every order of every choice of calls.
fn by_brute_force(entries: &[Entry<Op>]) -> bool {
    fn some_order(entries: &[Entry<Op>], order: &mut Vec<usize>) -> bool {
        if explains(entries, order) {
            return true;
        }
        for next in 0..entries.len() {
            if !order.contains(&next) {
                order.push(next);
                if some_order(entries, order) {
                    return true;
                }
                order.pop();
            }
        }
        false
    }
    some_order(entries, &mut Vec::new())
}

proptest! {
    #[test]
    fn what_a_real_register_did_is_explained(calls in prop::collection::vec(ran(200, 5), 0..60)) {
        is_found(&run(calls));
    }

    #[test]
    fn it_agrees_with_brute_force(
        calls in prop::collection::vec(ran(25, 3), 1..=7),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..=4_u8), 0..3),
    ) {
        let mut entries = run(calls);
        prop_assume!(!entries.is_empty());
        for (which, value) in changes {
            let index = which.index(entries.len());
            if let Op::Read(seen) = &mut entries[index].op {
                *seen = value;
            }
        }
        match linearize(&Register, &entries, 100_000) {
            Search::Found { order } => prop_assert!(explains(&entries, &order) && by_brute_force(&entries)),
            Search::Impossible { .. } => prop_assert!(!by_brute_force(&entries)),
            Search::Undecided => prop_assert!(false, "undecided"),
        }
    }

    #[test]
    fn an_answer_that_cannot_be_is_caught(
        calls in prop::collection::vec(ran(200, 5), 1..40),
        which: prop::sample::Index,
    ) {
        let mut entries = run(calls);
        prop_assume!(!entries.is_empty());
        let began = entries[which.index(entries.len())].began;
        entries.push(Entry { op: Op::Read(99), began, ended: Some(began) });
        is_impossible(&entries);
    }
}
