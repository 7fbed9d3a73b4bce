//! Answers: their framing, what may not stand in them, and handlers that fail.

use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const HEAD: &[u8] = b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n";

fn ok() -> ResponseHead {
    ResponseHead::new(StatusCode::Ok)
}

#[test]
fn a_streamed_answer_of_known_length_keeps_the_connection() {
    let server = Server::start(Limits::default(), async |exchange: Exchange| {
        let mut writer = exchange.start(ok().header("X-A", "b"), Some(10)).unwrap();
        for piece in ["01234", "", "56789"] {
            writer.write_all(piece.as_bytes()).await.unwrap();
        }
        writer.finish().await.unwrap();
    });
    let mut client = server.client();
    for _ in 0..2 {
        client.send(GET);
        let answer = client.answer();
        assert_eq!(answer.body, "0123456789");
        assert!(answer.headers.contains("content-length: 10\r\ndate: "), "{answer:?}");
        assert!(answer.headers.contains("\r\nx-a: b\r\n"), "{answer:?}");
    }
    client.send(HEAD);
    assert!(client.until(b"\r\n\r\n").contains("content-length: 10\r\n"));
    client.send(GET);
    assert_eq!(client.answer().body, "0123456789");
}

#[test]
fn a_streamed_answer_of_unknown_length_goes_in_chunks_or_until_the_close() {
    let server = Server::start(Limits::default(), async |exchange: Exchange| {
        let mut writer = exchange.start(ok(), None).unwrap();
        writer.flush().await.unwrap();
        for piece in ["01234", "", "56789"] {
            writer.write_all(piece.as_bytes()).await.unwrap();
        }
        writer.finish().await.unwrap();
    });
    let mut client = server.client();
    for _ in 0..2 {
        client.send(GET);
        let answer = client.answer();
        assert!(answer.headers.contains("transfer-encoding: chunked\r\n"), "{answer:?}");
        assert_eq!(answer.body, "0123456789");
    }
    client.send(HEAD);
    client.until(b"\r\n\r\n");
    client.send(GET);
    assert_eq!(client.answer().body, "0123456789");
    let old = server.raw(b"GET / HTTP/1.0\r\n\r\n");
    assert!(!old.contains("transfer-encoding") && !old.contains("content-length"), "{old}");
    assert!(old.contains("connection: close\r\n") && old.ends_with("\r\n\r\n0123456789"), "{old}");
}

#[test]
fn a_head_gets_the_length_and_no_body() {
    let server = Server::start(Limits::default(), async |exchange: Exchange| {
        exchange.respond(ok(), b"0123456789").await.unwrap();
    });
    let mut client = server.client();
    client.send(HEAD);
    assert!(client.until(b"\r\n\r\n").contains("content-length: 10\r\n"));
    client.send(GET);
    assert_eq!(client.answer().body, "0123456789");
}

#[test]
fn statuses_without_a_body_have_none_and_no_length() {
    for status in [StatusCode::NoContent, StatusCode::NotModified] {
        let server = Server::start(Limits::default(), move |exchange: Exchange| async move {
            if exchange.target().path() == b"/stream" {
                let mut writer = exchange.start(ResponseHead::new(status), None).unwrap();
                writer.write_all(b"dropped").await.unwrap();
                writer.finish().await.unwrap();
            } else {
                exchange.respond(ResponseHead::new(status), b"dropped").await.unwrap();
            }
        });
        let mut client = server.client();
        for target in ["/", "/stream", "/"] {
            client.send(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes());
            let head = client.until(b"\r\n\r\n");
            assert!(head.starts_with(&format!("HTTP/1.1 {} ", u16::from(status))), "{head}");
            assert!(!head.contains("content-length") && !head.contains("transfer-encoding"), "{head}");
        }
    }
}

#[test]
fn a_header_cannot_be_injected() {
    let server = Server::start(Limits::default(), async |exchange: Exchange| {
        let name = if exchange.target().path() == b"/name" { "x\r\nInjected" } else { "x" };
        let head = ok().header(name, "a\r\nInjected: yes\r\n\r\nHTTP/1.1 200 OK");
        let refused = if exchange.target().query().is_some() {
            exchange.start(head, Some(3)).map(drop)
        } else {
            exchange.respond(head, b"abc").await
        };
        assert!(matches!(refused, Err(RespondError::Head(_))));
    });
    for target in ["/", "/name", "/?stream"] {
        let answer = server.raw(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes());
        assert!(answer.starts_with("HTTP/1.1 500 ") && !answer.contains("njected"), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    }
}

#[test]
fn a_handler_that_fails_costs_its_client_a_500_and_nobody_else_anything() {
    let server = Server::start(Limits::default(), async |mut exchange: Exchange| {
        let target = exchange.target().clone();
        match target.path() {
            b"/panic" => panic!("on purpose"),
            b"/panic-holding" => {
                let _writer = exchange.start(ok(), Some(10)).unwrap();
                panic!("on purpose");
            }
            b"/nothing" => {}
            b"/nothing-read" => drop(exchange.read_body(&mut [0; 2]).await),
            _ => exchange.respond(ok(), b"fine").await.unwrap(),
        }
    });
    let mut bystander = server.client();
    bystander.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(bystander.answer().body, "fine");
    for target in ["/panic", "/panic-holding", "/nothing", "/nothing-read"] {
        let mut client = server.client();
        client.send(format!("PUT {target} HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody").as_bytes());
        let answer = client.answer();
        assert_eq!(answer.status, 500, "{target}");
        assert!(answer.headers.contains("connection: close\r\n"));
        assert_eq!(client.rest().unwrap(), b"");
        bystander.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!(bystander.answer().body, "fine");
    }
}

#[test]
fn a_panic_before_the_first_await_is_caught_too() {
    let server = Server::start(Limits::default(), |_exchange: Exchange| -> std::future::Ready<()> {
        panic!("on purpose, before there is a future")
    });
    for _ in 0..3 {
        assert!(server.raw(GET).starts_with("HTTP/1.1 500 "));
    }
}

#[test]
fn an_exchange_may_be_answered_from_another_task() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let server = Server::start(Limits::default(), move |exchange: Exchange| {
        let count = Arc::clone(&counted);
        async move {
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(20));
                let number = count.fetch_add(1, Ordering::SeqCst);
                smol::block_on(exchange.respond(ok(), number.to_string().as_bytes())).unwrap();
            });
        }
    });
    let mut client = server.client();
    client.send(&GET.repeat(3));
    for number in 0..3 {
        assert_eq!(client.answer().body, number.to_string());
    }
}

#[test]
fn a_handler_may_close_the_connection() {
    let server = Server::start(Limits::default(), async |exchange: Exchange| {
        exchange.respond(ok().close(), b"bye").await.unwrap();
    });
    let answer = server.raw(&GET.repeat(2));
    assert!(answer.contains("connection: close\r\n") && answer.ends_with("bye"), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
}
