//! `lode api`: an API server as a process.

use lode_core::config::{ApiConfig, Timing};
use lode_smol::api::ApiServer;

use super::args::{ApiArgs, Catalog};
use super::failure::Failure;
use super::serve::{Process, listen, rabbit, start_failed, warn_if_open};

/// Runs the server until it is told to end.
pub(super) fn run(args: &ApiArgs) -> Result<(), Failure> {
    let address = listen(args.listen.as_ref(), "127.0.0.1:7401")?;
    let (bus, url) = rabbit(args.bus.bus.as_deref())?;
    let config = config(args)?;
    let Process { executor, shutdown } = Process::prepare(args.log, args.threads.threads)?;
    let server = ApiServer::builder(address, bus).config(config).executor(executor).build().map_err(start_failed)?;
    let catalog = match args.catalog {
        Catalog::None => "none",
    };
    tracing::info!(address = %server.local_address(), bus = %url, catalog, "starting an API server");
    warn_if_open(server.local_address());
    smol::block_on(server.run(shutdown));
    Ok(())
}

fn config(args: &ApiArgs) -> Result<ApiConfig, Failure> {
    let refused = |error: lode_core::config::ConfigError| Failure::Usage(error.to_string());
    let timing = Timing::new(*args.heartbeat_period, *args.expiry, *args.locate_deadline, *args.ask_directly_after);
    let config = ApiConfig {
        timing: timing.map_err(refused)?,
        max_requests: args.max_requests,
        held_body_bytes: args.held_body.as_u64(),
        ..ApiConfig::default()
    };
    config.check().map_err(refused)?;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::args::{Cli, Command};

    fn config_of(line: &str) -> Result<ApiConfig, Failure> {
        let Command::Api(args) = Cli::try_parse_from(line.split(' ')).unwrap().command else { panic!("no API server") };
        config(&args)
    }

    #[test]
    fn the_settings_reach_the_machine() {
        assert_eq!(config_of("lode api").unwrap(), ApiConfig::default());
        let config = config_of(
            "lode api --expiry 2s --heartbeat-period 1s --locate-deadline 400ms --ask-directly-after 100ms --held-body 2MiB \
             --max-requests 7",
        );
        let config = config.unwrap();
        assert_eq!((config.timing.expiry().as_millis(), config.timing.heartbeat_period().as_millis()), (2000, 1000));
        assert_eq!(config.timing.locate_deadline().as_millis(), 400);
        assert_eq!(config.timing.ask_directly_after().as_millis(), 100);
        assert_eq!((config.held_body_bytes, config.max_requests), (2 << 20, 7));
    }

    #[test]
    fn settings_that_contradict_each_other_are_refused() {
        for line in ["lode api --expiry 5s", "lode api --ask-directly-after 1s", "lode api --max-requests 0"] {
            assert!(matches!(config_of(line), Err(Failure::Usage(_))), "{line}");
        }
    }
}
