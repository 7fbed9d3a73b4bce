//! The HTTP surface as its clients meet it: real curl against real servers, row by row of the reference.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lode_tests::broker::Broker;
use lode_tests::cluster::Cluster;
use lode_tests::content;
use lode_tests::curl::Curl;
use lode_tests::http::{Connection, DEFAULT_LIMIT};
use lode_tests::scratch::Scratch;
use sha2::{Digest as _, Sha256};

/// A cluster of two API and three data servers for one test.
fn start() -> Cluster {
    Cluster::start(&Broker::shared().vhost(), 2, 3)
}

/// The URL of `target` at the API server `api`.
fn url(cluster: &Cluster, api: usize, target: &str) -> String {
    format!("http://{}{target}", cluster.apis[api].address)
}

/// PUTs `body` with curl and more arguments.
fn put(cluster: &Cluster, target: &str, body: &[u8], more: &[&str]) -> Curl {
    let folder = Scratch::new();
    let file = folder.join("body");
    std::fs::write(&file, body).unwrap();
    let (file, url) = (file.display().to_string(), url(cluster, 0, target));
    Curl::run(&[&["--upload-file", &file, &url], more].concat())
}

/// Checks the shape of an error: a code of a few words for programs, a sentence for people.
#[track_caller]
fn assert_error(reply: &Curl) {
    let error = &reply.json()["error"];
    let (code, message) = (error["code"].as_str().unwrap_or_default(), error["message"].as_str().unwrap_or_default());
    assert!(!code.is_empty() && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "code {code:?}");
    assert!(message.contains(' ') && !message.contains('\n'), "message {message:?}");
    assert_eq!(reply.header("Content-Type"), Some("application/json"));
}

#[test]
fn put_get_head_and_delete() {
    let cluster = start();
    for size_bytes in [0, 1, 4096, 1_048_577, 9_000_000] {
        let (target, body) = (format!("/objects/o{size_bytes}"), content::bytes("o", size_bytes));
        let stored = put(&cluster, &target, &body, &[]).expect(200);
        let tag = stored.header("ETag").expect("PUT answers with the tag").to_owned();
        for api in 0..2 {
            let got = Curl::run(&[&url(&cluster, api, &target)]).expect(200);
            content::assert_same(&got.body, &body, &target);
            assert_eq!(got.header("Content-Length"), Some(size_bytes.to_string().as_str()));
            assert_eq!(got.header("ETag"), Some(tag.as_str()));
            assert_eq!(got.header("Accept-Ranges"), Some("bytes"));
        }
        let head = Curl::run(&["--head", &url(&cluster, 1, &target)]).expect(200);
        assert_eq!(head.header("Content-Length"), Some(size_bytes.to_string().as_str()));
        assert_eq!(head.header("ETag"), Some(tag.as_str()));
        let deleted = Curl::run(&["--request", "DELETE", &url(&cluster, 1, &target)]);
        assert!(matches!(deleted.status, 200 | 204), "{}", deleted.heads);
        assert_error(&Curl::run(&[&url(&cluster, 0, &target)]).expect(404));
        assert_eq!(Curl::run(&["--head", &url(&cluster, 0, &target)]).status, 404);
    }
}

#[test]
fn an_overwrite_gives_the_new_bytes_and_another_tag() {
    let cluster = start();
    let first = put(&cluster, "/objects/o", b"first", &[]).expect(200);
    let second = put(&cluster, "/objects/o", b"second", &[]).expect(200);
    assert_ne!(first.header("ETag"), second.header("ETag"));
    assert_eq!(Curl::run(&[&url(&cluster, 1, "/objects/o")]).expect(200).text(), "second");
}

#[test]
fn locate_gives_the_seeds_reply_and_all_holders_on_request() {
    let cluster = start();
    let _ = put(&cluster, "/objects/o", b"twelve bytes", &[]).expect(200);
    let located = Curl::run(&[&url(&cluster, 1, "/locate/o")]).expect(200);
    let address = cluster.datas[cluster.holder("o")].address;
    assert_eq!(located.text(), format!("\"{address}\""), "a JSON string, no newline");
    let all = Curl::run(&[&url(&cluster, 1, "/locate/o?all=1")]).expect(200).json();
    let holders = all.as_array().expect("an array");
    assert_eq!(holders.len(), 1, "{all}");
    assert_eq!((&holders[0]["address"], &holders[0]["size_bytes"]), (&address.to_string().into(), &12.into()), "{all}");
    assert_error(&Curl::run(&[&url(&cluster, 0, "/locate/missing")]).expect(404));
    let none = Curl::run(&[&url(&cluster, 0, "/locate/missing?all=1")]);
    assert!(none.status == 404 || none.text() == "[]", "{none:?}");
}

#[test]
fn ranges() {
    let cluster = start();
    let body = content::bytes("o", 3_000_000);
    let _ = put(&cluster, "/objects/o", &body, &[]).expect(200);
    let address = url(&cluster, 1, "/objects/o");
    for (range, first, last) in [
        ("0-0", 0, 0),
        ("0-999999", 0, 999_999),
        ("1000001-2000001", 1_000_001, 2_000_001),
        ("2999999-", 2_999_999, 2_999_999),
        ("-10", 2_999_990, 2_999_999),
        ("2999990-9999999999", 2_999_990, 2_999_999),
        ("-9999999999", 0, 2_999_999),
    ] {
        let got = Curl::run(&["--range", range, &address]).expect(206);
        content::assert_same(&got.body, &body[first..=last], range);
        assert_eq!(got.header("Content-Range"), Some(format!("bytes {first}-{last}/3000000").as_str()));
        assert_eq!(got.header("Content-Length"), Some((last - first + 1).to_string().as_str()));
    }
    let beyond = Curl::run(&["--range", "3000000-", &address]).expect(416);
    assert_eq!(beyond.header("Content-Range"), Some("bytes */3000000"));
    assert_error(&beyond);
    // What is not one range of bytes is as if it were not there (RFC 9110, 14.2).
    for range in ["Range: bytes=5-4", "Range: lines=1-2", "Range: bytes=a-b"] {
        let got = Curl::run(&["--header", range, &address]).expect(200);
        assert_eq!(got.body.len(), body.len(), "{range}");
    }
}

#[test]
fn conditions_on_get() {
    let cluster = start();
    let tag = put(&cluster, "/objects/o", b"hello", &[]).expect(200).header("ETag").expect("a tag").to_owned();
    let address = url(&cluster, 1, "/objects/o");
    for (value, status) in [(tag.as_str(), 304), ("*", 304), ("\"other\"", 200), (&format!("\"x\", {tag}"), 304)] {
        let got = Curl::run(&["--header", &format!("If-None-Match: {value}"), &address]).expect(status);
        assert_eq!(got.header("ETag"), Some(tag.as_str()), "{value}");
        assert_eq!(got.text(), if status == 200 { "hello" } else { "" }, "{value}");
    }
}

#[test]
fn digests_on_put_are_checked() {
    let cluster = start();
    let body = content::bytes("o", 1_500_000);
    let sha256 = BASE64.encode(Sha256::digest(&body));
    let wrong = BASE64.encode(Sha256::digest(b"something else"));
    for header in [format!("Digest: SHA-256={sha256}"), format!("Repr-Digest: sha-256=:{sha256}:")] {
        let _ = put(&cluster, "/objects/good", &body, &["--header", &header]).expect(200);
    }
    let _ = put(&cluster, "/objects/md5", b"hello", &["--header", "Content-MD5: XUFAKrxLKna5cZ2REBfFkg=="]).expect(200);
    for header in [
        format!("Digest: SHA-256={wrong}"),
        format!("Repr-Digest: sha-256=:{wrong}:"),
        "Content-MD5: XUFAKrxLKna5cZ2REBfFkg==".to_owned(),
        "Digest: SHA-256=###".to_owned(),
    ] {
        for expected in [body.as_slice(), b"small"] {
            let refused = put(&cluster, "/objects/bad", expected, &["--header", &header]);
            assert_eq!(refused.status, 400, "{header}: {}{}", refused.heads, refused.complaint);
            assert_error(&refused);
            assert_eq!(Curl::run(&[&url(&cluster, 0, "/objects/bad")]).status, 404, "{header}");
        }
    }
}

#[test]
fn other_methods_are_refused_and_the_right_ones_named() {
    let cluster = start();
    let allowed = |method: &str, target: &str| {
        let reply = Curl::run(&["--request", method, &url(&cluster, 0, target)]).expect(405);
        reply.header("Allow").expect("a 405 names what is allowed").to_owned()
    };
    for method in ["POST", "PATCH", "OPTIONS"] {
        let named = allowed(method, "/objects/o");
        assert!(["GET", "HEAD", "PUT", "DELETE"].iter().all(|method| named.contains(method)), "{named}");
    }
    for target in ["/locate/o", "/cluster", "/healthz", "/readyz", "/metrics"] {
        let named = allowed("DELETE", target);
        assert!(named.contains("GET") && !named.contains("DELETE"), "{target}: {named}");
    }
    assert_error(&Curl::run(&["--request", "POST", &url(&cluster, 0, "/objects/o")]));
    // A method that nobody knows (RFC 9110, 9.1), unlike one that is not for this resource.
    assert_error(&Curl::run(&["--request", "FROBNICATE", &url(&cluster, 0, "/objects/o")]).expect(501));
    assert_error(&Curl::run(&[&url(&cluster, 0, "/nothing/here")]).expect(404));
}

#[test]
fn uploads_in_chunks_and_with_expect() {
    let cluster = start();
    // Curl 7.88 never ends an empty body in chunks, so that one is written by hand.
    let mut connection = Connection::open(cluster.apis[0].address, DEFAULT_LIMIT).unwrap();
    connection.send(b"PUT /objects/empty HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").unwrap();
    assert_eq!(connection.read_reply("PUT").unwrap().status(), 200);
    assert_eq!(Curl::run(&[&url(&cluster, 1, "/objects/empty")]).expect(200).text(), "");
    for size_bytes in [5, 3_000_000] {
        let body = content::bytes("o", size_bytes);
        let chunked = ["--header", "Transfer-Encoding: chunked"];
        let _ = put(&cluster, "/objects/chunked", &body, &chunked).expect(200);
        content::assert_same(&Curl::run(&[&url(&cluster, 1, "/objects/chunked")]).expect(200).body, &body, "chunked");
        let waited = ["--header", "Expect: 100-continue", "--expect100-timeout", "20"];
        let stored = put(&cluster, "/objects/expected", &body, &waited).expect(200);
        assert!(stored.heads.starts_with("HTTP/1.1 100 "), "{}", stored.heads);
        content::assert_same(&Curl::run(&[&url(&cluster, 1, "/objects/expected")]).expect(200).body, &body, "expected");
    }
}

#[test]
fn http_1_0_is_served_and_the_connection_closed() {
    let cluster = start();
    let _ = put(&cluster, "/objects/o", b"hello", &["--http1.0"]).expect(200);
    assert_eq!(Curl::run(&["--http1.0", &url(&cluster, 0, "/objects/o")]).expect(200).text(), "hello");
    let mut connection = Connection::open(cluster.apis[0].address, DEFAULT_LIMIT).unwrap();
    connection.send(b"GET /healthz HTTP/1.0\r\n\r\n").unwrap();
    assert_eq!(connection.read_reply("GET").unwrap().status(), 200);
    assert!(connection.is_closed_within(DEFAULT_LIMIT));
}

#[test]
fn connections_are_kept_alive_and_pipelined_requests_answered_in_order() {
    let cluster = start();
    for number in 0..3 {
        let _ = put(&cluster, &format!("/objects/o{number}"), format!("body {number}").as_bytes(), &[]).expect(200);
    }
    let mut connection = Connection::open(cluster.apis[0].address, DEFAULT_LIMIT).unwrap();
    let requests: String = (0..3).map(|number| format!("GET /objects/o{number} HTTP/1.1\r\nHost: t\r\n\r\n")).collect();
    connection.send(requests.as_bytes()).unwrap();
    for number in 0..3 {
        assert_eq!(connection.read_reply("GET").unwrap().expect(200).text(), format!("body {number}"));
    }
}

#[test]
fn odd_names_are_taken_verbatim() {
    let cluster = start();
    let names =
        ["a%2Fb", "a%2fb", "a%20b", "a%61", "aa", "'&+;:*[]~=@,", "%C3%A9", "x%22y", "%3C%3E", "...", "%2e%2e%2fx"];
    for name in names {
        let _ = put(&cluster, &format!("/objects/{name}"), name.as_bytes(), &[]).expect(200);
    }
    for name in names {
        assert_eq!(Curl::run(&[&url(&cluster, 1, &format!("/objects/{name}"))]).expect(200).text(), name);
    }
    assert_eq!(Curl::run(&[&url(&cluster, 1, "/objects/%C3%A9?some=query")]).expect(200).text(), "%C3%A9");
    for target in ["/objects/%zz", "/objects/", "/objects/a/b", "/objects/..", "/objects/."] {
        let refused = cluster.apis[0].put(target, b"x");
        assert!(matches!(refused.status(), 400 | 404), "{target}: {}", refused.text());
    }
}

#[test]
fn the_cluster_is_shown() {
    let cluster = start();
    let shown = Curl::run(&[&url(&cluster, 0, "/cluster")]).expect(200);
    assert_eq!(shown.header("Content-Type"), Some("application/json"));
    let shown = shown.json();
    let servers = shown["data_servers"].as_array().expect("an array of servers");
    assert_eq!(servers.len(), 3);
    for server in servers {
        let address = server["address"].as_str().expect("an address");
        assert!(cluster.datas.iter().any(|data| data.address.to_string() == address), "{server}");
        assert!(server["last_heard_ms"].as_u64().is_some_and(|ms| ms < 10_000), "{server}");
        assert!(
            server["free_bytes"].as_u64() <= server["total_bytes"].as_u64() && server["free_bytes"].is_u64(),
            "{server}"
        );
    }
    assert_eq!(shown["bus"]["state"], "up", "{shown}");
}

#[test]
fn health_readiness_and_metrics() {
    let cluster = start();
    let _ = put(&cluster, "/objects/o", b"x", &[]).expect(200);
    for target in ["/healthz", "/readyz"] {
        let _ = Curl::run(&[&url(&cluster, 0, target)]).expect(200);
    }
    for address in [cluster.apis[0].address, cluster.datas[0].address] {
        let metrics = Curl::run(&[&format!("http://{address}/metrics")]).expect(200).text();
        let figures = metrics.lines().filter(|line| !line.starts_with('#')).count();
        assert!(figures >= 3 && metrics.contains("# TYPE "), "{metrics}");
        for line in metrics.lines().filter(|line| !line.starts_with('#')) {
            let value = line.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok());
            assert!(value.is_some(), "{line:?} is no figure");
        }
    }
}

#[test]
fn an_api_server_alone_is_healthy_and_not_ready() {
    let mut cluster = Cluster::empty(&Broker::shared().vhost());
    cluster.add_api();
    let api = &cluster.apis[0];
    let healthy =
        || Curl::run(&["--retry", "20", "--retry-connrefused", "--retry-delay", "1", &url(&cluster, 0, "/healthz")]);
    let _ = healthy().expect(200);
    assert_error(&Curl::run(&[&url(&cluster, 0, "/readyz")]).expect(503));
    let refused = put(&cluster, "/objects/o", b"x", &[]);
    assert_eq!(refused.status, 503);
    assert_error(&refused);
    assert!(refused.header("Retry-After").is_some(), "{}", refused.heads);
    assert!(api.is_alive());
}

#[test]
fn data_servers_take_the_same_verbs() {
    let body = &content::bytes("o", 100_000);
    let cluster = start();
    let data = &cluster.datas[0];
    let _ = data.put("/objects/o", body).expect(200);
    content::assert_same(&data.get("/objects/o").expect(200).body, body, "o");
    assert_eq!(data.send("HEAD", "/objects/o").expect(200).header("Content-Length"), Some("100000"));
    let _ = data.get("/objects/missing").expect(404);
    let part = Curl::run(&["--range", "10-19", &format!("http://{}/objects/o", data.address)]).expect(206);
    content::assert_same(&part.body, &body[10..20], "a range");
    // And what one of them holds, an API server finds.
    content::assert_same(&cluster.apis[0].get("/objects/o").expect(200).body, body, "o");
    assert!(matches!(data.send("DELETE", "/objects/o").status(), 200 | 204));
    let _ = cluster.apis[0].get("/objects/o").expect(404);
}
