//! Figures as people read them.

use std::time::Duration;

/// A count, with a comma between each three digits.
pub(super) fn count(count: impl Into<u128>) -> String {
    let digits = count.into().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How many: `1 run`, `2 runs`.
pub(super) fn counted(number: usize, what: &str) -> String {
    let number = u64::try_from(number).unwrap_or(u64::MAX);
    format!("{} {what}{}", count(number), if number == 1 { "" } else { "s" })
}

/// How long, in the unit that suits it.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let units = [(86_400.0, "days"), (3600.0, "h"), (60.0, "min")];
    match units.into_iter().find(|(unit, _)| seconds >= 2.0 * unit) {
        Some((unit, name)) => format!("{:.1} {name}", seconds / unit),
        None => format!("{seconds:.1} s"),
    }
}

/// How many a second.
pub(super) fn rate(count: u64, elapsed: Duration) -> u128 {
    u128::from(count) * 1_000_000 / elapsed.as_micros().max(1)
}

/// How many times as fast as real time.
pub(super) fn speed(simulated: Duration, elapsed: Duration) -> u128 {
    simulated.as_micros() / elapsed.as_micros().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_threes() {
        let told = [0_u64, 12, 123, 1234, 123_456, 1_234_567].map(count);
        assert_eq!(told, ["0", "12", "123", "1,234", "123,456", "1,234,567"]);
        assert_eq!([0, 1, 2000].map(|number| counted(number, "run")), ["0 runs", "1 run", "2,000 runs"]);
    }

    #[test]
    fn a_duration_has_a_unit_that_suits_it() {
        let told = [0, 90, 150, 7200, 200_000].map(|seconds| duration(Duration::from_secs(seconds)));
        assert_eq!(told, ["0.0 s", "90.0 s", "2.5 min", "2.0 h", "2.3 days"]);
    }

    #[test]
    fn no_time_at_all_is_no_division_by_zero() {
        assert_eq!(rate(500, Duration::from_millis(250)), 2000);
        assert_eq!(speed(Duration::from_secs(60), Duration::from_millis(10)), 6000);
        assert_eq!(rate(1, Duration::ZERO), 1_000_000);
        assert_eq!(speed(Duration::ZERO, Duration::ZERO), 0);
    }
}
