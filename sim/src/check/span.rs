//! The time that a call took, and what was true during it.

use lode_core::time::Instant;

use crate::history::Call;

/// From the begin of a call to its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) began: Instant,
    pub(super) ended: Instant,
}

impl Span {
    /// That of the call; `None` if it never ended.
    pub(super) fn of(call: &Call) -> Option<Self> {
        call.ended.map(|ended| Self { began: call.began, ended })
    }

    /// Whether what lasted from `from` to `until` was so at some instant of the span.
    pub(super) fn meets(self, from: Instant, until: Option<Instant>) -> bool {
        from <= self.ended && until.is_none_or(|until| until >= self.began)
    }

    /// Whether what lasted from `from` to `until` was so at every instant of the span, in whatever order things
    /// happened that happened at the same instant.
    pub(super) fn lies_within(self, from: Instant, until: Option<Instant>) -> bool {
        from < self.began && until.is_none_or(|until| until > self.ended)
    }

    /// Whether the instant belongs to the span.
    pub(super) fn contains(self, at: Instant) -> bool {
        self.began <= at && at <= self.ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::at;

    #[test]
    fn at_the_same_instant_means_in_either_order() {
        let span = Span { began: at(2), ended: at(4) };
        for (from, until, meets, lies_within) in [
            (1, Some(5), true, true),
            (1, None, true, true),
            (2, Some(5), true, false),
            (1, Some(4), true, false),
            (4, None, true, false),
            (0, Some(2), true, false),
            (0, Some(1), false, false),
            (5, None, false, false),
        ] {
            let until = until.map(at);
            assert_eq!(span.meets(at(from), until), meets, "{from} {until:?}");
            assert_eq!(span.lies_within(at(from), until), lies_within, "{from} {until:?}");
        }
        assert!(span.contains(at(2)) && span.contains(at(4)) && !span.contains(at(5)));
    }
}
