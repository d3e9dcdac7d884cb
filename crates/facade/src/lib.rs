#![doc = include_str!("../../../README.md")]

#[cfg(feature = "postgres")]
mod config;
mod error;
mod manager;
mod store;

#[cfg(feature = "postgres")]
pub use config::{ConfigError, DatabaseConfig};
pub use error::DatabaseError;
pub use manager::DatabaseManager;
#[doc(inline)]
pub use tasktrail_domain::{InvalidValue, clock, repository, task_history, timestamp};
/// What is done about failures of the store.
#[cfg(feature = "postgres")]
pub mod resilience {
    #[doc(inline)]
    pub use tasktrail_resilience::{
        BreakerConfig, ResilienceConfig, RetryConfig, TimeoutConfig, telemetry,
    };
}
#[cfg(feature = "postgres")]
#[doc(inline)]
pub use tasktrail_postgres::{ConnectError, MigrateError, PostgresConfig, SchemaState, TlsMode};
