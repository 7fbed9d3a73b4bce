//! The client against servers that are nothing but a script of raw bytes on a real socket.

mod answers;
mod bodies;
mod failures;
mod reuse;
mod uploads;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use http_types::Method;
use lode_core::address::ServerAddress;

use super::{ClientError, ClientLimits, HttpClient, Request, Response};

/// Long enough that a test which waits for it in vain is a failed test.
const LONG: Duration = Duration::from_secs(10);

/// A server that plays a script on each connection, in a thread of its own; the connection is closed when the script
/// ends.
struct FakeServer {
    address: ServerAddress,
    accepted: Arc<AtomicUsize>,
}

impl FakeServer {
    /// The script gets the number of the connection, beginning with 0.
    fn start(script: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string().parse().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let (count, script) = (Arc::clone(&accepted), Arc::new(script));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                stream.set_nodelay(true).unwrap();
                stream.set_read_timeout(Some(LONG)).unwrap();
                let (number, script) = (count.fetch_add(1, Ordering::SeqCst), Arc::clone(&script));
                thread::spawn(move || script(number, stream));
            }
        });
        Self { address, accepted }
    }

    /// Each request gets these bytes for an answer.
    fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |_, mut stream| {
            while read_head(&mut stream).is_some() {
                stream.write_all(&answer).unwrap();
            }
        })
    }

    /// The first request of each connection gets these bytes for an answer, then the connection is closed.
    fn answering_once(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |_, mut stream| {
            read_head(&mut stream).unwrap();
            stream.write_all(&answer).unwrap();
        })
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

/// Reads byte for byte up to the end of a head; none if the client has closed the connection.
fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(1) => head.extend_from_slice(&byte),
            _ => return None,
        }
    }
    String::from_utf8(head).ok()
}

/// Everything up to the end of the connection, and whether it ended in order.
fn read_to_end(stream: &mut TcpStream) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes).is_ok();
    (bytes, ended)
}

fn client() -> HttpClient {
    HttpClient::new(ClientLimits { stall: LONG, head: LONG, ..ClientLimits::default() })
}

/// Sends a request and reads its answer whole.
fn fetch(client: &HttpClient, server: &FakeServer, request: &Request<'_>) -> Result<(u16, String), ClientError> {
    smol::block_on(async {
        let mut response = client.send(&server.address, request).await?;
        let body = read_all(&mut response).await?;
        Ok((response.status(), body))
    })
}

/// What comes back for a GET.
fn get(server: &FakeServer) -> Result<(u16, String), ClientError> {
    fetch(&client(), server, &Request::new(Method::Get, "/"))
}

async fn read_all(response: &mut Response) -> Result<String, ClientError> {
    let (mut body, mut piece) = (Vec::new(), [0; 777]);
    loop {
        match response.read_body(&mut piece).await? {
            0 => return Ok(String::from_utf8(body).unwrap()),
            read => body.extend_from_slice(&piece[..read]),
        }
    }
}

fn ok(status: u16, body: &str) -> (u16, String) {
    (status, body.to_owned())
}
