//! The server on a real loopback socket, spoken to in raw bytes.

mod answers;
mod bodies;
mod connections;
mod cut_answers;
mod heads;
mod shutdowns;
mod splits;

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use http_types::StatusCode;
use smol::{Async, Executor, Task};

use super::*;
use crate::shutdown::{Shutdown, ShutdownTrigger};

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(300);

/// A server with a thread of its own. Dropping it stops the thread, whatever the connections are doing.
struct Server {
    address: SocketAddr,
    trigger: ShutdownTrigger,
    serving: Option<Task<()>>,
    _stop: smol::channel::Sender<()>,
}

impl Server {
    fn start(limits: Limits, handler: impl Handler) -> Self {
        let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0)).unwrap();
        let address = listener.get_ref().local_addr().unwrap();
        let executor = Arc::new(Executor::new());
        let (trigger, shutdown) = Shutdown::new();
        let serving = executor.spawn(serve(listener, Arc::new(handler), limits, Arc::clone(&executor), shutdown));
        let (stop, stopped) = smol::channel::bounded::<()>(1);
        std::thread::spawn(move || smol::block_on(executor.run(stopped.recv())));
        Self { address, trigger, serving: Some(serving), _stop: stop }
    }

    /// A server that tells what it understood (see [`echo`]), with the usual limits.
    fn echo() -> Self {
        Self::start(Limits::default(), echo)
    }

    fn client(&self) -> Client {
        Client::connect(self.address)
    }

    /// Sends bytes on a connection of their own and gives back all that comes until it closes.
    fn raw(&self, bytes: &[u8]) -> String {
        let mut client = self.client();
        client.send(bytes);
        String::from_utf8_lossy(&client.rest().unwrap()).into_owned()
    }

    /// Waits until `serve` has returned; whether it did within the limit.
    fn ends_within(&mut self, limit: Duration) -> bool {
        let serving = self.serving.take().unwrap();
        smol::block_on(crate::http::deadline::within(limit, serving)).is_ok()
    }
}

/// An answer as a client understands it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answer {
    status: u16,
    headers: String,
    body: String,
}

/// A client that knows no more HTTP than it needs.
struct Client {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Client {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        Self { stream, received: Vec::new() }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Sends the pieces so that each arrives alone.
    fn send_slowly<'a>(&mut self, pieces: impl IntoIterator<Item = &'a [u8]>) {
        for piece in pieces {
            self.send(piece);
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    fn receive(&mut self) -> io::Result<usize> {
        let mut piece = vec![0; 64 * 1024];
        let count = self.stream.read(&mut piece)?;
        self.received.extend_from_slice(&piece[..count]);
        Ok(count)
    }

    /// Everything up to and with `end`.
    fn until(&mut self, end: &[u8]) -> String {
        loop {
            if let Some(at) = self.received.windows(end.len()).position(|window| window == end) {
                return String::from_utf8(self.received.drain(..at + end.len()).collect()).unwrap();
            }
            assert_ne!(self.receive().unwrap(), 0, "closed after {:?}", String::from_utf8_lossy(&self.received));
        }
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        while self.received.len() < count {
            assert_ne!(self.receive().unwrap(), 0, "closed after {} of {count} bytes", self.received.len());
        }
        self.received.drain(..count).collect()
    }

    /// The next answer (not to a HEAD), with its whole body.
    fn answer(&mut self) -> Answer {
        let headers = self.until(b"\r\n\r\n");
        let status = headers[9..12].parse().unwrap();
        let mut body = Vec::new();
        if headers.contains("transfer-encoding: chunked\r\n") {
            loop {
                let size = usize::from_str_radix(self.until(b"\r\n").trim_end(), 16).unwrap();
                body.extend(self.bytes(size));
                assert_eq!(self.bytes(2), b"\r\n");
                if size == 0 {
                    break;
                }
            }
        } else if let Some(length) = header(&headers, "content-length") {
            body = self.bytes(length.parse().unwrap());
        }
        Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    /// All that comes until the connection closes in good order; an error if it is reset.
    fn rest(&mut self) -> io::Result<Vec<u8>> {
        while self.receive()? > 0 {}
        Ok(std::mem::take(&mut self.received))
    }
}

fn header<'a>(headers: &'a str, name: &str) -> Option<&'a str> {
    headers.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// Answers with what it understood: method, target, declared length, and body.
async fn echo(mut exchange: Exchange) {
    let length = exchange.body_bytes().map_or("chunked".to_owned(), |bytes| bytes.to_string());
    let start = format!("{} {} {length}:", exchange.method(), exchange.target());
    // Without a body that is whole there is no answer: the server gives its own.
    let Ok(body) = exchange.read_whole_body(1 << 20).await else { return };
    let body = [start.as_bytes(), &body].concat();
    let _client_gone = exchange.respond(ResponseHead::new(StatusCode::Ok), &body).await;
}

/// The limits for tests that run into them.
fn impatient() -> Limits {
    Limits { idle: SHORT, head_time: SHORT, body_stall: SHORT, write_stall: SHORT, linger: SHORT, ..Limits::default() }
}
