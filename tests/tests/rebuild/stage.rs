//! A cluster whose catalog is destroyed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use lode_tests::broker::Broker;
use lode_tests::cluster::Cluster;
use lode_tests::http::{self, Reply, Request};
use lode_tests::lode::{self, Server};
use lode_tests::postgres::Postgres;
use lode_tests::wait;

/// How long the upkeep may take for what it has to do, on a machine with other load.
const LIMIT: Duration = Duration::from_secs(90);

/// Two API servers that share a catalog and six data servers; three copies of each of two old versions and the current one.
pub(crate) struct Stage {
    pub(crate) cluster: Cluster,
    catalog: String,
}

impl Stage {
    pub(crate) fn on_sqlite() -> Self {
        let cluster = Cluster::empty(&Broker::shared().vhost());
        let catalog = cluster.catalog();
        Self::of(cluster, catalog)
    }

    pub(crate) fn on_postgres() -> Self {
        let cluster = Cluster::empty(&Broker::shared().vhost());
        Self::of(cluster, Postgres::shared().database())
    }

    fn of(cluster: Cluster, catalog: String) -> Self {
        let mut stage = Self { cluster, catalog };
        (0..6).for_each(|_| stage.cluster.add_data());
        stage.start_apis();
        let kept = stage.send(0, "PUT", "/buckets/objects?old_versions=2", &[], b"");
        assert_eq!(kept.status(), 204);
        stage
    }

    /// Two API servers in a hurry with their upkeep.
    pub(crate) fn start_apis(&mut self) {
        let arguments = ["--copies", "3", "--audit-every", "4s", "--garbage-age", "6s", "--catalog", &self.catalog];
        let arguments = arguments.map(str::to_owned);
        (0..2).for_each(|_| self.cluster.add_api_with(&arguments));
        self.cluster.wait_until_ready();
    }

    pub(crate) fn stop_apis(&mut self) {
        self.cluster.apis.iter_mut().for_each(Server::stop);
        self.cluster.apis.clear();
    }

    pub(crate) fn kill_apis(&mut self) {
        self.cluster.apis.iter_mut().for_each(Server::kill);
        self.cluster.apis.clear();
    }

    /// As an operator's mistake, or the end of a disk, would do it.
    pub(crate) fn destroy_catalog(&self) {
        match self.catalog.strip_prefix("sqlite:") {
            Some(path) => {
                let path = Path::new(path);
                fs::remove_file(path).expect("the file of the catalog is there");
                for suffix in ["-wal", "-shm"] {
                    // They are there only if its API server was killed.
                    let _ = fs::remove_file(format!("{}{suffix}", path.display()));
                }
            }
            None => _ = Postgres::shared().sql(&self.catalog, "DROP SCHEMA lode CASCADE"),
        }
    }

    /// `lode rebuild-catalog` into the place of the old one, from all data servers, with these arguments besides.
    pub(crate) fn rebuild(&self, more: &[&str]) -> Output {
        let mut command = lode::command();
        command.args([
            "rebuild-catalog",
            "--json",
            "--catalog",
            &self.catalog,
            "--old-versions",
            "2",
            "--timeout",
            "10s",
        ]);
        command.arg("--data").args(self.cluster.datas.iter().map(|data| data.address.to_string())).args(more);
        command.output().expect("lode runs")
    }

    /// The same, which is to succeed.
    pub(crate) fn rebuilt(&self, more: &[&str]) -> serde_json::Value {
        let output = self.rebuild(more);
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
        println!("{told}");
        serde_json::from_str(&told).expect("it tells JSON")
    }

    /// A request through one of the API servers.
    pub(crate) fn send(&self, api: usize, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let request = Request { method, target, headers, body };
        let reply = http::request(self.cluster.apis[api % 2].address, &request);
        reply.unwrap_or_else(|failure| panic!("{method} {target}: {failure}"))
    }

    /// What the data servers say of each blob that they hold, as often as there are copies of it.
    pub(crate) fn described(&self) -> BTreeMap<String, Vec<String>> {
        let mut described: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for data in self.cluster.datas.iter().filter(|data| data.is_alive()) {
            let told = data.get("/blobs/?full=1").expect(200).text();
            assert!(told.ends_with("end\n"), "there are more blobs than one page tells of: look at all pages");
            for line in told.lines().filter(|line| *line != "end") {
                let (blob, rest) = line.split_once(' ').expect("a blob and what it says");
                described.entry(blob.to_owned()).or_default().push(rest.to_owned());
            }
        }
        described
    }

    /// How many copies do not say which version they are.
    pub(crate) fn without_note(&self) -> usize {
        self.described().values().flatten().filter(|rest| has_no_note(rest)).count()
    }

    /// Waits until there are so many blobs and nothing else, each of them on three servers and with the note which version
    /// it is.
    pub(crate) fn wait_until_all_is_noted(&self, blobs: usize) {
        let mut last = String::new();
        wait::until_true(LIMIT, &format!("{blobs} blobs are noted as what they are, on three servers each"), || {
            let described = self.described();
            let copies: usize = described.values().map(Vec::len).sum();
            let without_note = described.values().flatten().filter(|rest| has_no_note(rest)).count();
            let now = format!("{} blobs, {copies} copies, {without_note} without a note", described.len());
            if now != last {
                println!("{now}");
                last = now;
            }
            described.len() == blobs && described.values().all(|copies| copies.len() == 3) && without_note == 0
        });
    }
}

/// Behind size, checksum and time stands `-` where others have a version.
fn has_no_note(rest: &str) -> bool {
    rest.split(' ').nth(3) == Some("-")
}
