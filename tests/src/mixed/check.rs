//! Whether everything reads as the history says.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::client::{ask, list, told_by};
use crate::history::{Before, History, Told};
use crate::http::{DEFAULT_LIMIT, Reply};

/// Sees, with nothing under way, that every name reads as the history says, and the same through each API server: its
/// current version, its listed versions, and its place in the listing.
///
/// # Panics
/// If it is otherwise.
pub fn check_all(history: &History, apis: &[SocketAddr], prefix: &str) {
    for name in history.names().iter().filter(|name| name.starts_with(prefix)) {
        let mut answers = Vec::new();
        for api in apis {
            let before = history.before(name);
            let reply = ask(*api, DEFAULT_LIMIT, "GET", &format!("/objects/{name}"), &[])
                .unwrap_or_else(|failure| panic!("{name} through {api}: {failure}"));
            answers.push(match reply.status() {
                200 => {
                    let told = told_by(&reply);
                    history.read(name, before, &told, &reply.body);
                    Some(told)
                }
                404 => {
                    history.gone(name, before, tombstone(*api, name));
                    None
                }
                status => panic!("{name} through {api}: {status} {}", reply.text()),
            });
        }
        history.settled(name);
        assert!(answers.windows(2).all(|pair| pair.first() == pair.last()), "{name}: {answers:?}");
    }
    for api in apis {
        let before = history.before_all();
        let reply = list(*api, DEFAULT_LIMIT, prefix).unwrap_or_else(|failure| panic!("a listing: {failure}"));
        check_listing(history, &before, prefix, &reply.expect(200));
    }
}

/// The version of the tombstone that the history of `name` ends with, if it has a history.
fn tombstone(api: SocketAddr, name: &str) -> Option<u64> {
    let reply = ask(api, DEFAULT_LIMIT, "GET", &format!("/versions/{name}"), &[]);
    let reply = reply.unwrap_or_else(|failure| panic!("the versions of {name} through {api}: {failure}"));
    if reply.status() == 404 {
        return None;
    }
    let text = reply.expect(200).text();
    let latest: serde_json::Value = serde_json::from_str(text.lines().next().unwrap_or_default()).expect("JSON");
    assert_eq!(latest["deleted"], true, "{name} is 404, and its latest version is {latest}");
    latest["version"].as_u64()
}

/// Names that come after those of the listing when it began may or may not be on it.
pub(super) fn check_listing(history: &History, before: &BTreeMap<String, Before>, prefix: &str, reply: &Reply) {
    let page = reply.json();
    assert!(page.get("next").is_none(), "more than one page of names with {prefix}");
    let rows = page["objects"].as_array().unwrap_or_else(|| panic!("a page without objects: {page}"));
    let mut seen = Vec::new();
    for row in rows {
        let name = row["name"].as_str().unwrap_or_default();
        let (version, etag) = (row["version"].as_u64().unwrap_or(0), row["etag"].as_str().unwrap_or_default());
        let told = Told { version, etag: etag.to_owned() };
        history.told_of(name, before.get(name).copied().unwrap_or_default(), &told);
        seen.push(name);
    }
    assert!(seen.is_sorted() && seen.iter().all(|name| name.starts_with(prefix)), "a listing of {seen:?}");
    for (name, before) in before.iter().filter(|(name, _)| name.starts_with(prefix)) {
        if seen.binary_search(&name.as_str()).is_err() {
            history.missing(name, *before);
        }
    }
}
