//! What a command prints: results on the standard output, failures and remarks on the standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::builder::styling::Style;
use serde_json::Value;

use super::args::OutputArgs;
use super::failure::Failure;
use super::log;

/// How a command prints.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    json: bool,
    quiet: bool,
}

impl Output {
    /// As the user wants it.
    pub(super) const fn new(args: &OutputArgs) -> Self {
        Self { json: args.json, quiet: args.quiet }
    }

    /// Whether results are for programs.
    pub(super) const fn is_json(self) -> bool {
        self.json
    }

    /// Whether somebody may be looking at a progress bar.
    pub(super) fn shows_progress(self) -> bool {
        !self.json && !self.quiet && io::stderr().is_terminal()
    }

    /// Prints what was asked for: the text, or the JSON.
    ///
    /// # Errors
    /// If the standard output takes no more.
    pub(super) fn answer(self, human: &str, json: &Value) -> Result<(), Failure> {
        if self.json { print(&format!("{json}\n")) } else { print(human) }
    }

    /// Prints that something was done, unless nobody wants to hear of it.
    ///
    /// # Errors
    /// If the standard output takes no more.
    pub(super) fn done(self, human: &str, json: &Value) -> Result<(), Failure> {
        if self.quiet && !self.json { Ok(()) } else { self.answer(human, json) }
    }

    /// Says what went wrong.
    pub(super) fn failure(self, failure: &Failure) {
        // Where the result itself says what was found, nothing more is said.
        let is_said = matches!(failure, Failure::DamageFound { .. }) && self.json;
        if matches!(failure, Failure::ReaderGone) || is_said {
            return;
        }
        if self.json {
            // The failure itself is told by the exit status.
            let _printed = print(&format!("{}\n", failure.to_json()));
        } else {
            complain(failure);
        }
    }
}

/// Prints text on the standard output.
///
/// # Errors
/// If it takes no more.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(stdout_failed)
}

/// What a failure to write to the standard output means.
pub(super) fn stdout_failed(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::ReaderGone
    } else {
        Failure::Local { action: "write to", path: PathBuf::from("the standard output"), error }
    }
}

/// Says what went wrong, on the standard error; as JSON where the log is.
pub(super) fn complain(failure: &dyn Display) {
    if log::is_json() {
        tracing::error!("{failure}");
        return;
    }
    let style = if colours(&io::stderr()) { ERROR } else { Style::new() };
    // Where nobody can be told, the exit status must do.
    let _written = writeln!(io::stderr(), "{style}error:{style:#} {failure}");
}

/// Says something that is no result, on the standard error.
pub(super) fn remark(remark: &str) {
    // Where nobody listens, nothing is lost.
    let _written = writeln!(io::stderr(), "{remark}");
}

/// Whether colours can be seen there.
pub(super) fn colours(stream: &impl io::IsTerminal) -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    stream.is_terminal() && !refused && !dumb
}

const ERROR: Style =
    Style::new().bold().fg_color(Some(clap::builder::styling::Color::Ansi(clap::builder::styling::AnsiColor::Red)));
