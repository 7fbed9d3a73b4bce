//! What a server says of itself, on its standard error.

use std::io::{self, IsTerminal as _};
use std::sync::OnceLock;

use clap::ValueEnum;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

/// From which weight on something is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogLevel {
    /// What needs a person.
    Error,
    /// And what may come to need one.
    Warn,
    /// And the steps of the server's life: started, bus up or down, data servers that came and went.
    Info,
    /// And each request.
    Debug,
    /// And each message.
    Trace,
}

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// Lines for people, coloured on a terminal.
    Human,
    /// One JSON object a line.
    Json,
    /// Human on a terminal, JSON elsewhere.
    Auto,
}

/// Whether the log is one of JSON; unset while there is none.
static JSON: OnceLock<bool> = OnceLock::new();

/// Whether everything on the standard error should be JSON, because something reads it that understands nothing else.
pub(super) fn is_json() -> bool {
    JSON.get().is_some_and(|json| *json)
}

/// Starts logging, for the whole process. To be called once.
pub(super) fn start(level: LogLevel, format: LogFormat) {
    let on_terminal = io::stderr().is_terminal();
    let json = match format {
        LogFormat::Human => false,
        LogFormat::Json => true,
        LogFormat::Auto => !on_terminal,
    };
    // Called once, so there is nothing to be replaced.
    let _first = JSON.set(json);
    let layer = fmt::layer().with_writer(io::stderr);
    let layer = if json {
        layer.json().flatten_event(true).with_current_span(false).boxed()
    } else {
        let colour = on_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        layer.with_ansi(colour).with_target(false).boxed()
    };
    tracing_subscriber::registry().with(layer.with_filter(filter(level))).init();
}

/// Our own words from `level` on, those of the libraries from `warn` on at the most. `lapin` logs each loss of a
/// connection as several errors, which the bus reports once and better: it is heard only by those who look for details.
fn filter(level: LogLevel) -> Targets {
    let (ours, lapin) = match level {
        LogLevel::Error => (LevelFilter::ERROR, LevelFilter::OFF),
        LogLevel::Warn => (LevelFilter::WARN, LevelFilter::OFF),
        LogLevel::Info => (LevelFilter::INFO, LevelFilter::OFF),
        LogLevel::Debug => (LevelFilter::DEBUG, LevelFilter::WARN),
        LogLevel::Trace => (LevelFilter::TRACE, LevelFilter::WARN),
    };
    let others = ours.min(LevelFilter::WARN);
    Targets::new().with_default(others).with_target("lode", ours).with_target("lapin", lapin)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn libraries_are_never_louder_than_warnings() {
        let filter = filter(LogLevel::Trace);
        assert!(filter.would_enable("lode_smol::api", &Level::TRACE));
        assert!(filter.would_enable("lode::cli", &Level::TRACE));
        for library in ["rustls::client", "polling", "lapin::channel"] {
            assert!(filter.would_enable(library, &Level::WARN), "{library}");
            assert!(!filter.would_enable(library, &Level::INFO), "{library}");
        }
    }

    #[test]
    fn lapin_is_not_heard_unless_details_are_wanted() {
        let filter = filter(LogLevel::Info);
        assert!(!filter.would_enable("lapin::io_loop", &Level::ERROR));
        assert!(filter.would_enable("rustls", &Level::WARN));
        assert!(filter.would_enable("lode_smol::bus", &Level::INFO));
        assert!(!filter.would_enable("lode_smol::bus", &Level::DEBUG));
        assert!(!super::filter(LogLevel::Error).would_enable("rustls", &Level::WARN));
    }
}
