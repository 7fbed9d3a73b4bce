//! `lode status`: the cluster as an API server sees it.

mod upkeep;

use std::io;
use std::time::Duration;

use http_types::Method;
use lode_smol::http::client::Request;
use serde::Deserialize;
use serde_json::value::RawValue;

use self::upkeep::Upkeep;
use super::args::StatusArgs;
use super::cluster::{Cluster, refusal};
use super::failure::Failure;
use super::output::{Output, colours, print};
use super::progress::size;
use super::table::{Cell, Table, Tone};

/// The most that is read, in bytes: ten thousand data servers with room to spare.
const VIEW_BYTES: usize = 16 * 1024 * 1024;

/// Carries out the command.
pub(super) async fn run(args: &StatusArgs, output: Output) -> Result<(), Failure> {
    let response = Cluster::new(&args.cluster).send(&Request::new(Method::Get, "/cluster")).await?;
    if response.status() != 200 {
        return Err(refusal(response).await);
    }
    let body = response.read_whole(VIEW_BYTES).await.map_err(Failure::Broken)?;
    let nonsense = |error: serde_json::Error| Failure::Nonsense(error.to_string());
    if output.is_json() {
        // As it came: a newer server may say more than is known here.
        let raw: Box<RawValue> = serde_json::from_slice(&body).map_err(nonsense)?;
        return print(&format!("{raw}\n"));
    }
    let view: View = serde_json::from_slice(&body).map_err(nonsense)?;
    print(&view.render(colours(&io::stdout())))
}

/// What `GET /cluster` says.
#[derive(Debug, Deserialize)]
struct View {
    bus: Bus,
    api: Api,
    /// `None` without a catalog, and from servers that do not count them.
    upkeep: Option<Upkeep>,
    /// `None` where there is none.
    catalog: Option<Catalog>,
    data_servers: Vec<DataServer>,
}

#[derive(Debug, Deserialize)]
struct Catalog {
    place: String,
    trouble: Option<String>,
    copies: Copies,
}

#[derive(Debug, Deserialize)]
struct Copies {
    number: u64,
    fewer_with_fewer_servers: bool,
}

#[derive(Debug, Deserialize)]
struct Bus {
    state: String,
    since_ms: u64,
}

#[derive(Debug, Deserialize)]
struct Api {
    address: String,
    software: String,
    uptime_ms: u64,
    requests: u64,
    queries: u64,
}

#[derive(Debug, Deserialize)]
struct DataServer {
    address: String,
    state: String,
    last_heard_ms: u64,
    kind: String,
    accepts_writes: bool,
    /// False from servers of a version that cannot be drained.
    #[serde(default)]
    draining: bool,
    zone: Option<String>,
    free_bytes: Option<u64>,
    total_bytes: Option<u64>,
    software: Option<String>,
}

impl View {
    fn render(&self, colours: bool) -> String {
        let Self { bus, api, catalog, upkeep, data_servers } = self;
        let bus_tone = if bus.state == "up" { Tone::Good } else { Tone::Bad };
        let mut text = format!(
            "API server   {} ({}), up {}; {} and {} under way\n",
            api.address,
            api.software,
            duration(api.uptime_ms),
            counted(api.requests, "request", "requests"),
            counted(api.queries, "search", "searches"),
        );
        text += &format!("message bus  {} for {}\n", bus_tone.paint(&bus.state, colours), duration(bus.since_ms));
        match catalog {
            None => text += "catalog      none: objects are found by asking, and have one copy\n",
            Some(catalog) => text += &catalog.render(colours),
        }
        text += &upkeep.as_ref().map(|upkeep| upkeep.render(colours)).unwrap_or_default();
        text += "\n";
        if data_servers.is_empty() {
            let none = "no data server has been heard of: nothing can be stored or read";
            return text + &Tone::Bad.paint(none, colours) + "\n";
        }
        let mut table =
            Table::new(&["DATA SERVER", "STATE", "LAST HEARD", "WRITES", "ZONE", "FREE", "TOTAL", "SOFTWARE"]);
        data_servers.iter().for_each(|server| table.row(server.row()));
        text + &table.render(colours)
    }
}

impl Catalog {
    fn render(&self, colours: bool) -> String {
        let state = match &self.trouble {
            None => Tone::Good.paint("up", colours),
            Some(trouble) => Tone::Bad.paint(&format!("down: {trouble}"), colours),
        };
        let Copies { number, fewer_with_fewer_servers } = self.copies;
        let copies = counted(number, "copy", "copies");
        let fewer = if fewer_with_fewer_servers { ", fewer with fewer data servers" } else { "" };
        format!("catalog      {} is {state}\nwanted       {copies} of each version{fewer}\n", self.place)
    }
}

impl DataServer {
    fn row(&self) -> Vec<Cell> {
        let state = if self.state == "live" { Tone::Good } else { Tone::Doubtful };
        let (writes, writes_tone) = match (self.accepts_writes, self.draining) {
            (_, true) => ("draining", Tone::Doubtful),
            (true, false) => ("yes", Tone::Plain),
            (false, false) => ("no", Tone::Doubtful),
        };
        let bytes = |bytes: Option<u64>| Cell::right(bytes.map_or_else(|| "?".to_owned(), size));
        let software = self.software.as_deref().unwrap_or(&self.kind);
        vec![
            Cell::left(&self.address),
            Cell::left(&self.state).tone(state),
            Cell::right(format!("{} ago", duration(self.last_heard_ms))),
            Cell::left(writes).tone(writes_tone),
            Cell::left(self.zone.as_deref().unwrap_or("-")),
            bytes(self.free_bytes),
            bytes(self.total_bytes),
            Cell::left(software),
        ]
    }
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A duration as people say it: tenths of a second below a minute, then its two largest units.
fn duration(ms: u64) -> String {
    if ms < 60_000 {
        return format!("{}.{} s", ms / 1000, ms % 1000 / 100);
    }
    let whole = humantime::format_duration(Duration::from_secs(ms / 1000)).to_string();
    whole.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIEW: &str = r#"{
        "bus": {"state": "up", "since_ms": 125000},
        "api": {"address": "127.0.0.1:7401", "software": "lode/0.1.0", "incarnation": "x", "uptime_ms": 3100, "requests": 1, "queries": 0},
        "data_servers": [
            {"address": "127.0.0.1:7501", "state": "live", "last_heard_ms": 1250, "kind": "lode", "accepts_writes": true,
             "draining": true, "zone": "rack-7",
             "free_bytes": 1073741824, "total_bytes": 2147483648, "software": "lode/0.1.0", "incarnation": "y"},
            {"address": "127.0.0.1:7502", "state": "suspected", "last_heard_ms": 7000, "kind": "seed", "accepts_writes": false,
             "free_bytes": null, "total_bytes": null, "software": null, "incarnation": null}
        ]
    }"#;

    const CATALOG: &str = r#"{"place": "postgres://lode@db/lode", "state": "up", "trouble": null,
                              "copies": {"number": 3, "fewer_with_fewer_servers": true}}"#;

    #[test]
    fn the_catalog_and_the_copies_are_told() {
        let mut catalog: Catalog = serde_json::from_str(CATALOG).unwrap();
        let expected = "catalog      postgres://lode@db/lode is up\n\
                        wanted       3 copies of each version, fewer with fewer data servers\n";
        assert_eq!(catalog.render(false), expected);
        catalog.trouble = Some("it was restarted".to_owned());
        catalog.copies = Copies { number: 1, fewer_with_fewer_servers: false };
        let told = catalog.render(false);
        assert!(told.contains("is down: it was restarted\n") && told.contains("1 copy of each version\n"), "{told}");
    }

    #[test]
    fn the_cluster_is_drawn_as_a_table() {
        let view: View = serde_json::from_str(VIEW).unwrap();
        let expected = "\
API server   127.0.0.1:7401 (lode/0.1.0), up 3.1 s; 1 request and 0 searches under way
message bus  up for 2m 5s
catalog      none: objects are found by asking, and have one copy

DATA SERVER     STATE      LAST HEARD  WRITES    ZONE       FREE    TOTAL  SOFTWARE
127.0.0.1:7501  live        1.2 s ago  draining  rack-7  1.0 GiB  2.0 GiB  lode/0.1.0
127.0.0.1:7502  suspected   7.0 s ago  no        -             ?        ?  seed
";
        assert_eq!(view.render(false), expected);
        assert!(view.render(true).contains("\u{1b}[33msuspected\u{1b}[0m"));
    }

    #[test]
    fn a_cluster_without_data_servers_is_said_to_be_one() {
        let mut view: View = serde_json::from_str(VIEW).unwrap();
        view.data_servers.clear();
        assert!(view.render(false).contains("no data server has been heard of"));
    }

    #[test]
    fn durations_are_told_as_people_do() {
        for (ms, told) in
            [(0, "0.0 s"), (59_999, "59.9 s"), (60_000, "1m"), (3_725_000, "1h 2m"), (90_061_000, "1day 1h")]
        {
            assert_eq!(duration(ms), told);
        }
    }
}
