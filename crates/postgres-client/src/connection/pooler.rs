//! Detects poolers that share sessions, and checks that a shared session has the settings that
//! Tasktrail needs.
//!
//! A pooler in transaction mode gives a connection another session for each transaction. What one
//! client sets in a session would apply to other clients, so Tasktrail sets nothing: the settings are
//! properties of the role. (The driver sets time zone and encoding, which PgBouncer tracks.) Such a pooler must prepare statements again in each session, under names
//! of its own; that is also how it is detected.

use std::time::Duration;

use diesel::sql_types::{Array, Bool, Text};
use diesel::{ConnectionError, QueryResult, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use super::session::{IDLE_IN_TRANSACTION, STATEMENT_TIMEOUT, milliseconds, session_settings};
use crate::config::{Pooler, PostgresConfig, StoreSchema};
use crate::error::ConnectFailure;

const DOCUMENTATION: &str = "see \"Behind a pooler\" in docs/CONFIGURATION.md";

#[derive(QueryableByName)]
struct Facts {
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Text)]
    database: String,
    #[diesel(sql_type = Bool)]
    is_marked: bool,
    #[diesel(sql_type = Bool)]
    is_renamed: bool,
}

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    name: String,
    /// In the unit of the setting: milliseconds for a timeout.
    #[diesel(sql_type = Text)]
    setting: String,
}

/// Refuses a session that is shared with other clients, unless that is configured and the session
/// has all settings. The error says what to do.
pub(super) async fn admit(
    connection: &mut AsyncPgConnection,
    config: &PostgresConfig,
) -> Result<(), ConnectFailure> {
    // The role's default may be serializable, which a standby refuses.
    simple(connection, "BEGIN ISOLATION LEVEL READ COMMITTED").await?;
    let facts: QueryResult<Facts> = diesel::sql_query(include_str!("pooler.sql"))
        .get_result(connection)
        .await;
    let facts = facts.map_err(|error| explain(&error, config.pooler()))?;
    match config.pooler() {
        Pooler::None => admit_own(&facts).map_err(ConnectFailure::lasting)?,
        Pooler::Transaction if facts.is_renamed => admit_shared(connection, config, &facts).await?,
        Pooler::Transaction => {
            return Err(ConnectFailure::lasting(untracked(Pooler::Transaction)));
        }
    }
    simple(connection, "COMMIT").await
}

async fn simple(connection: &mut AsyncPgConnection, sql: &str) -> Result<(), ConnectFailure> {
    let done = connection.batch_execute(sql).await;
    done.map_err(|error| ConnectFailure::of_session(&error))
}

/// Like [`explain`], for the statements of the driver at the start of a session.
pub(super) fn explain_setup(error: &ConnectionError, pooler: Pooler) -> ConnectFailure {
    match error {
        ConnectionError::CouldntSetupConfiguration(error) => explain(error, pooler),
        other => ConnectFailure::of_setup(other),
    }
}

/// Another client has prepared a statement of this name, or this one was prepared in another
/// session: the pooler passes the names on.
fn explain(error: &diesel::result::Error, pooler: Pooler) -> ConnectFailure {
    let message = error.to_string();
    if message.starts_with("prepared statement ") {
        ConnectFailure::lasting(format!("{} ({message})", untracked(pooler)))
    } else {
        ConnectFailure::of_session(error)
    }
}

fn untracked(pooler: Pooler) -> String {
    let (found, otherwise) = match pooler {
        Pooler::None => (
            "a pooler in between passes the names of prepared statements on",
            "and set `pooler` to `transaction`",
        ),
        Pooler::Transaction => (
            "`pooler` is `transaction`, but nothing in between tracks prepared statements",
            "or remove `pooler` if there is no pooler or one in session mode",
        ),
    };
    format!(
        "{found}: use PgBouncer 1.21 or newer in transaction mode with max_prepared_statements above 0, \
         {otherwise}; {DOCUMENTATION}"
    )
}

fn admit_own(facts: &Facts) -> Result<(), String> {
    if facts.is_renamed {
        return Err(format!(
            "the connection passes a pooler in transaction mode: set `pooler` (TASKTRAIL_POOLER) to \
             `transaction`; {DOCUMENTATION}"
        ));
    }
    if facts.is_marked {
        return Err(format!(
            "the session was used by another client before: a pooler in transaction mode needs `pooler` \
             (TASKTRAIL_POOLER) set to `transaction`, and one in session mode must reset sessions \
             (server_reset_query = DISCARD ALL in PgBouncer); {DOCUMENTATION}"
        ));
    }
    Ok(())
}

async fn admit_shared(
    connection: &mut AsyncPgConnection,
    config: &PostgresConfig,
    facts: &Facts,
) -> Result<(), ConnectFailure> {
    let wanted = wanted(config.store_schema(), config.statement_timeout());
    let names: Vec<_> = wanted.iter().map(|(name, _)| name.to_lowercase()).collect();
    let query = "SELECT name, setting FROM pg_settings WHERE lower(name) = ANY($1)";
    let found: QueryResult<Vec<Setting>> = diesel::sql_query(query)
        .bind::<Array<Text>, _>(names)
        .load(connection)
        .await;
    let found = found.map_err(|error| explain(&error, config.pooler()))?;
    let missing = missing(&wanted, &found);
    if missing.is_empty() {
        return Ok(());
    }
    let (Facts { role, database, .. }, mut has, mut sql) = (facts, Vec::new(), Vec::new());
    for (name, found, value) in missing {
        has.push(format!("{name} = {found}"));
        sql.push(format!(
            "ALTER ROLE {role} IN DATABASE {database} SET {name} = {value}"
        ));
    }
    Err(ConnectFailure::lasting(format!(
        "the role {role} lacks settings that sessions behind a pooler must have (it has {}): run {}; \
         then let the pooler open new connections to the server (RECONNECT in PgBouncer); {DOCUMENTATION}",
        has.join(", "),
        sql.join("; "),
    )))
}

/// What a setting must be.
enum Wanted {
    /// This value.
    Value(&'static str),
    /// A limit of at most so many milliseconds, and not 0, which means none.
    AtMost(i32),
    /// Only this schema.
    Schema(StoreSchema),
}

fn wanted(schema: &StoreSchema, statement_timeout: Duration) -> Vec<(&'static str, Wanted)> {
    let (idle, limit) = IDLE_IN_TRANSACTION;
    let limits = [
        (STATEMENT_TIMEOUT, milliseconds(statement_timeout)),
        (idle, limit.parse().unwrap_or_default()),
    ];
    let limits = limits.into_iter().filter(|(_, limit)| *limit > 0);
    session_settings()
        .map(|(name, value)| (name, Wanted::Value(value)))
        .chain(limits.map(|(name, limit)| (name, Wanted::AtMost(limit))))
        .chain([("search_path", Wanted::Schema(schema.clone()))])
        .collect()
}

/// The settings with other values: name, value, and the SQL of the wanted value.
fn missing<'w>(
    wanted: &'w [(&'static str, Wanted)],
    found: &'w [Setting],
) -> Vec<(&'w str, &'w str, String)> {
    let value = |name: &str| {
        let setting = found.iter().find(|row| row.name.eq_ignore_ascii_case(name));
        setting.map(|row| row.setting.as_str())
    };
    let each = wanted.iter().filter_map(|(name, wanted)| {
        // A setting that the server does not have cannot be wrong.
        let found = value(name)?;
        (!wanted.accepts(found)).then(|| (*name, found, wanted.sql()))
    });
    each.collect()
}

impl Wanted {
    /// A schema name in a search path without quotes means its lower-case form.
    fn accepts(&self, found: &str) -> bool {
        match self {
            Self::Value(value) => found == *value || (*value == "UTC" && found == "Etc/UTC"),
            Self::AtMost(limit) => found
                .parse()
                .is_ok_and(|found| (1..=*limit).contains(&found)),
            Self::Schema(schema) => {
                found == schema.quoted() || found.to_lowercase() == schema.name()
            }
        }
    }

    fn sql(&self) -> String {
        match self {
            Self::Value(value) => format!("'{value}'"),
            Self::AtMost(limit) => format!("'{limit}ms'"),
            Self::Schema(schema) => schema.quoted(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role_of(settings: &[(&str, &str)]) -> Vec<Setting> {
        let row = |(name, setting): &(&str, &str)| Setting {
            name: (*name).to_owned(),
            setting: (*setting).to_owned(),
        };
        settings.iter().map(row).collect()
    }

    #[test]
    fn limit_may_be_shorter_but_not_longer_or_missing() {
        let wanted = wanted(&StoreSchema::default(), Duration::from_secs(30));
        let names = |value: &str| {
            let found = role_of(&[("statement_timeout", value)]);
            missing(&wanted, &found).len()
        };

        assert_eq!(names("30000"), 0);
        assert_eq!(names("1"), 0);
        assert_eq!(names("30001"), 1);
        assert_eq!(names("0"), 1);
    }

    #[test]
    fn no_configured_limit_accepts_every_limit() {
        let wanted = wanted(&StoreSchema::default(), Duration::ZERO);
        let found = role_of(&[("statement_timeout", "0")]);

        assert!(missing(&wanted, &found).is_empty());
    }

    #[test]
    fn search_path_must_be_the_schema_alone() {
        let shop = Wanted::Schema(StoreSchema::Named("shop".to_owned()));
        let quoted = Wanted::Schema(StoreSchema::Named("My \"shop\"".to_owned()));

        assert!(shop.accepts("shop") && shop.accepts("\"shop\"") && shop.accepts("SHOP"));
        assert!(!shop.accepts("\"$user\", public") && !shop.accepts("shop, public"));
        assert!(quoted.accepts("\"My \"\"shop\"\"\"") && !quoted.accepts("My \"shop\""));
        assert_eq!(quoted.sql(), "\"My \"\"shop\"\"\"");
    }

    #[test]
    fn each_missing_setting_comes_with_its_value_in_sql() {
        let wanted = wanted(&StoreSchema::default(), Duration::from_secs(30));
        let found = role_of(&[
            ("enable_sort", "on"),
            ("jit", "off"),
            ("TimeZone", "Etc/UTC"),
        ]);

        assert_eq!(
            missing(&wanted, &found),
            [("enable_sort", "on", "'off'".to_owned())]
        );
    }
}
