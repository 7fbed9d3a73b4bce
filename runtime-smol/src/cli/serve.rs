//! What starting a server takes, of whichever kind: settings that are there, a bus, threads, signals, a log.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use lode_smol::bus::{Bus, BusUrl, RabbitBus};
use lode_smol::shutdown::Shutdown;
use lode_smol::start::StartError;
use smol::Executor;

use super::args::{ListenAddress, LogArgs};
use super::failure::Failure;
use super::open_files;
use super::{log, signals, threads};

/// What a server runs with.
pub(super) struct Process {
    pub(super) executor: Arc<Executor<'static>>,
    pub(super) shutdown: Shutdown,
}

impl Process {
    /// Makes this process one of a server. To be called once, when the settings are known to make sense.
    ///
    /// # Errors
    /// If the system does not give what is needed.
    pub(super) fn prepare(log: LogArgs, threads: Option<NonZeroUsize>) -> Result<Self, Failure> {
        log::start(log.log_level, log.log_format);
        open_files::raise_limit();
        let failed =
            |action: &'static str| move |error| Failure::Local { action, path: PathBuf::from("this process"), error };
        let shutdown = signals::watch().map_err(failed("catch the signals of"))?;
        let executor = threads::executor(threads).map_err(failed("start the threads of"))?;
        Ok(Self { executor, shutdown })
    }
}

/// The value of a setting that must be given.
///
/// # Errors
/// If it is not.
pub(super) fn required<T>(value: Option<T>, flag: &str, variable: &str, example: &str) -> Result<T, Failure> {
    value.ok_or_else(|| {
        Failure::Usage(format!("{flag} is missing: give it, or set {variable}; for example {flag} {example}"))
    })
}

/// The bus at a URL that must be given, and its URL.
///
/// # Errors
/// If it is not given, or is none.
pub(super) fn rabbit(url: Option<&str>) -> Result<(Arc<dyn Bus>, BusUrl), Failure> {
    let url = required(url, "--bus", "RABBITMQ_SERVER", "amqp://guest:guest@127.0.0.1:5672")?;
    let url: BusUrl = url.parse().map_err(|error| Failure::Usage(format!("--bus: {error}")))?;
    Ok((Arc::new(RabbitBus::new(url.clone())), url))
}

/// The socket address to listen on.
///
/// # Errors
/// If none is given, or a name that leads to none.
pub(super) fn listen(address: Option<&ListenAddress>, example: &str) -> Result<SocketAddr, Failure> {
    let address = required(address, "--listen", "LISTEN_ADDRESS", example)?;
    let unknown =
        |error| Failure::Start(format!("cannot find the address of {address}, which is to be listened on: {error}"));
    address.resolve().map_err(unknown)
}

/// Warns if others than this machine may reach the address.
pub(super) fn warn_if_open(address: SocketAddr) {
    if !is_loopback(address.ip()) {
        tracing::warn!(
            %address,
            "there are no keys yet: whoever can reach this address can read, write and remove every object; let a firewall \
             keep strangers out"
        );
    }
}

/// Why a server did not start, in the terms of the command line.
pub(super) fn start_failed(error: StartError) -> Failure {
    match error {
        StartError::Config(_) | StartError::NotReachable { .. } => Failure::Usage(error.to_string()),
        StartError::Listen { .. } | StartError::Store(_) => Failure::Start(error.to_string()),
    }
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_setting_is_named_with_its_variable() {
        let told = rabbit(None).err().map(|failure| failure.to_string()).unwrap_or_default();
        assert!(told.contains("--bus") && told.contains("RABBITMQ_SERVER"), "{told}");
    }

    #[test]
    fn a_malformed_url_is_refused_without_its_password() {
        let told = rabbit(Some("amqp://u:s3cret@:5672")).err().map(|failure| failure.to_string()).unwrap_or_default();
        assert!(told.contains("--bus") && !told.contains("s3cret"), "{told}");
    }

    #[test]
    fn only_loopback_is_closed_to_others() {
        for (address, closed) in [
            ("127.0.0.1", true),
            ("127.29.1.1", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("0.0.0.0", false),
            ("10.0.0.1", false),
            ("::", false),
        ] {
            assert_eq!(is_loopback(address.parse().unwrap()), closed, "{address}");
        }
    }
}
