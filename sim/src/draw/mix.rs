//! Which faults there are in this run, how many, and whom they hit: the profile of its faults.

use crate::draw::stage::Stage;
use crate::draw::{Source, Streams};
use crate::node::Node;
use crate::plan::kind::{Kind, Place, Subject};

/// How many single faults there are at the most.
pub(super) const MOST_SLOTS: u64 = 28;
/// How often links flap at the most.
pub(super) const MOST_FLAPS: u64 = 2;

/// How much more often than those that cost promises other kinds are taken.
const USUAL_WEIGHT: u64 = 6;

pub(super) struct Mix {
    /// Each as often as it weighs.
    pub(super) kinds: Vec<Kind>,
    pub(super) slots: u64,
    pub(super) flaps: u64,
    /// Who is hit; nobody means everybody.
    victims: Vec<Node>,
}

#[derive(Clone, Copy)]
enum Breadth {
    /// No fault at all.
    Calm,
    /// One kind, again and again.
    One,
    /// Two to four kinds.
    Few,
    /// Each kind or not.
    Swarm,
}

pub(super) fn draw(streams: &mut impl Streams, stage: &Stage) -> Mix {
    let source = &mut streams.stream("faults", 12);
    let breadth = source.odds(Breadth::Calm, &[(450, Breadth::Swarm), (250, Breadth::Few), (200, Breadth::One)]);
    let slots = draw_slots(source, breadth);
    let flaps = source.odds(0, &[(300, 1), (150, MOST_FLAPS)]);
    let all = kinds_of(stage);
    let kinds = draw_kinds(&mut streams.stream("faults/kinds", 125), breadth, &all);
    let flaps = if kinds.contains(&Kind::Partition) || kinds.contains(&Kind::OneWay) { flaps } else { 0 };
    Mix { kinds, slots, flaps, victims: draw_victims(&mut streams.stream("faults/victims", 40), stage) }
}

/// Few in most runs: each fault leaves less that can still be promised.
fn draw_slots(source: &mut impl Source, breadth: Breadth) -> u64 {
    let most = match breadth {
        Breadth::Calm => return 0,
        Breadth::One => 12,
        Breadth::Few => 16,
        Breadth::Swarm => MOST_SLOTS,
    };
    if source.chance(400) { source.between(1, most) } else { source.spread(1, most) }
}

/// The kinds that can befall anybody there.
fn kinds_of(stage: &Stage) -> Vec<Kind> {
    let befalls = |kind: &Kind| kind.place() != Place::Catalog || stage.cluster.catalog.is_some();
    Kind::ALL.iter().copied().filter(befalls).collect()
}

fn draw_kinds(source: &mut impl Source, breadth: Breadth, all: &[Kind]) -> Vec<Kind> {
    match breadth {
        Breadth::Calm => Vec::new(),
        Breadth::One => draw_any(source, 1, all),
        Breadth::Few => {
            let count = source.between(2, 4);
            draw_any(source, count, all)
        }
        Breadth::Swarm => {
            let permille = source.between(100, 500);
            let mut kinds = Vec::new();
            for &kind in all {
                if source.chance(permille * weight(kind) / USUAL_WEIGHT) {
                    kinds.extend((0..source.between(1, 4)).map(|_| kind));
                }
            }
            kinds
        }
    }
}

fn draw_any(source: &mut impl Source, count: u64, all: &[Kind]) -> Vec<Kind> {
    let weighed: Vec<Kind> = all.iter().flat_map(|&kind| (0..weight(kind)).map(move |_| kind)).collect();
    (0..count).filter_map(|_| source.among(&weighed)).collect()
}

/// What destroys blobs or makes it unknown whose they are costs promises that could be checked otherwise.
fn weight(kind: Kind) -> u64 {
    if matches!(kind, Kind::BlankDisk | Kind::BitRot | Kind::SharedAddress) { 1 } else { USUAL_WEIGHT }
}

/// Everybody, one server, or some. While the others stay whole, more can be promised.
fn draw_victims(source: &mut impl Source, stage: &Stage) -> Vec<Node> {
    let servers: Vec<Node> = stage.servers().collect();
    match source.odds(0, &[(250, 1), (200, 2)]) {
        0 => Vec::new(),
        1 => source.among(&servers).into_iter().collect(),
        _ => servers.into_iter().filter(|_| source.chance(400)).collect(),
    }
}

impl Mix {
    /// On what a fault of this kind can act: on a victim if it can.
    pub(super) fn subjects(&self, stage: &Stage, kind: Kind) -> Vec<Subject> {
        let all = || {
            let nodes = stage.servers().map(Subject::Node).chain([Subject::Broker]);
            nodes.chain(stage.links.iter().copied()).filter(|subject| is_drawn_for(kind, *subject))
        };
        let hit: Vec<Subject> = all().filter(|subject| self.hits(*subject)).collect();
        if hit.is_empty() { all().collect() } else { hit }
    }

    fn hits(&self, subject: Subject) -> bool {
        let (a, b) = subject.ends();
        self.victims.is_empty() || self.victims.contains(&a) || self.victims.contains(&b)
    }
}

/// Nodes of the seed have no machine to look into and break by themselves easily enough.
fn is_drawn_for(kind: Kind, subject: Subject) -> bool {
    let of_the_seed = matches!(subject, Subject::Node(Node::SeedApi(_) | Node::SeedData(_)));
    kind.place().takes(subject) && (!of_the_seed || matches!(kind, Kind::Kill | Kind::Pause | Kind::BusCut))
}
