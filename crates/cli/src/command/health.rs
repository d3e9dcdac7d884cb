use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tasktrail::repository::ErrorChain;
use tasktrail::{DatabaseConfig, DatabaseHealth, HealthState, ServerRole};

use crate::args::{Global, seconds_between};
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, printable};

/// Check whether the database is usable; for health probes.
///
/// Prints `healthy`, `degraded` (calls succeed, but something needs attention) or `unhealthy`, the
/// reasons, and details. The exit status is 1 if the state is `unhealthy`. JSON: {"state",
/// "reasons", "server", "schema", "standbys"}.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail health
  tasktrail health --timeout 0.5 > /dev/null || alert
  tasktrail health --format json | jq .server.round_trip_ms")]
pub(crate) struct HealthArgs {
    /// Timeout in seconds: 0.01 to 60. Applies to the connection and again to the query. Default:
    /// the setting `health_timeout`, which is 2 by default.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    seconds_between(text, 0.01, 60.0)
}

pub(crate) async fn run(
    args: &HealthArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    let manager = connection::manager(global, |config| args.limit(config))?;
    let (state, reasons, database) = match manager.init_connection_pool().await {
        Ok(()) => {
            let health = manager.health().await;
            (health.state, health.reasons, health.database)
        }
        Err(error) => {
            let reasons = vec![ErrorChain(&error).to_string()];
            (HealthState::Unhealthy, reasons, None)
        }
    };
    let answer = Answer::of(state, &reasons, database.as_ref());
    if output.is_json() {
        output.json(&answer)?;
    } else {
        answer.print(output)?;
    }
    match state {
        HealthState::Unhealthy => Err(Failure::No),
        HealthState::Healthy | HealthState::Degraded => Ok(()),
    }
}

impl HealthArgs {
    /// Applies the timeout to the connection and to the query.
    fn limit(&self, config: DatabaseConfig) -> DatabaseConfig {
        let limit = self.timeout.unwrap_or(config.health_timeout());
        config
            .with_health_timeout(limit)
            .with_postgres(|postgres| postgres.with_connect_timeout(limit))
    }
}

/// Rounded to whole microseconds.
fn microseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round()
}

#[derive(Serialize)]
struct Answer<'a> {
    state: &'static str,
    reasons: &'a [String],
    server: Option<Server<'a>>,
    schema: Option<Schema<'a>>,
    standbys: Vec<Standby<'a>>,
}

#[derive(Serialize)]
struct Server<'a> {
    version: &'a str,
    role: &'static str,
    writable: bool,
    round_trip_ms: f64,
}

#[derive(Serialize)]
struct Schema<'a> {
    found: Option<&'a str>,
    expected: Option<&'a str>,
    pending: &'a [String],
    unknown: &'a [String],
}

#[derive(Serialize)]
struct Standby<'a> {
    host: &'a str,
    fresh: bool,
}

impl<'a> Answer<'a> {
    fn of(state: HealthState, reasons: &'a [String], database: Option<&'a DatabaseHealth>) -> Self {
        let server = database.and_then(|database| database.server.as_ref());
        let standbys = database.map_or(&[][..], |database| &database.standbys);
        Self {
            state: state.as_str(),
            reasons,
            server: server.map(|server| Server {
                version: &server.version,
                role: match server.role {
                    ServerRole::Primary => "primary",
                    ServerRole::Standby => "standby",
                },
                writable: server.writable,
                round_trip_ms: microseconds(server.round_trip) / 1000.0,
            }),
            schema: server.map(|server| Schema {
                found: server.schema.found(),
                expected: server.schema.expected(),
                pending: &server.schema.pending,
                unknown: &server.schema.unknown,
            }),
            standbys: standbys
                .iter()
                .map(|standby| Standby {
                    host: &standby.host,
                    fresh: standby.fresh,
                })
                .collect(),
        }
    }

    fn print(&self, output: &mut Output) -> Result<(), Failure> {
        output.heading(self.state)?;
        for reason in self.reasons {
            output.line(format_args!("- {}", printable(reason)))?;
        }
        let mut facts = Vec::new();
        if let Some(server) = &self.server {
            facts.push(("server", format!("{} {}", server.version, server.role)));
            facts.push(("round trip", format!("{:.1} ms", server.round_trip_ms)));
        }
        if let Some(schema) = &self.schema {
            let version = |version: Option<&str>| version.unwrap_or("none").to_owned();
            facts.push(("schema found", version(schema.found)));
            facts.push(("schema expected", version(schema.expected)));
        }
        for standby in &self.standbys {
            let fresh = if standby.fresh { "fresh" } else { "not used" };
            facts.push(("host", format!("{} {fresh}", standby.host)));
        }
        if facts.is_empty() {
            return Ok(());
        }
        output.table(&output.table_style().facts(facts))
    }
}
