use std::ffi::OsString;
#[cfg(feature = "config-file")]
use std::path::PathBuf;

use secrecy::SecretString;
use tasktrail_postgres::PostgresConfig;

use super::environment::Variables;
#[cfg(feature = "config-file")]
use super::file;
use super::layer::{Given, Layer, Origin, Settings, contradictions};
#[cfg(not(feature = "config-file"))]
use super::setting::FILE_VARIABLE;
use super::setting::Setting;
use super::{ConfigError, ConfigProblem, DatabaseConfig, assembly, location, suggest};

/// Builder of a [`DatabaseConfig`] from code, environment variables and files.
///
/// ```no_run
/// use tasktrail::DatabaseConfig;
///
/// let config = DatabaseConfig::sources()
///     .file("/etc/reports/tasktrail.toml")
///     .environment()
///     .set("application_name", "reports")
///     .load()?
///     .with_connections(2, 8)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Precedence
///
/// The first source in this list that sets a value wins, whatever the order of the calls:
///
/// 1. methods of the loaded [`DatabaseConfig`],
/// 2. [`set`](Self::set),
/// 3. the variables `TASKTRAIL_…`, then `DATABASE_URL`, then `DB_…`, then `POSTGRES_…`,
/// 4. files: a later file overrides an earlier one,
/// 5. the defaults.
///
/// Host, port, database and user all come from the first source that sets one of them; sources are
/// never combined. `docs/CONFIGURATION.md` lists all settings, with their variables, defaults and
/// ranges.
#[derive(Debug, Clone, Default)]
#[must_use = "nothing is read before `load`"]
pub struct ConfigSources {
    /// Sources, names, values.
    set: Vec<(String, String, SecretString)>,
    variables: Variables,
    #[cfg(feature = "config-file")]
    files: Vec<PathBuf>,
    takes_named_file: bool,
}

impl ConfigSources {
    /// Adds a file in TOML (`.toml`) or YAML (`.yaml`, `.yml`). [`load`](Self::load) fails if it
    /// does not exist.
    #[cfg(feature = "config-file")]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.files.push(path.into());
        self
    }

    /// Adds the file that the variable `TASKTRAIL_CONFIG` names, if the variable is set among those
    /// of [`environment`](Self::environment) or [`variables`](Self::variables). All files added
    /// with [`file`](Self::file) take precedence over it.
    pub fn named_file(mut self) -> Self {
        self.takes_named_file = true;
        self
    }

    /// Sets the variables to the current environment variables of this process.
    pub fn environment(mut self) -> Self {
        self.variables = Variables::of_process();
        self
    }

    /// Adds variables as pairs of name and value, for example in tests.
    pub fn variables<N: Into<String>, V: Into<OsString>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        for (name, value) in variables {
            self.variables.take(name.into(), value.into());
        }
        self
    }

    /// Sets a setting to a text, by its name in a file, such as `url` or `pool.max_connections`.
    /// For typed values, use the methods of [`DatabaseConfig`].
    pub fn set(self, name: impl Into<String>, value: impl Into<SecretString>) -> Self {
        self.set_by("code", name, value)
    }

    /// Like [`set`](Self::set), and names the source that problems report, such as the command-line
    /// option `--database-url`.
    pub fn set_by(
        mut self,
        source: impl Into<String>,
        name: impl Into<String>,
        value: impl Into<SecretString>,
    ) -> Self {
        self.set.push((source.into(), name.into(), value.into()));
        self
    }

    /// Reads the sources and builds the configuration.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with every problem in every source.
    pub fn load(self) -> Result<DatabaseConfig, ConfigError> {
        let mut problems = Vec::new();
        let mut layers = vec![self.code(&mut problems)];
        let (variables, unknown) = self.variables.layers();
        layers.extend(variables);
        problems.extend(unknown);
        let all_are_read = self.read_files(&mut layers, &mut problems);
        load(layers, problems, all_are_read)
    }

    pub(super) fn of(variables: Variables) -> Self {
        Self {
            variables,
            ..Self::default()
        }
    }

    fn code(&self, problems: &mut Vec<ConfigProblem>) -> Layer {
        let mut code = Layer::new(Origin::Code);
        for (source, name, value) in &self.set {
            let source = source.clone();
            let Some(setting) = Setting::named(name) else {
                let known = Setting::all().iter().map(|setting| setting.name);
                let words = format!("no setting is called `{name}`");
                problems.push(ConfigProblem::new(
                    source,
                    suggest::unknown(&words, name, known),
                ));
                continue;
            };
            let text = value.clone();
            code.given.push(Given {
                setting,
                source,
                text,
            });
        }
        code
    }

    /// Adds the layers of the files. Returns whether all could be read: the settings of an
    /// unreadable file are unknown, not missing.
    #[cfg(feature = "config-file")]
    fn read_files(&self, layers: &mut Vec<Layer>, problems: &mut Vec<ConfigProblem>) -> bool {
        let named = self.named().map(PathBuf::from);
        let files: Vec<_> = self.files.iter().rev().cloned().chain(named).collect();
        let before = layers.len();
        for path in &files {
            let (layer, wrong) = file::read(path);
            layers.extend(layer);
            problems.extend(wrong);
        }
        layers.len() == before + files.len()
    }

    #[cfg(not(feature = "config-file"))]
    fn read_files(&self, _layers: &mut Vec<Layer>, problems: &mut Vec<ConfigProblem>) -> bool {
        let is_named = self.named().is_some();
        if is_named {
            let words = "no file is read: tasktrail was built without its feature config-file";
            problems.push(ConfigProblem::new(FILE_VARIABLE, words));
        }
        !is_named
    }

    fn named(&self) -> Option<&str> {
        self.variables.file().filter(|_| self.takes_named_file)
    }
}

/// Builds the configuration from layers, highest precedence first.
fn load(
    mut layers: Vec<Layer>,
    mut problems: Vec<ConfigProblem>,
    all_are_read: bool,
) -> Result<DatabaseConfig, ConfigError> {
    for layer in &mut layers {
        layer.refuse_unreadable(&mut problems);
    }
    let place = location::locate(&mut layers, &mut problems);
    if !all_are_read {
        problems.retain(|problem| problem.source().is_some());
    }
    problems.extend(contradictions(&layers));
    let settings = Settings::merged(&layers);
    // A placeholder, so that the other settings are checked even without a location.
    let place =
        place.or_else(|| PostgresConfig::from_parts("localhost", 5432, "d", "u", None).ok());
    let config = place.map(|place| assembly::assemble(place, &settings, &mut problems));
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => Err(ConfigError::of(problems)),
    }
}
