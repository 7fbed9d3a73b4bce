//! What the exit status of `lode` tells a script.

use std::process::ExitCode;

/// How a command ended. The numbers are stable and documented in [`EXIT_STATUS_HELP`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// It is done.
    Done,
    /// It could not be done, and none of the others says why.
    Failed,
    /// The command line makes no sense.
    Usage,
    /// There is no object of that name.
    NotFound,
    /// Nobody could be reached, or those who could were not able to serve: worth trying again.
    Unavailable,
    /// Bytes are not what they should be, or turned into others while they were read.
    Corrupt,
    /// Whoever read our standard output is gone; what a program that ignores this dies of is SIGPIPE, hence the number.
    ReaderGone,
}

impl Exit {
    /// The number.
    pub(super) const fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Unavailable => 4,
            Self::Corrupt => 5,
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
  0    done; of a server: ended in good order after SIGTERM or SIGINT
  1    failed for another reason than those below
  2    the command line, or a setting, makes no sense
  3    there is no object of that name
  4    unavailable: no server reached, connection lost, or the cluster cannot serve it now (503)
  5    corrupt: the checksum is not what it should be, or the object changed while it was read
  130  a server was ended at once by a second SIGINT
  141  whoever read the standard output closed it
  143  a server was ended at once by a second SIGTERM";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_documented() {
        for exit in
            [Exit::Done, Exit::Failed, Exit::Usage, Exit::NotFound, Exit::Unavailable, Exit::Corrupt, Exit::ReaderGone]
        {
            let line = format!("\n  {:<3}  ", exit.status());
            assert!(EXIT_STATUS_HELP.contains(&line), "{exit:?}");
        }
    }
}
