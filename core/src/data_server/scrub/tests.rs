use alloc::format;
use alloc::vec;

use proptest::collection::vec as vec_of;
use proptest::prelude::*;

use super::*;
use crate::id::Incarnation;

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);
const RATE: u64 = 1 << 20;

struct Bench {
    scrubber: Scrubber,
    ids: OperationIds,
    now: Instant,
    effects: Effects<DataEffect>,
    /// What lies on the disk: the parts of each file.
    files: Vec<(ScrubPlace, Vec<Result<u64, DiskFailure>>)>,
    read: Vec<ScrubPlace>,
    kept: Vec<ScrubRecord>,
    damaged: usize,
}

fn place(number: u16) -> ScrubPlace {
    ScrubPlace { folder: number / 4, file: format!("{number:04}") }
}

impl Bench {
    fn new(record: ScrubRecord, parts: &[Vec<Result<u64, DiskFailure>>]) -> Self {
        let files = (0..).zip(parts).map(|(number, parts)| (place(number), parts.clone())).collect();
        Self {
            scrubber: Scrubber::new(Some(WEEK), RATE, record),
            ids: OperationIds::new(Incarnation::new(1)),
            now: Instant::START,
            effects: Effects::new(),
            files,
            read: Vec::new(),
            kept: Vec::new(),
            damaged: 0,
        }
    }

    fn never(parts: &[Vec<Result<u64, DiskFailure>>]) -> Self {
        Self { scrubber: Scrubber::new(None, RATE, ended(Duration::ZERO)), ..Self::new(ended(Duration::ZERO), parts) }
    }

    /// Lets it wait for its deadline, and the disk work, until it rests; at most so many steps.
    fn run(&mut self, steps: usize) {
        for _ in 0..steps {
            self.scrubber.wake(self.now, &mut self.ids, &mut self.effects);
            let effects: Vec<_> = self.effects.drain().collect();
            if effects.is_empty() {
                match self.scrubber.next_deadline() {
                    Some(deadline) if self.scrubber.report.running => self.now = deadline,
                    Some(_) | None => return,
                }
            }
            effects.into_iter().for_each(|effect| self.carry_out(effect));
        }
    }

    fn carry_out(&mut self, effect: DataEffect) {
        match effect {
            DataEffect::KeepScrub { record } => self.kept.push(record),
            DataEffect::FindFiles { find, after } => {
                let behind = self.files.iter().map(|(place, _)| place).filter(|place| Some(*place) > after.as_ref());
                let found = behind.take(3).cloned().collect();
                self.scrubber.found(self.now, find, Ok(found), &mut self.effects);
            }
            DataEffect::ReadPart { read, place, from } => {
                self.read.push(place.clone());
                let outcome = match self.files.iter().find(|(file, _)| *file == place) {
                    None => Ok(None),
                    Some((_, parts)) => part(parts, from),
                };
                let damage = self.scrubber.part_read(self.now, read, outcome, &mut self.ids, &mut self.effects);
                self.damaged += usize::from(damage.is_some());
            }
            other => panic!("{other:?}"),
        }
    }
}

fn part(parts: &[Result<u64, DiskFailure>], from: u64) -> Result<Option<ScrubPart>, DiskFailure> {
    let mut at = 0;
    for (number, part) in parts.iter().enumerate() {
        if at == from {
            let more = number + 1 < parts.len();
            return part.clone().map(|bytes| Some(ScrubPart { bytes, more }));
        }
        at += part.clone().unwrap_or(0);
    }
    Ok(Some(ScrubPart { bytes: 0, more: false }))
}

fn ended(ago: Duration) -> ScrubRecord {
    ScrubRecord::Ended { ago }
}

fn rotten() -> Result<u64, DiskFailure> {
    Err(DiskFailure::Corrupt { reason: "a block".to_string() })
}

fn unreadable() -> Result<u64, DiskFailure> {
    Err(DiskFailure::Read { reason: "EIO".to_string() })
}

#[test]
fn it_begins_so_long_after_the_last_one_and_reads_everything() {
    let mut bench = Bench::new(ended(Duration::from_secs(3600)), &vec![vec![Ok(10), Ok(20)]; 7]);
    assert_eq!(bench.scrubber.next_deadline(), Some(Instant::START + (WEEK - Duration::from_secs(3600))));
    bench.run(100);
    assert!(bench.read.is_empty(), "it is not due");
    bench.now = bench.scrubber.next_deadline().unwrap();
    bench.run(1000);
    let report = bench.scrubber.report();
    assert_eq!((report.files, report.bytes, report.damaged, report.running), (7, 210, 0, false));
    assert_eq!(bench.scrubber.next_deadline(), Some(bench.now + WEEK));
    assert_eq!(bench.kept.last(), Some(&ended(Duration::ZERO)));
}

#[test]
fn it_keeps_to_its_rate_and_is_quick_when_told_to_begin() {
    let parts = vec![vec![Ok(RATE); 3]; 2];
    let mut bench = Bench::new(ended(WEEK), &parts);
    bench.run(1000);
    // The pause behind the last part is that until the next scrub.
    assert_eq!(bench.now, Instant::START + Duration::from_secs(5));
    bench.scrubber.begin(bench.now, &mut bench.ids, &mut bench.effects);
    bench.run(1000);
    assert_eq!((bench.now, bench.scrubber.report().bytes), (Instant::START + Duration::from_secs(5), 6 * RATE));
}

#[test]
fn damage_is_told_and_what_cannot_be_read_is_passed_over() {
    let mut bench = Bench::never(&[vec![Ok(1)], vec![Ok(1), rotten(), Ok(1)], vec![unreadable()], vec![Ok(1)]]);
    assert_eq!(bench.scrubber.next_deadline(), None);
    bench.scrubber.begin(bench.now, &mut bench.ids, &mut bench.effects);
    bench.run(1000);
    let report = bench.scrubber.report();
    assert_eq!((report.files, report.bytes, report.damaged, report.unreadable, report.found.len()), (4, 3, 1, 1, 2));
    assert_eq!((bench.damaged, bench.scrubber.next_deadline()), (1, None));
}

#[test]
fn a_restart_goes_on_behind_the_last_one() {
    let parts = vec![vec![Ok(1)]; 8];
    let mut bench = Bench::new(ended(WEEK), &parts);
    bench.run(14);
    let record = bench.kept.last().cloned().unwrap();
    let ScrubRecord::UnderWay { after: Some(after) } = record.clone() else { panic!("{:?}", bench.kept) };
    let mut restarted = Bench::new(record, &parts);
    restarted.run(1000);
    assert!(restarted.read.iter().all(|place| *place > after), "{:?}", restarted.read);
    assert_eq!(restarted.read.last(), Some(&place(7)));
    let all: alloc::collections::BTreeSet<_> = bench.read.into_iter().chain(restarted.read).collect();
    assert_eq!(all.len(), 8);
}

#[test]
fn a_completion_of_an_earlier_one_changes_nothing() {
    let mut bench = Bench::never(&[vec![Ok(1)]]);
    bench.scrubber.begin(bench.now, &mut bench.ids, &mut bench.effects);
    let effects: Vec<_> = bench.effects.drain().collect();
    let [DataEffect::FindFiles { find, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    bench.scrubber.begin(bench.now, &mut bench.ids, &mut bench.effects);
    bench.scrubber.found(bench.now, *find, Ok(vec![place(9)]), &mut bench.effects);
    bench.run(100);
    assert_eq!(bench.read, [place(0)]);
}

proptest! {
    /// Whatever fails, each file that is there is begun once, in order, and it comes to an end.
    #[test]
    fn every_file_is_looked_at_once(
        parts in vec_of(vec_of(prop_oneof![4 => (0..3_u64).prop_map(|n| Ok(n * 70_000 + 1)), 1 => Just(rotten()), 1 => Just(unreadable())], 1..4), 0..20),
    ) {
        let mut bench = Bench::new(ended(WEEK), &parts);
        bench.run(1000);
        let mut begun = bench.read.clone();
        begun.dedup();
        prop_assert_eq!(begun, (0..).zip(&parts).map(|(number, _)| place(number)).collect::<Vec<_>>());
        let report = bench.scrubber.report();
        prop_assert_eq!((report.files, report.running), (parts.len() as u64, false));
        prop_assert_eq!(report.damaged, bench.damaged as u64);
    }
}
