//! Answers that break off, and clients that do not take them: a cut must be seen as a cut.

use super::*;
use std::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

/// What a client that reads to the end gets, or the error that tells it that there is more.
fn outcome(server: &Server, version: &str) -> io::Result<String> {
    let mut client = server.client();
    client.send(format!("GET / HTTP/{version}\r\nHost: h\r\n\r\n").as_bytes());
    client.rest().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn broken_off(body_bytes: Option<u64>, written: &'static [u8]) -> Server {
    Server::start(Limits::default(), move |exchange: Exchange| async move {
        let mut writer = exchange.start(ResponseHead::new(StatusCode::Ok), body_bytes).unwrap();
        writer.write_all(written).await.unwrap();
        // The client shall have got it before the connection breaks.
        smol::Timer::after(Duration::from_millis(20)).await;
    })
}

#[test]
fn a_writer_dropped_early_resets_the_connection_whatever_tells_the_end_of_the_body() {
    for (body_bytes, version) in [(Some(10), "1.1"), (None, "1.1"), (None, "1.0"), (Some(10), "1.0")] {
        let outcome = outcome(&broken_off(body_bytes, b"half"), version);
        let error = outcome.expect_err("it must not look like an end");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{body_bytes:?} over {version}");
    }
}

#[test]
fn a_panic_in_the_middle_of_an_answer_resets_the_connection() {
    let server = Server::start(Limits::default(), async |exchange: Exchange| {
        let mut writer = exchange.start(ResponseHead::new(StatusCode::Ok), None).unwrap();
        writer.write_all(b"half").await.unwrap();
        panic!("on purpose");
    });
    for version in ["1.0", "1.1"] {
        assert!(outcome(&server, version).is_err());
    }
}

#[test]
fn writing_more_or_less_than_announced_is_an_error_and_never_reaches_the_wire_as_an_answer() {
    let server = Server::start(Limits::default(), async |exchange: Exchange| {
        let is_short = exchange.version() == http_types::Version::Http1_1;
        let mut writer = exchange.start(ResponseHead::new(StatusCode::Ok), Some(4)).unwrap();
        writer.write_all(b"abc").await.unwrap();
        if is_short {
            let finished = writer.finish().await;
            assert!(matches!(finished, Err(RespondError::TooShort { missing_bytes: 1 })), "{finished:?}");
        } else {
            let written = writer.write_all(b"de").await;
            assert!(matches!(written, Err(RespondError::TooLong { announced_bytes: 4 })), "{written:?}");
        }
    });
    for version in ["1.0", "1.1"] {
        assert!(outcome(&server, version).is_err());
    }
}

#[test]
fn a_write_that_was_dropped_half_way_cannot_be_followed_by_another() {
    let (told, outcomes) = std::sync::mpsc::channel();
    let server = Server::start(Limits::default(), move |exchange: Exchange| {
        let told = told.clone();
        async move {
            let mut writer = exchange.start(ResponseHead::new(StatusCode::Ok), None).unwrap();
            let large = vec![0; 64 << 20];
            let dropped = crate::http::deadline::within(SHORT, writer.write_all(&large)).await;
            assert!(dropped.is_err());
            told.send(writer.write_all(b"x").await).unwrap();
            told.send(writer.finish().await).unwrap();
        }
    });
    let mut client = server.client();
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    for _ in 0..2 {
        assert!(matches!(outcomes.recv_timeout(LONG).unwrap(), Err(RespondError::BrokenOff)));
    }
    assert!(client.rest().is_err());
}

/// A handler that sends much, and tells how that ended.
fn sending(bytes: usize, limits: Limits) -> (Server, std::sync::mpsc::Receiver<Result<(), RespondError>>) {
    let (told, outcomes) = std::sync::mpsc::channel();
    let server = Server::start(limits, move |exchange: Exchange| {
        let told = told.clone();
        async move {
            let outcome = exchange.respond(ResponseHead::new(StatusCode::Ok), &vec![b'x'; bytes]).await;
            told.send(outcome).unwrap();
        }
    });
    (server, outcomes)
}

#[test]
fn a_reader_that_takes_nothing_is_cut_off() {
    let (server, outcomes) = sending(64 << 20, impatient());
    let mut client = server.client();
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    let outcome = outcomes.recv_timeout(LONG).unwrap();
    assert!(matches!(outcome, Err(RespondError::Stalled { limit_ms: 300 })), "{outcome:?}");
    assert!(client.rest().is_err());
}

#[test]
fn a_reader_that_trickles_is_not() {
    let (server, outcomes) = sending(16 << 20, impatient());
    let mut client = server.client();
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    let (started, mut taken) = (Instant::now(), 0);
    // Within one time limit it takes far less than the kernel's mark for "writable", a third of the send buffer.
    while started.elapsed() < SECOND * 3 {
        taken += client.stream.read(&mut [0; 32 * 1024]).unwrap();
        std::thread::sleep(SHORT / 4);
    }
    assert!(outcomes.try_recv().is_err(), "the answer ended early");
    taken += client.rest().unwrap_or_default().len();
    assert!(taken > 16 << 20, "{taken}");
    assert!(outcomes.recv_timeout(LONG).unwrap().is_ok());
}

#[test]
fn a_client_that_goes_away_ends_the_answer() {
    let (server, outcomes) = sending(64 << 20, Limits::default());
    let mut client = server.client();
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    client.receive().unwrap();
    drop(client);
    assert!(matches!(outcomes.recv_timeout(LONG).unwrap(), Err(RespondError::Io(_))));
}
