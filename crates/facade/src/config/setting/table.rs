use super::Kind::{
    Count, Duration, File, Flag, Host, Lifetime, Name, Password, PasswordFile, Pooler, Port,
    Schedule, Text, TlsMode, Url,
};
use super::Setting;

const SWITCH: &str = "true or false";

pub(super) fn settings() -> Vec<Setting> {
    location()
        .into_iter()
        .chain(connections())
        .chain(policies())
        .chain(retention())
        .collect()
}

fn location() -> [Setting; 7] {
    let url = "like postgres://user:password@host:5432/database";
    let hosts = "host names, addresses or socket directories, separated by commas, without ports";
    let name = "a text without NUL characters";
    [
        Setting::new("url", Url, url).also(["DATABASE_URL"]),
        Setting::new("host", Host, hosts).also(["DB_HOST", "POSTGRES_HOST"]),
        Setting::new("port", Port, "1 to 65535").also(["DB_PORT", "POSTGRES_PORT"]),
        Setting::new("database", Name, name).also(["DB_NAME", "POSTGRES_DATABASE", "POSTGRES_DB"]),
        Setting::new("user", Name, name).also(["DB_USER", "POSTGRES_USER"]),
        Setting::new("password", Password, "a text").also(["DB_PASSWORD", "POSTGRES_PASSWORD"]),
        Setting::new("password_file", PasswordFile, "a readable file")
            .also(["DB_PASSWORD_FILE", "POSTGRES_PASSWORD_FILE"]),
    ]
}

fn connections() -> [Setting; 20] {
    let modes = "disable, prefer, require, verify-ca or verify-full";
    let name = "1 to 63 printable ASCII characters";
    let schema = "1 to 63 bytes without control characters and backslashes, and not reserved (pg_…, \
                  information_schema, tasktrail_bench)";
    [
        Setting::new("schema", Text, schema),
        Setting::new("application_name", Text, name),
        Setting::new("pooler", Pooler, "none or transaction"),
        Setting::new("statement_timeout", Duration, "1ms to 24h, 0 for none")
            .also(["DB_COMMAND_TIMEOUT"]),
        Setting::new("connect_wait", Duration, "0 to 1h"),
        Setting::new("close_timeout", Duration, "0 to 1h"),
        Setting::new("health_timeout", Duration, "10ms to 1m"),
        Setting::new("observe", Flag, SWITCH),
        Setting::new("tls.mode", TlsMode, modes).also(["DB_SSL_MODE"]),
        Setting::new("tls.root_certificate", File, "a file of PEM certificates"),
        Setting::new("pool.min_connections", Count, "0 to pool.max_connections")
            .also(["DB_MIN_SIZE", "DB_MIN_CONNECTIONS"]),
        Setting::new("pool.max_connections", Count, "1 to 10000").also([
            "DB_MAX_SIZE",
            "DB_MAX_CONNECTIONS",
            "DB_POOL_SIZE",
        ]),
        Setting::new("pool.burst_connections", Count, "0 to 10000").also(["DB_MAX_OVERFLOW"]),
        Setting::new("pool.acquire_timeout", Duration, "1ms to 1h")
            .also(["DB_POOL_TIMEOUT", "DB_CONNECTION_TIMEOUT"]),
        Setting::new("pool.connect_timeout", Duration, "1ms to 1h"),
        Setting::new("pool.idle_timeout", Duration, "1s to 24h"),
        Setting::new("pool.max_lifetime", Lifetime, "1s to 7d, -1 for 7d")
            .also(["DB_POOL_RECYCLE"]),
        Setting::new("pool.leak_threshold", Duration, "1s to 24h, 0 for none"),
        Setting::new("standby.max_lag", Duration, "1s to 1h"),
        Setting::new("group_commit.writers", Count, "0 to 64"),
    ]
}

fn policies() -> [Setting; 13] {
    [
        Setting::new("retry.enabled", Flag, SWITCH),
        Setting::new("retry.max_retries", Count, "1 to 100"),
        Setting::new(
            "retry.initial_backoff",
            Duration,
            "1ms to retry.max_backoff",
        ),
        Setting::new("retry.max_backoff", Duration, "1ms to 1m"),
        Setting::new(
            "retry.max_elapsed_time",
            Duration,
            "1ms to 1h, more than timeout.attempt",
        ),
        Setting::new("breaker.enabled", Flag, SWITCH),
        Setting::new("breaker.failure_threshold", Count, "1 to 1000"),
        Setting::new(
            "breaker.cool_down",
            Duration,
            "10ms to breaker.max_cool_down",
        ),
        Setting::new("breaker.max_cool_down", Duration, "10ms to 10m"),
        Setting::new("timeout.enabled", Flag, SWITCH),
        Setting::new("timeout.attempt", Duration, "1ms to 1h").also(["DB_COMMAND_TIMEOUT"]),
        Setting::new("timeout.long_attempt", Duration, "timeout.attempt to 24h"),
        Setting::new("timeout.transaction", Duration, "1ms to 1h"),
    ]
}

fn retention() -> [Setting; 10] {
    let age = "1d to 36500d";
    let schedule = "a time of day in UTC like 03:30, or an interval from 1m to 7d";
    [
        Setting::new("retention.completed", Duration, age),
        Setting::new("retention.failed", Duration, age),
        Setting::new("retention.timed_out", Duration, age),
        Setting::new("retention.cancelled", Duration, age),
        Setting::new("retention.pending", Duration, age),
        Setting::new("retention.running", Duration, age),
        Setting::new("retention.keep_newest", Count, "0 to 1000000"),
        Setting::new("retention.keep_unfinished", Flag, SWITCH),
        Setting::new("retention.schedule", Schedule, schedule),
        Setting::new("retention.time_budget", Duration, "1m to 24h"),
    ]
}
