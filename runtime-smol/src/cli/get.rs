//! `lode get`: an object becomes a file, or goes to the standard output.

use std::io::{self, IsTerminal as _};
use std::path::Path;

use serde_json::json;

use super::args::GetArgs;
use super::cluster::Cluster;
use super::download::Download;
use super::failure::Failure;
use super::name::object_name;
use super::output::{Output, remark};
use super::progress::Progress;
use super::sink::Sink;

/// Carries out the command.
pub(super) async fn run(args: &GetArgs, output: Output) -> Result<(), Failure> {
    let name = object_name(&args.name.name, args.name.raw_name)?;
    let file = args.file.as_deref().filter(|file| *file != Path::new("-"));
    if file.is_none() && output.is_json() {
        let sentence = "--json needs a FILE to write: the standard output cannot carry both the object and the result";
        return Err(Failure::Usage(sentence.to_owned()));
    }
    let mut sink = Sink::open(file)?;
    let cluster = Cluster::new(&args.cluster);
    let target = format!("/objects/{name}");
    // A bar among the lines of the object itself would help nobody.
    let progress = Progress::new(output, file.is_some() || !io::stdout().is_terminal(), "get");
    let downloaded = match Download::new(&cluster, &target, &mut sink, &progress) {
        Ok(download) => download.run(args.retries).await,
        Err(failure) => Err(failure),
    };
    let downloaded = match downloaded {
        Ok(downloaded) => downloaded,
        Err(failure) => {
            sink.abandon(matches!(failure, Failure::Corrupt { .. }));
            return Err(failure);
        }
    };
    sink.finish()?;
    let summary = progress.summary(downloaded.size_bytes);
    let doubt = if downloaded.verified { "" } else { "; the server told no checksum to compare" };
    let Some(file) = file else {
        if output.shows_progress() && !io::stdout().is_terminal() {
            remark(&format!("got {name}: {summary}{doubt}"));
        }
        return Ok(());
    };
    let json = json!({
        "name": name.as_str(),
        "file": file.to_string_lossy(),
        "size_bytes": downloaded.size_bytes,
        "checksum": downloaded.checksum.to_string(),
        "verified": downloaded.verified,
    });
    output.done(&format!("wrote {}: {summary}{doubt}\n", file.display()), &json)
}
