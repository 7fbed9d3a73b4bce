//! The study as a plot.

use super::measured::{Spread, float};
use super::svg::{Axis, Colour, Panel, Series, number, page};
use super::{Row, seed};

/// The plot, as SVG: four charts over the number of data servers. Of several rows with the same number of data servers the one
/// with the fewest API servers is drawn.
#[must_use]
pub fn plot(rows: &[Row]) -> String {
    let mut drawn: Vec<&Row> = rows.iter().collect();
    drawn.sort_by_key(|row| (row.size.datas, row.size.apis));
    drawn.dedup_by_key(|row| row.size.datas);
    let panels = [detection(&drawn), latency(&drawn), messages(&drawn), capacity(&drawn)];
    page("Heartbeat and locate from 6 to 1,000 data servers", &panels)
}

fn detection(rows: &[&Row]) -> Panel {
    let seconds = |us: u64| float(us) / 1e6;
    let of = |pick: fn(&Spread) -> u64| move |row: &Row| seconds(pick(&row.detection));
    Panel {
        title: "A dead data server is noticed after (s)".to_owned(),
        y: linear(16.0, &[0.0, 5.0, 10.0, 15.0]),
        series: vec![
            // The last heartbeat was sent up to a period before the death.
            band(
                "the seed, arithmetic: it looks only every 5 s",
                Colour::Seed,
                rows,
                |_| seed::SHORTEST_DETECTION_S - seed::PERIOD_S,
                |_| seed::LONGEST_DETECTION_S,
            ),
            band(
                "Lode, simulated: shortest to longest",
                Colour::Ours,
                rows,
                of(|all| all.least_us),
                of(|all| all.most_us),
            ),
            line("Lode, simulated: median", Colour::Ours, rows, of(|all| all.median_us)),
        ],
        ..of_data_servers()
    }
}

fn latency(rows: &[&Row]) -> Panel {
    let of = |pick: fn(&Row) -> Spread| move |row: &Row| float(pick(row).median_us) / 1e3;
    Panel {
        title: "A read, median, while the broker is idle (ms)".to_owned(),
        y: logarithmic(0.3, 3000.0, &[1.0, 10.0, 100.0, 1000.0]),
        series: vec![
            line("GET of 1,000 bytes that are there", Colour::Ours, rows, of(|row| row.got)),
            line("GET of what is not there: all say no", Colour::Other, rows, of(|row| row.missing)),
            dashed("the same at the seed: nobody says no", Colour::Seed, rows, |_| seed::MISSING_S * 1e3),
            dashed("what a real broker needs for the messages of one GET", Colour::Other, rows, |row| {
                row.delivered_per_get / seed::BROKER_DELIVERIES_PER_S * 1e3
            }),
        ],
        ..of_data_servers()
    }
}

fn messages(rows: &[&Row]) -> Panel {
    Panel {
        title: "Messages that the broker delivers for one GET".to_owned(),
        y: logarithmic(3.0, 3000.0, &[10.0, 100.0, 1000.0]),
        series: vec![
            line("Lode, simulated: all are asked, all answer", Colour::Ours, rows, |row| row.delivered_per_get),
            dashed("the seed, arithmetic: all are asked, the holder answers", Colour::Seed, rows, |row| {
                seed::delivered_per_get(row.size)
            }),
        ],
        values_below: Some(-5.0),
        ..of_data_servers()
    }
}

fn capacity(rows: &[&Row]) -> Panel {
    Panel {
        title: format!("GETs/s that fill a broker of {} deliveries/s", number(seed::BROKER_DELIVERIES_PER_S)),
        y: logarithmic(3.0, 6000.0, &[10.0, 100.0, 1000.0]),
        series: vec![
            line("Lode, beside its heartbeats", Colour::Ours, rows, |row| {
                seed::gets_that_fill_a_broker(row.heartbeats_per_s, row.delivered_per_get)
            }),
            dashed("the seed, if its queue per GET cost nothing", Colour::Seed, rows, |row| {
                let heartbeats_per_s = seed::heartbeats_per_s(row.size);
                seed::gets_that_fill_a_broker(heartbeats_per_s, seed::delivered_per_get(row.size))
            }),
        ],
        values_below: Some(13.0),
        ..of_data_servers()
    }
}

fn of_data_servers() -> Panel {
    let marks = [6.0, 24.0, 96.0, 300.0, 1000.0];
    Panel {
        title: String::new(),
        x_label: "data servers (logarithmic); 2 API servers",
        x: logarithmic(5.0, 1200.0, &marks),
        y: linear(1.0, &[]),
        series: Vec::new(),
        values_below: None,
    }
}

fn line(label: &str, colour: Colour, rows: &[&Row], value: impl Fn(&Row) -> f64) -> Series {
    band(label, colour, rows, &value, &value)
}

fn dashed(label: &str, colour: Colour, rows: &[&Row], value: impl Fn(&Row) -> f64) -> Series {
    Series { dashed: true, ..line(label, colour, rows, value) }
}

fn band(label: &str, colour: Colour, rows: &[&Row], low: impl Fn(&Row) -> f64, high: impl Fn(&Row) -> f64) -> Series {
    let points = rows.iter().map(|row| (f64::from(row.size.datas), low(row), high(row))).collect();
    Series { label: label.to_owned(), colour, dashed: false, points }
}

fn linear(to: f64, ticks: &[f64]) -> Axis {
    Axis { from: 0.0, to, logarithmic: false, ticks: marked(ticks) }
}

fn logarithmic(from: f64, to: f64, ticks: &[f64]) -> Axis {
    Axis { from, to, logarithmic: true, ticks: marked(ticks) }
}

fn marked(ticks: &[f64]) -> Vec<(f64, String)> {
    ticks.iter().map(|value| (*value, number(*value))).collect()
}
