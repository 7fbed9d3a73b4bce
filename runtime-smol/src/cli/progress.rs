//! How far a transfer is, on a terminal.

use std::time::{Duration, Instant};

use bytesize::ByteSize;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::Output;

const KNOWN: &str =
    "{msg} {wide_bar:.cyan/dim} {binary_bytes:>10} of {binary_total_bytes}  {binary_bytes_per_sec:>12}  {eta:>4} left";
const UNKNOWN: &str = "{msg} {spinner:.cyan} {binary_bytes:>10}  {binary_bytes_per_sec:>12}  {elapsed}";

const COUNTED_UP: &str = "{msg} {spinner:.cyan} {human_pos:>10}";
const COUNTED: &str = "{msg} {wide_bar:.cyan/dim} {human_pos:>10} of {human_len}";

/// Redrawn even if nothing moves, so that a standstill shows.
const REDRAW: Duration = Duration::from_millis(200);

/// Of how many bytes on a rate is told.
const LEAST_WITH_A_RATE: u64 = 1 << 20;

/// The progress of one transfer. Removed from the terminal when dropped.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    began: Instant,
}

impl Progress {
    /// The progress of a transfer, shown under this label if somebody is looking.
    pub(super) fn new(output: Output, shown: bool, label: &str) -> Self {
        let visible = shown && output.shows_progress();
        let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target).with_style(style(UNKNOWN)).with_message(label.to_owned());
        if visible {
            bar.enable_steady_tick(REDRAW);
        }
        Self { bar, began: Instant::now() }
    }

    /// Says how long the whole is, in bytes.
    pub(super) fn set_total(&self, total_bytes: Option<u64>) {
        if let Some(total_bytes) = total_bytes {
            self.bar.set_length(total_bytes);
            self.bar.set_style(style(KNOWN));
        }
    }

    /// So many bytes have moved, without the time for it counting: they were there before, or have to move again.
    pub(super) fn jump_to(&self, position_bytes: u64) {
        self.bar.set_position(position_bytes);
        self.bar.reset_eta();
    }

    /// So many more bytes have moved.
    pub(super) fn advance(&self, bytes: usize) {
        self.bar.inc(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// Says something beside the bar.
    pub(super) fn remark(&self, remark: &str) {
        self.bar.println(remark);
    }

    /// Sums up a transfer of so many bytes, and takes the bar away.
    pub(super) fn summary(&self, bytes: u64) -> String {
        self.bar.finish_and_clear();
        summary(bytes, self.began.elapsed())
    }
}

/// How many of something are done with. Removed from the terminal when dropped.
#[derive(Debug)]
pub(super) struct Counting {
    bar: ProgressBar,
    total: u64,
}

impl Counting {
    /// Of so many, shown under this label if somebody is looking.
    pub(super) fn new(output: Output, label: &str, total: u64, what: &str) -> Self {
        Self::shown(output, label, Some(total), &format!("{COUNTED} {what}"))
    }

    /// Of nobody knows how many.
    pub(super) fn without_end(output: Output, label: &str, what: &str) -> Self {
        Self::shown(output, label, None, &format!("{COUNTED_UP} {what}"))
    }

    fn shown(output: Output, label: &str, total: Option<u64>, template: &str) -> Self {
        let visible = output.shows_progress();
        let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(total, target).with_message(label.to_owned());
        bar.set_style(style(template));
        if visible {
            bar.enable_steady_tick(REDRAW);
        }
        Self { bar, total: total.unwrap_or_default() }
    }

    /// So many are still to come. There may be more than there were at first.
    pub(super) fn left(&self, left: u64) {
        self.done(self.total.saturating_sub(left));
    }

    /// So many are done with.
    pub(super) fn done(&self, done: u64) {
        self.bar.set_position(done);
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn summary(bytes: u64, elapsed: Duration) -> String {
    // Of little, the rate says more about everything else.
    if bytes < LEAST_WITH_A_RATE {
        return size(bytes);
    }
    let per_second = u128::from(bytes) * 1000 / elapsed.as_millis().max(1);
    let rate = size(u64::try_from(per_second).unwrap_or(u64::MAX));
    format!("{} in {:.1} s, {rate}/s", size(bytes), elapsed.as_secs_f64())
}

/// A size as people read it.
pub(super) fn size(bytes: u64) -> String {
    ByteSize::b(bytes).display().iec().to_string()
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸─")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_can_be_read() {
        for template in [KNOWN, UNKNOWN, COUNTED, COUNTED_UP] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }

    #[test]
    fn a_summary_tells_size_time_and_rate() {
        assert_eq!(summary(3 << 20, Duration::from_millis(1500)), "3.0 MiB in 1.5 s, 2.0 MiB/s");
        assert_eq!(summary(1000, Duration::from_secs(1)), "1000 B");
        assert!(summary(1 << 40, Duration::ZERO).starts_with("1.0 TiB in 0.0 s"));
    }
}
