use std::ffi::OsString;

use clap::builder::OsStringValueParser;
use clap::{ArgAction, Args};
use secrecy::SecretString;

use crate::interrupt::Interrupt;
use crate::output::Format;

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// URL of the database: postgres://user:password@host:port/database.
    ///
    /// Separate several hosts by commas. Other users of the machine can see command-line arguments:
    /// pass a password in the environment instead. If neither this option nor `DATABASE_URL` is
    /// set, the location comes from `DB_HOST`, `DB_PORT`, `DB_NAME`, `DB_USER` and `DB_PASSWORD`.
    #[arg(
        long,
        value_name = "URL",
        global = true,
        env = "DATABASE_URL",
        hide_env_values = true
    )]
    #[arg(value_parser = secret)]
    pub(crate) database_url: Option<SecretString>,

    /// Configuration file in TOML or YAML, with the location of the database and its settings.
    ///
    /// `--database-url` and the environment override it. The tool sets its own pool size, retries
    /// and time limits. `docs/CONFIGURATION.md` lists the settings.
    // An empty variable is treated as unset, so an empty value must parse.
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        env = "TASKTRAIL_CONFIG",
        hide_env_values = true
    )]
    #[arg(value_parser = OsStringValueParser::new())]
    pub(crate) config: Option<OsString>,

    /// Database schema of the store.
    ///
    /// Default: the schema set by the environment, the URL (?schema=NAME) or the file, otherwise
    /// `public`. A migration creates the schema if it does not exist. A search path set for the
    /// role, the database or in the URL has no effect.
    #[arg(
        long,
        value_name = "NAME",
        global = true,
        env = "TASKTRAIL_SCHEMA",
        hide_env_values = true
    )]
    pub(crate) schema: Option<String>,

    /// Output format.
    #[arg(long, value_enum, default_value_t, global = true)]
    pub(crate) format: Format,

    /// Log to stderr; repeat for more detail (-vv, -vvv). `RUST_LOG` overrides it.
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub(crate) verbose: u8,

    #[arg(skip)]
    pub(crate) interrupt: Interrupt,
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "value parsers return a result, and this one accepts any text"
)]
fn secret(text: &str) -> Result<SecretString, String> {
    Ok(SecretString::from(text))
}
