use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::time::Instant;

use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

use super::*;

fn dial_port(port: u16) -> Result<(), SessionError> {
    let url = format!("amqp://u:p@127.0.0.1:{port}").parse().unwrap();
    smol::block_on(dial(&url)).map(drop)
}

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Takes one connection, says `words`, waits a little, and closes.
fn one_who_says(words: &'static [u8]) -> u16 {
    let (listener, port) = listener();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(words).unwrap();
        std::thread::sleep(Duration::from_millis(100));
    });
    port
}

fn lapin_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.trim_end() == "lapin-io-loop").count()
}

#[test]
fn no_attempt_outlives_its_limit_or_leaves_a_thread_behind() {
    let (silent, silent_port) = listener();
    let began = Instant::now();
    assert!(matches!(dial_port(silent_port), Err(SessionError::NoHandshake { .. })));
    assert!(began.elapsed() < DIAL_LIMIT + Duration::from_secs(1), "{:?}", began.elapsed());

    let (closed, closed_port) = listener();
    drop(closed);
    assert!(matches!(dial_port(closed_port), Err(SessionError::Amqp(_))));
    assert!(matches!(dial_port(one_who_says(b"")), Err(SessionError::Amqp(_))));
    assert!(matches!(dial_port(one_who_says(b"HTTP/1.1 400 Bad Request\r\n\r\n")), Err(SessionError::NotAmqp)));

    let began = Instant::now();
    while lapin_threads() > 0 {
        assert!(began.elapsed() < Duration::from_secs(5), "{} threads are left", lapin_threads());
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(silent);
}

#[test]
fn an_attempt_given_up_half_way_hangs_up_at_once() {
    let (silent, port) = listener();
    let url = format!("amqp://u:p@127.0.0.1:{port}").parse().unwrap();
    let given_up = smol::block_on(within(Duration::from_millis(200), dial(&url)));
    assert!(given_up.is_none());
    let (mut stream, _) = silent.accept().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    let mut said = Vec::new();
    io::Read::read_to_end(&mut stream, &mut said).expect("the other side closes");
    assert_eq!(said, b"AMQP\x00\x00\x09\x01");
}

#[test]
fn a_connection_with_oneself_is_refused() {
    let itself = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&itself, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let itself = TcpStream::from(itself);
    let address = itself.local_addr().unwrap();
    connect(&itself, &address).unwrap();
    assert_eq!(refuse_self(&itself).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);

    let (listener, port) = listener();
    refuse_self(&TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap()).unwrap();
    drop(listener);
}
