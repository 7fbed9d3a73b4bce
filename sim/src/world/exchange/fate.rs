//! What breaks in an exchange: drawn when it is opened, from the faults in force on the two that take part.

use crate::chance::Purpose;
use crate::node::Node;
use crate::plan::kind::Kind;
use crate::world::World;

/// What breaks in an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Good,
    /// Reset in the middle of the body of the request, or before the answer.
    ResetEarly,
    /// Reset in the middle of the body of the answer, or before it where it has none.
    ResetLate,
    /// Nothing moves any more after the request's head.
    Stalls,
    /// The body of the answer ends early.
    Truncated,
    /// The answer does not arrive, and the connection is reset.
    AnswerLost,
}

impl World<'_> {
    pub(super) fn draw_fate(&mut self, asker: Node, target: Node) -> Fate {
        if self.faults.is_empty() {
            return Fate::Good;
        }
        let reset = self.faults.permille(Kind::Reset, asker, target);
        let stall = self.faults.permille(Kind::Stall, asker, target);
        let truncated = self.faults.permille(Kind::Truncated, target, target);
        let lost = self.faults.permille(Kind::AnswerLost, target, target);
        let chance = self.chance.between(asker, target, Purpose::ExchangeFault);
        let early = chance.bool();
        let mut strikes = |permille: u16| permille > 0 && chance.u16(0..1000) < permille;
        if strikes(reset) {
            if early { Fate::ResetEarly } else { Fate::ResetLate }
        } else if strikes(stall) {
            Fate::Stalls
        } else if strikes(truncated) {
            Fate::Truncated
        } else if strikes(lost) {
            Fate::AnswerLost
        } else {
            Fate::Good
        }
    }
}
