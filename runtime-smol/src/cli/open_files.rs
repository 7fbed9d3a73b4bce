//! How many files and connections this process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Below this a busy server runs out: it may serve 4096 requests at a time, each with a connection on either side.
const ENOUGH: u64 = 16_384;

/// Raises the limit as far as is allowed. The low one that processes start with is there for programs that cannot take
/// more, which we can.
pub(super) fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let now = if raised.is_ok() { limit.maximum } else { limit.current };
    if let Some(now) = now.filter(|now| *now < ENOUGH) {
        tracing::warn!(limit = now, enough = ENOUGH, "few files may be open at a time: raise the limit (ulimit -Hn)");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_are_allowed_may_be_open() {
        raise_limit();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }
}
