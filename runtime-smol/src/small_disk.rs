//! A small disk of a test's own: an 8 MiB tmpfs that only its process sees.

use std::env;
use std::path::PathBuf;
use std::process::Command;

const DISK: &str = "LODE_TEST_SMALL_DISK";

/// Runs the test of that path again, with a small disk of its own. Needs no privileges where user namespaces are allowed, and
/// works for root otherwise.
pub(crate) fn run_again_on_a_small_disk(test: &str) {
    let dir = tempfile::tempdir().unwrap();
    let script = r#"mount -t tmpfs -o size=8m,mode=0777 lode-test "$1" && exec "$2" --exact "$3" --nocapture"#;
    let mut told = String::new();
    for namespaces in [["--mount"].as_slice(), &["--user", "--map-root-user", "--mount"]] {
        let output = Command::new("unshare")
            .args(namespaces)
            .args(["sh", "-c", script, "sh"])
            .arg(dir.path())
            .arg(env::current_exe().unwrap())
            .arg(test)
            .env(DISK, dir.path())
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        if output.status.success() {
            assert!(text.contains("1 passed"), "the test did not run: {text}");
            return;
        }
        assert!(!text.contains("1 failed"), "{text}");
        told.push_str(&text);
    }
    panic!("no small disk could be mounted; run as root, or allow user namespaces: {told}");
}

/// The disk, in the run that has one.
pub(crate) fn small_disk() -> Option<PathBuf> {
    env::var_os(DISK).map(PathBuf::from)
}
