//! What keeps a request from being done, told apart by what may have been done nevertheless.

use std::time::Duration;

use lode_core::catalog::CatalogFailure;
use sqlx::Error;
use sqlx::postgres::{PgDatabaseError, PgSeverity};

/// Why an attempt has come to nothing.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Somebody else was faster. Nothing was done; the next attempt sees what they did.
    Overtaken(String),
    /// The connection is of no use any more. Nothing was done; another connection may do.
    Lost(String),
    /// No connection is to be had. Nothing was done.
    Unreachable(String),
    /// The server does not want to. Nothing was done.
    Refused(String),
    /// A write was sent, and no answer came: it may have been done, or may still be.
    Unanswered(String),
}

impl Trouble {
    /// What an error means before anything is to be made durable.
    pub(super) fn before_the_write(error: &Error) -> Self {
        let reason = sentence(error);
        if matches!(error, Error::Database(_)) {
            Self::said_by_the_server(error, reason)
        } else if is_of_the_connection(error) {
            Self::Lost(reason)
        } else {
            Self::Refused(reason)
        }
    }

    /// What an error means in answer to what makes a write durable.
    ///
    /// An `ERROR` says that the transaction was rolled back. A `FATAL` or `PANIC` says only that the connection ends, which
    /// may befall it behind the commit as well; a connection that breaks says nothing at all; and an answer that cannot be
    /// read may be any.
    pub(super) fn in_the_write(error: &Error) -> Self {
        let reason = sentence(error);
        if matches!(error, Error::Database(_)) && !is_the_end(error) {
            Self::said_by_the_server(error, reason)
        } else {
            Self::Unanswered(reason)
        }
    }

    /// No answer came in time.
    pub(super) fn silence(limit: Duration) -> String {
        format!("PostgreSQL has not answered for {} s", limit.as_secs())
    }

    fn said_by_the_server(error: &Error, reason: String) -> Self {
        match code(error).as_deref() {
            // A row of the same key is there already; no serial order; a deadlock.
            Some("23505" | "40001" | "40P01") => Self::Overtaken(reason),
            // Read-only: the primary has become another. A plan of before a migration; a statement that is not prepared.
            Some("25006" | "0A000" | "26000") => Self::Lost(reason),
            Some(_) | None if is_the_end(error) => Self::Lost(reason),
            Some(_) | None => Self::Refused(reason),
        }
    }

    /// Whether the connection may be used again.
    pub(super) const fn spares_the_connection(&self) -> bool {
        match self {
            Self::Overtaken(_) | Self::Refused(_) => true,
            Self::Lost(_) | Self::Unreachable(_) | Self::Unanswered(_) => false,
        }
    }

    /// What the one who asked is told when it is not tried again.
    pub(super) fn into_failure(self) -> CatalogFailure {
        match self {
            Self::Overtaken(reason) | Self::Lost(reason) | Self::Unreachable(reason) | Self::Refused(reason) => {
                CatalogFailure::Unavailable { reason }
            }
            Self::Unanswered(reason) => CatalogFailure::Unknown { reason },
        }
    }

    /// What this means of an answer that the server has given to a write.
    pub(super) fn behind_the_write(self) -> Self {
        Self::Unanswered(self.into_reason())
    }

    /// Why, whichever it is.
    pub(super) fn into_reason(self) -> String {
        match self {
            Self::Overtaken(reason)
            | Self::Lost(reason)
            | Self::Unreachable(reason)
            | Self::Refused(reason)
            | Self::Unanswered(reason) => reason,
        }
    }
}

/// What the error says, with the hint that PostgreSQL may have given.
pub(super) fn sentence(error: &Error) -> String {
    match postgres_error(error) {
        Some(said) => match said.hint() {
            Some(hint) => format!("PostgreSQL says: {} ({}); {hint}", said.message(), said.code()),
            None => format!("PostgreSQL says: {} ({})", said.message(), said.code()),
        },
        None => error.to_string(),
    }
}

/// The SQLSTATE of what the server has said.
pub(super) fn code(error: &Error) -> Option<String> {
    postgres_error(error).map(|said| said.code().to_owned())
}

/// Whether the server ends the connection with this.
fn is_the_end(error: &Error) -> bool {
    postgres_error(error).is_some_and(|said| matches!(said.severity(), PgSeverity::Fatal | PgSeverity::Panic))
}

fn is_of_the_connection(error: &Error) -> bool {
    matches!(error, Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed)
}

fn postgres_error(error: &Error) -> Option<&PgDatabaseError> {
    error.as_database_error().and_then(|said| said.try_downcast_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn a_broken_connection_leaves_only_a_write_unknown() {
        let broken = Error::Io(io::ErrorKind::ConnectionReset.into());
        assert!(matches!(Trouble::before_the_write(&broken), Trouble::Lost(_)));
        assert!(matches!(Trouble::in_the_write(&broken), Trouble::Unanswered(_)));
    }

    #[test]
    fn an_answer_that_cannot_be_read_leaves_a_write_unknown() {
        let unreadable = Error::ColumnNotFound("blob".to_owned());
        assert!(matches!(Trouble::before_the_write(&unreadable), Trouble::Refused(_)));
        assert!(matches!(Trouble::in_the_write(&unreadable), Trouble::Unanswered(_)));
    }

    #[test]
    fn only_what_was_sent_and_not_answered_is_unknown() {
        let reason = || "why".to_owned();
        for trouble in [
            Trouble::Overtaken(reason()),
            Trouble::Lost(reason()),
            Trouble::Unreachable(reason()),
            Trouble::Refused(reason()),
        ] {
            assert_eq!(trouble.into_failure(), CatalogFailure::Unavailable { reason: reason() });
        }
        assert_eq!(Trouble::Unanswered(reason()).into_failure(), CatalogFailure::Unknown { reason: reason() });
    }
}
