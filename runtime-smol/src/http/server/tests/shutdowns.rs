//! The shutdown: nobody new, nobody idle, everybody who has a request is answered.

use super::*;

const GET: &[u8] = b"GET /g HTTP/1.1\r\nHost: h\r\n\r\n";

#[test]
fn without_connections_it_ends_at_once() {
    let mut server = Server::echo();
    server.trigger.request();
    assert!(server.ends_within(LONG));
    assert!(TcpStream::connect(server.address).is_err(), "it still listens");
}

#[test]
fn idle_connections_are_closed_at_once() {
    let mut server = Server::echo();
    let (mut silent, mut used) = (server.client(), server.client());
    used.send(GET);
    assert_eq!(used.answer().status, 200);
    server.trigger.request();
    assert!(server.ends_within(LONG / 2));
    for client in [&mut silent, &mut used] {
        assert_eq!(client.rest().unwrap_or_default(), b"");
    }
}

#[test]
fn a_request_under_way_is_answered_and_then_the_connection_closes() {
    let mut server = Server::echo();
    let mut client = server.client();
    client.send(b"PUT /o HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    client.until(b"\r\n\r\n");
    // Another is in the middle of its head.
    let mut heading = server.client();
    heading.send(b"GET / HTTP/1.1\r\nHo");
    std::thread::sleep(SHORT);
    server.trigger.request();
    std::thread::sleep(SHORT);
    client.send(b"body");
    heading.send(b"st: h\r\n\r\n");
    for (client, body) in [(&mut client, "PUT /o 4:body"), (&mut heading, "GET / 0:")] {
        let answer = client.answer();
        assert_eq!(answer.body, body);
        assert!(answer.headers.contains("connection: close\r\n"), "{answer:?}");
        assert_eq!(client.rest().unwrap(), b"");
    }
    drop((client, heading));
    assert!(server.ends_within(LONG));
}

#[test]
fn it_waits_for_a_handler_that_works() {
    let (go, gone) = smol::channel::bounded::<()>(1);
    let mut server = Server::start(Limits::default(), move |exchange: Exchange| {
        let gone = gone.clone();
        async move {
            gone.recv().await.unwrap();
            exchange.respond(ResponseHead::new(StatusCode::Ok), b"done").await.unwrap();
        }
    });
    let mut client = server.client();
    client.send(GET);
    std::thread::sleep(SHORT);
    server.trigger.request();
    let serving = server.serving.take().unwrap();
    std::thread::sleep(SHORT);
    assert!(!serving.is_finished());
    go.send_blocking(()).unwrap();
    assert_eq!(client.answer().body, "done");
    drop(client);
    assert!(smol::block_on(crate::http::deadline::within(LONG, serving)).is_ok());
}
