//! A cluster whose upkeep is in a hurry, and a look at what its data servers hold.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lode_tests::broker::Broker;
use lode_tests::cluster::Cluster;
use lode_tests::content;
use lode_tests::http::{self, Request};
use lode_tests::wait;

/// How long the upkeep may take for what it has to do, on a machine with other load.
pub(crate) const LIMIT: Duration = Duration::from_secs(90);

/// How long a data server may be gone before its copies are made anew.
pub(crate) const REPAIR_AFTER: Duration = Duration::from_secs(5);

/// Two API servers that share a catalog and six data servers; three copies.
pub(crate) struct Stage {
    pub(crate) cluster: Cluster,
    /// What was put, by its key.
    pub(crate) objects: BTreeMap<String, Vec<u8>>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let mut cluster = Cluster::empty(&Broker::shared().vhost());
        let repair_after = format!("{}s", REPAIR_AFTER.as_secs());
        let catalog = cluster.catalog();
        let api = [
            ["--catalog", &catalog],
            ["--copies", "3"],
            ["--repair-after", &repair_after],
            ["--audit-every", "4s"],
            ["--garbage-age", "6s"],
            ["--heartbeat-period", "1s"],
            ["--expiry", "3s"],
        ];
        let api: Vec<String> = api.into_iter().flatten().map(str::to_owned).collect();
        for index in 0..6 {
            let root = cluster.root(index);
            cluster.add_data_in(&root, &["--heartbeat-period".to_owned(), "1s".to_owned()]);
        }
        (0..2).for_each(|_| cluster.add_api_with(&api));
        cluster.wait_until_ready();
        Self { cluster, objects: BTreeMap::new() }
    }

    /// Puts so many objects, of all sizes up to some blocks.
    pub(crate) fn put(&mut self, objects: usize) {
        for number in 0..objects {
            let key = format!("object-{number}");
            let body = content::bytes(&key, 1 << (number % 19));
            let api = self.cluster.apis[number % 2].address;
            let _ = http::put(api, &format!("/objects/{key}"), &body).expect(200);
            self.objects.insert(key, body);
        }
    }

    /// Sees that each object is what was put, through both API servers.
    pub(crate) fn assert_readable(&self) {
        for (key, body) in &self.objects {
            for api in &self.cluster.apis {
                let got = http::get(api.address, &format!("/objects/{key}")).expect(200).body;
                content::assert_same(&got, body, key);
            }
        }
    }

    /// Which data servers hold which blob, by the blobs' ids.
    pub(crate) fn held(&self) -> BTreeMap<String, BTreeSet<usize>> {
        let mut held: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for (index, data) in self.cluster.datas.iter().enumerate().filter(|(_, data)| data.is_alive()) {
            let told = http::get(data.address, "/blobs/").expect(200).text();
            for blob in told.lines().filter_map(|line| line.split(' ').next()).filter(|word| word.len() == 33) {
                held.entry(blob.to_owned()).or_default().insert(index);
            }
        }
        held
    }

    /// Waits until each object has three copies on live servers, and nothing else is held.
    pub(crate) fn wait_until_whole(&self, live: &[usize]) {
        let live: BTreeSet<usize> = live.iter().copied().collect();
        let told = || {
            self.held().values().map(BTreeSet::len).fold(BTreeMap::<usize, usize>::new(), |mut by, copies| {
                *by.entry(copies).or_default() += 1;
                by
            })
        };
        let what = format!("{} blobs have three copies each", self.objects.len());
        wait::until_true(LIMIT, &what, || {
            let held = self.held();
            let is_whole = held.len() == self.objects.len()
                && held.values().all(|on| on.intersection(&live).count() == 3 && on.len() == 3);
            if !is_whole {
                println!("blobs by copies: {:?}", told());
            }
            is_whole
        });
        self.assert_copies_are_right();
    }

    /// Reads each copy from its data server, and sees that it is the content of an object.
    pub(crate) fn assert_copies_are_right(&self) {
        let contents: BTreeSet<&Vec<u8>> = self.objects.values().collect();
        for (blob, on) in self.held() {
            for index in on {
                let got = self.cluster.datas[index].get(&format!("/objects/{blob}")).expect(200).body;
                assert!(contents.contains(&got), "what data server {index} holds as {blob} is none of the objects");
            }
        }
    }

    /// What an API server says of the copies.
    pub(crate) fn upkeep(&self, api: usize) -> serde_json::Value {
        http::get(self.cluster.apis[api].address, "/cluster").expect(200).json()["upkeep"].clone()
    }

    /// Sends a request without a body, through an API server.
    pub(crate) fn send(&self, method: &str, target: &str) -> u16 {
        let request = Request { method, target, ..Request::default() };
        http::request(self.cluster.apis[0].address, &request).expect("an answer").status()
    }
}
