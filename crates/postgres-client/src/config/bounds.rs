//! Valid ranges of the settings.

use std::time::Duration;

use tasktrail_domain::InvalidValue;

use super::PostgresConfig;

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// More than PostgreSQL servers support in practice.
const MOST_CONNECTIONS: u32 = 10_000;

/// The server truncates longer application names.
const LONGEST_NAME: usize = 63;

impl PostgresConfig {
    /// Lists every setting outside its valid range, by its name in a configuration file. Opening a
    /// database fails if there are any.
    #[must_use]
    pub fn problems(&self) -> Vec<InvalidValue> {
        let connections = (self.max_connections.get(), self.burst_connections);
        [
            InvalidValue::outside("pool.max_connections", connections.0, 1, MOST_CONNECTIONS),
            InvalidValue::outside("pool.burst_connections", connections.1, 0, MOST_CONNECTIONS),
            InvalidValue::outside(
                "pool.connect_timeout",
                self.connect_timeout,
                MILLISECOND,
                HOUR,
            ),
            InvalidValue::outside(
                "pool.acquire_timeout",
                self.acquire_timeout,
                MILLISECOND,
                HOUR,
            ),
            InvalidValue::outside("pool.idle_timeout", self.idle_timeout, SECOND, DAY),
            InvalidValue::outside("pool.max_lifetime", self.max_lifetime, SECOND, DAY * 7),
            outside_or_off("pool.leak_threshold", self.leak_threshold, SECOND, DAY),
            outside_or_off(
                "statement_timeout",
                self.statement_timeout,
                MILLISECOND,
                DAY,
            ),
            InvalidValue::outside("lock_timeout", self.lock_timeout, MILLISECOND, HOUR),
            InvalidValue::outside("group_commit.writers", self.group_commit_writers, 0, 64),
            self.standby_lag
                .and_then(|lag| InvalidValue::outside("standby.max_lag", lag, SECOND, HOUR)),
            self.application_name.as_deref().and_then(invalid_name),
            self.schema.problem(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Checks the range of a timeout that zero disables.
fn outside_or_off(
    setting: &'static str,
    value: Duration,
    least: Duration,
    greatest: Duration,
) -> Option<InvalidValue> {
    if value.is_zero() {
        return None;
    }
    InvalidValue::outside(setting, value, least, greatest)
}

fn invalid_name(name: &str) -> Option<InvalidValue> {
    let fits = (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    (!fits).then(|| {
        InvalidValue::text(
            "application_name",
            "1 to 63 printable ASCII characters",
            name,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> PostgresConfig {
        PostgresConfig::from_url("postgres://h/d").unwrap()
    }

    #[test]
    fn defaults_are_valid() {
        assert_eq!(config().problems(), []);
    }

    #[test]
    fn every_problem_is_listed_with_its_limit() {
        let config = config()
            .with_connections(1, 10_001)
            .unwrap()
            .with_burst(20_000)
            .with_connect_timeout(Duration::ZERO)
            .with_acquire_timeout(HOUR * 2)
            .with_idle_timeout(MILLISECOND)
            .with_max_lifetime(DAY * 8)
            .with_leak_threshold(MILLISECOND)
            .with_statement_timeout(DAY * 2)
            .with_lock_timeout(Duration::ZERO)
            .with_group_commit(65)
            .with_standby_reads(Duration::ZERO)
            .with_application_name("naïve");

        let problems: Vec<_> = config.problems().iter().map(ToString::to_string).collect();

        assert_eq!(
            problems,
            [
                "pool.max_connections must be between 1 and 10000, got 10001",
                "pool.burst_connections must be between 0 and 10000, got 20000",
                "pool.connect_timeout must be between 1ms and 3600s, got 0ns",
                "pool.acquire_timeout must be between 1ms and 3600s, got 7200s",
                "pool.idle_timeout must be between 1s and 86400s, got 1ms",
                "pool.max_lifetime must be between 1s and 604800s, got 691200s",
                "pool.leak_threshold must be between 1s and 86400s, got 1ms",
                "statement_timeout must be between 1ms and 86400s, got 172800s",
                "lock_timeout must be between 1ms and 3600s, got 0ns",
                "group_commit.writers must be between 0 and 64, got 65",
                "standby.max_lag must be between 1s and 3600s, got 0ns",
                "application_name must be 1 to 63 printable ASCII characters, got \"naïve\"",
            ]
        );
    }

    #[test]
    fn zero_disables_some_limits() {
        let config = config()
            .with_statement_timeout(Duration::ZERO)
            .with_leak_threshold(Duration::ZERO);

        assert_eq!(config.problems(), []);
    }
}
