use std::error::Error;
use std::fmt;

use tasktrail_domain::InvalidValue;

/// An invalid configuration, with all of its problems.
///
/// `Display` prints a single problem on one line, and several as a list with one line each. The
/// output never contains a password, or a URL that may contain one.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigError {
    problems: Vec<ConfigProblem>,
}

impl ConfigError {
    pub(super) fn of(problems: Vec<ConfigProblem>) -> Self {
        Self { problems }
    }

    /// Returns all problems; at least one.
    #[must_use]
    pub fn problems(&self) -> &[ConfigProblem] {
        &self.problems
    }

    /// Returns whether the only problem is that no source sets the location of the database.
    #[must_use]
    pub fn names_no_database(&self) -> bool {
        matches!(self.problems.as_slice(), [only] if only.source.is_none() && only.setting == Some("url"))
    }
}

/// Same as [`Display`](fmt::Display), because a `main` that returns the error prints its `Debug`
/// form.
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
                write!(f, "the configuration has {} problems:", several.len())?;
                several
                    .iter()
                    .try_for_each(|problem| write!(f, "\n  {problem}"))
            }
        }
    }
}

impl Error for ConfigError {}

/// A problem in a configuration.
///
/// `Display` prints one line with the source, the setting, the allowed values and the given value,
/// such as `tasktrail.toml:7: pool.max_connections must be between 1 and 10000, got "0"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    source: Option<String>,
    setting: Option<&'static str>,
    words: String,
    allowed: Option<String>,
    given: Option<String>,
}

impl ConfigProblem {
    /// A problem with a source itself.
    pub(super) fn new(source: impl Into<String>, words: impl Into<String>) -> Self {
        Self {
            source: Some(source.into()),
            setting: None,
            words: words.into(),
            allowed: None,
            given: None,
        }
    }

    /// Names the setting that the problem is about.
    pub(super) fn about(mut self, setting: &'static str) -> Self {
        self.setting = Some(setting);
        self
    }

    /// A value that is not allowed. `given` is printed, so it must not contain a secret: see
    /// [`quoted`].
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

    /// A value that the adapter or a policy refuses. Their field names are the names of settings.
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

    /// No source sets the location of the database.
    pub(super) fn no_database() -> Self {
        let words = "no database is configured: set DATABASE_URL, or DB_HOST, DB_NAME and DB_USER \
                     (optionally DB_PORT and DB_PASSWORD)";
        Self {
            source: None,
            ..Self::new("", words).about("url")
        }
    }

    /// Returns the source of the value: the name of the variable, the file with the line
    /// (`tasktrail.toml:7`), or `code`. `None` if the problem is a missing value.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// Returns the name of the setting in a file, such as `pool.max_connections`. `None` if the
    /// problem is not about a known setting.
    #[must_use]
    pub fn setting(&self) -> Option<&'static str> {
        self.setting
    }

    /// Returns the allowed values; `None` if the problem is not an invalid value.
    #[must_use]
    pub fn allowed(&self) -> Option<&str> {
        self.allowed.as_deref()
    }

    /// Returns the given value, shortened. A value that may be a secret is replaced by a
    /// placeholder.
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

/// Replaces a value that may contain a password.
pub(super) const HIDDEN: &str = "something else (not shown, it may hold a password)";

/// Quotes a value for a message: shortened, and hidden if it looks like a URL, which may have been
/// given for the wrong setting.
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
    fn one_problem_prints_as_a_line_and_several_as_a_list() {
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
    fn values_that_look_like_urls_are_hidden() {
        assert_eq!(quoted("postgres://me:hush@h/d"), HIDDEN);
        assert_eq!(quoted("many"), "\"many\"");
        assert!(quoted(&"x".repeat(50)).ends_with("x\"… of 50 bytes"));
    }
}
