//! Every way in which a request can fail.

use std::io;
use std::time::Duration;

use lode_core::address::ServerAddress;

/// Why there is no answer, or no whole one. After any of these the connection is closed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The host of the server has no address that could be found.
    #[error("cannot find the address of {server}: {reason}")]
    Resolve {
        /// The server.
        server: ServerAddress,
        /// Why.
        reason: ResolveFailure,
    },
    /// No connection came about; the server has seen nothing of the request.
    #[error("cannot connect to {server}: {reason}")]
    Connect {
        /// The server.
        server: ServerAddress,
        /// Why.
        reason: ConnectFailure,
    },
    /// As many connections are in use as are allowed; the server has seen nothing of the request. Try again later.
    #[error(
        "all {limit} connections of this client are in use; try again later, or raise its limit of open connections"
    )]
    TooManyConnections {
        /// How many are allowed.
        limit: usize,
    },
    /// The request cannot be written in HTTP/1.1; nothing was sent.
    #[error(transparent)]
    BadRequest(#[from] RequestError),
    /// More or fewer bytes were given to an upload than it was announced to have; the peer sees a body that is cut
    /// short.
    #[error("{given} bytes were given to an upload that was announced to have {announced}")]
    UploadLength {
        /// The announced length, in bytes.
        announced: u64,
        /// What was given, in bytes; of a piece that went beyond the announced length, nothing was sent.
        given: u64,
    },
    /// The peer closed or reset the connection before the first byte of its answer. Whether it has carried out the
    /// request is unknown.
    #[error("the server closed the connection before it answered: {cause}")]
    ClosedBeforeAnswer {
        /// What the system said.
        cause: io::Error,
    },
    /// The head of the answer was not there in time. Whether the server has carried out the request is unknown.
    #[error("the server did not begin its answer within {limit:?}")]
    HeadTimedOut {
        /// What was allowed.
        limit: Duration,
    },
    /// The connection ended within the head of the answer.
    #[error("the server closed the connection within the head of its answer")]
    HeadCutShort,
    /// The head of the answer is longer than what is taken.
    #[error("the head of the answer is longer than {limit_bytes} bytes")]
    HeadTooLarge {
        /// What is taken, in bytes.
        limit_bytes: usize,
    },
    /// The head of the answer is not HTTP/1.1, or leaves its meaning in doubt.
    #[error("the head of the answer is malformed: {what}")]
    MalformedHead {
        /// What is wrong with it.
        what: String,
    },
    /// One interim answer (1xx) after the other, and no final one.
    #[error("the server sent more than {limit} interim answers")]
    TooManyInterimAnswers {
        /// How many are taken.
        limit: usize,
    },
    /// The body of the answer ended early. What was read of it must not be taken for the whole.
    #[error("the body of the answer was cut short after {received} bytes{}", announced(*.expected))]
    BodyCutShort {
        /// How many bytes came.
        received: u64,
        /// How many were announced, if it was said.
        expected: Option<u64>,
    },
    /// The chunks of the answer's body cannot be understood.
    #[error("the body of the answer is malformed: {what}")]
    MalformedBody {
        /// What is wrong with it.
        what: String,
    },
    /// The body of the answer is longer than the caller wants to take.
    #[error("the body of the answer is longer than the {limit_bytes} bytes that are taken here")]
    BodyTooLarge {
        /// What is taken, in bytes.
        limit_bytes: usize,
    },
    /// The upload failed or was given up in the middle of a piece; what was sent of it is unknown.
    #[error("this upload is over: an earlier piece was not sent whole")]
    UploadOver,
    /// No byte of a body, sent or received, moved for this long.
    #[error("the server moved no byte for {limit:?}")]
    Stalled {
        /// What was allowed.
        limit: Duration,
    },
    /// The connection broke in another way.
    #[error("the connection to the server broke: {0}")]
    Io(#[source] io::Error),
}

/// Why a name led to no address.
#[derive(Debug, thiserror::Error)]
pub enum ResolveFailure {
    /// The name service did not answer in time.
    #[error("no answer from the name service within {limit:?}")]
    TimedOut {
        /// What was allowed.
        limit: Duration,
    },
    /// The name has no address.
    #[error("the name has no address")]
    NoAddress,
    /// The name service refused.
    #[error("{0}")]
    Io(#[source] io::Error),
}

/// Why a connection did not come about.
#[derive(Debug, thiserror::Error)]
pub enum ConnectFailure {
    /// Nobody listens there.
    #[error("connection refused; is the server running?")]
    Refused,
    /// The machine did not answer in time.
    #[error("no answer within {limit:?}")]
    TimedOut {
        /// What was allowed.
        limit: Duration,
    },
    /// There is no way to the machine.
    #[error("the machine cannot be reached: {0}")]
    Unreachable(#[source] io::Error),
    /// Anything else that the system said, for example that no file descriptor is left.
    #[error("{0}")]
    Io(#[source] io::Error),
}

/// Why a request cannot be sent at all: a mistake of the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The target is empty, does not begin with a slash, or holds a space, a control character or a byte that is not
    /// ASCII.
    #[error("the target {target:?} cannot be sent: begin it with / and percent-encode what is not visible ASCII")]
    Target {
        /// The target.
        target: String,
    },
    /// A header's name is not a token, or is one that the client writes itself.
    #[error("the header name {name:?} cannot be sent: it is no token, or the client writes this header itself")]
    HeaderName {
        /// The name.
        name: String,
    },
    /// A header's value holds a control character or a byte that is not ASCII.
    #[error("the value of header {name} cannot be sent: it holds a control character or a byte that is not ASCII")]
    HeaderValue {
        /// The name of the header.
        name: String,
    },
    /// [`HttpClient::upload`](super::HttpClient::upload) was given a request that has a body in memory already.
    #[error("a streamed upload cannot have a body in memory too; leave out one of the two")]
    TwoBodies,
}

fn announced(expected: Option<u64>) -> String {
    expected.map(|bytes| format!(" of {bytes}")).unwrap_or_default()
}
