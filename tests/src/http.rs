//! A small HTTP/1.1 client of the tests' own: it sends exactly the bytes it is given and believes nothing it reads. A body
//! that ends before its length, or before its last chunk, is [`Failure::Cut`], never a reply.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How long a whole exchange may take unless a test says otherwise.
pub const DEFAULT_LIMIT: Duration = Duration::from_secs(30);
const MAX_HEAD_BYTES: usize = 64 * 1024;
const PIECE_BYTES: usize = 64 * 1024;

/// A reply that came whole.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The head.
    pub head: Head,
    /// The body, without its framing.
    pub body: Vec<u8>,
}

/// The head of a reply.
#[derive(Debug, Clone)]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// The exact bytes, up to and with the empty line.
    pub raw: Vec<u8>,
    headers: Vec<(String, String)>,
}

/// Why there is no whole reply.
#[derive(Debug)]
pub enum Failure {
    /// No connection.
    Connect(io::Error),
    /// The connection ended, or broke, before the end of the head; with what had come of it.
    NoReply(Vec<u8>),
    /// What came is no HTTP.
    NotHttp(String),
    /// The body ended before its end.
    Cut {
        /// The head, which had come whole.
        head: Head,
        /// What came of the body.
        body: Vec<u8>,
    },
    /// The time limit was reached.
    TimedOut,
}

impl Reply {
    /// The status code.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.head.status
    }

    /// A header's value; see [`Head::header`].
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{:?} is no JSON: {error}", self.text()))
    }

    /// Panics unless the status is `status`; shows the reply.
    ///
    /// # Panics
    /// If it is another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        let body = self.body.get(..self.body.len().min(500)).unwrap_or_default();
        let text = String::from_utf8_lossy(body);
        assert_eq!(self.status(), status, "{}{text}", String::from_utf8_lossy(&self.head.raw));
        self
    }
}

impl Head {
    /// The value of the header `name`, whatever its case; the first, if there are several.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn parse(raw: Vec<u8>) -> Result<Self, Failure> {
        let text = String::from_utf8_lossy(&raw).into_owned();
        let mut lines = text.split("\r\n");
        let status_line = lines.next().unwrap_or_default();
        let status = match status_line.split(' ').collect::<Vec<_>>().as_slice() {
            ["HTTP/1.1" | "HTTP/1.0", code, ..] if code.len() == 3 => code.parse::<u16>().ok(),
            _ => None,
        };
        let status = status.ok_or_else(|| Failure::NotHttp(status_line.to_owned()))?;
        let mut headers = Vec::new();
        for line in lines.filter(|line| !line.is_empty()) {
            let (key, value) = line.split_once(':').ok_or_else(|| Failure::NotHttp(line.to_owned()))?;
            headers.push((key.to_owned(), value.trim().to_owned()));
        }
        Ok(Self { status, raw, headers })
    }
}

/// One connection to a server.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    deadline: Instant,
}

impl Connection {
    /// Connects; everything on this connection has to be done within `limit`.
    ///
    /// # Errors
    /// [`Failure::Connect`].
    pub fn open(address: SocketAddr, limit: Duration) -> Result<Self, Failure> {
        let stream = TcpStream::connect_timeout(&address, limit).map_err(Failure::Connect)?;
        stream.set_nodelay(true).map_err(Failure::Connect)?;
        Ok(Self { stream, received: Vec::new(), deadline: Instant::now() + limit })
    }

    /// Gives what is to come on this connection another `limit`, from now.
    pub fn extend(&mut self, limit: Duration) {
        self.deadline = Instant::now() + limit;
    }

    /// Sends exactly these bytes.
    ///
    /// # Errors
    /// What the socket says.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let left = self.deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        self.stream.set_write_timeout(Some(left))?;
        self.stream.write_all(bytes)
    }

    /// Says that nothing more will be sent; replies can still be read.
    pub fn finish_sending(&self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Sends a request with `Host`, `headers` and, if there is a body or the method calls for one, `Content-Length`; then
    /// reads the reply. A reply that comes while the body is still being sent is taken.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn exchange(&mut self, request: &Request<'_>) -> Result<Reply, Failure> {
        let sent = self
            .send(&request.head_bytes())
            .and_then(|()| request.body.chunks(PIECE_BYTES).try_for_each(|piece| self.send(piece)));
        if let Err(error) = sent
            && matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
        {
            return Err(Failure::TimedOut);
        }
        self.read_reply(request.method)
    }

    /// Reads one reply; informational ones (1xx) are passed over. `method` decides whether a body is to come.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn read_reply(&mut self, method: &str) -> Result<Reply, Failure> {
        let mut head = self.read_head()?;
        while (100..200).contains(&head.status) {
            head = self.read_head()?;
        }
        let body = self.read_body(method, &head)?;
        Ok(Reply { head, body })
    }

    /// Reads a head, of whatever status.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn read_head(&mut self) -> Result<Head, Failure> {
        loop {
            if let Some(end) = find(&self.received, b"\r\n\r\n") {
                return Head::parse(self.received.drain(..end + 4).collect());
            }
            if self.received.len() > MAX_HEAD_BYTES {
                return Err(Failure::NotHttp("a head of more than 64 KiB".to_owned()));
            }
            if self.receive()? == 0 {
                return Err(Failure::NoReply(std::mem::take(&mut self.received)));
            }
        }
    }

    /// Reads the body that belongs to `head`.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn read_body(&mut self, method: &str, head: &Head) -> Result<Vec<u8>, Failure> {
        if method == "HEAD" || matches!(head.status, 100..200 | 204 | 304) {
            return Ok(Vec::new());
        }
        let mut body = Vec::new();
        let whole = if head.header("Transfer-Encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            self.read_chunks(&mut body)?
        } else if let Some(length) = head.header("Content-Length") {
            let length = length.parse::<usize>().map_err(|_| Failure::NotHttp(format!("length {length}")))?;
            self.take(length, &mut body)?
        } else {
            while self.receive()? > 0 {}
            body = std::mem::take(&mut self.received);
            true
        };
        if whole { Ok(body) } else { Err(Failure::Cut { head: head.clone(), body }) }
    }

    /// Reads at least one more byte of a body, or whatever comes; empty at the end of the connection.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn read_some(&mut self) -> Result<Vec<u8>, Failure> {
        if self.received.is_empty() {
            self.receive()?;
        }
        Ok(std::mem::take(&mut self.received))
    }

    /// Whether the server has closed the connection, with nothing more to read; waits for that up to `limit`.
    #[must_use]
    pub fn is_closed_within(&mut self, limit: Duration) -> bool {
        self.extend(limit);
        self.received.is_empty() && matches!(self.receive(), Ok(0))
    }

    fn read_chunks(&mut self, body: &mut Vec<u8>) -> Result<bool, Failure> {
        loop {
            let Some(line) = self.take_line()? else { return Ok(false) };
            let size =
                usize::from_str_radix(&line, 16).map_err(|_| Failure::NotHttp(format!("chunk size {line:?}")))?;
            if !self.take(size, body)? {
                return Ok(false);
            }
            match self.take_line()? {
                Some(end) if end.is_empty() => {}
                Some(end) => return Err(Failure::NotHttp(format!("{end:?} behind a chunk"))),
                None => return Ok(false),
            }
            if size == 0 {
                return Ok(true);
            }
        }
    }

    fn take_line(&mut self) -> Result<Option<String>, Failure> {
        loop {
            if let Some(end) = find(&self.received, b"\r\n") {
                let line: Vec<u8> = self.received.drain(..end + 2).take(end).collect();
                return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
            }
            if self.receive()? == 0 {
                return Ok(None);
            }
        }
    }

    fn take(&mut self, count: usize, body: &mut Vec<u8>) -> Result<bool, Failure> {
        let wanted = body.len() + count;
        loop {
            let taken = self.received.len().min(wanted - body.len());
            body.extend(self.received.drain(..taken));
            if body.len() == wanted {
                return Ok(true);
            }
            if self.receive()? == 0 {
                return Ok(false);
            }
        }
    }

    /// Zero at the end of the connection, and when it was reset: what matters is that nothing more comes.
    fn receive(&mut self) -> Result<usize, Failure> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Failure::TimedOut);
        }
        self.stream.set_read_timeout(Some(left)).map_err(|_| Failure::NoReply(Vec::new()))?;
        let mut piece = vec![0; PIECE_BYTES];
        match self.stream.read(&mut piece) {
            Ok(count) => {
                self.received.extend_from_slice(piece.get(..count).unwrap_or_default());
                Ok(count)
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                Err(Failure::TimedOut)
            }
            Err(_) => Ok(0),
        }
    }
}

/// A request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// The target, as it is to stand in the request line.
    pub target: &'a str,
    /// Headers besides `Host` and `Content-Length`.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
}

impl Request<'_> {
    fn head_bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nHost: lode.test\r\n", self.method, self.target);
        if self.method == "PUT" || !self.body.is_empty() {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        for (key, value) in self.headers {
            head.push_str(&format!("{key}: {value}\r\n"));
        }
        head.push_str("\r\n");
        head.into_bytes()
    }
}

/// One request on a connection of its own.
///
/// # Errors
/// See [`Failure`].
pub fn request(address: SocketAddr, request: &Request<'_>) -> Result<Reply, Failure> {
    Connection::open(address, DEFAULT_LIMIT)?.exchange(request)
}

/// GET on a connection of its own.
///
/// # Panics
/// If no whole reply comes.
#[track_caller]
#[must_use]
pub fn get(address: SocketAddr, target: &str) -> Reply {
    let reply = request(address, &Request { method: "GET", target, ..Request::default() });
    reply.unwrap_or_else(|failure| panic!("GET {target} from {address}: {failure}"))
}

/// PUT on a connection of its own.
///
/// # Panics
/// If no whole reply comes.
#[track_caller]
#[must_use]
pub fn put(address: SocketAddr, target: &str, body: &[u8]) -> Reply {
    let reply = request(address, &Request { method: "PUT", target, body, ..Request::default() });
    reply.unwrap_or_else(|failure| panic!("PUT {target} to {address}: {failure}"))
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Connect(error) => write!(f, "no connection: {error}"),
            Self::NoReply(got) => write!(f, "the connection ended without a reply; {} bytes had come", got.len()),
            Self::NotHttp(what) => write!(f, "not HTTP: {what}"),
            Self::Cut { head, body } => {
                write!(f, "cut short: status {}, {} bytes of the body", head.status, body.len())
            }
            Self::TimedOut => write!(f, "the time limit was reached"),
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests;
