use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::node::Node;
use crate::plan::kind::{Kind, Subject};
use crate::plan::validate::validate;
use crate::plan::{Action, BodyFlaw};

proptest! {
    #[test]
    fn any_seed_gives_a_valid_plan(seed: u64) {
        let plan = from_seed(seed);
        check(&plan)?;
        prop_assert_eq!(plan.seed, seed);
        prop_assert_eq!(&plan, &from_seed(seed));
    }

    #[test]
    fn any_bytes_give_a_valid_plan(bytes in prop::collection::vec(any::<u8>(), 0..6000)) {
        check(&from_bytes(&bytes))?;
    }

    #[test]
    fn a_plan_survives_being_written_and_read(seed: u64) {
        let plan = from_seed(seed);
        let read: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
        prop_assert_eq!(read, plan);
    }

    #[test]
    fn fewer_bytes_give_no_more_operations(bytes in prop::collection::vec(any::<u8>(), 0..6000), cut in 0..6000_usize) {
        let (whole, part) = (from_bytes(&bytes), from_bytes(&bytes[..cut.min(bytes.len())]));
        prop_assert!(part.operations.len() <= whole.operations.len());
    }
}

fn check(plan: &Plan) -> Result<(), TestCaseError> {
    prop_assert_eq!(validate(plan), Ok(()));
    let cluster = &plan.cluster;
    prop_assert!(cluster.apis + cluster.seed_apis <= 6 && cluster.datas + cluster.seed_datas <= 12);
    let (operations, faults) = (u64::try_from(plan.operations.len()), u64::try_from(plan.faults.len()));
    prop_assert!(operations.unwrap() <= MOST_OPERATIONS && faults.unwrap() <= MOST_FAULTS);
    prop_assert!(plan.calm_at_us <= LATEST_CALM_US);
    Ok(())
}

#[test]
fn the_bounds_are_what_a_run_can_afford() {
    assert_eq!((MOST_OPERATIONS, MOST_FAULTS), (120, 40));
    const { assert!(LATEST_CALM_US < 180_000_000) };
}

#[test]
fn no_bytes_give_the_simplest_plan() {
    let plan = from_bytes(&[]);
    assert_eq!((plan.operations.len(), plan.faults.len()), (0, 0));
    assert_eq!((plan.cluster.apis, plan.cluster.datas, plan.cluster.expiry_us), (1, 1, 10_000_000));
}

/// How often something occurs, and in how many plans.
#[derive(Default)]
struct Tally {
    occurrences: BTreeMap<String, u32>,
    plans: BTreeMap<String, u32>,
}

impl Tally {
    fn count(&mut self, names: &[String]) {
        for name in names {
            *self.occurrences.entry(name.clone()).or_default() += 1;
        }
        for name in names.iter().collect::<BTreeSet<_>>() {
            *self.plans.entry(name.clone()).or_default() += 1;
        }
    }

    fn check(&self, name: &str, plans: u32) {
        let occurrences = self.occurrences.get(name).copied().unwrap_or(0);
        assert!(occurrences >= 50, "{name} occurs {occurrences} times in {plans} plans");
        let present = self.plans.get(name).copied().unwrap_or(0);
        println!("{name:<22} {occurrences:>7} times, in {present:>5} plans");
        assert!(plans - present >= plans / 3, "{name} is absent from only {} of {plans} plans", plans - present);
    }
}

const PLANS: u32 = 10_000;

#[test]
fn every_kind_of_fault_occurs_and_is_absent() {
    let (mut tally, mut calm, mut one_kind) = (Tally::default(), 0, 0);
    for seed in 0..PLANS {
        let plan = from_seed(u64::from(seed));
        let kinds: Vec<String> = plan.faults.iter().map(|fault| fault.kind.kind().to_string()).collect();
        calm += u32::from(kinds.is_empty());
        one_kind += u32::from(kinds.len() > 1 && kinds.iter().all(|kind| *kind == kinds[0]));
        tally.count(&kinds);
    }
    for kind in Kind::ALL {
        tally.check(kind.name(), PLANS);
    }
    println!("no fault {calm}, one kind repeated {one_kind}");
    assert!((PLANS / 12..PLANS / 6).contains(&calm), "{calm}");
    assert!(one_kind > PLANS / 20, "{one_kind}");
}

#[test]
fn every_action_occurs_and_most_are_absent_somewhere() {
    let mut tally = Tally::default();
    for seed in 0..PLANS {
        let plan = from_seed(u64::from(seed));
        let mut words: Vec<String> = plan.operations.iter().flat_map(|operation| words(&operation.action)).collect();
        words.extend(
            plan.operations.iter().filter_map(|operation| operation.only_if).map(|only_if| format!("{only_if:?}")),
        );
        words.extend(plan.operations.iter().filter_map(|operation| operation.version).map(|_| "version".to_owned()));
        tally.count(&words);
    }
    for word in ["head", "delete", "locate", "locate-all", "range", "hang-up", "cut", "stalls", "wrong-digest"] {
        tally.check(word, PLANS);
    }
    for word in ["versions", "list", "version", "Absent", "Present", "Unchanged"] {
        tally.check(word, PLANS);
    }
    for word in ["put", "get", "undeclared", "declared"] {
        assert!(tally.occurrences[word] > PLANS && tally.plans[word] < PLANS, "{word}");
    }
}

fn words(action: &Action) -> Vec<String> {
    let words = match action {
        Action::Put { declared, flaw, .. } => {
            let flaw = match flaw {
                BodyFlaw::None => "sound",
                BodyFlaw::Cut => "cut",
                BodyFlaw::Stalls { .. } => "stalls",
                BodyFlaw::WrongDigest => "wrong-digest",
            };
            vec!["put", flaw, if *declared { "declared" } else { "undeclared" }]
        }
        Action::Get { range, hangs_up } => {
            vec!["get", if range.is_some() { "range" } else { "whole" }, if *hangs_up { "hang-up" } else { "stays" }]
        }
        Action::Head => vec!["head"],
        Action::Delete => vec!["delete"],
        Action::Locate { all: true } => vec!["locate-all"],
        Action::Locate { all: false } => vec!["locate"],
        Action::Versions => vec!["versions"],
        Action::List { .. } => vec!["list"],
    };
    words.into_iter().map(str::to_owned).collect()
}

#[test]
fn plans_are_of_the_size_that_was_meant() {
    let (mut operations, mut faults, mut seconds) = (0, 0, 0);
    let (mut single, mut unmixed, mut default_timing, mut outlasting) = (0, 0, 0, 0);
    let mut catalogs = 0;
    for seed in 0..PLANS {
        let plan = from_seed(u64::from(seed));
        operations += plan.operations.len();
        faults += plan.faults.len();
        seconds += plan.calm_at_us / 1_000_000;
        let cluster = &plan.cluster;
        single += u32::from(cluster.datas + cluster.seed_datas == 1);
        catalogs += u32::from(cluster.catalog.is_some());
        unmixed += u32::from(cluster.seed_apis + cluster.seed_datas == 0);
        let timing = (cluster.heartbeat_period_us, cluster.expiry_us, cluster.locate_deadline_us);
        default_timing += u32::from(timing == (5_000_000, 10_000_000, 1_000_000));
        let lengths = plan.faults.iter().map(|fault| fault.until_us - fault.from_us);
        outlasting += lengths.filter(|length_us| *length_us > cluster.expiry_us).count();
    }
    println!("{operations} operations, {faults} faults ({outlasting} beyond expiry), {seconds} s in {PLANS} plans");
    println!("{single} with one data server, {unmixed} without the seed, {default_timing} with default timing");
    let within = |count: u32, percent: std::ops::Range<u32>| percent.contains(&(count * 100 / PLANS));
    println!("{catalogs} with a catalog");
    assert!(within(single, 6..12) && within(unmixed, 83..92) && within(default_timing, 50..60));
    assert!(within(catalogs, 45..55));
    assert!((200_000..450_000).contains(&operations) && (50_000..120_000).contains(&faults));
    assert!((200_000..450_000).contains(&seconds));
    assert!(outlasting > faults / 10);
}

/// Streams of a seed in which those of one subject are of another seed.
struct OneOther {
    seed: u64,
    subject: Subject,
}

impl Streams for OneOther {
    type Stream = SeedStream;

    fn stream(&mut self, name: &str, bytes: usize) -> SeedStream {
        let of_the_subject = name.starts_with(&format!("{}/", self.subject));
        SeedStreams::new(if of_the_subject { !self.seed } else { self.seed }).stream(name, bytes)
    }

    fn are_spent(&self) -> bool {
        false
    }
}

#[test]
fn what_happens_to_one_node_does_not_depend_on_another() {
    let mut changed = 0;
    for seed in 0..500 {
        let subject = Subject::Node(Node::Data(1));
        let (before, after) = (from_seed(seed), draw(seed, &mut OneOther { seed, subject }));
        let others = |plan: &Plan| -> BTreeSet<String> {
            let faults = plan.faults.iter().filter(|fault| !is_about(fault, Node::Data(1)));
            faults.map(|fault| format!("{fault:?}")).collect()
        };
        assert_eq!(others(&before), others(&after), "seed {seed}");
        changed += u32::from(before.faults != after.faults);
    }
    assert!(changed > 100, "only {changed} plans have changed at all");
}

fn is_about(fault: &Fault, node: Node) -> bool {
    let (a, b) = fault.kind.subject().ends();
    a == node || b == node
}

#[test]
fn faults_do_not_depend_on_the_operations() {
    struct OtherOperations(SeedStreams);
    impl Streams for OtherOperations {
        type Stream = SeedStream;
        fn stream(&mut self, name: &str, bytes: usize) -> SeedStream {
            let shift = if name.starts_with("operations/") { "other/" } else { "" };
            self.0.stream(&format!("{shift}{name}"), bytes)
        }
        fn are_spent(&self) -> bool {
            false
        }
    }
    for seed in 0..100 {
        let (before, after) = (from_seed(seed), draw(seed, &mut OtherOperations(SeedStreams::new(seed))));
        assert_eq!(before.faults, after.faults);
    }
}

/// Streams of a seed that count how many bytes would have been read.
struct Counted(SeedStreams);

struct CountedStream {
    name: String,
    stream: SeedStream,
    left_bytes: usize,
}

impl Streams for Counted {
    type Stream = CountedStream;

    fn stream(&mut self, name: &str, bytes: usize) -> CountedStream {
        CountedStream { name: name.to_owned(), stream: self.0.stream(name, bytes), left_bytes: bytes }
    }

    fn are_spent(&self) -> bool {
        false
    }
}

impl Source for CountedStream {
    fn below(&mut self, bound: u64) -> u64 {
        let read_bytes = usize::try_from((64 - bound.saturating_sub(1).leading_zeros()).div_ceil(8)).unwrap();
        assert!(read_bytes <= self.left_bytes, "{} needs more bytes than it is given", self.name);
        self.left_bytes -= read_bytes;
        self.stream.below(bound)
    }
}

#[test]
fn no_part_needs_more_bytes_than_it_is_given() {
    for seed in 0..PLANS {
        let seed = u64::from(seed);
        assert_eq!(draw(seed, &mut Counted(SeedStreams::new(seed))), from_seed(seed));
    }
}
