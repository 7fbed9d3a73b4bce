//! `lode data`: a data server as a process.

use std::net::SocketAddr;

use lode_core::address::ServerAddress;
use lode_core::config::DataConfig;
use lode_smol::data::DataServer;

use super::args::DataArgs;
use super::failure::Failure;
use super::serve::{Process, listen, rabbit, required, start_failed, warn_if_open};

/// Runs the server until it is told to end.
pub(super) fn run(args: &DataArgs) -> Result<(), Failure> {
    let address = listen(args.listen.as_ref(), "127.0.0.1:7501")?;
    let root = required(args.root.clone(), "--root", "STORAGE_ROOT", "/srv/lode")?;
    let (bus, url) = rabbit(args.bus.bus.as_deref())?;
    let advertised = advertised(args, address)?;
    let config = config(args)?;
    let Process { executor, shutdown } = Process::prepare(args.log, args.threads.threads)?;
    let mut server = DataServer::builder(address, root.clone(), bus).config(config).executor(executor);
    if let Some(advertised) = advertised {
        server = server.advertise(advertised);
    }
    let server = server.build().map_err(start_failed)?;
    tracing::info!(address = %server.local_address(), root = %root.display(), bus = %url, "starting a data server");
    warn_if_open(server.local_address());
    smol::block_on(server.run(shutdown));
    Ok(())
}

/// What heartbeats say; `None` if that is what will be bound.
fn advertised(args: &DataArgs, bound: SocketAddr) -> Result<Option<ServerAddress>, Failure> {
    let told = args.advertise.clone().or_else(|| args.listen.as_ref().and_then(|listen| listen.advertised()));
    let of_everything =
        |address: &ServerAddress| address.host().parse().is_ok_and(|ip: std::net::IpAddr| ip.is_unspecified());
    if told.as_ref().map_or_else(|| bound.ip().is_unspecified(), of_everything) {
        let sentence = format!(
            "{bound} means every interface, but others need one address to reach and know this data server by: give \
             --advertise host:port"
        );
        return Err(Failure::Usage(sentence));
    }
    Ok(told)
}

fn config(args: &DataArgs) -> Result<DataConfig, Failure> {
    let config = DataConfig {
        heartbeat_period: *args.heartbeat_period,
        max_requests: args.max_requests,
        reserve_bytes: args.reserve.as_u64(),
        scrub_every: Some(*args.scrub_every).filter(|every| !every.is_zero()),
        scrub_rate_bytes: args.scrub_rate.as_u64(),
        zone: args.zone.clone(),
        ..DataConfig::default()
    };
    config.check().map_err(|error| Failure::Usage(error.to_string()))?;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::args::{Cli, Command};

    fn args(line: &str) -> DataArgs {
        let command = Cli::try_parse_from(line.split(' ')).unwrap().command;
        let Command::Data(args) = command else { panic!("{command:?} is no data server") };
        args
    }

    #[test]
    fn the_settings_reach_the_machine() {
        assert_eq!(config(&args("lode data")).unwrap(), DataConfig::default());
        let config = config(&args("lode data --heartbeat-period 1s --reserve 1GiB --max-requests 7")).unwrap();
        assert_eq!(config.heartbeat_period.as_millis(), 1000);
        assert_eq!((config.reserve_bytes, config.max_requests), (1 << 30, 7));
        let refused = super::config(&args("lode data --heartbeat-period 1ms"));
        assert!(matches!(refused, Err(Failure::Usage(_))), "{refused:?}");
    }

    #[test]
    fn heartbeats_tell_an_address_that_others_can_use() {
        for (line, told) in [
            ("lode data --listen 127.29.1.1:22345", Ok(Some("127.29.1.1:22345"))),
            ("lode data --listen localhost:7501", Ok(Some("localhost:7501"))),
            ("lode data --listen 0.0.0.0:7501 --advertise data-1:80", Ok(Some("data-1:80"))),
            ("lode data --listen 127.0.0.1:0", Ok(None)),
            ("lode data --listen 0.0.0.0:7501", Err(())),
            ("lode data --listen [::]:7501", Err(())),
            ("lode data --listen 10.0.0.1:7501 --advertise 0.0.0.0:7501", Err(())),
        ] {
            let args = args(line);
            let bound = args.listen.as_ref().unwrap().resolve().unwrap();
            let advertised = advertised(&args, bound).map(|address| address.map(|address| address.to_string()));
            assert_eq!(advertised.as_ref().map(Option::as_deref).map_err(|_| ()), told, "{line}");
        }
    }
}
