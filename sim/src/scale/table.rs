//! The study as tables in Markdown.

use std::fmt::Write as _;

use super::measured::{Spread, float};
use super::{Row, seed};

/// Two tables, for the README.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from(HEARTBEATS);
    for row in rows {
        let Row { size, detection, .. } = row;
        let _written = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {:.0}-{:.0} s |",
            count(size.datas.into()),
            size.apis,
            number(row.heartbeats_per_s),
            number(seed::heartbeats_per_s(*size)),
            seconds(detection.least_us),
            seconds(detection.median_us),
            seconds(detection.p99_us),
            seconds(detection.most_us),
            seed::SHORTEST_DETECTION_S - seed::PERIOD_S,
            seed::LONGEST_DETECTION_S,
        );
    }
    text += READS;
    for row in rows {
        let size = row.size;
        let seeds_per_get = seed::delivered_per_get(size);
        let _written = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            count(size.datas.into()),
            size.apis,
            spread(&row.located),
            spread(&row.got),
            spread(&row.missing),
            number(row.published_per_get),
            number(row.delivered_per_get),
            number(seeds_per_get),
            number(seed::gets_that_fill_a_broker(row.heartbeats_per_s, row.delivered_per_get)),
            number(seed::gets_that_fill_a_broker(seed::heartbeats_per_s(size), seeds_per_get)),
        );
    }
    text
}

const HEARTBEATS: &str = "\
| data servers | API servers | heartbeats delivered/s | by the seed's arithmetic | a death is noticed: min | median | p99 | max | \
the seed |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|
";

const READS: &str = "
| data servers | API servers | locate, median / p99 | GET, median / p99 | GET of what is not there | published per GET | \
delivered per GET | the seed | GETs/s that fill one broker | the seed |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
";

fn spread(spread: &Spread) -> String {
    format!("{} / {} ms", millis(spread.median_us), millis(spread.p99_us))
}

fn millis(us: u64) -> String {
    format!("{:.2}", float(us) / 1e3)
}

fn seconds(us: u64) -> String {
    format!("{:.2} s", float(us) / 1e6)
}

/// Whole, if it is large or nearly so.
fn number(value: f64) -> String {
    let digits = if value < 99.5 && (value - value.round()).abs() > 0.05 { 1 } else { 0 };
    let text = format!("{value:.digits$}");
    match text.len() {
        4.. if digits == 0 => count(text.parse().unwrap_or(0)),
        _ => text,
    }
}

fn count(count: u64) -> String {
    if count < 1000 { count.to_string() } else { format!("{},{:03}", count / 1000, count % 1000) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([2.4, 12.0, 0.0, 99.96, 400.2, 20_000.0].map(number), ["2.4", "12", "0", "100", "400", "20,000"]);
    }
}
