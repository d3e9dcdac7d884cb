//! The environment as layers of settings.

use std::ffi::OsString;

use secrecy::{ExposeSecret, SecretString};

use super::layer::{Given, Layer, Origin};
use super::problem::ConfigProblem;
use super::setting::{FILE_VARIABLE, PREFIX, Setting};
use super::suggest;

/// What the layers of the environment begin with, the one that counts most first.
const LAYERS: [&str; 4] = [PREFIX, "DATABASE_", "DB_", "POSTGRES_"];

/// Variables of that prefix by which this project's own tests are told something.
const OF_OUR_TESTS: [&str; 4] = [
    "TASKTRAIL_PG_BIN",
    "TASKTRAIL_MODEL_CASES",
    "TASKTRAIL_WRITE_SCHEMA",
    "TASKTRAIL_SCENE",
];

/// Variables that may be settings. An empty one counts as not set.
#[derive(Debug, Clone, Default)]
pub(super) struct Variables {
    set: Vec<(String, SecretString)>,
    problems: Vec<ConfigProblem>,
}

impl Variables {
    /// Those of this process.
    pub(super) fn of_process() -> Self {
        let mut variables = Self::default();
        for (name, value) in std::env::vars_os() {
            // A name that is not UTF-8 is none of ours.
            if let Ok(name) = name.into_string() {
                variables.take(name, value);
            }
        }
        variables
    }

    /// Those that `lookup` knows, which nobody can ask for unknown ones.
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
        if !is_ours || OF_OUR_TESTS.contains(&name.as_str()) {
            return;
        }
        match value.into_string() {
            Ok(value) if value.is_empty() || is_service_link(&name, &value) => {}
            Ok(value) => self.set.push((name, value.into())),
            Err(_) => self.problems.push(ConfigProblem::new(name, "is not UTF-8")),
        }
    }

    /// The file that they name.
    pub(super) fn file(&self) -> Option<&str> {
        self.get(FILE_VARIABLE).map(ExposeSecret::expose_secret)
    }

    /// Their settings, the layer that counts most first, and the variables that are none.
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
            ConfigProblem::new(
                name,
                suggest::unknown("no setting has this variable", name, of_prefix),
            )
        })
    }
}

fn known() -> impl Iterator<Item = &'static str> {
    let settings = Setting::all().iter().flat_map(Setting::variables);
    settings.chain([FILE_VARIABLE])
}

/// Whether Kubernetes sets it in each container, because some service has a name that begins as our
/// variables do, such as `POSTGRES_PORT=tcp://10.0.0.7:5432` for one called "postgres".
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
    fn what_kubernetes_sets_for_services_is_not_for_us() {
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
    fn others_variables_are_left_alone() {
        let others = variables(&[
            ("DB_ECHO", "true"),
            ("TASKTRAIL_PG_BIN", "/x"),
            ("PATH", "/y"),
        ]);

        assert_eq!(others.layers().1, []);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_utf_8_is_named() {
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
