//! `lode put`: a file, or a stream of unknown length, becomes an object.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::{Path, PathBuf};

use lode_core::checksum::Checksum;
use lode_smol::http::client::{ClientError, Upload, UploadState};
use serde_json::json;

use super::args::PutArgs;
use super::cluster::{Cluster, etag_of, small_body};
use super::failure::Failure;
use super::name::object_name;
use super::output::Output;
use super::progress::Progress;

/// How much is read and sent at a time, in bytes: MEASURED.md, "Speed".
const PIECE_BYTES: usize = 256 * 1024;

/// Carries out the command.
pub(super) async fn run(args: &PutArgs, output: Output) -> Result<(), Failure> {
    let name = object_name(&args.name.name, args.name.raw_name)?;
    let mut source = Source::open(args.file.as_deref())?;
    let cluster = Cluster::new(&args.cluster);
    let target = format!("/objects/{name}");
    let upload = cluster.upload(&target, source.length_bytes).await?;
    let progress = Progress::new(output, true, "put");
    progress.set_total(source.length_bytes);
    let (upload, sent) = send(upload, &mut source, &progress).await?;
    let response = upload.finish().await.map_err(|error| source.blame(error))?;
    let promised = etag_of(&response).map(|etag| etag.checksum());
    small_body(response).await?;
    if let Some(expected) = promised.filter(|promised| *promised != sent.checksum) {
        let what = "the server has stored something else than what was sent".to_owned();
        return Err(Failure::Corrupt { what, expected: sent.checksum, found: expected });
    }
    let summary = progress.summary(sent.bytes);
    let remark = if promised.is_some() { "" } else { "; the server told no checksum to compare" };
    let human = format!("stored {name}: {summary}{remark}\n");
    let checksum = sent.checksum.to_string();
    let verified = promised.is_some();
    output.done(
        &human,
        &json!({ "name": name.as_str(), "size_bytes": sent.bytes, "checksum": checksum, "verified": verified }),
    )
}

struct Sent {
    bytes: u64,
    checksum: Checksum,
}

async fn send(mut upload: Upload, source: &mut Source, progress: &Progress) -> Result<(Upload, Sent), Failure> {
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let count = source.read(&mut piece)?;
        let piece = piece.get(..count).unwrap_or_default();
        if piece.is_empty() {
            break;
        }
        hasher.update(piece);
        match upload.write(piece).await.map_err(|error| source.blame(error))? {
            UploadState::Open => progress.advance(count),
            UploadState::Answered => break,
        }
    }
    let sent = Sent { bytes: hasher.count(), checksum: Checksum::new(*hasher.finalize().as_bytes()) };
    Ok((upload, sent))
}

/// Where the bytes come from.
struct Source {
    reader: Box<dyn Read>,
    path: PathBuf,
    length_bytes: Option<u64>,
}

impl Source {
    fn open(path: Option<&Path>) -> Result<Self, Failure> {
        match path {
            Some(path) if path != Path::new("-") => Self::open_file(path),
            None if io::stdin().is_terminal() => {
                let sentence = "there is no FILE to store; give one, or - to type the object in";
                Err(Failure::Usage(sentence.to_owned()))
            }
            Some(_) | None => {
                let path = PathBuf::from("the standard input");
                Ok(Self { reader: Box::new(io::stdin().lock()), path, length_bytes: None })
            }
        }
    }

    fn open_file(path: &Path) -> Result<Self, Failure> {
        let failed = |error| Failure::Local { action: "read", path: path.to_owned(), error };
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        let length_bytes = metadata.is_file().then_some(metadata.len());
        Ok(Self { reader: Box::new(file), path: path.to_owned(), length_bytes })
    }

    fn read(&mut self, into: &mut [u8]) -> Result<usize, Failure> {
        loop {
            match self.reader.read(into) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read.map_err(|error| self.failed(error)),
            }
        }
    }

    /// A file that has another length than at first is not the network's fault.
    fn blame(&self, error: ClientError) -> Failure {
        if matches!(error, ClientError::UploadLength { .. }) {
            self.failed(io::Error::other("the file changed while it was sent; nothing was stored"))
        } else {
            Failure::Broken(error)
        }
    }

    fn failed(&self, error: io::Error) -> Failure {
        Failure::Local { action: "read", path: self.path.clone(), error }
    }
}
