//! Every setting there is: its names, its variables, and what is allowed. `docs/CONFIGURATION.md` has the
//! same table with the defaults and with what each one means; tests compare them.

mod table;

use std::sync::LazyLock;

use tasktrail_postgres::TlsMode;

use super::reading;

/// A setting of a [`DatabaseConfig`](crate::DatabaseConfig).
#[derive(Debug)]
pub(super) struct Setting {
    /// Its name in a file, with the section: `pool.max_connections`.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// The range, both ends included, or the words that are known.
    allowed: &'static str,
    /// Its variables: the systematic one first, then those of older systems.
    variables: Vec<String>,
}

/// What the value of a setting is.
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
    Count,
    Duration,
    Lifetime,
    Flag,
}

/// The variable that names a file.
pub(super) const FILE_VARIABLE: &str = "TASKTRAIL_CONFIG";

/// What the systematic variables begin with.
pub(super) const PREFIX: &str = "TASKTRAIL_";

static TABLE: LazyLock<Vec<Setting>> = LazyLock::new(table::settings);

impl Setting {
    pub(super) fn all() -> &'static [Self] {
        &TABLE
    }

    pub(super) fn named(name: &str) -> Option<&'static Self> {
        Self::all().iter().find(|setting| setting.name == name)
    }

    /// What is allowed, for somebody who wrote something else.
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

    /// The setting has these variables of older systems as well.
    fn also<const N: usize>(mut self, older: [&str; N]) -> Self {
        self.variables.extend(older.map(str::to_owned));
        self
    }
}

impl Kind {
    /// Whether it says where the database is. Such settings count together or not at all.
    pub(super) fn is_of_location(self) -> bool {
        matches!(self, Self::Url | Self::Host | Self::Port | Self::Name) || self.is_password()
    }

    pub(super) fn is_password(self) -> bool {
        matches!(self, Self::Password | Self::PasswordFile)
    }

    /// Whether its value is a text, which a file has to write as one: 007 is no password.
    #[cfg(feature = "config-file")]
    pub(super) fn is_text(self) -> bool {
        use Kind::{Count, Duration, Flag, Lifetime, Port};
        !matches!(self, Port | Count | Duration | Lifetime | Flag)
    }

    /// Whether its value, or what people put there by mistake, may be a secret.
    pub(super) fn is_secret(self) -> bool {
        self.is_password() || self == Self::Url
    }

    /// Whether a text can be read as such a value. Ranges are looked at when all settings are known.
    pub(super) fn reads(self, text: &str) -> bool {
        match self {
            Self::Url | Self::Password | Self::PasswordFile | Self::File => true,
            Self::Name | Self::Text => !text.contains('\0'),
            Self::Host => reading::is_host(text),
            Self::Port => reading::port(text).is_some(),
            Self::TlsMode => text.parse::<TlsMode>().is_ok(),
            Self::Count => reading::count(text).is_some(),
            Self::Duration => reading::duration(text).is_some(),
            Self::Lifetime => reading::lifetime(text).is_some(),
            Self::Flag => reading::flag(text).is_some(),
        }
    }

    /// Whether two texts say the same.
    pub(super) fn agree(self, one: &str, other: &str) -> bool {
        match self {
            Self::Port | Self::Count => reading::count(one) == reading::count(other),
            Self::Duration => reading::duration(one) == reading::duration(other),
            Self::Lifetime => reading::lifetime(one) == reading::lifetime(other),
            _ => one == other,
        }
    }
}

#[cfg(test)]
mod documentation;
