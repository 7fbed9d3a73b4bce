//! The address of a database, as the user writes it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

/// The URL of a database in PostgreSQL: `postgres://user:password@host:port/database`. What is left out of user, password
/// and port is taken from libpq's environment (`PGUSER`, `PGPASSWORD`, `PGPORT`, `~/.pgpass`), else the user who runs this,
/// none, and 5432. `?sslmode=verify-full` asks for TLS; a Unix socket is
/// `postgres:///database?host=/run/postgresql&user=user`. It is shown without its
/// password.
#[derive(Clone)]
pub struct PostgresUrl(Arc<PgConnectOptions>);

/// A text that is not the URL of a database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not the URL of a PostgreSQL ({reason}): write it as postgres://user:password@host:port/database")]
pub struct PostgresUrlError {
    reason: String,
}

impl PostgresUrl {
    pub(super) fn options(&self) -> &PgConnectOptions {
        &self.0
    }
}

impl FromStr for PostgresUrl {
    type Err = PostgresUrlError;

    fn from_str(text: &str) -> Result<Self, PostgresUrlError> {
        let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
        let rest = rest.ok_or_else(|| refusal("it does not begin with postgres://"))?;
        if !names_a_host(rest) {
            return Err(refusal("there is no host in it"));
        }
        let options: PgConnectOptions = text.parse().map_err(|error: sqlx::Error| refusal(&reason(&error)))?;
        if options.get_database().is_none_or(str::is_empty) {
            return Err(refusal("there is no database in it"));
        }
        Ok(Self(Arc::new(options.application_name("lode").disable_statement_logging())))
    }
}

/// In the authority or in the query; without, the environment would decide where the catalog is.
fn names_a_host(rest: &str) -> bool {
    let (before_query, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = before_query.split(['/', '#']).next().unwrap_or("");
    let host = authority.rsplit('@').next().unwrap_or("");
    let in_query = |part: &str| part.starts_with("host=") || part.starts_with("hostaddr=");
    !(host.is_empty() || host.starts_with(':')) || query.split('&').any(in_query)
}

fn reason(error: &sqlx::Error) -> String {
    if let sqlx::Error::Configuration(why) = error { why.to_string() } else { error.to_string() }
}

fn refusal(reason: &str) -> PostgresUrlError {
    PostgresUrlError { reason: reason.to_owned() }
}

impl PartialEq for PostgresUrl {
    /// By what is shown.
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for PostgresUrl {}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (user, database) = (self.0.get_username(), self.0.get_database().unwrap_or_default());
        match self.0.get_socket() {
            Some(socket) => {
                write!(f, "postgres:///{database}?host={}&port={}&user={user}", socket.display(), self.0.get_port())
            }
            None => write!(f, "postgres://{user}@{}:{}/{database}", self.0.get_host(), self.0.get_port()),
        }
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_never_shown() {
        let url: PostgresUrl = "postgres://lode:s3cret@db:5433/catalog?sslmode=require".parse().unwrap();
        for shown in [url.to_string(), format!("{url:?}")] {
            assert!(!shown.contains("s3cret") && shown.contains("postgres://lode@db:5433/catalog"), "{shown}");
        }
    }

    #[test]
    fn both_schemes_and_sockets_are_taken() {
        let socket: PostgresUrl = "postgresql:///catalog?host=/run/postgresql&port=5433&user=lode".parse().unwrap();
        assert_eq!(socket.to_string(), "postgres:///catalog?host=/run/postgresql&port=5433&user=lode");
        let ipv6: PostgresUrl = "postgres://lode@[::1]:5433/catalog".parse().unwrap();
        assert_eq!(ipv6.to_string(), "postgres://lode@[::1]:5433/catalog");
    }

    #[test]
    fn what_is_no_database_is_refused_without_its_password() {
        for text in [
            "postgres://u:s3cret@/catalog",
            "postgres:///catalog",
            "postgres://u:s3cret@:5432/catalog",
            "postgres://u:s3cret@db",
            "postgres://u:s3cret@db/",
            "postgres://u:s3cret@db:99999/catalog",
            "postgres://u:s3cret@db/catalog?sslmode=always",
            "mysql://u:s3cret@db/catalog",
            "u:s3cret@db",
            "",
        ] {
            let error = text.parse::<PostgresUrl>().unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
