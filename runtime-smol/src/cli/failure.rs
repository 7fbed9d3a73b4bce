//! Why a command failed, in a sentence for people, a word for programs and a number for scripts.

use std::io;
use std::path::PathBuf;

use lode_core::address::ServerAddress;
use lode_core::checksum::Checksum;
use lode_core::name::NameError;
use lode_smol::http::client::ClientError;
use lode_smol::rebuild::PutBackError;
use serde_json::{Value, json};

use super::exit::Exit;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The arguments or settings make no sense together.
    #[error("{0}")]
    Usage(String),
    /// What was typed is the name of no object.
    #[error("{0}")]
    Name(#[from] NameError),
    /// No server could be reached; nobody has seen anything of the request.
    #[error("{}; give the address of a running API server with --server or LODE_SERVER", joined(.0))]
    Unreachable(Vec<ClientError>),
    /// The connection broke, or the server fell silent, after it was reached.
    #[error("{0}")]
    Broken(#[source] ClientError),
    /// The server's answer is not one of Lode, nor of the seed.
    #[error("the server's answer makes no sense: {0}")]
    Nonsense(String),
    /// The server has refused, with this status.
    #[error("{message}")]
    Refused {
        /// The status of its answer.
        status: u16,
        /// Its word for the reason.
        code: String,
        /// Its sentence.
        message: String,
    },
    /// What was received or stored is not what should be there.
    #[error("{what}: its checksum is {found}, and not {expected}")]
    Corrupt {
        /// What it is that does not match, and what became of it.
        what: String,
        /// The checksum that was promised.
        expected: Checksum,
        /// The checksum that was found.
        found: Checksum,
    },
    /// The object became another one while it was read, and what was written of the first cannot be taken back.
    #[error(
        "the object was overwritten while it was read, after {written_bytes} bytes were passed on: get it again, into a \
         file if it changes often"
    )]
    Changed {
        /// How much of the earlier object was passed on, in bytes.
        written_bytes: u64,
    },
    /// Something on this side failed.
    #[error("cannot {action} {}: {error}", path.display())]
    Local {
        /// What was to be done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A data server that is drained holds objects that nobody moves.
    #[error(
        "{server} holds no copy of a version any more, but {objects} objects of the mode without a catalog, which nobody \
         moves: get them and put them anew before it is stopped"
    )]
    ObjectsLeft {
        /// Which.
        server: ServerAddress,
        /// How many.
        objects: u64,
    },
    /// A server could not be started.
    #[error("{0}")]
    Start(String),
    /// A scrub has found something.
    #[error("not everything is sound: damaged files {damaged}, files that could not be read {unreadable}")]
    DamageFound {
        /// How many are damaged.
        damaged: u64,
        /// How many could not be read.
        unreadable: u64,
    },
    /// Some data servers have not told what they hold.
    #[error(
        "{}; nothing was written. Without them versions may be missing from the new catalog: have them answer, or name \
         them with --without", .0.join("; ")
    )]
    ServersMissed(Vec<String>),
    /// A catalog is not rebuilt.
    #[error(transparent)]
    PutBack(#[from] PutBackError),
    /// What was waited for was called off by somebody else.
    #[error("{0}")]
    Cancelled(String),
    /// Whoever read our standard output is gone.
    #[error("the reader of the standard output is gone")]
    ReaderGone,
}

impl Failure {
    /// The stable word for it: the server's, where it is the server's.
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Usage(_) => "usage",
            Self::Name(_) => "bad_name",
            Self::Unreachable(_) => "unreachable",
            Self::Broken(_) => "connection_lost",
            Self::Nonsense(_) => "bad_answer",
            Self::Refused { code, .. } => code,
            Self::Corrupt { .. } => "checksum_mismatch",
            Self::Changed { .. } => "changed",
            Self::Local { .. } => "local_io",
            Self::ObjectsLeft { .. } => "objects_left",
            Self::DamageFound { .. } => "damage_found",
            Self::ServersMissed(_) => "servers_missed",
            Self::PutBack(PutBackError::NotNew { .. }) => "catalog_not_new",
            Self::PutBack(PutBackError::Failed(_) | PutBackError::Nonsense(_)) => "catalog_failed",
            Self::Cancelled(_) => "cancelled",
            Self::Start(_) => "start",
            Self::ReaderGone => "reader_gone",
        }
    }

    /// The exit status for it.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) | Self::Name(_) => Exit::Usage,
            Self::Unreachable(_)
            | Self::Broken(_)
            | Self::ServersMissed(_)
            | Self::PutBack(PutBackError::Failed(_)) => Exit::Unavailable,
            Self::Nonsense(_)
            | Self::Local { .. }
            | Self::ObjectsLeft { .. }
            | Self::Cancelled(_)
            | Self::DamageFound { .. }
            | Self::PutBack(PutBackError::NotNew { .. } | PutBackError::Nonsense(_))
            | Self::Start(_) => Exit::Failed,
            Self::Refused { status, code, .. } => exit_of(*status, code),
            Self::Corrupt { .. } | Self::Changed { .. } => Exit::Corrupt,
            Self::ReaderGone => Exit::ReaderGone,
        }
    }

    /// The whole of it for programs.
    pub(super) fn to_json(&self) -> Value {
        json!({ "error": { "code": self.code(), "message": self.to_string() } })
    }
}

fn exit_of(status: u16, code: &str) -> Exit {
    match (status, code) {
        (_, "corrupt" | "digest_mismatch") => Exit::Corrupt,
        (404, _) => Exit::NotFound,
        (502..=504, _) => Exit::Unavailable,
        _ => Exit::Failed,
    }
}

fn joined(errors: &[ClientError]) -> String {
    let sentences: Vec<String> = errors.iter().map(ClientError::to_string).collect();
    sentences.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: &str) -> Failure {
        Failure::Refused { status, code: code.to_owned(), message: "no".to_owned() }
    }

    #[test]
    fn a_script_can_tell_the_reasons_apart() {
        for (failure, exit) in [
            (Failure::Name(NameError::Empty), Exit::Usage),
            (Failure::Unreachable(Vec::new()), Exit::Unavailable),
            (refused(404, "not_found"), Exit::NotFound),
            (refused(503, "unanswered"), Exit::Unavailable),
            (refused(503, "corrupt"), Exit::Corrupt),
            (refused(400, "digest_mismatch"), Exit::Corrupt),
            (refused(507, "no_space"), Exit::Failed),
            (Failure::Changed { written_bytes: 1 }, Exit::Corrupt),
            (Failure::ReaderGone, Exit::ReaderGone),
        ] {
            assert_eq!(failure.exit(), exit, "{failure:?}");
        }
    }

    #[test]
    fn the_servers_words_are_passed_on() {
        let told = refused(503, "unanswered").to_json();
        assert_eq!(told, json!({ "error": { "code": "unanswered", "message": "no" } }));
    }
}
