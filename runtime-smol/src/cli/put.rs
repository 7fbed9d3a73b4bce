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

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::{SocketAddr, TcpListener};
    use std::thread;

    use clap::Parser as _;

    use super::*;
    use crate::cli::args::{Cli, Command, OutputArgs};
    use crate::cli::exit::Exit;

    const QUIET: OutputArgs = OutputArgs { json: false, quiet: true };

    /// Takes one upload that ends in `!` and answers with these headers.
    fn server(headers: String) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut byte = [0];
            while byte != *b"!" && stream.read(&mut byte).unwrap() > 0 {}
            stream.write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n{headers}\r\n").as_bytes()).unwrap();
        });
        address
    }

    fn arguments(server: SocketAddr, file: &Path) -> PutArgs {
        let line = ["lode", "put", "name", file.to_str().unwrap(), "-q", "-s", &server.to_string()];
        let command = Cli::try_parse_from(line).unwrap().command;
        let Command::Put(args) = command else { panic!("{command:?} is no put") };
        args
    }

    fn put(told: Option<&[u8]>) -> Result<(), Failure> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "hello!").unwrap();
        let headers = told.map(|body| format!("etag: \"{}\"\r\n", blake3::hash(body))).unwrap_or_default();
        smol::block_on(run(&arguments(server(headers), &file), Output::new(&QUIET)))
    }

    #[test]
    fn what_the_server_has_stored_is_compared_with_what_was_sent() {
        assert!(put(Some(b"hello!")).is_ok());
        assert!(put(None).is_ok());
        let failure = put(Some(b"hullo!")).unwrap_err();
        assert_eq!((failure.exit(), failure.code()), (Exit::Corrupt, "checksum_mismatch"));
    }

    #[test]
    fn a_file_that_changes_while_it_is_sent_is_blamed_itself() {
        for announced in [3, 9] {
            let mut source =
                Source { reader: Box::new(&b"hello!"[..]), path: PathBuf::from("f"), length_bytes: Some(announced) };
            let progress = Progress::new(Output::new(&QUIET), false, "put");
            let cluster = Cluster::new(&arguments(server(String::new()), Path::new("f")).cluster);
            let failure = smol::block_on(async {
                let upload = cluster.upload("/objects/name", Some(announced)).await?;
                let (upload, _) = send(upload, &mut source, &progress).await?;
                upload.finish().await.map_err(|error| source.blame(error))
            });
            let told = failure.map(|_| ()).unwrap_err().to_string();
            assert!(told.contains("changed while it was sent"), "{told}");
        }
    }
}
