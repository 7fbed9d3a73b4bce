//! One connection to PostgreSQL, set up the way that a catalog needs it, and bounded in time.

use std::time::{Duration, Instant};

use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, Postgres, Row as _};

use super::limits::{ANSWER_LIMIT, FRESH, IDLE_TRANSACTION_LIMIT_MS, STATEMENT_LIMIT_MS};
use super::trouble::{Trouble, code, sentence};
use crate::within::within;

/// A statement and what is bound to it.
pub(super) type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// Durable means synced, whatever the server's default is; `remote_apply` asks for more than `on` and stays. A server
/// whose default is another isolation would refuse writes in vain.
const SET_UP: &str = "
    SELECT set_config('synchronous_commit',
               CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false),
           set_config('statement_timeout', $1, false),
           set_config('idle_in_transaction_session_timeout', $2, false),
           set_config('default_transaction_isolation', 'read committed', false),
           pg_is_in_recovery() AS standby,
           current_setting('transaction_read_only') = 'on' AS read_only,
           current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on' AS safe,
           current_setting('server_encoding') AS encoding";

/// An open connection. Whatever goes wrong on it, dropping it closes it.
#[derive(Debug)]
pub(super) struct Session {
    connection: PgConnection,
    in_transaction: bool,
    last_used: Instant,
    survives_power_cuts: bool,
}

impl Session {
    /// Connects and sets everything up. Takes as long as it takes: the caller limits it.
    pub(super) async fn open(options: &PgConnectOptions) -> Result<Self, Trouble> {
        let mut connection = options.connect().await.map_err(|error| not_opened(&error))?;
        let statement = sqlx::query(SET_UP)
            .bind(STATEMENT_LIMIT_MS.to_string())
            .bind(IDLE_TRANSACTION_LIMIT_MS.to_string())
            .persistent(false);
        let row = statement.fetch_one(&mut connection).await.map_err(|error| not_opened(&error))?;
        let read = || -> Result<_, sqlx::Error> {
            Ok((row.try_get("standby")?, row.try_get("read_only")?, row.try_get("safe")?, row.try_get("encoding")?))
        };
        let (standby, read_only, survives_power_cuts, encoding): (bool, bool, bool, String) =
            read().map_err(|error| Trouble::Refused(sentence(&error)))?;
        if standby || read_only {
            // Whoever moves the address to the primary may just be doing it.
            let what = if standby { "is a standby" } else { "takes no writes (default_transaction_read_only)" };
            return Err(Trouble::Lost(format!("this PostgreSQL {what}: give the address of the primary")));
        }
        if encoding != "UTF8" {
            let reason = format!("the encoding of the database is {encoding}: create one with ENCODING 'UTF8'");
            return Err(Trouble::Refused(reason));
        }
        Ok(Self { connection, in_transaction: false, last_used: Instant::now(), survives_power_cuts })
    }

    /// Whether the server syncs what it says that it has written.
    pub(super) const fn survives_power_cuts(&self) -> bool {
        self.survives_power_cuts
    }

    /// Whether it still stands, as far as that is to be known: one that was used a moment ago is not asked.
    pub(super) async fn still_stands(&mut self) -> bool {
        self.last_used.elapsed() < FRESH || matches!(within(FRESH, self.connection.ping()).await, Some(Ok(())))
    }

    /// Asks something that changes nothing, or nothing yet: what is within a transaction.
    pub(super) async fn rows(&mut self, statement: Statement<'_>) -> Result<Vec<PgRow>, Trouble> {
        let answer = within(ANSWER_LIMIT, statement.fetch_all(&mut self.connection)).await;
        self.heard(answer)?.map_err(|error| Trouble::before_the_write(&error))
    }

    /// The one row of such an answer.
    pub(super) async fn row(&mut self, statement: Statement<'_>) -> Result<PgRow, Trouble> {
        let row = self.rows(statement).await?.into_iter().next();
        row.ok_or_else(|| Trouble::Refused("PostgreSQL answers with no row where there is one".to_owned()))
    }

    /// Carries out a statement that is a transaction of its own. What it gives is durable: all of the answer is waited for,
    /// and the server sends the end of it after the commit.
    pub(super) async fn write(&mut self, statement: Statement<'_>) -> Result<Vec<PgRow>, Trouble> {
        if self.in_transaction {
            return self.rows(statement).await;
        }
        let answer = within(ANSWER_LIMIT, statement.fetch_all(&mut self.connection)).await;
        match answer {
            Some(answer) => {
                self.last_used = Instant::now();
                answer.map_err(|error| Trouble::in_the_write(&error))
            }
            None => Err(Trouble::Unanswered(Trouble::silence(ANSWER_LIMIT))),
        }
    }

    /// Begins a transaction.
    pub(super) async fn begin(&mut self) -> Result<(), Trouble> {
        self.begin_with("BEGIN").await
    }

    /// Begins a transaction that sees one state of everything, and writes nothing.
    pub(super) async fn begin_reading(&mut self) -> Result<(), Trouble> {
        self.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
    }

    async fn begin_with(&mut self, begin: &'static str) -> Result<(), Trouble> {
        self.in_transaction = true;
        self.plain(begin).await?.map_err(|error| Trouble::before_the_write(&error))
    }

    /// Makes durable what the transaction has written, if there is one.
    pub(super) async fn commit(&mut self) -> Result<(), Trouble> {
        if !self.in_transaction {
            return Ok(());
        }
        match within(ANSWER_LIMIT, self.connection.execute(sqlx::raw_sql("COMMIT"))).await {
            Some(Ok(_)) => {
                self.in_transaction = false;
                Ok(())
            }
            Some(Err(error)) => Err(Trouble::in_the_write(&error)),
            None => Err(Trouble::Unanswered(Trouble::silence(ANSWER_LIMIT))),
        }
    }

    /// Takes back what the transaction has written, if there is one.
    pub(super) async fn roll_back(&mut self) -> Result<(), Trouble> {
        if self.in_transaction {
            self.plain("ROLLBACK").await?.map_err(|error| Trouble::before_the_write(&error))?;
            self.in_transaction = false;
        }
        Ok(())
    }

    /// Several statements that nothing is bound to, within a transaction, and for as long as they take.
    pub(super) async fn script(&mut self, script: &'static str, limit: Duration) -> Result<(), Trouble> {
        match within(limit, self.connection.execute(sqlx::raw_sql(script))).await {
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(Trouble::before_the_write(&error)),
            None => Err(Trouble::Lost(Trouble::silence(limit))),
        }
    }

    async fn plain(&mut self, sql: &'static str) -> Result<Result<(), sqlx::Error>, Trouble> {
        let answer = within(ANSWER_LIMIT, self.connection.execute(sqlx::raw_sql(sql))).await;
        Ok(self.heard(answer)?.map(|_| ()))
    }

    fn heard<T>(&mut self, answer: Option<T>) -> Result<T, Trouble> {
        self.last_used = Instant::now();
        answer.ok_or_else(|| Trouble::Lost(Trouble::silence(ANSWER_LIMIT)))
    }
}

/// A server that starts, stops or has too many connections may have room in a moment; a wrong password is wrong for good.
fn not_opened(error: &sqlx::Error) -> Trouble {
    let reason = sentence(error);
    match code(error) {
        Some(code) if !["53300", "57P01", "57P02", "57P03"].contains(&code.as_str()) => Trouble::Refused(reason),
        Some(_) | None => Trouble::Lost(reason),
    }
}
