//! What starting a server of either kind takes: an address to listen on, and an identity for this run.

use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::{SystemTime, UNIX_EPOCH};

use lode_core::config::ConfigError;
use lode_core::id::Incarnation;
use smol::Async;

use crate::disk::StoreError;

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its settings cannot be.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its address cannot be listened on.
    #[error("cannot listen on {address}: {error}{}", hint(.error))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// The address that it listens on is not one that others could reach it under.
    #[error(
        "{address} is no address that others can reach this server under: say which one they should use (--advertise host:port)"
    )]
    NotReachable {
        /// The address.
        address: SocketAddr,
    },
    /// Its folder cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn hint(error: &io::Error) -> &'static str {
    if error.kind() == io::ErrorKind::AddrInUse {
        "; another process listens there: stop it, or choose another port"
    } else {
        ""
    }
}

/// Listens on the address.
pub(crate) fn listen(address: SocketAddr) -> Result<(Async<TcpListener>, SocketAddr), StartError> {
    let refused = |error| StartError::Listen { address, error };
    let listener = Async::<TcpListener>::bind(address).map_err(refused)?;
    let bound = listener.get_ref().local_addr().map_err(refused)?;
    Ok((listener, bound))
}

/// An identity that no earlier run of any server has had: the time of the start, stirred with what the system gives as
/// random.
pub(crate) fn fresh_incarnation() -> Incarnation {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Incarnation::new(RandomState::new().hash_one((since_epoch.as_nanos(), std::process::id())))
}
