//! Harmful settings of the server.

use std::collections::BTreeMap;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use tasktrail_postgres::with_leaves;

use super::DiagnosisError;
use super::finding::{Finding, FindingCode, Severity};
use super::probe::Probe;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    value: String,
}

#[derive(QueryableByName)]
struct Unvacuumed {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    parts: i64,
}

/// Timeouts in milliseconds, other settings as text.
const SETTINGS: &str = "SELECT name, setting AS value FROM pg_settings
    WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'autovacuum', 'track_counts',
                   'transaction_timeout', 'idle_session_timeout', 'lc_messages')
    UNION ALL
    -- The probe has set its own lock timeout; the reset value is that of other sessions.
    SELECT name, reset_val FROM pg_settings WHERE name = 'lock_timeout'";

pub(super) async fn look(probe: &mut Probe) -> Result<(), DiagnosisError> {
    let rows: Option<Vec<Row>> = probe
        .query("the settings", diesel::sql_query(SETTINGS))
        .await?;
    let rows = rows.unwrap_or_default().into_iter();
    let settings = rows.map(|row| (row.name, row.value)).collect();
    probe.found(judge(&settings, probe.statement_timeout));
    let query = include_str!("sql/unvacuumed.sql");
    let tables: Option<Vec<Unvacuumed>> = probe
        .query(
            "the options of the tables",
            diesel::sql_query(with_leaves(query)),
        )
        .await?;
    let tables = tables.unwrap_or_default();
    probe.found(tables.iter().map(unvacuumed));
    Ok(())
}

fn unvacuumed(table: &Unvacuumed) -> Finding {
    let name = &table.name;
    FindingCode::AutovacuumOff.finding(
        Severity::Warning,
        format!("autovacuum is off for {name}"),
        format!(
            "autovacuum_enabled = off on {} of its tables or partitions",
            table.parts
        ),
        format!(
            "ALTER TABLE {name} RESET (autovacuum_enabled), as its owner; also for each partition"
        ),
    )
}

/// Timeouts below these cancel calls that would succeed, in milliseconds.
const SHORT_STATEMENT: i64 = 5_000;
const SHORT_LOCK: i64 = 1_000;

/// `statement_timeout` is that of a service's session.
fn judge(settings: &BTreeMap<String, String>, statement_timeout: i64) -> Vec<Finding> {
    let value = |name: &str| settings.get(name).map_or("", String::as_str);
    let limit = |name: &str| value(name).parse::<i64>().unwrap_or(0);
    let mut findings: Vec<_> = durability(&value)
        .into_iter()
        .chain(vacuum(&value))
        .collect();
    let short = [
        ("statement_timeout", statement_timeout, SHORT_STATEMENT),
        (
            "transaction_timeout",
            limit("transaction_timeout"),
            SHORT_STATEMENT,
        ),
        ("lock_timeout", limit("lock_timeout"), SHORT_LOCK),
    ];
    for (name, limit, least) in short {
        if (1..least).contains(&limit) {
            findings.push(FindingCode::ShortTimeout.finding(
                Severity::Warning,
                "a timeout of the server cancels calls that would succeed",
                format!("{name} = {limit} ms"),
                format!("raise {name} to {least} ms or more where it is set: server, database, role or URL"),
            ));
        }
    }
    let idle = limit("idle_session_timeout");
    if idle > 0 {
        findings.push(FindingCode::IdleSessionTimeout.finding(
            Severity::Warning,
            "the server closes idle connections that the pool keeps open",
            format!("idle_session_timeout = {idle} ms"),
            "ALTER ROLE … SET idle_session_timeout = 0 for the role of the service",
        ));
    }
    let messages = value("lc_messages");
    let untranslated =
        messages.is_empty() || messages.starts_with(['C', 'P']) || messages.starts_with("en");
    if !untranslated {
        findings.push(FindingCode::TranslatedMessages.finding(
            Severity::Warning,
            "the server translates its messages, so deadlocks and timeouts cannot be distinguished",
            format!("lc_messages = {messages}"),
            "ALTER DATABASE … SET lc_messages = 'C', as a superuser",
        ));
    }
    findings
}

fn durability<'a>(value: &impl Fn(&str) -> &'a str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if value("fsync") == "off" {
        findings.push(FindingCode::FsyncOff.finding(
            Severity::Critical,
            "a crash of the machine may destroy the database",
            "fsync = off",
            "set fsync = on in postgresql.conf (or ALTER SYSTEM RESET it, if it was set so), and reload; turn it off only for data that you can lose",
        ));
    }
    if value("full_page_writes") == "off" {
        findings.push(FindingCode::FullPageWritesOff.finding(
            Severity::Critical,
            "a crash of the machine may leave partly written pages",
            "full_page_writes = off",
            "set full_page_writes = on in postgresql.conf (or ALTER SYSTEM RESET it, if it was set so), and reload",
        ));
    }
    if value("synchronous_commit") == "off" {
        findings.push(FindingCode::AsynchronousCommit.finding(
            Severity::Warning,
            "a crash of the server may lose saves that it acknowledged just before",
            "synchronous_commit = off",
            "set synchronous_commit = on for the role of the service, or for the server",
        ));
    }
    findings
}

fn vacuum<'a>(value: &impl Fn(&str) -> &'a str) -> Option<Finding> {
    let off = |name: &&str| value(name) == "off";
    let off: Vec<_> = ["autovacuum", "track_counts"]
        .into_iter()
        .filter(off)
        .collect();
    let evidence: Vec<_> = off.iter().map(|name| format!("{name} = off")).collect();
    (!off.is_empty()).then(|| {
        FindingCode::AutovacuumOff.finding(
            Severity::Warning,
            "the tables are not vacuumed and analyzed automatically: they grow, and plans get worse",
            evidence.join(", "),
            "set both on in postgresql.conf (or ALTER SYSTEM RESET it, if it was set so), and reload; until then, run tasktrail analyze --vacuum regularly",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(settings: &[(&str, &str)], statement_timeout: i64) -> Vec<(FindingCode, Severity)> {
        let settings = settings.iter();
        let settings = settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let findings = judge(&settings.collect(), statement_timeout).into_iter();
        findings.map(|found| (found.code, found.severity)).collect()
    }

    #[test]
    fn default_settings_have_no_findings() {
        let shipped = [
            ("fsync", "on"),
            ("full_page_writes", "on"),
            ("synchronous_commit", "on"),
            ("autovacuum", "on"),
            ("track_counts", "on"),
            ("idle_session_timeout", "0"),
            ("lock_timeout", "0"),
            ("lc_messages", "en_US.UTF-8"),
        ];

        assert_eq!(codes(&shipped, 30_000), []);
        assert_eq!(codes(&shipped, 0), []);
    }

    #[test]
    fn each_harmful_setting_is_reported() {
        let bad = [
            ("fsync", "off"),
            ("full_page_writes", "off"),
            ("synchronous_commit", "off"),
            ("autovacuum", "off"),
            ("track_counts", "off"),
            ("transaction_timeout", "4999"),
            ("idle_session_timeout", "60000"),
            ("lock_timeout", "999"),
            ("lc_messages", "de_DE.UTF-8"),
        ];

        assert_eq!(
            codes(&bad, 100),
            [
                (FindingCode::FsyncOff, Severity::Critical),
                (FindingCode::FullPageWritesOff, Severity::Critical),
                (FindingCode::AsynchronousCommit, Severity::Warning),
                (FindingCode::AutovacuumOff, Severity::Warning),
                (FindingCode::ShortTimeout, Severity::Warning),
                (FindingCode::ShortTimeout, Severity::Warning),
                (FindingCode::ShortTimeout, Severity::Warning),
                (FindingCode::IdleSessionTimeout, Severity::Warning),
                (FindingCode::TranslatedMessages, Severity::Warning),
            ]
        );
    }
}
