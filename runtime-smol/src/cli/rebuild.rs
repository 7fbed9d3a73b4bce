//! `lode rebuild-catalog`: making a lost catalog anew from what the data servers hold.

use std::collections::BTreeSet;
use std::sync::Arc;

use lode_core::address::ServerAddress;
use lode_core::catalog::State;
use lode_core::catalog::rebuild::Rebuilt;
use lode_smol::catalog::{Catalog, CatalogUrl};
use lode_smol::http::client::{ClientLimits, HttpClient};
use lode_smol::rebuild::{self, Found, Scope};
use serde_json::{Value, json};

use super::args::RebuildArgs;
use super::catalog;
use super::failure::Failure;
use super::output::{Output, remark};
use super::progress::Counting;

/// Which data servers are asked, and which are done without.
struct Servers {
    asked: Vec<ServerAddress>,
    without: Vec<ServerAddress>,
}

/// What is told at the end.
struct Told<'a> {
    args: &'a RebuildArgs,
    servers: &'a Servers,
    copies: u64,
    blobs: usize,
    rebuilt: &'a Rebuilt,
}

/// Carries out the command.
pub(super) fn run(args: &RebuildArgs, output: Output) -> Result<(), Failure> {
    let servers = Servers::of(args)?;
    // What is not empty is said before hours are spent on reading.
    let catalog = if args.dry_run { None } else { Some(open_new(&args.catalog)?) };
    let found = smol::block_on(find(args, &servers.asked, output))?;
    let (copies, blobs) = (found.copies, found.rebuild.blobs());
    let rebuilt = found.rebuild.finish(args.old_versions, *args.believed_for);
    if let Some(catalog) = catalog {
        smol::block_on(put_back(args, &*catalog, &rebuilt, servers.scope(), output))?;
    }
    let told = Told { args, servers: &servers, copies, blobs, rebuilt: &rebuilt };
    if !servers.without.is_empty() {
        remark(&told.warning());
    }
    output.done(&told.to_text(), &told.to_json())
}

fn open_new(url: &CatalogUrl) -> Result<Arc<dyn Catalog>, Failure> {
    let Some(catalog) = catalog::open(url)? else {
        return Err(Failure::Usage("there is nothing to rebuild without a catalog: give --catalog".to_owned()));
    };
    smol::block_on(rebuild::assert_new(&*catalog))?;
    Ok(catalog)
}

async fn find(args: &RebuildArgs, servers: &[ServerAddress], output: Output) -> Result<Found, Failure> {
    let limits = ClientLimits { head: *args.timeout, stall: *args.timeout, ..ClientLimits::default() };
    let progress = Counting::without_end(output, "reading", "copies");
    let found = rebuild::find(&HttpClient::new(limits), servers, |found| progress.done(found.copies)).await;
    if found.failed.is_empty() {
        return Ok(found);
    }
    let missed = found.failed.iter().map(|(server, error)| format!("{server}: {error}"));
    Err(Failure::ServersMissed(missed.collect()))
}

async fn put_back(
    args: &RebuildArgs,
    catalog: &dyn Catalog,
    rebuilt: &Rebuilt,
    scope: Scope,
    output: Output,
) -> Result<(), Failure> {
    let versions = &rebuilt.versions;
    let progress = Counting::new(output, "writing", versions.len() as u64, "versions");
    let told = |put_back| progress.done(put_back as u64);
    Ok(rebuild::put_back(catalog, args.old_versions, versions, scope, told).await?)
}

impl Servers {
    fn of(args: &RebuildArgs) -> Result<Self, Failure> {
        let without: BTreeSet<ServerAddress> = args.without.iter().cloned().collect();
        let all: BTreeSet<ServerAddress> = args.data_servers.iter().cloned().collect();
        let asked: Vec<ServerAddress> = all.difference(&without).cloned().collect();
        if asked.is_empty() {
            return Err(Failure::Usage("without any data server there is nothing to rebuild from".to_owned()));
        }
        Ok(Self { asked, without: without.into_iter().collect() })
    }

    const fn scope(&self) -> Scope {
        if self.without.is_empty() { Scope::Whole } else { Scope::Part }
    }
}

impl Told<'_> {
    fn warning(&self) -> String {
        let without: Vec<&str> = self.servers.without.iter().map(ServerAddress::as_str).collect();
        format!(
            "warning: done without {}: versions of which only they have copies are missing. They stay where they are, and a \
             rebuild with all data servers into another catalog finds them",
            without.join(", ")
        )
    }

    fn to_text(&self) -> String {
        let Self { args, servers, copies, blobs, rebuilt } = self;
        let (versions, tombstones, left_out) = (rebuilt.versions.len(), self.tombstones(), rebuilt.left_out.len());
        let servers = servers.asked.len();
        let done = if args.dry_run { "would be put" } else { "were put" };
        let mut text = format!(
            "{copies} copies of {blobs} blobs were found on {servers} data servers\n\
             {versions} versions of {} objects {done} into {}, {tombstones} of them tombstones\n",
            self.objects(),
            args.catalog,
        );
        if rebuilt.assumed > 0 {
            text += &format!(
                "{} of them did not say which version they are, or two the same: their numbers are assumed\n",
                rebuilt.assumed
            );
        }
        if left_out > 0 {
            text += &format!("blobs left out, because they are no version: {left_out} (with --json: which)\n");
        }
        text
    }

    fn to_json(&self) -> Value {
        let Self { args, servers, copies, blobs, rebuilt } = self;
        let texts = |servers: &[ServerAddress]| -> Vec<String> { servers.iter().map(ToString::to_string).collect() };
        let left_out: Vec<String> = rebuilt.left_out.iter().map(ToString::to_string).collect();
        json!({
            "catalog": args.catalog.to_string(),
            "dry_run": args.dry_run,
            "data_servers": texts(&servers.asked),
            "without": texts(&servers.without),
            "copies": copies,
            "blobs": blobs,
            "objects": self.objects(),
            "versions": rebuilt.versions.len(),
            "tombstones": self.tombstones(),
            "assumed": rebuilt.assumed,
            "left_out": left_out,
        })
    }

    /// Whether they are there or deleted.
    fn objects(&self) -> usize {
        self.rebuilt.versions.chunk_by(|one, other| one.path == other.path).count()
    }

    fn tombstones(&self) -> usize {
        self.rebuilt.versions.iter().filter(|held| held.record.state == State::Tombstone).count()
    }
}

#[cfg(test)]
#[allow(clippy::wildcard_enum_match_arm, reason = "a test names the one answer that it expects")]
mod tests {
    use clap::Parser as _;

    use super::super::args::{Cli, Command};
    use super::*;

    fn args(more: &str) -> RebuildArgs {
        let line = format!("lode rebuild-catalog --catalog sqlite:new.db --old-versions 2 --data a:1 b:2 a:1 {more}");
        match Cli::try_parse_from(line.split_whitespace()).map(|cli| cli.command) {
            Ok(Command::RebuildCatalog(args)) => args,
            other => panic!("{other:?}"),
        }
    }

    fn told(args: &RebuildArgs, rebuilt: &Rebuilt) -> (String, Value) {
        let servers = Servers::of(args).unwrap();
        let told = Told { args, servers: &servers, copies: 9, blobs: 3, rebuilt };
        (told.to_text(), told.to_json())
    }

    #[test]
    fn each_data_server_is_asked_once_and_those_done_without_are_not() {
        let servers = |more: &str| {
            let Servers { asked, without } = Servers::of(&args(more))?;
            Ok::<_, Failure>((asked.len(), without.len()))
        };
        assert_eq!(servers("").unwrap(), (2, 0));
        assert_eq!(servers("--without b:2 c:3").unwrap(), (1, 2));
        assert!(matches!(servers("--without b:2 a:1"), Err(Failure::Usage(_))));
        assert_eq!(Servers::of(&args("--without b:2")).unwrap().scope(), Scope::Part);
    }

    #[test]
    fn what_was_found_and_what_is_left_out_is_told() {
        let left_out = vec!["00000000000000ab-0000000000000007".parse().unwrap()];
        let (text, json) = told(&args("--dry-run"), &Rebuilt { left_out, assumed: 1, ..Rebuilt::default() });
        assert!(
            text.starts_with("9 copies of 3 blobs were found on 2 data servers\n0 versions of 0 objects would be"),
            "{text}"
        );
        assert!(
            text.contains("1 of them did not say") && text.contains("left out, because they are no version: 1 "),
            "{text}"
        );
        assert_eq!(json["left_out"], json!(["00000000000000ab-0000000000000007"]));
        let (text, _) = told(&args(""), &Rebuilt::default());
        assert!(text.contains("were put into sqlite:new.db") && !text.contains("left out"), "{text}");
    }

    #[test]
    fn there_has_to_be_a_catalog() {
        assert!(matches!(open_new(&CatalogUrl::None), Err(Failure::Usage(_))));
    }
}
