//! Files that are cut, removed and exchanged: no wrong byte reaches a client, and all of it is mended.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use lode_tests::{folder, lode, wait};

use crate::stage::{LIMIT, Stage};

/// How the files of blobs are damaged, one after the other.
const DAMAGES: [fn(&Path, &Path); 3] = [cut, removed, exchanged];

#[test]
fn files_that_are_cut_removed_and_exchanged_are_found_and_mended() {
    let mut stage = Stage::new();
    stage.put(60);
    stage.wait_until_whole(&[0, 1, 2, 3, 4, 5]);
    // Of each blob, at most one copy: those of one server.
    let files = blob_files(&stage.cluster.root(3));
    assert!(files.len() > 10, "data server 3 holds {} blobs", files.len());
    for (number, pair) in files.chunks_exact(2).enumerate() {
        DAMAGES[number % DAMAGES.len()](&pair[0], &pair[1]);
    }
    stage.assert_readable();
    stage.wait_until_whole(&[0, 1, 2, 3, 4, 5]);
    stage.assert_readable();
}

/// A hundred files, a bit in each; no two copies of one blob.
#[test]
fn bits_that_flip_are_found_by_a_scrub_and_mended() {
    let mut stage = Stage::new();
    stage.put(150);
    stage.wait_until_whole(&[0, 1, 2, 3, 4, 5]);
    let mut damaged = BTreeSet::new();
    for (index, file) in
        (0..6).flat_map(|index| blob_files(&stage.cluster.root(index)).into_iter().map(move |file| (index, file)))
    {
        let blob = file.file_name().expect("it has a name").to_owned();
        if damaged.len() < 100 && damaged.insert(blob) {
            flip_a_bit(&file, index as u64 * 7919);
        }
    }
    assert_eq!(damaged.len(), 100);
    stage.assert_readable();
    let servers: Vec<String> = stage.cluster.datas.iter().map(|data| data.address.to_string()).collect();
    let scrub = || lode::run(&["scrub"].into_iter().chain(servers.iter().map(String::as_str)).collect::<Vec<_>>());
    let output = scrub();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    stage.wait_until_whole(&[0, 1, 2, 3, 4, 5]);
    wait::until_true(LIMIT, "a scrub finds nothing any more", || scrub().status.success());
    stage.assert_readable();
}

fn flip_a_bit(file: &Path, at: u64) {
    let mut bytes = fs::read(file).expect("it can be read");
    let at = usize::try_from(at).expect("it is small") % bytes.len();
    bytes[at] ^= 1 << (at % 8);
    fs::write(file, bytes).expect("it can be written");
}

fn blob_files(root: &Path) -> Vec<PathBuf> {
    let files = folder::files(&root.join("blobs")).into_iter().filter(|(_, size_bytes)| *size_bytes > 0);
    files.map(|(path, _)| path).collect()
}

fn cut(file: &Path, _: &Path) {
    let length = fs::metadata(file).expect("it is there").len();
    let open = fs::OpenOptions::new().write(true).open(file).expect("it can be opened");
    open.set_len(length / 2).expect("it can be cut");
}

fn removed(file: &Path, _: &Path) {
    fs::remove_file(file).expect("it can be removed");
}

fn exchanged(one: &Path, other: &Path) {
    let aside = one.with_extension("aside");
    fs::rename(one, &aside).expect("it can be renamed");
    fs::rename(other, one).expect("it can be renamed");
    fs::rename(&aside, other).expect("it can be renamed");
}
