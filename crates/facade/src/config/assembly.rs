//! Builds a configuration from settings. Defaults adapt to the settings given: a maximum of 5
//! connections lowers the default minimum of 10 to 5.

use std::time::Duration;

use tasktrail_domain::InvalidValue;
use tasktrail_postgres::PostgresConfig;
use tasktrail_resilience::{BreakerConfig, ResilienceConfig, RetryConfig, TimeoutConfig};

use super::layer::Settings;
use super::parse::{count, duration, flag, lifetime};
use super::problem::{ConfigProblem, quoted};
use super::{DatabaseConfig, retention};

type WithDuration = fn(PostgresConfig, Duration) -> PostgresConfig;

const DURATIONS: [(&str, WithDuration); 7] = [
    ("statement_timeout", PostgresConfig::with_statement_timeout),
    ("pool.acquire_timeout", PostgresConfig::with_acquire_timeout),
    ("pool.connect_timeout", PostgresConfig::with_connect_timeout),
    ("pool.idle_timeout", PostgresConfig::with_idle_timeout),
    ("pool.max_lifetime", PostgresConfig::with_max_lifetime),
    ("pool.leak_threshold", PostgresConfig::with_leak_threshold),
    ("standby.max_lag", PostgresConfig::with_standby_reads),
];

/// Settings whose default or range depends on another setting. If only the other one was given, a
/// problem is reported with its source.
const DEPENDS_ON: [(&str, &str); 7] = [
    ("pool.max_connections", "pool.min_connections"),
    ("retry.initial_backoff", "retry.max_backoff"),
    ("retry.max_backoff", "retry.initial_backoff"),
    ("retry.max_elapsed_time", "timeout.attempt"),
    ("breaker.cool_down", "breaker.max_cool_down"),
    ("breaker.max_cool_down", "breaker.cool_down"),
    ("timeout.long_attempt", "timeout.attempt"),
];

/// Builds the configuration, and adds a problem for every setting that is out of range.
pub(super) fn assemble(
    postgres: PostgresConfig,
    settings: &Settings,
    problems: &mut Vec<ConfigProblem>,
) -> DatabaseConfig {
    let postgres = with_connections(postgres, settings, problems);
    let mut config = DatabaseConfig::from(with_session(postgres, settings, problems))
        .with_resilience(resilience(settings));
    if let Some(wait) = settings.read("connect_wait", duration) {
        config = config.with_connect_wait(wait);
    }
    if let Some(timeout) = settings.read("close_timeout", duration) {
        config = config.with_close_timeout(timeout);
    }
    if let Some(timeout) = settings.read("health_timeout", duration) {
        config = config.with_health_timeout(timeout);
    }
    let mut refused = config.out_of_range();
    config = config.with_maintenance(retention::policy(settings, &mut refused));
    problems.extend(refused.iter().map(|error| problem(error, settings)));
    config
}

fn problem(error: &InvalidValue, settings: &Settings) -> ConfigProblem {
    let name = error.field();
    let source = settings.source(name).or_else(|| {
        let (_, other) = DEPENDS_ON
            .iter()
            .find(|(dependent, _)| *dependent == name)?;
        settings.source(other)
    });
    let given = settings.text(name).map(quoted);
    ConfigProblem::of(error, source.map(str::to_owned), given)
}

fn with_connections(
    mut postgres: PostgresConfig,
    settings: &Settings,
    problems: &mut Vec<ConfigProblem>,
) -> PostgresConfig {
    const MIN: &str = "pool.min_connections";
    const MAX: &str = "pool.max_connections";
    if let Some(burst) = settings.read("pool.burst_connections", count) {
        postgres = postgres.with_burst(burst);
    }
    if let Some(writers) = settings.read("group_commit.writers", count) {
        postgres = postgres.with_group_commit(writers);
    }
    let (min, max) = match (settings.read(MIN, count), settings.read(MAX, count)) {
        (None, None) => return postgres,
        (Some(min), None) => (min, min.max(20)),
        (None, Some(max)) => (max.min(10), max),
        (Some(min), Some(max)) => (min, max),
    };
    let kept = postgres.clone();
    postgres.with_connections(min, max).unwrap_or_else(|_| {
        let (name, allowed, given) = if max == 0 {
            (MAX, "between 1 and 10000".to_owned(), max)
        } else {
            let other = settings.source(MAX).unwrap_or_default();
            let allowed = format!("at most {MAX}, which is {max} in {other}");
            (MIN, allowed, min)
        };
        let error = InvalidValue::new(name, allowed, given);
        problems.push(problem(&error, settings));
        kept
    })
}

fn with_session(
    mut postgres: PostgresConfig,
    settings: &Settings,
    problems: &mut Vec<ConfigProblem>,
) -> PostgresConfig {
    for (name, with) in DURATIONS {
        // `lifetime` reads every duration, and -1. Other settings than `pool.max_lifetime` reject
        // -1 before this point.
        if let Some(value) = settings.read(name, lifetime) {
            postgres = with(postgres, value);
        }
    }
    if let Some(name) = settings.text("schema") {
        postgres = postgres.with_schema(name);
    }
    if let Some(name) = settings.text("application_name") {
        postgres = postgres.with_application_name(name);
    }
    if let Some(pooler) = settings.read("pooler", |text| text.parse().ok()) {
        postgres = postgres.with_pooler(pooler);
    }
    if let Some(mode) = settings.read("tls.mode", |text| text.parse().ok()) {
        postgres = postgres.with_tls(mode);
    }
    if let Some(file) = settings.text("tls.root_certificate") {
        // The certificates are read when a connection is opened.
        if !std::path::Path::new(file).is_file() {
            let error = InvalidValue::new("tls.root_certificate", "an existing file", file);
            problems.push(problem(&error, settings));
        }
        postgres = postgres.with_root_certificate(file);
    }
    postgres
}

fn resilience(settings: &Settings) -> ResilienceConfig {
    let is_on = |name| settings.read(name, flag).unwrap_or(true);
    let timeout = is_on("timeout.enabled").then(|| timeout(settings));
    ResilienceConfig::default()
        .with_observe(is_on("observe"))
        .with_retry(is_on("retry.enabled").then(|| retry(settings, timeout)))
        .with_breaker(is_on("breaker.enabled").then(|| breaker(settings)))
        .with_timeout(timeout)
}

fn timeout(settings: &Settings) -> TimeoutConfig {
    let default = TimeoutConfig::default();
    let attempt = settings
        .read("timeout.attempt", duration)
        .unwrap_or(default.attempt);
    let long_attempt = settings.read("timeout.long_attempt", duration);
    let transaction = settings.read("timeout.transaction", duration);
    default
        .with_attempt(attempt)
        .with_long_attempt(long_attempt.unwrap_or(default.long_attempt.max(attempt)))
        .with_transaction(transaction.unwrap_or(default.transaction))
}

fn retry(settings: &Settings, timeout: Option<TimeoutConfig>) -> RetryConfig {
    const LONGEST: Duration = Duration::from_secs(60 * 60);
    let default = RetryConfig::default();
    let (initial_backoff, max_backoff) = delays(
        settings.read("retry.initial_backoff", duration),
        settings.read("retry.max_backoff", duration),
        (default.initial_backoff, default.max_backoff),
    );
    let attempts = timeout.map_or(Duration::ZERO, |timeout| timeout.attempt.saturating_mul(3));
    let max_elapsed_time = settings.read("retry.max_elapsed_time", duration);
    // Enough for three attempts that run into their timeout.
    let default_time = default.max_elapsed_time.max(attempts).min(LONGEST);
    let max_retries = settings.read("retry.max_retries", count);
    default
        .with_max_retries(max_retries.unwrap_or(default.max_retries))
        .with_initial_backoff(initial_backoff)
        .with_max_backoff(max_backoff)
        .with_max_elapsed_time(max_elapsed_time.unwrap_or(default_time))
}

fn breaker(settings: &Settings) -> BreakerConfig {
    let default = BreakerConfig::default();
    let (cool_down, max_cool_down) = delays(
        settings.read("breaker.cool_down", duration),
        settings.read("breaker.max_cool_down", duration),
        (default.cool_down, default.max_cool_down),
    );
    let failure_threshold = settings.read("breaker.failure_threshold", count);
    default
        .with_failure_threshold(failure_threshold.unwrap_or(default.failure_threshold))
        .with_cool_down(cool_down)
        .with_max_cool_down(max_cool_down)
}

/// The initial and the maximum delay of a backoff. A default adapts to the other, given value.
fn delays(
    first: Option<Duration>,
    longest: Option<Duration>,
    (default_first, default_longest): (Duration, Duration),
) -> (Duration, Duration) {
    match (first, longest) {
        (Some(first), Some(longest)) => (first, longest),
        (Some(first), None) => (first, default_longest.max(first)),
        (None, Some(longest)) => (default_first.min(longest), longest),
        (None, None) => (default_first, default_longest),
    }
}
