//! How far a swarm or a search is, on a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lode_sim::{shrink, swarm};

use super::figures::{count, rate, speed};

const SWARM: &str = "{wide_bar:.cyan/dim} {human_pos} of {human_len} runs  {msg}  {eta} left";
const SHRINK: &str = "shrinking {spinner:.cyan} {human_pos} plans tried (at the most {human_len})  {msg}";

/// The progress of a swarm. Removed from the terminal when dropped.
#[derive(Debug)]
pub(super) struct SwarmBar(ProgressBar);

impl SwarmBar {
    /// Of a swarm of so many runs.
    pub(super) fn new(shown: bool, runs: u64) -> Self {
        Self(bar(shown, runs, SWARM))
    }

    /// So far it is.
    pub(super) fn show(&self, progress: &swarm::Progress) {
        self.0.set_message(message(&progress.totals));
        self.0.set_position(progress.totals.runs);
    }

    /// Lets something be printed beside the bar.
    pub(super) fn suspend(&self, print: impl FnOnce()) {
        self.0.suspend(print);
    }
}

impl Drop for SwarmBar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// The progress of a search for a smaller plan. Removed from the terminal when dropped.
#[derive(Debug)]
pub(super) struct ShrinkBar(ProgressBar);

impl ShrinkBar {
    /// Of a search with so many attempts.
    pub(super) fn new(shown: bool, max_attempts: u32) -> Self {
        Self(bar(shown, max_attempts.into(), SHRINK))
    }

    /// So far it is.
    pub(super) fn show(&self, progress: &shrink::Progress) {
        self.0.set_message(format!("{} faults and {} operations are left", progress.faults, progress.operations));
        self.0.set_position(progress.attempts.into());
    }
}

impl Drop for ShrinkBar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn message(totals: &swarm::Totals) -> String {
    let swarm::Totals { runs, failed_runs, steps, simulated, wall } = *totals;
    let failed = if failed_runs == 0 { String::new() } else { format!("  {} failed", count(failed_runs)) };
    format!(
        "{} runs/s, {} steps/s, {} times real time{failed}",
        count(rate(runs, wall)),
        count(rate(steps, wall)),
        count(speed(simulated, wall)),
    )
}

fn bar(shown: bool, length: u64, template: &str) -> ProgressBar {
    let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    ProgressBar::with_draw_target(Some(length), target).with_style(style(template))
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸─")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_templates_can_be_read() {
        for template in [SWARM, SHRINK] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }

    #[test]
    fn a_swarm_tells_how_fast_it_is() {
        let (simulated, wall) = (Duration::from_secs(60_000), Duration::from_secs(2));
        let mut totals = swarm::Totals { runs: 1000, failed_runs: 0, steps: 5_000_000, simulated, wall };
        assert_eq!(message(&totals), "500 runs/s, 2,500,000 steps/s, 30,000 times real time");
        totals.failed_runs = 2;
        assert!(message(&totals).ends_with("  2 failed"));
    }
}
