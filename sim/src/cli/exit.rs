//! What the exit status of `lode-sim` tells a script.

use std::process::ExitCode;

/// How it ended. The numbers are stable and documented in [`EXIT_STATUS_HELP`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// All that must hold held.
    Held,
    /// Something did not, or was never tried.
    Violated,
    /// It could not be found out: the command line makes no sense, or a file could not be read or written.
    Usage,
    /// Whoever read our standard output is gone; what a program that ignores this dies of is SIGPIPE, hence the number.
    ReaderGone,
}

impl Exit {
    /// What is said of a run or of many.
    pub(super) const fn of(violated: bool) -> Self {
        if violated { Self::Violated } else { Self::Held }
    }

    /// The number.
    pub(super) const fn status(self) -> u8 {
        match self {
            Self::Held => 0,
            Self::Violated => 1,
            Self::Usage => 2,
            Self::ReaderGone => 141,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.status())
    }
}

/// The numbers, for `--help`.
pub(super) const EXIT_STATUS_HELP: &str = "\
Exit status:
  0    nothing was violated
  1    something was violated, or never hit in 10000 runs or more
  2    the command line makes no sense, or a file cannot be read, run or written
  141  whoever read the standard output closed it";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_documented() {
        for exit in [Exit::Held, Exit::Violated, Exit::Usage, Exit::ReaderGone] {
            assert!(EXIT_STATUS_HELP.contains(&format!("\n  {:<3}  ", exit.status())), "{exit:?}");
        }
    }
}
