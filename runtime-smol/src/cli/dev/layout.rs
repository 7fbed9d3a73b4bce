//! Where the servers of `lode dev` are, and what is said of them.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use lode_smol::catalog::CatalogUrl;

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
    catalog: CatalogUrl,
}

impl Layout {
    pub(super) fn new(args: &DevArgs) -> Self {
        let root = args.root.clone();
        let catalog = args.catalog.clone().unwrap_or_else(|| CatalogUrl::Sqlite(own_catalog(&root)));
        Self { apis: args.api, datas: args.data, port_base: args.port_base, root, catalog }
    }

    /// The folder of everything.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Where names and versions are kept.
    pub(super) const fn catalog(&self) -> &CatalogUrl {
        &self.catalog
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

    /// What to know, and what to try. To be asked before the folders are made.
    pub(super) fn introduction(&self, bus: &str) -> String {
        let mut text = format!("API servers   {}\n", listed(self.apis()));
        // Writing to a string cannot fail.
        let _written = write!(
            text,
            "data servers  {}\nobjects in    {}\ncatalog       {}\nmessage bus   {bus}\n\nTry:\n",
            listed(self.datas().map(|(address, _)| address)),
            self.root.display(),
            self.catalog,
        );
        self.commands().iter().for_each(|command| text += &format!("  {command}\n"));
        text.push('\n');
        self.notes().iter().for_each(|note| text += &format!("Note: {note}\n\n"));
        text
    }

    /// What to try.
    fn commands(&self) -> Vec<String> {
        let first = self.port_base.saturating_add(1);
        let last = self.port_base.saturating_add(self.apis);
        let program = std::env::args().next().unwrap_or_else(|| "lode".to_owned());
        let server = if self.port_base == DEFAULT_PORT_BASE { String::new() } else { format!(" -s 127.0.0.1:{first}") };
        let mut commands = vec![
            format!("curl -X PUT -d 'Hello, world!' http://127.0.0.1:{first}/objects/hello"),
            format!("curl http://127.0.0.1:{last}/objects/hello"),
        ];
        if self.catalog != CatalogUrl::None {
            commands.push(format!("{program} bucket set objects --old-versions 10{server}"));
            commands.push(format!("curl -X PUT -d 'Hello again!' http://127.0.0.1:{last}/objects/hello"));
            commands.push(format!("curl http://127.0.0.1:{last}/versions/hello"));
            commands.push(format!("curl http://127.0.0.1:{last}/objects/"));
        }
        commands.push(format!("{program} status{server}"));
        commands
    }

    /// What lies in the folder and is not served.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let left_out = self.root.join(format!("data-{}", self.datas + 1));
        if left_out.exists() {
            let left_out = left_out.display();
            notes.push(format!(
                "{left_out} holds objects too, of a cluster with more data servers: they are not served. See --data."
            ));
        }
        match &self.catalog {
            CatalogUrl::None if own_catalog(&self.root).exists() => notes.push(format!(
                "what was stored with the catalog {} is not served without it. See --catalog.",
                own_catalog(&self.root).display()
            )),
            CatalogUrl::Sqlite(file) if !file.exists() && self.root.join("data-1").exists() => notes.push(format!(
                "the catalog {} is new: what was stored in {} before is not in it, and not served. See --catalog.",
                file.display(),
                self.root.display()
            )),
            CatalogUrl::None | CatalogUrl::Sqlite(_) | CatalogUrl::Postgres(_) => {}
        }
        notes
    }
}

/// Where the catalog is unless another is given.
fn own_catalog(root: &Path) -> PathBuf {
    root.join("catalog.db")
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
    fn what_is_not_served_is_pointed_out() {
        let folder = tempfile::tempdir().unwrap();
        let told = |arguments: &str| {
            layout(format!("lode dev --root {} {arguments}", folder.path().display()).trim_end()).introduction("here")
        };
        assert!(!told("--data 2").contains("Note") && !told("--catalog none").contains("Note"));
        for number in 1..=3 {
            std::fs::create_dir(folder.path().join(format!("data-{number}"))).unwrap();
        }
        assert!(told("--data 2 --catalog none").contains("data-3 holds objects too"));
        assert!(told("").contains("catalog.db is new"));
        std::fs::write(folder.path().join("catalog.db"), "").unwrap();
        assert!(!told("").contains("Note"));
        assert!(told("--catalog none").contains("is not served without it"));
    }

    #[test]
    fn the_catalog_is_in_the_folder_unless_another_is_chosen() {
        for (arguments, catalog) in [
            ("--root /r", "sqlite:/r/catalog.db"),
            ("--root /r --catalog none", "none"),
            ("--catalog sqlite:/c.db", "sqlite:/c.db"),
        ] {
            assert_eq!(layout(&format!("lode dev {arguments}")).catalog().to_string(), catalog);
        }
    }
}
