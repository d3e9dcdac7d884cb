//! All settings: names, variables and allowed values. `docs/CONFIGURATION.md` has the same table,
//! with defaults and meanings; tests compare the two.

mod table;

use std::sync::LazyLock;

use tasktrail_postgres::{Pooler, TlsMode};

use super::parse;

/// A setting of a [`DatabaseConfig`](crate::DatabaseConfig).
#[derive(Debug)]
pub(super) struct Setting {
    /// Its name in a file, with the section: `pool.max_connections`.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// The range, both ends included, or the accepted words.
    allowed: &'static str,
    /// Its variables: the systematic one first, then those of older systems.
    variables: Vec<String>,
}

/// The type of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Url,
    Host,
    Port,
    /// The database and the user.
    Name,
    Password,
    PasswordFile,
    Text,
    File,
    TlsMode,
    Pooler,
    Count,
    Duration,
    Lifetime,
    /// A time of day, or an interval.
    Schedule,
    Flag,
}

/// The variable that names a configuration file.
pub(super) const FILE_VARIABLE: &str = "TASKTRAIL_CONFIG";

/// The prefix of Tasktrail's own variables.
pub(super) const PREFIX: &str = "TASKTRAIL_";

static TABLE: LazyLock<Vec<Setting>> = LazyLock::new(table::settings);

impl Setting {
    pub(super) fn all() -> &'static [Self] {
        &TABLE
    }

    pub(super) fn named(name: &str) -> Option<&'static Self> {
        Self::all().iter().find(|setting| setting.name == name)
    }

    /// The allowed values, for the message about a value that cannot be parsed.
    pub(super) fn expected(&self) -> String {
        let form = match self.kind {
            Kind::Duration | Kind::Lifetime => "a number of seconds or like 500ms, 30s, 10m, 1h: ",
            Kind::Count | Kind::Port => "a whole number: ",
            _ => "",
        };
        format!("{form}{}", self.allowed)
    }

    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(String::as_str)
    }

    fn new(name: &'static str, kind: Kind, allowed: &'static str) -> Self {
        let systematic = format!("{PREFIX}{}", name.to_uppercase().replace('.', "_"));
        Self {
            name,
            kind,
            allowed,
            variables: vec![systematic],
        }
    }

    /// Adds variables of older systems.
    fn also<const N: usize>(mut self, older: [&str; N]) -> Self {
        self.variables.extend(older.map(str::to_owned));
        self
    }
}

impl Kind {
    /// Whether the setting is part of the location. All parts come from one source.
    pub(super) fn is_of_location(self) -> bool {
        matches!(self, Self::Url | Self::Host | Self::Port | Self::Name) || self.is_password()
    }

    pub(super) fn is_password(self) -> bool {
        matches!(self, Self::Password | Self::PasswordFile)
    }

    /// Whether the value is a text. A file must quote it: a password 007 would lose its zeros as a
    /// number.
    #[cfg(feature = "config-file")]
    pub(super) fn is_text(self) -> bool {
        use Kind::{Count, Duration, Flag, Lifetime, Port};
        !matches!(self, Port | Count | Duration | Lifetime | Flag)
    }

    /// Whether the value may contain a secret.
    pub(super) fn is_secret(self) -> bool {
        self.is_password() || self == Self::Url
    }

    /// Whether a text can be parsed. Ranges are checked later, when all settings are known.
    pub(super) fn reads(self, text: &str) -> bool {
        match self {
            Self::Url | Self::Password | Self::PasswordFile | Self::File => true,
            Self::Name | Self::Text => !text.contains('\0'),
            Self::Host => parse::is_host(text),
            Self::Port => parse::port(text).is_some(),
            Self::TlsMode => text.parse::<TlsMode>().is_ok(),
            Self::Pooler => text.parse::<Pooler>().is_ok(),
            Self::Count => parse::count(text).is_some(),
            Self::Duration => parse::duration(text).is_some(),
            Self::Lifetime => parse::lifetime(text).is_some(),
            Self::Schedule => parse::schedule(text).is_some(),
            Self::Flag => parse::flag(text).is_some(),
        }
    }

    /// Whether two texts are the same value.
    pub(super) fn agree(self, one: &str, other: &str) -> bool {
        match self {
            Self::Port | Self::Count => parse::count(one) == parse::count(other),
            Self::Duration => parse::duration(one) == parse::duration(other),
            Self::Lifetime => parse::lifetime(one) == parse::lifetime(other),
            _ => one == other,
        }
    }
}

#[cfg(test)]
mod documentation;
