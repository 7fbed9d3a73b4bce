//! How many copies there are of what is stored.

use serde::Deserialize;

use super::duration;
use crate::cli::progress::size;
use crate::cli::table::Tone;

#[derive(Debug, Deserialize)]
pub(super) struct Upkeep {
    wanted: usize,
    counted: Option<Counted>,
    counting: Option<u64>,
    repair: Repair,
}

#[derive(Debug, Deserialize)]
struct Counted {
    ago_ms: u64,
    blobs: u64,
    short: u64,
    without_copy: u64,
    by_copies: Vec<AtCopies>,
}

#[derive(Debug, Deserialize)]
struct AtCopies {
    copies: usize,
    blobs: u64,
}

#[derive(Debug, Deserialize)]
struct Repair {
    under_way: usize,
    waiting: usize,
    bytes_to_copy: u64,
    time_left_ms: u64,
    copies_made: u64,
    copies_failed: u64,
}

impl Upkeep {
    /// Two lines: how things were counted to be, and what is being done about it.
    pub(super) fn render(&self, colours: bool) -> String {
        let counted = match (&self.counted, self.counting) {
            (Some(counted), _) => counted.render(self.wanted, colours),
            (None, Some(blobs)) => format!("{} of each wanted; being counted, {blobs} versions so far", self.wanted),
            (None, None) => format!("{} of each wanted; not counted yet", self.wanted),
        };
        format!("copies       {counted}\nrepair       {}\n", self.repair.render(colours))
    }
}

impl Counted {
    fn render(&self, wanted: usize, colours: bool) -> String {
        let Self { ago_ms, blobs, short, without_copy, by_copies } = self;
        let state = match (short, without_copy) {
            (0, _) => Tone::Good.paint("as many as there should be", colours),
            (_, 0) => Tone::Doubtful.paint(&format!("{short} short of a copy"), colours),
            (_, _) => Tone::Bad.paint(&format!("{short} short of a copy, {without_copy} without any"), colours),
        };
        let parts = by_copies.iter().map(|AtCopies { copies, blobs }| format!("{blobs} at {copies}"));
        let parts = parts.collect::<Vec<_>>().join(", ");
        let told = if parts.is_empty() { String::new() } else { format!(" ({parts})") };
        format!("{blobs} versions, {wanted} of each wanted{told}: {state}; counted {} ago", duration(*ago_ms))
    }
}

impl Repair {
    fn render(&self, colours: bool) -> String {
        let Self { under_way, waiting, bytes_to_copy, time_left_ms, copies_made, copies_failed } = self;
        let mut text = match (under_way, waiting) {
            (0, 0) => "nothing to do".to_owned(),
            (_, _) => format!(
                "{under_way} under way, {waiting} waiting: {} to copy, about {}",
                size(*bytes_to_copy),
                duration(*time_left_ms)
            ),
        };
        text += &format!("; {copies_made} copies made");
        if *copies_failed > 0 {
            text += &Tone::Doubtful.paint(&format!(", {copies_failed} failed"), colours);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(json: &str) -> String {
        serde_json::from_str::<Upkeep>(json).unwrap().render(false)
    }

    const REPAIR: &str = r#""repair": {"under_way": 2, "waiting": 3, "bytes_to_copy": 1048576, "time_left_ms": 2100,
        "copies_made": 7, "copies_failed": 1}"#;

    #[test]
    fn copies_are_told_as_they_were_counted() {
        let json = format!(
            r#"{{"wanted": 3, "counting": null, {REPAIR}, "counted": {{"ago_ms": 1000, "took_ms": 1, "blobs": 12, "short": 2,
            "without_copy": 0, "by_copies": [{{"copies": 3, "blobs": 10}}, {{"copies": 2, "blobs": 2}}]}}}}"#
        );
        let expected = "\
copies       12 versions, 3 of each wanted (10 at 3, 2 at 2): 2 short of a copy; counted 1.0 s ago
repair       2 under way, 3 waiting: 1.0 MiB to copy, about 2.1 s; 7 copies made, 1 failed
";
        assert_eq!(render(&json), expected);
    }

    #[test]
    fn what_was_not_counted_is_not_told() {
        let json = format!(r#"{{"wanted": 3, "counting": 5, {REPAIR}, "counted": null}}"#);
        assert!(render(&json).contains("being counted, 5 versions so far"));
    }
}
