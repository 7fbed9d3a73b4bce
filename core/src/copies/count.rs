//! How many copies of a blob there are to be.

/// The most copies that can be asked for.
pub const MAX_COPIES: usize = 16;

/// How many copies of each blob there are to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    /// So many, or as many as there are servers where there are fewer: what a cluster of any size can begin with.
    UpTo(usize),
    /// So many. Where there are not servers enough for a write quorum of them, nothing is stored.
    Exactly(usize),
}

impl Copies {
    /// So many copies, whatever the servers.
    ///
    /// # Errors
    /// If it is none, or more than [`MAX_COPIES`].
    pub const fn exactly(copies: usize) -> Result<Self, CopiesError> {
        if copies == 0 || copies > MAX_COPIES { Err(CopiesError { copies }) } else { Ok(Self::Exactly(copies)) }
    }

    /// The most copies that a blob is to have, however many servers there are.
    #[must_use]
    pub const fn most(self) -> usize {
        match self {
            Self::UpTo(copies) | Self::Exactly(copies) => copies,
        }
    }

    /// How many copies a blob is to have when so many servers are known that take objects.
    #[must_use]
    pub fn among(self, servers: usize) -> usize {
        match self {
            Self::UpTo(copies) => copies.min(servers).max(1),
            Self::Exactly(copies) => copies,
        }
    }
}

impl Default for Copies {
    /// Three, if there are so many servers.
    fn default() -> Self {
        Self::UpTo(3)
    }
}

/// How many of so many copies must be durable before a write counts: more than half, so that two quorums share a server.
pub(super) const fn quorum_of(copies: usize) -> usize {
    copies / 2 + 1
}

/// A number of copies that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{copies} copies of each object cannot be: give 1 to {MAX_COPIES}")]
pub struct CopiesError {
    copies: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_cluster_has_fewer_copies_only_if_nobody_has_said_how_many() {
        assert_eq!([0, 1, 2, 3, 4].map(|servers| Copies::default().among(servers)), [1, 1, 2, 3, 3]);
        assert_eq!([0, 1, 5].map(|servers| Copies::Exactly(3).among(servers)), [3, 3, 3]);
        assert_eq!(Copies::exactly(0), Err(CopiesError { copies: 0 }));
        assert_eq!(Copies::exactly(17), Err(CopiesError { copies: 17 }));
        assert_eq!(Copies::exactly(16), Ok(Copies::Exactly(16)));
    }

    #[test]
    fn two_quorums_share_a_server() {
        for copies in 1..=MAX_COPIES {
            assert!(2 * quorum_of(copies) > copies && quorum_of(copies) <= copies, "{copies}");
        }
    }
}
