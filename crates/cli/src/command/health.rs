use std::time::Duration;

use clap::Args;
use tasktrail::repository::ErrorChain;
use tasktrail::{DatabaseConfig, Health, HealthState, ServerHealth};

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
    let health = match manager.init_connection_pool().await {
        Ok(()) => manager.health().await,
        Err(error) => {
            let mut health = Health::default();
            health.state = HealthState::Unhealthy;
            health.reasons = vec![ErrorChain(&error).to_string()];
            health
        }
    };
    if output.is_json() {
        output.json(&health)?;
    } else {
        print(&health, output)?;
    }
    match health.state {
        HealthState::Unhealthy => Err(Failure::No),
        HealthState::Healthy | HealthState::Degraded => Ok(()),
    }
}

impl HealthArgs {
    /// Applies the timeout to the connection and to the query. A probe reports the current state, so
    /// it does not wait for the database.
    fn limit(&self, config: DatabaseConfig) -> DatabaseConfig {
        let limit = self.timeout.unwrap_or(config.health_timeout());
        config
            .with_connect_wait(Duration::ZERO)
            .with_health_timeout(limit)
            .with_postgres(|postgres| postgres.with_connect_timeout(limit))
    }
}

fn print(health: &Health, output: &mut Output) -> Result<(), Failure> {
    output.heading(health.state.as_str())?;
    for reason in &health.reasons {
        output.line(format_args!("- {}", printable(reason)))?;
    }
    let mut facts = Vec::new();
    if let Some(database) = &health.database {
        if let Some(server) = &database.server {
            facts.extend(of_server(server));
        }
        for standby in &database.standbys {
            let fresh = if standby.fresh { "fresh" } else { "not used" };
            facts.push(("host", format!("{} {fresh}", standby.host)));
        }
    }
    if facts.is_empty() {
        return Ok(());
    }
    output.table(&output.table_style().facts(facts))
}

fn of_server(server: &ServerHealth) -> [(&'static str, String); 4] {
    let role = server.role.as_str();
    let round_trip = server.round_trip.as_secs_f64() * 1000.0;
    let version = |version: Option<&str>| version.unwrap_or("none").to_owned();
    [
        ("server", format!("{} {role}", server.version)),
        ("round trip", format!("{round_trip:.1} ms")),
        ("schema found", version(server.schema.found())),
        ("schema expected", version(server.schema.expected())),
    ]
}
