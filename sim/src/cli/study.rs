//! The study of scale.

use std::path::{Path, PathBuf};

use lode_sim::scale::{self, Row, SIZES};
use serde::Serialize;

use super::exit::Exit;
use super::failure::Failure;
use super::figures::counted;
use super::file;
use super::output::Output;

/// Measures all sizes, prints the tables, and draws the plot if that is wished.
///
/// # Errors
/// If the plot cannot be written, or the standard output takes no more.
pub(super) fn scale(plot: Option<&Path>, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let mut rows = Vec::new();
    for size in SIZES {
        if output.shows_progress() {
            output.remark(&format!("{} data and {} API servers …", size.datas, size.apis));
        }
        rows.push(scale::measure(size));
    }
    if let Some(path) = plot {
        file::write(path, &scale::plot(&rows))?;
    }
    let violations = rows.iter().map(|row| row.violations).sum();
    if output.is_json() {
        output.print_json(&StudySummary { kind: "study", violations, plot, rows: &rows })?;
    } else {
        output.print(&scale::table(&rows))?;
        output.print(&told(violations, plot))?;
    }
    Ok(Exit::of(violations > 0))
}

fn told(violations: usize, plot: Option<&Path>) -> String {
    let verdict = match violations {
        0 => "\nnothing is violated\n".to_owned(),
        number => format!("\n{}\n", counted(number, "violation")),
    };
    verdict + &plot.map(|path| format!("a plot is in {}\n", path.display())).unwrap_or_default()
}

/// The study for programs.
#[derive(Debug, Serialize)]
struct StudySummary<'a> {
    kind: &'static str,
    violations: usize,
    plot: Option<&'a Path>,
    rows: &'a [Row],
}

/// What is studied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Study {
    /// Where to draw it.
    pub(super) plot: Option<PathBuf>,
}
