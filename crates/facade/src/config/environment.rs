//! Reads environment variables into layers of settings.

use std::ffi::OsString;

use secrecy::{ExposeSecret, SecretString};

use super::layer::{Given, Layer, Origin};
use super::problem::ConfigProblem;
use super::setting::{FILE_VARIABLE, PREFIX, Setting};
use super::suggest;

/// The prefixes of the layers, highest precedence first.
const LAYERS: [&str; 4] = [PREFIX, "DATABASE_", "DB_", "POSTGRES_"];

/// Variables with our prefix that configure the tests of this project, not a database.
const TEST_VARIABLES: [&str; 5] = [
    "TASKTRAIL_PG_BIN",
    "TASKTRAIL_PGBOUNCER",
    "TASKTRAIL_MODEL_CASES",
    "TASKTRAIL_WRITE_SCHEMA",
    "TASKTRAIL_SCENE",
];

/// Variables that may be settings. Empty variables count as not set.
#[derive(Debug, Clone, Default)]
pub(super) struct Variables {
    set: Vec<(String, SecretString)>,
    problems: Vec<ConfigProblem>,
}

impl Variables {
    /// The environment variables of this process.
    pub(super) fn of_process() -> Self {
        let mut variables = Self::default();
        for (name, value) in std::env::vars_os() {
            // No setting has a variable whose name is not UTF-8.
            if let Ok(name) = name.into_string() {
                variables.take(name, value);
            }
        }
        variables
    }

    /// The variables that `lookup` returns. Unknown variables cannot be detected this way.
    pub(super) fn looked_up(lookup: impl Fn(&'static str) -> Option<String>) -> Self {
        let mut variables = Self::default();
        for name in known() {
            if let Some(value) = lookup(name) {
                variables.take(name.to_owned(), value.into());
            }
        }
        variables
    }

    pub(super) fn take(&mut self, name: String, value: OsString) {
        let is_ours = name.starts_with(PREFIX) || known().any(|known| known == name);
        if !is_ours || TEST_VARIABLES.contains(&name.as_str()) {
            return;
        }
        match value.into_string() {
            Ok(value) if value.is_empty() || is_service_link(&name, &value) => {}
            Ok(value) => self.set.push((name, value.into())),
            Err(_) => self.problems.push(ConfigProblem::new(name, "is not UTF-8")),
        }
    }

    /// The value of `TASKTRAIL_CONFIG`.
    pub(super) fn file(&self) -> Option<&str> {
        self.get(FILE_VARIABLE).map(ExposeSecret::expose_secret)
    }

    /// Returns the layers of settings, highest precedence first, and problems with the variables.
    pub(super) fn layers(&self) -> (Vec<Layer>, Vec<ConfigProblem>) {
        let layers = LAYERS.map(|prefix| {
            let mut layer = Layer::new(Origin::Variables(prefix));
            for setting in Setting::all() {
                let variables = setting.variables().filter(|name| name.starts_with(prefix));
                layer.given.extend(variables.filter_map(|name| {
                    Some(Given {
                        setting,
                        source: name.to_owned(),
                        text: self.get(name)?.clone(),
                    })
                }));
            }
            layer
        });
        let problems = self.problems.iter().cloned().chain(self.unknown());
        (layers.into(), problems.collect())
    }

    fn get(&self, name: &str) -> Option<&SecretString> {
        let found = self.set.iter().find(|(set, _)| set == name);
        found.map(|(_, value)| value)
    }

    fn unknown(&self) -> impl Iterator<Item = ConfigProblem> {
        let names = self.set.iter().map(|(name, _)| name.as_str());
        let unknown = names.filter(|name| known().all(|known| known != *name));
        unknown.map(|name| {
            let of_prefix = known().filter(|known| known.starts_with(PREFIX));
            ConfigProblem::new(name, suggest::unknown("unknown variable", name, of_prefix))
        })
    }
}

fn known() -> impl Iterator<Item = &'static str> {
    let settings = Setting::all().iter().flat_map(Setting::variables);
    settings.chain([FILE_VARIABLE])
}

/// Whether Kubernetes set the variable for a service. It sets such variables in every container,
/// and a service named "postgres" yields `POSTGRES_PORT=tcp://10.0.0.7:5432`.
fn is_service_link(name: &str, value: &str) -> bool {
    let is_address = ["tcp://", "udp://", "sctp://"]
        .iter()
        .any(|scheme| value.starts_with(scheme));
    let is_of_service = name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT");
    let is_of_port = name
        .rsplit_once("_PORT_")
        .is_some_and(|(_, port)| port.starts_with(|first: char| first.is_ascii_digit()));
    is_of_service || is_of_port || (is_address && name.ends_with("_PORT"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(set: &[(&str, &str)]) -> Variables {
        let mut variables = Variables::default();
        for (name, value) in set {
            variables.take((*name).to_owned(), (*value).into());
        }
        variables
    }

    #[test]
    fn service_variables_of_kubernetes_are_ignored() {
        let links = variables(&[
            ("POSTGRES_PORT", "tcp://10.0.0.7:5432"),
            ("TASKTRAIL_PORT", "tcp://10.0.0.8:80"),
            ("TASKTRAIL_SERVICE_HOST", "10.0.0.8"),
            ("TASKTRAIL_SERVICE_PORT_HTTP", "80"),
            ("TASKTRAIL_PORT_80_TCP_ADDR", "10.0.0.8"),
            ("TASKTRAIL_WEB_PORT", "tcp://10.0.0.9:80"),
        ]);

        let (layers, problems) = links.layers();

        assert_eq!(problems, []);
        assert!(
            layers.iter().all(|layer| layer.given.is_empty()),
            "{layers:?}"
        );
    }

    #[test]
    fn unrelated_variables_are_ignored() {
        let unrelated = variables(&[
            ("DB_ECHO", "true"),
            ("TASKTRAIL_PG_BIN", "/x"),
            ("PATH", "/y"),
        ]);

        assert_eq!(unrelated.layers().1, []);
    }

    #[cfg(unix)]
    #[test]
    fn value_that_is_not_utf_8_is_reported() {
        use std::os::unix::ffi::OsStringExt;

        let mut wrong = Variables::default();
        wrong.take(
            "DB_PASSWORD".to_owned(),
            OsString::from_vec(vec![b'a', 0xff]),
        );

        assert_eq!(
            wrong.layers().1,
            [ConfigProblem::new("DB_PASSWORD", "is not UTF-8")]
        );
    }
}
