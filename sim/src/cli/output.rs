//! What is printed: results on the standard output, failures and remarks on the standard error.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Color, Style};
use serde::Serialize;
use serde_json::json;

use super::args::PrintingArgs;
use super::failure::Failure;

/// Where it is printed, and how.
pub(super) struct Output<'a> {
    stdout: &'a mut dyn Write,
    stderr: &'a mut dyn Write,
    /// Whether somebody looks at the standard error.
    terminal: bool,
    json: bool,
    quiet: bool,
}

impl<'a> Output<'a> {
    /// As the user wants it.
    pub(super) fn new(
        args: &PrintingArgs,
        stdout: &'a mut dyn Write,
        stderr: &'a mut dyn Write,
        terminal: bool,
    ) -> Self {
        Self { stdout, stderr, terminal, json: args.json, quiet: args.quiet }
    }

    /// Whether results are for programs.
    pub(super) const fn is_json(&self) -> bool {
        self.json
    }

    /// Whether more than the summary is wanted, by a person.
    pub(super) const fn is_talkative(&self) -> bool {
        !self.json && !self.quiet
    }

    /// Whether somebody may be looking at a progress bar.
    pub(super) const fn shows_progress(&self) -> bool {
        self.terminal && self.is_talkative()
    }

    /// Prints text on the standard output.
    ///
    /// # Errors
    /// If it takes no more.
    pub(super) fn print(&mut self, text: &str) -> Result<(), Failure> {
        self.stdout.write_all(text.as_bytes()).map_err(stdout_failed)
    }

    /// Prints a result for programs.
    ///
    /// # Errors
    /// If the standard output takes no more.
    pub(super) fn print_json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let json = serde_json::to_string(value).map_err(Failure::Json)?;
        self.print(&json)?;
        self.print("\n")
    }

    /// Nothing that was printed waits any longer.
    ///
    /// # Errors
    /// If the standard output takes no more.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.stdout.flush().map_err(stdout_failed)
    }

    /// Says something that is no result.
    pub(super) fn remark(&mut self, remark: &str) {
        // Where nobody listens, nothing is lost.
        let _written = writeln!(self.stderr, "{remark}");
    }

    /// Says what went wrong.
    pub(super) fn failure(&mut self, failure: &Failure) {
        if matches!(failure, Failure::ReaderGone) {
            return;
        }
        if self.json {
            // The failure itself is told by the exit status.
            let _printed = self.print_json(&json!({ "error": failure.told() })).and_then(|()| self.flush());
            return;
        }
        let style = if self.terminal && !colours_refused() { ERROR } else { Style::new() };
        self.remark(&format!("{style}error:{style:#} {failure}"));
    }
}

fn stdout_failed(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::ReaderGone
    } else {
        Failure::File { action: "write to", path: PathBuf::from("the standard output"), error }
    }
}

fn colours_refused() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    refused || std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb")
}

const ERROR: Style = Style::new().bold().fg_color(Some(Color::Ansi(AnsiColor::Red)));
