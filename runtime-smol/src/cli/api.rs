//! `lode api`: an API server as a process.

use std::sync::Arc;
use std::time::Duration;

use lode_core::config::{ApiConfig, Timing, UpkeepConfig};
use lode_smol::api::ApiServer;
use lode_smol::catalog::CatalogUrl;

use super::args::{ApiArgs, UpkeepArgs};
use super::catalog::{self, copies};
use super::failure::Failure;
use super::serve::{Process, listen, rabbit, start_failed, warn_if_open};

/// What is said to somebody who has not chosen: what the choices are, because none of them can be changed for another later.
const NO_CATALOG: &str = "--catalog is missing: give it, or set LODE_CATALOG, to one of sqlite:PATH (versions and copies; a file, for \
    the API servers of one machine), postgres://user:password@host:port/database (the same for those of several machines) \
    or none (no versions and one copy: objects are found by asking, as in clusters with nodes of the seed)";

/// Runs the server until it is told to end.
pub(super) fn run(args: &ApiArgs) -> Result<(), Failure> {
    let address = listen(args.listen.as_ref(), "127.0.0.1:7401")?;
    let (bus, url) = rabbit(args.bus.bus.as_deref())?;
    let catalog = chosen(args)?;
    let config = config(args)?;
    let Process { executor, shutdown } = Process::prepare(args.log, args.threads.threads)?;
    let mut server = ApiServer::builder(address, bus).config(config).executor(executor);
    let opened = catalog::open_or_await(catalog)?;
    if let Some(catalog) = &opened.catalog {
        server = server.catalog(Arc::clone(catalog));
    }
    let server = server.build().map_err(start_failed)?;
    tracing::info!(address = %server.local_address(), bus = %url, %catalog, "starting an API server");
    warn_if_open(server.local_address());
    smol::block_on(opened.beside(server.run(shutdown)))
}

fn chosen(args: &ApiArgs) -> Result<&CatalogUrl, Failure> {
    args.catalog.as_ref().ok_or_else(|| Failure::Usage(NO_CATALOG.to_owned()))
}

fn config(args: &ApiArgs) -> Result<ApiConfig, Failure> {
    let refused = |error: lode_core::config::ConfigError| Failure::Usage(error.to_string());
    let timing = Timing::new(*args.heartbeat_period, *args.expiry, *args.locate_deadline, *args.ask_directly_after);
    let config = ApiConfig {
        timing: timing.map_err(refused)?,
        max_requests: args.max_requests,
        held_body_bytes: args.held_body.as_u64(),
        copies: copies(args.copies)?,
        upkeep: Some(upkeep(&args.upkeep)),
        ..ApiConfig::default()
    };
    config.check().map_err(refused)?;
    Ok(config)
}

fn upkeep(args: &UpkeepArgs) -> UpkeepConfig {
    let usual = UpkeepConfig::default();
    let garbage_age: Duration = *args.garbage_age;
    UpkeepConfig {
        repair_after: *args.repair_after,
        repair_bytes_per_second: args.repair_rate.as_u64(),
        audit_every: *args.audit_every,
        garbage_age,
        // What is to be kept for a short time only is not to lie about for much longer.
        garbage_every: usual.garbage_every.min(garbage_age),
        ..usual
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use lode_core::copies::Copies;

    use super::*;
    use crate::cli::args::{Cli, Command};

    fn args_of(line: &str) -> ApiArgs {
        let Command::Api(args) = Cli::try_parse_from(line.split(' ')).unwrap().command else { panic!("no API server") };
        args
    }

    fn config_of(line: &str) -> Result<ApiConfig, Failure> {
        config(&args_of(line))
    }

    #[test]
    fn the_catalog_is_to_be_chosen() {
        let Err(Failure::Usage(told)) = chosen(&args_of("lode api")) else { panic!("there is no default") };
        assert!(
            ["LODE_CATALOG", "sqlite:PATH", "postgres://", "none"].iter().all(|part| told.contains(part)),
            "{told}"
        );
        assert_eq!(chosen(&args_of("lode api --catalog none")).unwrap(), &CatalogUrl::None);
    }

    #[test]
    fn the_settings_reach_the_machine() {
        let usual = ApiConfig { upkeep: Some(UpkeepConfig::default()), ..ApiConfig::default() };
        assert_eq!(config_of("lode api").unwrap(), usual);
        let config = config_of(
            "lode api --expiry 2s --heartbeat-period 1s --locate-deadline 400ms --ask-directly-after 100ms --held-body 2MiB \
             --max-requests 7 --copies 2 --repair-after 3s --repair-rate 7MiB --audit-every 5s --garbage-age 4s",
        );
        let config = config.unwrap();
        assert_eq!((config.timing.expiry().as_millis(), config.timing.heartbeat_period().as_millis()), (2000, 1000));
        assert_eq!(config.timing.locate_deadline().as_millis(), 400);
        assert_eq!(config.timing.ask_directly_after().as_millis(), 100);
        assert_eq!((config.held_body_bytes, config.max_requests), (2 << 20, 7));
        assert_eq!(config.copies, Copies::Exactly(2));
        let upkeep = config.upkeep.unwrap();
        let periods = [upkeep.repair_after, upkeep.audit_every, upkeep.garbage_age, upkeep.garbage_every];
        assert_eq!(periods.map(|period| period.as_secs()), [3, 5, 4, 4]);
        assert_eq!(upkeep.repair_bytes_per_second, 7 << 20);
    }

    #[test]
    fn settings_that_contradict_each_other_are_refused() {
        for line in [
            "lode api --copies 0",
            "lode api --expiry 5s",
            "lode api --ask-directly-after 1s",
            "lode api --max-requests 0",
            "lode api --garbage-age 1ms",
        ] {
            assert!(matches!(config_of(line), Err(Failure::Usage(_))), "{line}");
        }
    }
}
