//! What can be wrong with a request's head, and which status says so.

use http_types::StatusCode;

use crate::http::head::HeadError;

/// Why a head is no request that this server takes. The connection is closed behind the answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Its bytes are no head.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// The first line is not `METHOD target HTTP/1.1`.
    #[error("the first line is no request: write METHOD /target HTTP/1.1, with one space between each")]
    RequestLine,
    /// A version of HTTP other than 1.1 and 1.0.
    #[error("this version of HTTP is not spoken here: use HTTP/1.1")]
    Version,
    /// A method that `http-types` does not know, or CONNECT.
    #[error("this method is not known here")]
    Method,
    /// The target is neither a path nor a URL.
    #[error("the request target is neither a path that begins with a slash nor an http URL")]
    TargetForm,
    /// The target is too long.
    #[error("the request target is too long: at most {bytes_max} bytes are taken")]
    TargetTooLong {
        /// The bound.
        bytes_max: usize,
    },
    /// A header line that breaks the grammar.
    #[error("a header line is broken ({reason}): write Name: value")]
    Header {
        /// What the parser says.
        reason: String,
    },
    /// A header value beyond ASCII. Refused rather than dropped: it could be metadata that the client wants kept.
    #[error("the value of the header {name} is not ASCII: percent-encode it")]
    HeaderNotAscii {
        /// The header's name.
        name: String,
    },
    /// HTTP/1.1 without Host.
    #[error("the Host header is missing: HTTP/1.1 asks for one")]
    HostMissing,
    /// More than one Host.
    #[error("there is more than one Host header: send one")]
    HostTwice,
    /// A Host that is no host and port.
    #[error("the Host header is not a host with or without a port")]
    HostBroken,
    /// More than one Content-Length, be they equal or not.
    #[error("there is more than one Content-Length header: send one")]
    LengthTwice,
    /// A Content-Length that is no number.
    #[error("the Content-Length is not a whole number of bytes")]
    LengthBroken,
    /// Both ways to tell where the body ends.
    #[error("Content-Length and Transfer-Encoding exclude each other: send one of them")]
    LengthAndCoding,
    /// A transfer coding other than chunked alone.
    #[error("this Transfer-Encoding is not known here: send chunked alone, or Content-Length")]
    Coding,
    /// A transfer coding from a client that cannot know it.
    #[error("HTTP/1.0 has no Transfer-Encoding: send Content-Length")]
    CodingInOldVersion,
    /// An expectation other than 100-continue.
    #[error("this Expect is not known here: send 100-continue or nothing")]
    Expectation,
    /// `async-h1` refuses what passed our own checks.
    #[error("the request is refused: {reason}")]
    Decode {
        /// What it says.
        reason: String,
    },
}

impl RequestError {
    /// The status that tells the client.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Head(HeadError::FirstLineTooLong { .. }) | Self::TargetTooLong { .. } => StatusCode::UriTooLong,
            Self::Head(HeadError::TooLong { .. } | HeadError::TooManyHeaders { .. }) => {
                StatusCode::RequestHeaderFieldsTooLarge
            }
            Self::Version => StatusCode::HttpVersionNotSupported,
            Self::Method | Self::Coding => StatusCode::NotImplemented,
            Self::Expectation => StatusCode::ExpectationFailed,
            Self::Head(
                HeadError::BareLineFeed
                | HeadError::BareCarriageReturn
                | HeadError::Folded
                | HeadError::ControlByte { .. },
            )
            | Self::RequestLine
            | Self::TargetForm
            | Self::Header { .. }
            | Self::HeaderNotAscii { .. }
            | Self::HostMissing
            | Self::HostTwice
            | Self::HostBroken
            | Self::LengthTwice
            | Self::LengthBroken
            | Self::LengthAndCoding
            | Self::CodingInOldVersion
            | Self::Decode { .. } => StatusCode::BadRequest,
        }
    }
}
