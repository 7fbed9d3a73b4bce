use clap::CommandFactory as _;
use clap::error::ErrorKind;

use super::*;

fn parse(line: &str) -> Result<Command, clap::Error> {
    Cli::try_parse_from(line.split(' ')).map(|cli| cli.command)
}

fn refusal(line: &str) -> clap::Error {
    parse(line).map(|command| panic!("{line} was taken: {command:?}")).unwrap_err()
}

#[test]
fn the_command_line_contradicts_nothing() {
    Cli::command().debug_assert();
}

#[test]
fn every_flag_says_what_it_means() {
    for command in Cli::command().get_subcommands() {
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{} of {}", argument.get_id(), command.get_name());
        }
    }
}

#[test]
fn every_command_says_what_it_does_and_no_line_of_its_help_is_too_long() {
    for command in Cli::command().get_subcommands() {
        assert!(command.get_about().is_some(), "{}", command.get_name());
        for help in [command.get_after_help(), command.get_after_long_help()].into_iter().flatten() {
            // So wide is help where nobody says how wide the terminal is.
            let long = help.to_string().lines().find(|line| line.chars().count() > 100).map(str::to_owned);
            assert_eq!(long, None, "{}", command.get_name());
        }
    }
}

#[test]
fn the_defaults_are_the_seeds_and_the_cores() {
    let Ok(Command::Api(api)) = parse("lode api") else { panic!("no API server") };
    let core = lode_core::config::ApiConfig::default();
    assert_eq!(*api.heartbeat_period, core.timing.heartbeat_period());
    assert_eq!(*api.expiry, core.timing.expiry());
    assert_eq!(*api.locate_deadline, core.timing.locate_deadline());
    assert_eq!(*api.ask_directly_after, core.timing.ask_directly_after());
    assert_eq!((api.held_body.as_u64(), api.max_requests), (core.held_body_bytes, core.max_requests));
    let Ok(Command::Data(data)) = parse("lode data") else { panic!("no data server") };
    let core = lode_core::config::DataConfig::default();
    assert_eq!(*data.heartbeat_period, core.heartbeat_period);
    assert_eq!((Some(*data.scrub_every), data.scrub_rate.as_u64()), (core.scrub_every, core.scrub_rate_bytes));
    assert_eq!((data.reserve.as_u64(), data.max_requests), (core.reserve_bytes, core.max_requests));
}

#[test]
fn settings_come_from_variables_too() {
    let command = Cli::command();
    let variable = |command_name: &str, flag: &str| {
        let command = command.find_subcommand(command_name)?;
        command.get_arguments().find(|argument| argument.get_long() == Some(flag))?.get_env()?.to_str()
    };
    for (command, flag, name) in [
        ("api", "listen", "LISTEN_ADDRESS"),
        ("api", "bus", "RABBITMQ_SERVER"),
        ("api", "catalog", "LODE_CATALOG"),
        ("data", "listen", "LISTEN_ADDRESS"),
        ("data", "bus", "RABBITMQ_SERVER"),
        ("data", "root", "STORAGE_ROOT"),
        ("get", "server", "LODE_SERVER"),
    ] {
        assert_eq!(variable(command, flag), Some(name), "{command} {flag}");
    }
}

#[test]
fn mistakes_are_refused() {
    for line in [
        "lode api --expiry 5",
        "lode api --expiry 5 --heartbeat-period never",
        "lode api --held-body big",
        "lode api --threads 0",
        "lode api --listen 7401",
        "lode data --advertise 10.0.0.1",
        "lode dev --api 0",
        "lode dev --data 101",
        "lode dev --port-base 65400",
        "lode put",
        "lode get name file another",
        "lode locate",
        "lode status --server nowhere",
        "lode completions tcsh",
    ] {
        let refusal = refusal(line);
        assert_ne!(refusal.kind(), ErrorKind::DisplayHelp, "{line}");
        assert_eq!(refusal.exit_code(), 2, "{line}");
    }
}

#[test]
fn a_catalog_is_a_file_a_postgresql_or_none() {
    for catalog in ["none", "sqlite:/tmp/x", "postgres://lode:secret@127.0.0.1/lode"] {
        assert!(matches!(parse(&format!("lode api --catalog {catalog}")), Ok(Command::Api(_))), "{catalog}");
    }
    for catalog in ["sqlite", "sqlite:", "mysql://x", "sqlite://x"] {
        let told = refusal(&format!("lode api --catalog {catalog}")).to_string();
        assert!(told.contains("sqlite:"), "{told}");
    }
}

#[test]
fn help_never_shows_the_password_of_the_broker_or_the_catalog() {
    for command in Cli::command().get_subcommands() {
        let secret = |argument: &&clap::Arg| matches!(argument.get_long(), Some("bus" | "catalog"));
        assert!(
            command.get_arguments().filter(secret).all(|url| url.get_env().is_none() || url.is_hide_env_values_set()),
            "{}",
            command.get_name()
        );
    }
}

#[test]
fn several_servers_may_be_given() {
    let Ok(Command::Status(status)) = parse("lode status --server a:1,b:2 -s c:3") else { panic!("no status") };
    let servers: Vec<_> = status.cluster.servers.iter().map(ToString::to_string).collect();
    assert_eq!(servers, ["a:1", "b:2", "c:3"]);
}
