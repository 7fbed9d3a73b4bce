//! However the network cuts a sequence of requests into pieces, the same requests arrive.

use super::*;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Body {
    None,
    Length(String),
    Chunks(Vec<String>),
}

#[derive(Debug, Clone)]
struct Sent {
    target: String,
    body: Body,
    blank_line_before: bool,
}

impl Sent {
    fn bytes(&self) -> Vec<u8> {
        let blank = if self.blank_line_before { "\r\n" } else { "" };
        let start = format!("{blank}PUT /{} HTTP/1.1\r\nHost: h\r\nX: y\r\n", self.target);
        let rest = match &self.body {
            Body::None => "\r\n".to_owned(),
            Body::Length(body) => format!("Content-Length: {}\r\n\r\n{body}", body.len()),
            Body::Chunks(chunks) => {
                let chunks: String = chunks.iter().map(|chunk| format!("{:x}\r\n{chunk}\r\n", chunk.len())).collect();
                format!("Transfer-Encoding: chunked\r\n\r\n{chunks}0\r\nT: u\r\n\r\n")
            }
        };
        [start, rest].concat().into_bytes()
    }

    fn echoed(&self) -> String {
        let body = match &self.body {
            Body::None => "0:".to_owned(),
            Body::Length(body) => format!("{}:{body}", body.len()),
            Body::Chunks(chunks) => format!("chunked:{}", chunks.concat()),
        };
        format!("PUT /{} {body}", self.target)
    }
}

fn requests() -> impl Strategy<Value = Vec<Sent>> {
    let body = prop_oneof![
        Just(Body::None),
        "[a-z\r\n]{0,60}".prop_map(Body::Length),
        proptest::collection::vec("[a-z\r\n]{1,20}", 0..4).prop_map(Body::Chunks),
    ];
    let sent = ("[a-z.?%]{0,8}", body, any::<bool>());
    let sent = sent.prop_map(|(target, body, blank_line_before)| Sent { target, body, blank_line_before });
    proptest::collection::vec(sent, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn the_same_requests_arrive(requests in requests(), splits in proptest::collection::vec(any::<usize>(), 0..12)) {
        static SERVER: std::sync::OnceLock<Server> = std::sync::OnceLock::new();
        let mut client = SERVER.get_or_init(Server::echo).client();
        let bytes: Vec<u8> = requests.iter().flat_map(Sent::bytes).collect();
        let mut splits: Vec<usize> = splits.into_iter().map(|split| split % bytes.len()).collect();
        splits.extend([0, bytes.len()]);
        splits.sort_unstable();
        client.send_slowly(splits.windows(2).map(|pair| &bytes[pair[0]..pair[1]]));
        for request in &requests {
            prop_assert_eq!(client.answer().body, request.echoed());
        }
        prop_assert!(client.received.is_empty());
    }
}
