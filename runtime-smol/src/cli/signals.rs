//! SIGTERM and SIGINT: the first asks a server to end in good order, the second ends it at once.

use std::io;
use std::process;
use std::thread;

use async_signal::{Signal, Signals};
use futures::StreamExt as _;
use futures::executor::block_on;
use lode_smol::shutdown::{Shutdown, ShutdownTrigger};

/// Watches for signals from now on.
///
/// # Errors
/// If the system does not let us.
pub(super) fn watch() -> io::Result<Shutdown> {
    let (trigger, shutdown) = Shutdown::new();
    let signals = Signals::new([Signal::Term, Signal::Int])?;
    // A thread of its own, so that the second signal is heard even if all others are stuck.
    thread::Builder::new().name("lode-signals".to_owned()).spawn(move || block_on(hear(signals, &trigger)))?;
    Ok(shutdown)
}

async fn hear(mut signals: Signals, trigger: &ShutdownTrigger) {
    let mut asked = false;
    while let Some(Ok(signal)) = signals.next().await {
        if asked {
            tracing::warn!(signal = name(signal), "second signal: ending at once");
            process::exit(status_after(signal));
        }
        asked = true;
        tracing::info!(signal = name(signal), "ending in good order; a second signal ends at once");
        trigger.request();
    }
}

fn name(signal: Signal) -> &'static str {
    if signal == Signal::Int { "SIGINT" } else { "SIGTERM" }
}

/// What a shell reports of a process that died of the signal.
fn status_after(signal: Signal) -> i32 {
    128 + signal as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_the_shells() {
        assert_eq!((status_after(Signal::Int), status_after(Signal::Term)), (130, 143));
    }
}
