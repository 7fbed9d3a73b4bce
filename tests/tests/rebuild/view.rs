//! All that clients can see of objects.

use std::collections::{BTreeMap, BTreeSet};

use lode_tests::content::sha256_hex;
use lode_tests::http::Reply;
use serde_json::Value;

use crate::stage::Stage;

/// What every request about objects is answered with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct View {
    /// The listing, row by row, over all pages.
    listed: Vec<String>,
    /// GET of each key that was ever written.
    objects: BTreeMap<String, Answer>,
    /// HEAD of each.
    heads: BTreeMap<String, Answer>,
    /// The versions of each, as they are told.
    versions: BTreeMap<String, String>,
    /// GET of each version that is kept.
    each_version: BTreeMap<String, Answer>,
}

/// An answer, without what is different at each: the date.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    headers: BTreeSet<String>,
    sha256: String,
}

impl View {
    /// What is seen through an API server of these keys.
    pub(crate) fn of(stage: &Stage, api: usize, keys: &BTreeSet<String>) -> Self {
        let ask = |method: &str, target: &str| stage.send(api, method, target, &[], b"");
        let of_each = |method: &str| -> BTreeMap<String, Answer> {
            let answer = |key: &String| Answer::of(&ask(method, &format!("/objects/{key}")));
            keys.iter().map(|key| (key.clone(), answer(key))).collect()
        };
        let versions: BTreeMap<String, String> =
            keys.iter().map(|key| (key.clone(), ask("GET", &format!("/versions/{key}")).text())).collect();
        let mut each_version = BTreeMap::new();
        for (key, told) in &versions {
            for version in told.lines().filter_map(number) {
                let target = format!("/objects/{key}?version={version}");
                each_version.insert(target.clone(), Answer::of(&ask("GET", &target)));
            }
        }
        Self { listed: listed(stage, api), objects: of_each("GET"), heads: of_each("HEAD"), versions, each_version }
    }

    /// How many versions there are, tombstones among them.
    pub(crate) fn versions(&self) -> usize {
        self.versions.values().map(|told| told.lines().filter_map(number).count()).sum()
    }

    /// The number of the latest version of a key, if it has any.
    pub(crate) fn latest(&self, key: &str) -> Option<u64> {
        self.versions.get(key)?.lines().next().and_then(number)
    }

    /// How many objects there are.
    pub(crate) fn objects(&self) -> usize {
        self.objects.values().filter(|answer| answer.status == 200).count()
    }

    /// How many of the keys are answered with 404.
    pub(crate) fn missing(&self) -> usize {
        self.objects.values().filter(|answer| answer.status == 404).count()
    }

    /// Panics unless all is as before, and says what is not.
    #[track_caller]
    pub(crate) fn assert_is(&self, before: &Self) {
        assert_eq!(self.listed, before.listed, "the listing");
        for (what, now, before) in [
            ("GET", &self.objects, &before.objects),
            ("HEAD", &self.heads, &before.heads),
            ("GET", &self.each_version, &before.each_version),
        ] {
            for (key, answer) in before {
                assert_eq!(now.get(key), Some(answer), "{what} {key}");
            }
        }
        for (key, told) in &before.versions {
            assert_eq!(self.versions.get(key), Some(told), "the versions of {key}");
        }
        assert_eq!(self, before);
    }
}

impl Answer {
    fn of(reply: &Reply) -> Self {
        let head = String::from_utf8_lossy(&reply.head.raw).to_lowercase();
        let lines = head.lines().skip(1).filter(|line| !line.is_empty() && !line.starts_with("date:"));
        let headers = lines.map(str::to_owned).collect();
        Self { status: reply.status(), headers, sha256: sha256_hex(&reply.body) }
    }
}

/// Small pages, so that there are many of them.
fn listed(stage: &Stage, api: usize) -> Vec<String> {
    let (mut rows, mut after) = (Vec::new(), String::new());
    loop {
        let page = stage.send(api, "GET", &format!("/objects/?limit=17{after}"), &[], b"").expect(200).json();
        rows.extend(page["objects"].as_array().expect("objects").iter().map(Value::to_string));
        let Some(next) = page["next"].as_str() else { return rows };
        after = next.bytes().fold("&after=".to_owned(), |target, byte| format!("{target}%{byte:02X}"));
    }
}

fn number(line: &str) -> Option<u64> {
    serde_json::from_str::<Value>(line).ok()?["version"].as_u64()
}
