//! Rounds of kill -9 during uploads, and restart: every acknowledged object is whole, no part of another is visible, and no
//! temporary file stays. LODE_CRASH_ROUNDS says how many; 20 unless given.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use lode_tests::broker::Broker;
use lode_tests::cluster::Cluster;
use lode_tests::content;
use lode_tests::folder;
use lode_tests::http::{Connection, DEFAULT_LIMIT, Request};

const UPLOADERS: usize = 4;
const SIZES_BYTES: [usize; 6] = [1, 4096, 70_000, 1_000_000, 1_500_000, 6_000_000];

/// An upload: its object's name and size, and whether it was acknowledged.
struct Upload {
    name: String,
    size_bytes: usize,
    status: Option<u16>,
}

#[test]
fn no_crash_loses_an_acknowledged_object_or_shows_part_of_another() {
    let rounds =
        std::env::var("LODE_CRASH_ROUNDS").map_or(20, |text| text.parse().expect("LODE_CRASH_ROUNDS is a number"));
    let mut cluster = Cluster::start(&Broker::shared().vhost(), 1, 2);
    let mut sums = BTreeMap::<&str, usize>::new();
    let mut acknowledged = Vec::new();
    let mut held = [0, 0];
    for round in 0..rounds {
        let uploads = upload_and_kill(&mut cluster, round);
        // What was acknowledged may be cut off from its server by a second crash soon after the first.
        if round % 5 == 4 {
            cluster.datas.iter_mut().for_each(lode_tests::lode::Server::kill);
            cluster.datas.iter_mut().for_each(lode_tests::lode::Server::start_again);
        }
        cluster.wait_until_ready();
        for upload in &uploads {
            *sums.entry(check(&cluster, upload, round)).or_default() += 1;
        }
        for (data, held) in held.iter_mut().enumerate() {
            *held += uploads.iter().filter(|upload| holds_whole(&cluster, data, upload)).count();
            assert_only_whole_objects_lie_there(&cluster.root(data), *held);
        }
        acknowledged.extend(uploads.into_iter().filter(|upload| upload.status == Some(200)));
    }
    acknowledged.iter().for_each(|upload| assert_eq!(check(&cluster, upload, rounds), "acknowledged"));
    println!("{rounds} rounds: {sums:?}");
    assert!(sums.get("acknowledged").copied().unwrap_or_default() > 0, "nothing was ever acknowledged: {sums:?}");
    assert!(sums.len() > 1 || rounds < 5, "no kill ever fell into an upload: {sums:?}");
}

/// Uploads from several clients at once, and in the midst of it kills one data server, or both; then starts them again.
fn upload_and_kill(cluster: &mut Cluster, round: usize) -> Vec<Upload> {
    let (stop, api) = (AtomicBool::new(false), cluster.apis[0].address);
    let uploads = thread::scope(|scope| {
        let uploader = |number| {
            let stop = &stop;
            scope.spawn(move || upload_until(stop, api, round, number))
        };
        let uploaders: Vec<_> = (0..UPLOADERS).map(uploader).collect();
        // Moments spread over the whole of an upload, the same in each run.
        thread::sleep(Duration::from_millis(u64::try_from(40 + round * 37 % 200).unwrap_or_default()));
        for (index, data) in cluster.datas.iter_mut().enumerate() {
            if round % 3 == 2 || round % 3 == index {
                data.kill();
            }
        }
        stop.store(true, Ordering::Relaxed);
        uploaders.into_iter().flat_map(|uploader| uploader.join().expect("no panic")).collect()
    });
    for data in cluster.datas.iter_mut().filter(|data| !data.is_alive()) {
        data.start_again();
    }
    uploads
}

fn upload_until(stop: &AtomicBool, api: SocketAddr, round: usize, number: usize) -> Vec<Upload> {
    let mut uploads = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let turn = uploads.len();
        let size_bytes = SIZES_BYTES[(turn + number) % SIZES_BYTES.len()];
        let name = format!("o-{round}-{number}-{turn}");
        let (target, body) = (format!("/objects/{name}"), content::bytes(&name, size_bytes));
        let request = Request { method: "PUT", target: &target, body: &body, ..Request::default() };
        let reply = Connection::open(api, DEFAULT_LIMIT).and_then(|mut connection| connection.exchange(&request));
        uploads.push(Upload { name, size_bytes, status: reply.ok().map(|reply| reply.status()) });
    }
    uploads
}

/// An object that was not acknowledged may be there nevertheless, if the crash fell between its commit and the answer; but
/// then it is there whole.
fn check(cluster: &Cluster, upload: &Upload, round: usize) -> &'static str {
    let Upload { name, size_bytes, status } = upload;
    let reply = cluster.apis[0].get(&format!("/objects/{name}"));
    match (reply.status(), *status) {
        (200, status) => {
            content::assert_same(&reply.body, &content::bytes(name, *size_bytes), name);
            if status == Some(200) { "acknowledged" } else { "whole, not acknowledged" }
        }
        (404, status) if status != Some(200) => "refused and not there",
        (got, status) => panic!("round {round}: {name} of {size_bytes} bytes, PUT gave {status:?}, GET gives {got}"),
    }
}

/// Whether that data server itself serves the object; sees that what it serves is whole.
fn holds_whole(cluster: &Cluster, data: usize, upload: &Upload) -> bool {
    let reply = cluster.datas[data].get(&format!("/objects/{}", upload.name));
    if reply.status() == 200 {
        content::assert_same(&reply.body, &content::bytes(&upload.name, upload.size_bytes), &upload.name);
    }
    reply.status() == 200
}

/// Looks at the disk itself: as many blobs as there are objects served from it, and, with nothing under way, no upload.
fn assert_only_whole_objects_lie_there(root: &Path, objects: usize) {
    let unfinished = folder::files(&root.join("incoming"));
    assert!(unfinished.is_empty(), "left behind: {unfinished:?}");
    let blobs = folder::files(&root.join("objects"));
    assert_eq!(blobs.len(), objects, "of {} files, only {objects} are objects that are served", blobs.len());
}
