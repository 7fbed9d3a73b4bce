//! Where the servers of `lode dev` are, and what is said of them.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::cli::args::DevArgs;

/// The port at which clients look if they are not told otherwise, less one.
const DEFAULT_PORT_BASE: u16 = 7400;

/// From the port base to the first data server, less one.
const DATA_OFFSET: u16 = 100;

/// Which servers there are, and where.
pub(super) struct Layout {
    apis: u16,
    datas: u16,
    port_base: u16,
    root: PathBuf,
}

impl Layout {
    pub(super) fn new(args: &DevArgs) -> Self {
        Self { apis: args.api, datas: args.data, port_base: args.port_base, root: args.root.clone() }
    }

    /// The addresses of the API servers.
    pub(super) fn apis(&self) -> impl Iterator<Item = SocketAddr> {
        addresses(self.port_base, self.apis)
    }

    /// The addresses and folders of the data servers.
    pub(super) fn datas(&self) -> impl Iterator<Item = (SocketAddr, PathBuf)> {
        let roots = (1..=self.datas).map(|number| self.root.join(format!("data-{number}")));
        addresses(self.port_base.saturating_add(DATA_OFFSET), self.datas).zip(roots)
    }

    /// What to know, and what to try.
    pub(super) fn introduction(&self, bus: &str) -> String {
        let first = self.port_base.saturating_add(1);
        let last = self.port_base.saturating_add(self.apis);
        let program = std::env::args().next().unwrap_or_else(|| "lode".to_owned());
        let server = if self.port_base == DEFAULT_PORT_BASE { String::new() } else { format!(" -s 127.0.0.1:{first}") };
        let mut text = format!("API servers   {}\n", listed(self.apis()));
        // Writing to a string cannot fail.
        let _written = write!(
            text,
            "data servers  {}\nobjects in    {}\nmessage bus   {bus}\n\n\
             Try:\n  \
             curl -X PUT -d 'Hello, world!' http://127.0.0.1:{first}/objects/hello\n  \
             curl http://127.0.0.1:{last}/objects/hello\n  \
             {program} status{server}\n\n",
            listed(self.datas().map(|(address, _)| address)),
            self.root.display(),
        );
        if let Some(more) = self.first_folder_left_out() {
            let _written = writeln!(
                text,
                "Note: {} holds objects too, of a cluster with more data servers: they are not served. See --data.\n",
                more.display()
            );
        }
        text
    }

    fn first_folder_left_out(&self) -> Option<PathBuf> {
        Some(self.root.join(format!("data-{}", self.datas + 1))).filter(|folder| Path::exists(folder))
    }
}

fn addresses(base: u16, count: u16) -> impl Iterator<Item = SocketAddr> {
    (1..=count).map(move |number| SocketAddr::from(([127, 0, 0, 1], base.saturating_add(number))))
}

/// The addresses, a few a line, indented as the first line is.
fn listed(addresses: impl Iterator<Item = SocketAddr>) -> String {
    let all: Vec<String> = addresses.map(|address| address.to_string()).collect();
    let lines: Vec<String> = all.chunks(4).map(|few| few.join("  ")).collect();
    lines.join("\n              ")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::args::{Cli, Command};

    fn layout(line: &str) -> Layout {
        let command = Cli::try_parse_from(line.split(' ')).unwrap().command;
        let Command::Dev(args) = command else { panic!("{command:?} is no cluster") };
        Layout::new(&args)
    }

    #[test]
    fn servers_are_where_the_help_says() {
        let layout = layout("lode dev --api 3 --data 2 --port-base 9000 --root /r");
        let apis: Vec<String> = layout.apis().map(|address| address.to_string()).collect();
        assert_eq!(apis, ["127.0.0.1:9001", "127.0.0.1:9002", "127.0.0.1:9003"]);
        let datas: Vec<String> =
            layout.datas().map(|(address, root)| format!("{address} {}", root.display())).collect();
        assert_eq!(datas, ["127.0.0.1:9101 /r/data-1", "127.0.0.1:9102 /r/data-2"]);
    }

    #[test]
    fn the_last_ports_are_not_beyond_the_last_there_is() {
        let layout = layout("lode dev --api 100 --data 100 --port-base 65335");
        assert_eq!(layout.datas().last().unwrap().0.port(), u16::MAX);
    }

    #[test]
    fn the_introduction_names_every_server_and_how_to_reach_one() {
        let other = layout("lode dev --port-base 9000");
        let text = other.introduction("here");
        assert!(
            other.apis().chain(other.datas().map(|data| data.0)).all(|at| text.contains(&at.to_string())),
            "{text}"
        );
        assert!(text.contains("status -s 127.0.0.1:9001\n"), "{text}");
        assert!(layout("lode dev").introduction("here").contains(" status\n"));
    }

    #[test]
    fn objects_that_are_not_served_are_pointed_out() {
        let folder = tempfile::tempdir().unwrap();
        let few = Layout { root: folder.path().to_owned(), ..layout("lode dev --data 2") };
        assert!(!few.introduction("here").contains("Note"));
        std::fs::create_dir(folder.path().join("data-3")).unwrap();
        assert!(few.introduction("here").contains("data-3 holds objects too"));
    }
}
