//! A client that nobody here wrote: Python's own, in tests/foreign/versions_client.py. Curl has its turn in `versions`.

use lode_tests::broker::Broker;
use lode_tests::python::python;

#[test]
fn pythons_own_client_finds_all_as_documented() {
    let cluster = super::cluster(&Broker::shared().vhost(), None, 3);
    let servers = super::addresses(&cluster).into_iter().map(|address| format!("http://{address}"));
    let output = python("versions_client.py").args(servers).output().expect("Python runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("Ran 5 tests"), "{told}");
    println!("{told}");
    cluster.assert_all_alive();
}
