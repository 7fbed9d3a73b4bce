//! Where the catalog is, as the user writes it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::postgres::{PostgresUrl, PostgresUrlError};

/// Where the catalog is: `sqlite:PATH`, a `postgres://…` URL, or `none`. Shown without its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatalogUrl {
    /// `none`: there is no catalog, and each name is that of its blob.
    None,
    /// `sqlite:PATH`: a file, for the API servers of one machine.
    Sqlite(PathBuf),
    /// `postgres://user:password@host:port/database`, for the API servers of several machines.
    Postgres(PostgresUrl),
}

/// A text that does not say where the catalog is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogUrlError {
    /// It begins like none of them.
    #[error("a catalog is sqlite:PATH, postgres://user:password@host:port/database, or none")]
    Kind,
    /// `sqlite:` without a path.
    #[error("sqlite: is to be followed by the path of a file, as in sqlite:/var/lib/lode/catalog.db")]
    NoPath,
    /// It is meant for a URL, and SQLite has none.
    #[error("sqlite: is to be followed by a plain path, without // and without options: write sqlite:{}", path.display())]
    SqliteUrl {
        /// What was most likely meant.
        path: PathBuf,
    },
    /// No URL of a PostgreSQL.
    #[error(transparent)]
    Postgres(#[from] PostgresUrlError),
}

impl FromStr for CatalogUrl {
    type Err = CatalogUrlError;

    fn from_str(text: &str) -> Result<Self, CatalogUrlError> {
        if text == "none" {
            Ok(Self::None)
        } else if let Some(path) = text.strip_prefix("sqlite:") {
            sqlite(path)
        } else if text.starts_with("postgres:") || text.starts_with("postgresql:") {
            Ok(Self::Postgres(text.parse()?))
        } else {
            Err(CatalogUrlError::Kind)
        }
    }
}

/// `sqlite://file` would be a file `//file` to us and a file `file` to others: neither is to be guessed.
fn sqlite(path: &str) -> Result<CatalogUrl, CatalogUrlError> {
    match path.strip_prefix("//") {
        Some("") => Err(CatalogUrlError::NoPath),
        Some(rest) => Err(CatalogUrlError::SqliteUrl { path: Path::new(rest).to_owned() }),
        None if path.is_empty() => Err(CatalogUrlError::NoPath),
        None => Ok(CatalogUrl::Sqlite(Path::new(path).to_owned())),
    }
}

impl fmt::Display for CatalogUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_read_and_shown() {
        for text in ["none", "sqlite:catalog.db", "sqlite:/var/lib/lode/a b.db", "postgres://lode@db:5432/catalog"] {
            assert_eq!(text.parse::<CatalogUrl>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for (text, error) in [
            ("", CatalogUrlError::Kind),
            ("None", CatalogUrlError::Kind),
            ("catalog.db", CatalogUrlError::Kind),
            ("mysql://db/catalog", CatalogUrlError::Kind),
            ("sqlite:", CatalogUrlError::NoPath),
            ("sqlite://", CatalogUrlError::NoPath),
            ("sqlite:///a.db", CatalogUrlError::SqliteUrl { path: "/a.db".into() }),
        ] {
            assert_eq!(text.parse::<CatalogUrl>(), Err(error), "{text}");
        }
        assert!(matches!("postgres:db".parse::<CatalogUrl>(), Err(CatalogUrlError::Postgres(_))));
    }
}
