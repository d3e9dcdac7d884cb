use std::ffi::OsString;

use clap::builder::OsStringValueParser;
use clap::{ArgAction, Args};
use secrecy::SecretString;

use crate::interrupt::Interrupt;
use crate::output::Format;

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The database: postgres://user:password@host:port/database.
    ///
    /// Several hosts may be named, separated by commas. Other users of the machine can see
    /// arguments, so a password is better kept in the environment. Without it, and without
    /// `DATABASE_URL`, the variables `DB_HOST`, `DB_PORT`, `DB_NAME`, `DB_USER` and `DB_PASSWORD` count.
    #[arg(
        long,
        value_name = "URL",
        global = true,
        env = "DATABASE_URL",
        hide_env_values = true
    )]
    #[arg(value_parser = secret)]
    pub(crate) database_url: Option<SecretString>,

    /// A file in TOML or YAML that says where the database is and how to connect to it.
    ///
    /// `--database-url` and the environment come before it. How many connections are kept and how long
    /// calls may take is the tool's own. `docs/CONFIGURATION.md` lists what the file may say.
    // An empty variable counts as not set, so emptiness is no error here.
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        env = "TASKTRAIL_CONFIG",
        hide_env_values = true
    )]
    #[arg(value_parser = OsStringValueParser::new())]
    pub(crate) config: Option<OsString>,

    /// The schema of the store.
    ///
    /// It is `public` unless --schema, the environment, the URL (?schema=NAME) or the file names one. Migrating
    /// creates it if it is missing. A search path that the role, the database or the URL sets has no effect.
    #[arg(
        long,
        value_name = "NAME",
        global = true,
        env = "TASKTRAIL_SCHEMA",
        hide_env_values = true
    )]
    pub(crate) schema: Option<String>,

    /// How to print the answer: tables for people, or one JSON document for programs.
    #[arg(long, value_enum, default_value_t, global = true)]
    pub(crate) format: Format,

    /// Log to stderr what happens; twice (-vv) in detail. `RUST_LOG`, if set, decides instead.
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub(crate) verbose: u8,

    #[arg(skip)]
    pub(crate) interrupt: Interrupt,
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the form of a value parser, and no text is refused"
)]
fn secret(text: &str) -> Result<SecretString, String> {
    Ok(SecretString::from(text))
}
