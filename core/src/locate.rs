//! One question to all data servers: who holds this object?
//!
//! What is known of each server that was asked, and what moves it:
//!
//! | state    | says no | says yes | silent for a while | direct question fails | deadline                                  |
//! |----------|---------|----------|--------------------|-----------------------|-------------------------------------------|
//! | silent   | → no    | → holder | → directly         | -                     | ours: unanswered; of the seed: it said no |
//! | directly | → no    | → holder | -                  | → failed              | unanswered                                |
//! | failed   | → no    | → holder | -                  | failed                | unanswered                                |
//! | no       | no      | → holder | -                  | no                    | no                                        |
//! | holder   | holder  | holder   | -                  | holder                | holder                                    |
//!
//! The query ends with the first holder (or, if all are collected, when nobody is silent any more), when everybody has
//! said no, or at the deadline. A server that stays silent on the bus for a while is asked over HTTP, so that a lost
//! message or a queue not yet bound costs a moment, not the answer. A node of the seed never says no, so its silence at
//! the deadline is its no (SEED-WIRE.md §2); silence of one of ours means that nobody knows.

use alloc::vec::Vec;

use crate::address::ServerAddress;
use crate::checksum::Checksum;
use crate::time::Instant;
use crate::wire::Held;

/// One locate query: who was asked, who has answered what. Usable alone: tell it the answers, ask it for its
/// [`outcome`](Locate::outcome) after each and at its [`next_deadline`](Locate::next_deadline), and drop it when it has one.
#[derive(Debug, Clone)]
pub struct Locate {
    collect: Collect,
    strangers: bool,
    answer_lost: bool,
    ask_directly_at: Option<Instant>,
    deadline: Instant,
    /// In the order of their addresses: so few that they are faster found in a row than in a tree.
    asked: Vec<(ServerAddress, Asked)>,
    /// How many of them may still answer.
    awaited: usize,
    /// In the order of their addresses.
    holders: Vec<Holder>,
}

/// When a query has heard enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collect {
    /// The first holder will do.
    First,
    /// All holders are wanted.
    All,
}

/// A data server that is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Respondent {
    /// One of ours: it says yes or no.
    Ours,
    /// A node of the seed: it says yes, or nothing.
    OfTheSeed,
    /// One whose answer is known already, from this very request: it does not have the object, whatever it says.
    KnownNotToHold,
    /// One that has failed this very request already; what it says is not wanted.
    KnownToFail,
}

/// How a server is asked over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// With HEAD.
    Head,
    /// With GET, breaking off after the head: a node of the seed knows no HEAD.
    GetHeadOnly,
}

/// A server that holds the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Where it is.
    pub address: ServerAddress,
    /// The size of its copy, if it said so; a node of the seed does not.
    pub size_bytes: Option<u64>,
    /// The checksum of its copy, if it said so.
    pub checksum: Option<Checksum>,
}

/// How a query ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocateOutcome {
    /// These hold it, in the order of their addresses. Those in `unanswered` may or may not.
    Found {
        /// At least one.
        holders: Vec<Holder>,
        /// Servers believed to live that have not answered.
        unanswered: Vec<ServerAddress>,
    },
    /// Every server believed to live has said no.
    Missing,
    /// Nobody has said yes, and these have said nothing; or nobody is known who could have been asked, or an answer was
    /// lost.
    Unanswered {
        /// Servers believed to live that have not answered.
        silent: Vec<ServerAddress>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Silent(Probe),
    /// To be asked over HTTP once there is room.
    Due(Probe),
    Directly,
    No,
    Holder,
    Failed,
    Ignored(Known),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    NotToHold,
    ToFail,
}

impl Locate {
    /// A query to `respondents`. It ends at `deadline` at the latest; who is silent at `ask_directly_at` is to be asked
    /// over HTTP. With `strangers`, data servers may live that have not been heard of yet, so that "all known ones said
    /// no" is not the end.
    #[must_use]
    pub fn new(
        collect: Collect,
        ask_directly_at: Instant,
        deadline: Instant,
        strangers: bool,
        respondents: impl Iterator<Item = (ServerAddress, Respondent)>,
    ) -> Self {
        let asked = in_order(respondents.map(|(address, respondent)| (address, Asked::at_start(respondent))).collect());
        Self {
            collect,
            strangers,
            answer_lost: false,
            ask_directly_at: Some(ask_directly_at),
            deadline,
            awaited: asked.iter().filter(|(_, asked)| asked.is_awaited()).count(),
            asked,
            holders: Vec::new(),
        }
    }

    /// The server has answered, over whatever way. An answer that comes twice changes nothing; the yes of a server that
    /// was not known counts.
    pub fn answered(&mut self, address: ServerAddress, held: Held) {
        let place = self.place_of(&address);
        let state = place.ok().and_then(|at| self.asked.get_mut(at)).map(|(_, state)| state);
        let says = match (state.as_deref(), held) {
            (Some(Asked::Ignored(_)), _) | (Some(Asked::No | Asked::Holder) | None, Held::No) => return,
            (_, Held::Yes { .. }) => Asked::Holder,
            (Some(Asked::Silent(_) | Asked::Due(_) | Asked::Directly | Asked::Failed), Held::No) => Asked::No,
        };
        if let Some(state) = state {
            self.awaited -= usize::from(state.is_awaited());
            *state = says;
        }
        if let Err(at) = place {
            self.asked.insert(at, (address.clone(), says));
        }
        if let Held::Yes { size_bytes, checksum } = held {
            self.holds(Holder { address, size_bytes, checksum });
        }
    }

    /// A direct question to the server failed.
    pub fn failed(&mut self, address: &ServerAddress) {
        let state = self.place_of(address).ok().and_then(|at| self.asked.get_mut(at)).map(|(_, state)| state);
        if let Some(state @ (Asked::Silent(_) | Asked::Due(_) | Asked::Directly)) = state {
            *state = Asked::Failed;
            self.awaited -= 1;
        }
    }

    /// Nothing is to be hoped for from the bus: who is silent is to be asked directly now, also if others were asked
    /// already.
    pub const fn hurry(&mut self, now: Instant) {
        self.ask_directly_at = Some(now);
    }

    /// An answer came that nobody can tell the query of, and it may have been this one: the query cannot end with
    /// "nobody has it" any more.
    pub const fn answer_lost(&mut self) {
        self.answer_lost = true;
    }

    /// Whom to ask over HTTP, and how, if that is due now; each server comes once. At most `room` are given; for the others
    /// it is due again at `retry_at`.
    #[must_use]
    pub fn take_direct_questions(
        &mut self,
        now: Instant,
        include_the_seed: bool,
        room: usize,
        retry_at: Instant,
    ) -> Vec<(ServerAddress, Probe)> {
        if self.ask_directly_at.is_none_or(|at| now < at) {
            return Vec::new();
        }
        self.ask_directly_at = None;
        let mut questions = Vec::new();
        for (address, asked) in &mut self.asked {
            let probe = match *asked {
                Asked::Silent(Probe::GetHeadOnly) if !include_the_seed => continue,
                Asked::Silent(probe) | Asked::Due(probe) => probe,
                Asked::Directly | Asked::No | Asked::Holder | Asked::Failed | Asked::Ignored(_) => continue,
            };
            if questions.len() >= room {
                // Whatever becomes of the bus until there is room: its silence is no answer any more.
                *asked = Asked::Due(probe);
                self.ask_directly_at = Some(retry_at);
                continue;
            }
            *asked = Asked::Directly;
            questions.push((address.clone(), probe));
        }
        questions
    }

    /// How the query has ended, if it has.
    #[must_use]
    pub fn outcome(&self, now: Instant) -> Option<LocateOutcome> {
        let at_the_deadline = now >= self.deadline;
        let first_will_do = self.collect == Collect::First && !self.holders.is_empty();
        let all_have_answered = !self.strangers && self.awaited == 0;
        (at_the_deadline || first_will_do || all_have_answered).then(|| self.conclude())
    }

    /// When the query wants to be looked at even if no answer comes.
    #[must_use]
    pub fn next_deadline(&self) -> Instant {
        self.ask_directly_at.map_or(self.deadline, |at| at.min(self.deadline))
    }

    fn conclude(&self) -> LocateOutcome {
        let unanswered = self.asked.iter().filter(|(_, asked)| asked.is_unanswered());
        let unanswered: Vec<_> = unanswered.map(|(address, _)| address.clone()).collect();
        if !self.holders.is_empty() {
            return LocateOutcome::Found { holders: self.holders.clone(), unanswered };
        }
        if unanswered.is_empty() && !self.asked.is_empty() && !self.answer_lost {
            return LocateOutcome::Missing;
        }
        LocateOutcome::Unanswered { silent: unanswered }
    }

    /// Where the server stands among those that were asked, or would.
    fn place_of(&self, address: &ServerAddress) -> Result<usize, usize> {
        self.asked.binary_search_by(|(asked, _)| asked.cmp(address))
    }

    fn holds(&mut self, holder: Holder) {
        match self.holders.binary_search_by(|known| known.address.cmp(&holder.address)) {
            Ok(at) => self.holders.splice(at..=at, [holder]).for_each(drop),
            Err(at) => self.holders.insert(at, holder),
        }
    }
}

/// In the order of their addresses, each once; of what is said of one twice, the later counts.
fn in_order(mut asked: Vec<(ServerAddress, Asked)>) -> Vec<(ServerAddress, Asked)> {
    asked.sort_by(|(one, _), (other, _)| one.cmp(other));
    asked.dedup_by(|(later, says), (earlier, said)| {
        let is_same = later == earlier;
        if is_same {
            *said = *says;
        }
        is_same
    });
    asked
}

impl Asked {
    const fn at_start(respondent: Respondent) -> Self {
        match respondent {
            Respondent::Ours => Self::Silent(Probe::Head),
            Respondent::OfTheSeed => Self::Silent(Probe::GetHeadOnly),
            Respondent::KnownNotToHold => Self::Ignored(Known::NotToHold),
            Respondent::KnownToFail => Self::Ignored(Known::ToFail),
        }
    }

    const fn is_awaited(self) -> bool {
        match self {
            Self::Silent(_) | Self::Due(_) | Self::Directly => true,
            Self::No | Self::Holder | Self::Failed | Self::Ignored(_) => false,
        }
    }

    const fn is_unanswered(self) -> bool {
        match self {
            Self::Silent(Probe::Head) | Self::Due(_) | Self::Directly | Self::Failed | Self::Ignored(Known::ToFail) => {
                true
            }
            Self::Silent(Probe::GetHeadOnly) | Self::No | Self::Holder | Self::Ignored(Known::NotToHold) => false,
        }
    }
}

#[cfg(test)]
mod tests;
