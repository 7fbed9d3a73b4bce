//! The answers that the server gives by itself, without asking the handler.

use http_types::StatusCode;

use super::request_error::RequestError;
use super::response::ResponseHead;
use crate::http::body::BodyError;

/// A status and a sentence for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl ToString) -> Self {
        Self { status, message: message.to_string() }
    }

    /// The handler ended without an answer.
    pub(super) fn no_answer() -> Self {
        Self::new(StatusCode::InternalServerError, "the server failed at this request; its log says why")
    }

    /// A head was begun and not ended in time.
    pub(super) fn head_too_slow() -> Self {
        Self::new(StatusCode::RequestTimeout, "the head of the request did not come in time")
    }

    /// There are as many connections as are allowed.
    pub(super) fn too_many_connections() -> Self {
        Self::new(StatusCode::ServiceUnavailable, "too many connections are open: try again in a second")
    }

    /// The answer's head and its JSON body: `{"error":{"code":"bad_request","message":"…"}}`.
    pub(super) fn into_answer(self) -> (ResponseHead, Vec<u8>) {
        let mut head = ResponseHead::new(self.status).header("content-type", "application/json").close();
        if self.status == StatusCode::ServiceUnavailable {
            head = head.header("retry-after", "1");
        }
        let code = self.status.canonical_reason().to_ascii_lowercase().replace([' ', '-'], "_");
        let body = serde_json::json!({ "error": { "code": code, "message": self.message } });
        (head, body.to_string().into_bytes())
    }
}

impl From<&RequestError> for Refusal {
    fn from(error: &RequestError) -> Self {
        Self::new(error.status(), error)
    }
}

impl From<&BodyError> for Refusal {
    fn from(error: &BodyError) -> Self {
        let status = match error {
            BodyError::CutShort | BodyError::Chunk(_) | BodyError::Io(_) => StatusCode::BadRequest,
            BodyError::TooLarge { .. } => StatusCode::PayloadTooLarge,
            BodyError::Stalled { .. } => StatusCode::RequestTimeout,
        };
        Self::new(status, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_json_whatever_the_message() {
        let (head, body) = Refusal::new(StatusCode::RequestHeaderFieldsTooLarge, "a \"quoted\"\nmessage").into_answer();
        assert_eq!(head.status(), StatusCode::RequestHeaderFieldsTooLarge);
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["error"]["code"], "request_header_fields_too_large");
        assert_eq!(body["error"]["message"], "a \"quoted\"\nmessage");
    }
}
