//! `lode scrub`: reading all that lies on data servers.

use std::time::Duration;

use async_io::Timer;
use http_types::Method;
use lode_core::address::ServerAddress;
use lode_smol::http::client::Request;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::args::{ClusterArgs, ScrubArgs};
use super::cluster::{Cluster, small_body};
use super::failure::Failure;
use super::output::Output;
use super::progress::{Counting, size};

/// How often the data servers are asked how far they are.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// What `/scrub` says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
struct Report {
    running: bool,
    folder: u64,
    folders: u64,
    files: u64,
    bytes: u64,
    damaged: u64,
    unreadable: u64,
    /// What is wrong with the first of both.
    found: Vec<String>,
}

struct Scrubbed {
    server: ServerAddress,
    cluster: Cluster,
    report: Report,
}

/// Carries out the command.
pub(super) async fn run(args: &ScrubArgs, output: Output) -> Result<(), Failure> {
    let mut scrubbed = Vec::new();
    for server in &args.data_servers {
        let cluster = Cluster::new(&ClusterArgs { servers: vec![server.clone()], timeout: args.timeout });
        let report = ask(&cluster, Method::Post).await?;
        scrubbed.push(Scrubbed { server: server.clone(), cluster, report });
    }
    let total = scrubbed.iter().map(|scrubbed| scrubbed.report.folders).sum();
    let progress = Counting::new(output, "scrubbing", total, "folders");
    while scrubbed.iter().any(|scrubbed| scrubbed.report.running) {
        Timer::after(ASK_EVERY).await;
        for one in scrubbed.iter_mut().filter(|scrubbed| scrubbed.report.running) {
            one.report = ask(&one.cluster, Method::Get).await?;
        }
        progress.done(scrubbed.iter().map(|scrubbed| scrubbed.report.done()).sum());
    }
    drop(progress);
    conclude(&scrubbed, output)
}

fn conclude(scrubbed: &[Scrubbed], output: Output) -> Result<(), Failure> {
    let sum = |of: fn(&Report) -> u64| scrubbed.iter().map(|scrubbed| of(&scrubbed.report)).sum::<u64>();
    let (damaged, unreadable) = (sum(|report| report.damaged), sum(|report| report.unreadable));
    let servers: Vec<Value> = scrubbed.iter().map(Scrubbed::to_json).collect();
    let told: String = scrubbed.iter().map(Scrubbed::told).collect();
    let json = json!({ "damaged": damaged, "unreadable": unreadable, "servers": servers });
    if damaged == 0 && unreadable == 0 {
        return output.done(&told, &json);
    }
    output.answer(&told, &json)?;
    Err(Failure::DamageFound { damaged, unreadable })
}

impl Report {
    /// How many of the folders are done with.
    const fn done(&self) -> u64 {
        if self.running { self.folder } else { self.folders }
    }
}

impl Scrubbed {
    fn told(&self) -> String {
        let Report { files, bytes, damaged, unreadable, found, .. } = &self.report;
        let mut text =
            format!("{}: {files} files, {}: {damaged} damaged, {unreadable} unreadable\n", self.server, size(*bytes),);
        for what in found {
            text += &format!("  {what}\n");
        }
        let more = (damaged + unreadable).saturating_sub(found.len() as u64);
        if more > 0 {
            text += &format!("  and {more} more\n");
        }
        text
    }

    fn to_json(&self) -> Value {
        let Report { files, bytes, damaged, unreadable, found, .. } = &self.report;
        json!({
            "server": self.server.as_str(), "files": files, "bytes": bytes,
            "damaged": damaged, "unreadable": unreadable, "found": found,
        })
    }
}

async fn ask(cluster: &Cluster, method: Method) -> Result<Report, Failure> {
    let body = small_body(cluster.send(&Request::new(method, "/scrub")).await?).await?;
    serde_json::from_slice(&body).map_err(|error| Failure::Nonsense(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrubbed(found: &[&str], damaged: u64) -> Scrubbed {
        let report = Report {
            running: false,
            folder: 3,
            folders: 512,
            files: 7,
            bytes: 3 << 20,
            damaged,
            unreadable: 0,
            found: found.iter().map(|what| (*what).to_owned()).collect(),
        };
        let server: ServerAddress = "127.0.0.1:7501".parse().unwrap();
        let timeout = humantime::Duration::from(Duration::from_secs(1));
        let cluster = Cluster::new(&ClusterArgs { servers: vec![server.clone()], timeout });
        Scrubbed { server, cluster, report }
    }

    #[test]
    fn what_was_found_is_told_as_far_as_it_is_known() {
        assert_eq!(scrubbed(&[], 0).told(), "127.0.0.1:7501: 7 files, 3.0 MiB: 0 damaged, 0 unreadable\n");
        let told = scrubbed(&["the blob x is damaged"], 3).told();
        assert!(told.ends_with("  the blob x is damaged\n  and 2 more\n"), "{told}");
    }

    #[test]
    fn one_that_is_over_is_done_with_whichever_folder_was_the_last() {
        let over = scrubbed(&[], 0).report;
        assert_eq!((over.done(), Report { running: true, ..over }.done()), (512, 3));
    }
}
