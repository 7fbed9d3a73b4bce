//! A proxy between a client and a server that spoils what comes back: cuts it off, or turns a bit.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

const PIECE_BYTES: usize = 16 * 1024;

/// What is done to the bytes that come back from the server.
#[derive(Debug, Clone, Copy)]
pub enum Spoil {
    /// The first `connections` connections are cut off after `after_bytes`; later ones are left alone.
    Cut {
        /// How many.
        connections: usize,
        /// How many bytes come through, head included.
        after_bytes: usize,
    },
    /// On every connection, a bit of the byte at this position is turned.
    Turn {
        /// The position, head included.
        at_byte: usize,
    },
    /// Bytes come through as they are, this many in a tenth of a second.
    Slow {
        /// How many.
        bytes: usize,
    },
}

/// A running proxy; its threads end when their connections do.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Proxy {
    /// Starts one in front of `server`.
    ///
    /// # Panics
    /// If there is no port left.
    #[must_use]
    pub fn start(server: SocketAddr, spoil: Spoil) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is left");
        let address = listener.local_addr().expect("it is bound");
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let number = count.fetch_add(1, Ordering::Relaxed);
                if let Ok(upstream) = TcpStream::connect(server) {
                    carry(&client, &upstream, spoil, number);
                }
            }
        });
        Self { address, connections }
    }

    /// How many connections there have been.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

fn carry(client: &TcpStream, server: &TcpStream, spoil: Spoil, number: usize) {
    let clone = |stream: &TcpStream| stream.try_clone().expect("a socket can be cloned");
    let (mut up_from, mut up_to) = (clone(client), clone(server));
    thread::spawn(move || {
        let _ = std::io::copy(&mut up_from, &mut up_to);
        let _ = up_to.shutdown(Shutdown::Write);
    });
    let (mut from, mut to) = (clone(server), clone(client));
    thread::spawn(move || {
        let _ = carry_back(&mut from, &mut to, spoil, number);
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    });
}

fn carry_back(from: &mut TcpStream, to: &mut TcpStream, spoil: Spoil, number: usize) -> std::io::Result<()> {
    let (mut piece, mut carried) = (vec![0; PIECE_BYTES], 0);
    loop {
        let count = from.read(&mut piece)?;
        let bytes = piece.get_mut(..count).unwrap_or_default();
        if bytes.is_empty() {
            return Ok(());
        }
        match spoil {
            Spoil::Cut { connections, after_bytes } if number < connections && carried + count > after_bytes => {
                return to.write_all(bytes.get(..after_bytes - carried).unwrap_or_default());
            }
            Spoil::Turn { at_byte } if (carried..carried + count).contains(&at_byte) => {
                bytes.iter_mut().skip(at_byte - carried).take(1).for_each(|byte| *byte ^= 1);
            }
            Spoil::Slow { bytes } => thread::sleep(
                Duration::from_millis(100) * u32::try_from(count).unwrap_or(0) / u32::try_from(bytes).unwrap_or(1),
            ),
            Spoil::Cut { .. } | Spoil::Turn { .. } => {}
        }
        to.write_all(bytes)?;
        carried += count;
    }
}
