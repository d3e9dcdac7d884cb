use std::error::Error;
use std::fmt;

use tasktrail_domain::InvalidValue;

/// A configuration that cannot be used, with everything that is wrong with it.
///
/// `Display` is one line for one fault, and a list with a line each for several. No password, and no
/// URL that may hold one, is ever part of it.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigError {
    problems: Vec<ConfigProblem>,
}

impl ConfigError {
    pub(super) fn of(problems: Vec<ConfigProblem>) -> Self {
        Self { problems }
    }

    /// Every fault; at least one.
    #[must_use]
    pub fn problems(&self) -> &[ConfigProblem] {
        &self.problems
    }

    /// Whether nothing is wrong but that no source says where the database is.
    #[must_use]
    pub fn names_no_database(&self) -> bool {
        matches!(self.problems.as_slice(), [only] if only.source.is_none() && only.setting == Some("url"))
    }
}

/// Like [`Display`](fmt::Display): a program that returns the error from its `main` shows this.
impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.as_slice() {
            [only] => only.fmt(f),
            several => {
                write!(f, "the configuration has {} faults:", several.len())?;
                several
                    .iter()
                    .try_for_each(|problem| write!(f, "\n  {problem}"))
            }
        }
    }
}

impl Error for ConfigError {}

/// One thing that is wrong in a configuration.
///
/// `Display` is a line: the source, then what is wrong and what is allowed, such as
/// `tasktrail.toml:7: pool.max_connections must be between 1 and 10000, got "0"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    source: Option<String>,
    setting: Option<&'static str>,
    words: String,
    allowed: Option<String>,
    given: Option<String>,
}

impl ConfigProblem {
    /// Something that is wrong with a source itself.
    pub(super) fn new(source: impl Into<String>, words: impl Into<String>) -> Self {
        Self {
            source: Some(source.into()),
            setting: None,
            words: words.into(),
            allowed: None,
            given: None,
        }
    }

    /// The same, about a setting.
    pub(super) fn about(mut self, setting: &'static str) -> Self {
        self.setting = Some(setting);
        self
    }

    /// A value that is not allowed. `given` is shown, so it must be fit for that: see [`quoted`].
    pub(super) fn value(
        source: impl Into<String>,
        setting: &'static str,
        allowed: impl Into<String>,
        given: impl Into<String>,
    ) -> Self {
        let (allowed, given) = (allowed.into(), given.into());
        let words = format!("{setting} must be {allowed}, got {given}");
        Self {
            allowed: Some(allowed),
            given: Some(given),
            ..Self::new(source, words).about(setting)
        }
    }

    /// What the adapter or a policy refuses, about the setting by whose name they call it.
    pub(super) fn of(error: &InvalidValue, source: Option<String>, given: Option<String>) -> Self {
        let given = given.unwrap_or_else(|| match error.value() {
            url if url.contains("://") => HIDDEN.to_owned(),
            value => value.to_owned(),
        });
        Self {
            source,
            ..Self::value("", error.field(), error.limit(), given)
        }
    }

    /// Nobody says where the database is.
    pub(super) fn no_database() -> Self {
        let words = "no database is named: set DATABASE_URL, or DB_HOST, DB_NAME and DB_USER (and \
                     DB_PORT and DB_PASSWORD if need be)";
        Self {
            source: None,
            ..Self::new("", words).about("url")
        }
    }

    /// Where it was given: the name of the variable, the file with the line (`tasktrail.toml:7`), or
    /// `code`. `None` where the fault is that nothing was given.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// The setting, by its name in a file, such as `pool.max_connections`. `None` if it is not about a
    /// known one.
    #[must_use]
    pub fn setting(&self) -> Option<&'static str> {
        self.setting
    }

    /// What is allowed, where the fault is a wrong value.
    #[must_use]
    pub fn allowed(&self) -> Option<&str> {
        self.allowed.as_deref()
    }

    /// What was given instead, shortened; of what may be a secret only that it is not shown.
    #[must_use]
    pub fn given(&self) -> Option<&str> {
        self.given.as_deref()
    }
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(source) = &self.source {
            write!(f, "{source}: ")?;
        }
        f.write_str(&self.words)
    }
}

/// Stands for what may hold a password.
pub(super) const HIDDEN: &str = "something else (not shown, it may hold a password)";

/// A given value as it may be shown: shortened, and not at all if it looks like a URL, for somebody may
/// have put one in the wrong place.
pub(super) fn quoted(text: &str) -> String {
    const QUOTED: usize = 40;
    if text.contains("://") || text.contains('@') || text.contains("password") {
        return HIDDEN.to_owned();
    }
    let start: String = text.chars().take(QUOTED).collect();
    if start.len() == text.len() {
        format!("{text:?}")
    } else {
        format!("{start:?}… of {} bytes", text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fault_is_a_line_and_several_are_a_list() {
        let port = ConfigProblem::value("DB_PORT", "port", "1 to 65535", quoted("x"));
        let file = ConfigProblem::new(
            "t.toml:3",
            "no setting is called `hots`, did you mean `host`?",
        );

        let one = ConfigError::of(vec![port.clone()]);
        let two = ConfigError::of(vec![port, file]);

        assert_eq!(
            one.to_string(),
            "DB_PORT: port must be 1 to 65535, got \"x\""
        );
        assert_eq!(
            two.to_string(),
            "the configuration has 2 problems:\n  DB_PORT: port must be 1 to 65535, got \"x\"\n  \
             t.toml:3: no setting is called `hots`, did you mean `host`?"
        );
    }

    #[test]
    fn what_looks_like_a_url_is_not_quoted() {
        assert_eq!(quoted("postgres://me:hush@h/d"), HIDDEN);
        assert_eq!(quoted("many"), "\"many\"");
        assert!(quoted(&"x".repeat(50)).ends_with("x\"… of 50 bytes"));
    }
}
