//! Why nothing could be found out, in a sentence for people and a word for programs.

use std::io;
use std::path::PathBuf;

use serde::Serialize;

use super::exit::Exit;

/// Why nothing could be found out.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// There is no such scenario.
    #[error("there is no scenario {name:?}{}; --scenarios lists them all", did_you_mean(.nearest))]
    UnknownScenario {
        /// What was typed.
        name: String,
        /// What it looks like.
        nearest: Vec<&'static str>,
    },
    /// A file cannot be read or written.
    #[error("cannot {action} {}: {error}", path.display())]
    File {
        /// What was to be done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A file is no plan.
    #[error("{} is no plan: {error}; compare it with one that --save has written", path.display())]
    NoPlan {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it, and in which line.
        error: serde_json::Error,
    },
    /// A plan contradicts itself.
    #[error("the plan of {title} cannot be run: {reason}")]
    BadPlan {
        /// Whose plan.
        title: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A result cannot be put into words for a program.
    #[error("the result cannot be written as JSON: {0}")]
    Json(serde_json::Error),
    /// Whoever read our standard output is gone.
    #[error("the reader of the standard output is gone")]
    ReaderGone,
}

impl Failure {
    /// The stable word for it.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::UnknownScenario { .. } => "unknown_scenario",
            Self::File { .. } => "local_io",
            Self::NoPlan { .. } => "no_plan",
            Self::BadPlan { .. } => "bad_plan",
            Self::Json(_) => "json",
            Self::ReaderGone => "reader_gone",
        }
    }

    /// The exit status for it.
    pub(super) const fn exit(&self) -> Exit {
        match self {
            Self::UnknownScenario { .. }
            | Self::File { .. }
            | Self::NoPlan { .. }
            | Self::BadPlan { .. }
            | Self::Json(_) => Exit::Usage,
            Self::ReaderGone => Exit::ReaderGone,
        }
    }

    /// The whole of it for programs.
    pub(super) fn told(&self) -> Told {
        Told { code: self.code(), message: self.to_string() }
    }
}

/// A failure for programs.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    code: &'static str,
    message: String,
}

fn did_you_mean(nearest: &[&str]) -> String {
    if nearest.is_empty() { String::new() } else { format!(": do you mean {}?", nearest.join(" or ")) }
}
