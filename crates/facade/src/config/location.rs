//! The location of the database. It comes from one source: sources are never combined.

use std::fs;

use secrecy::SecretString;
use tasktrail_postgres::PostgresConfig;

use super::layer::{Given, Layer, Origin, contradiction};
use super::problem::ConfigProblem;
use super::setting::Setting;
use super::{parse, url};

/// Returns the location from the first layer that sets one. A layer with only a password sets no
/// location. Its password applies to the location of a lower layer, or to that of a higher layer
/// without a password.
///
/// Settings in the parameters of the URL are added to its layer: they have the precedence of the
/// URL.
pub(super) fn locate(
    layers: &mut [Layer],
    problems: &mut Vec<ConfigProblem>,
) -> Option<PostgresConfig> {
    let mut password = None;
    let mut layers = layers.iter_mut();
    while let Some(layer) = layers.next() {
        password = password.or_else(|| secret(layer, problems));
        if sets_location(layer) {
            if password.is_none() && !has_password(layer) {
                let mut only_passwords = layers.filter(|lower| !sets_location(lower));
                password = only_passwords.find_map(|lower| secret(lower, problems));
            }
            return read(layer, password.as_ref(), problems);
        }
    }
    problems.push(ConfigProblem::no_database());
    None
}

fn sets_location(layer: &Layer) -> bool {
    layer.given.iter().any(|given| {
        let kind = given.setting.kind;
        kind.is_of_location() && !kind.is_password()
    })
}

/// Whether the URL of a layer contains a password.
fn has_password(layer: &Layer) -> bool {
    layer.find("url").is_some_and(|given| {
        let config = PostgresConfig::from_url(url::without_driver(given.text.clone()));
        config.is_ok_and(|config| config.has_password())
    })
}

/// Returns the password of a layer, from the setting or the file.
fn secret(layer: &Layer, problems: &mut Vec<ConfigProblem>) -> Option<SecretString> {
    let (password, file) = (layer.find("password"), layer.find("password_file"));
    if let (Some(password), Some(file)) = (password, file) {
        let words = format!(
            "a password is also set in {}: set only one of them",
            password.source
        );
        problems.push(ConfigProblem::new(&file.source, words).about("password_file"));
    }
    if let Some(password) = password {
        return Some(password.text.clone());
    }
    let file = file?;
    match fs::read_to_string(file.text()) {
        Ok(text) => {
            let line = text.strip_suffix('\n').unwrap_or(&text);
            let line = line.strip_suffix('\r').unwrap_or(line);
            Some(SecretString::from(line))
        }
        // Without the name of the file: it may be a password, set by mistake.
        Err(error) => {
            let words = format!("password_file cannot be read: {error}");
            problems.push(ConfigProblem::new(&file.source, words).about("password_file"));
            None
        }
    }
}

fn read(
    layer: &mut Layer,
    password: Option<&SecretString>,
    problems: &mut Vec<ConfigProblem>,
) -> Option<PostgresConfig> {
    let before = problems.len();
    for (one, other) in layer.contradictions() {
        if one.setting.kind.is_of_location() {
            problems.push(contradiction(one, other));
        }
    }
    match layer.find("url").cloned() {
        Some(given) => of_url(&given, password, layer, problems),
        None => of_parts(layer, password, problems),
    }
    .filter(|_| problems.len() == before)
}

fn of_url(
    given: &Given,
    password: Option<&SecretString>,
    layer: &mut Layer,
    problems: &mut Vec<ConfigProblem>,
) -> Option<PostgresConfig> {
    for name in ["host", "port", "database", "user"] {
        if let Some(part) = layer.find(name) {
            let words = format!(
                "{name} conflicts with the URL in {}: set only one of them",
                given.source
            );
            problems.push(ConfigProblem::new(&part.source, words).about(name));
        }
    }
    let url = url::without_driver(given.text.clone());
    let parsed = PostgresConfig::from_url(url.clone()).and_then(|config| match password {
        Some(password) => PostgresConfig::from_url(url::with_password(&url, password)),
        None => Ok(config),
    });
    match parsed {
        Ok(config) => {
            layer.given.extend(parameters(given, &url));
            Some(config)
        }
        Err(error) => {
            let allowed = match error.field() {
                "sslmode" => format!("one whose sslmode is {}", error.limit()),
                _ => error.limit().to_owned(),
            };
            problems.push(given.refused(&allowed));
            None
        }
    }
}

fn parameters(given: &Given, url: &SecretString) -> Vec<Given> {
    let of = |(name, value): (&'static str, String)| {
        Some(Given {
            setting: Setting::named(name)?,
            source: given.source.clone(),
            text: value.into(),
        })
    };
    url::parameters(url).into_iter().filter_map(of).collect()
}

fn of_parts(
    layer: &Layer,
    password: Option<&SecretString>,
    problems: &mut Vec<ConfigProblem>,
) -> Option<PostgresConfig> {
    let parts = ["host", "port", "database", "user"].map(|name| layer.find(name));
    for given in parts.iter().flatten() {
        if !given.setting.kind.reads(given.text()) {
            problems.push(given.refused(&given.setting.expected()));
        }
    }
    let [host, port, database, user] = parts;
    let one = host.or(database).or(user).or(port)?;
    for (name, part) in [("host", host), ("database", database), ("user", user)] {
        if part.is_none() {
            problems.push(missing(name, layer, one));
        }
    }
    let port = port.map_or(Some(5432), |port| parse::port(port.text()))?;
    PostgresConfig::from_parts(host?.text(), port, database?.text(), user?.text(), password).ok()
}

/// Reports a missing part of a location, by the name that it has in its source.
fn missing(name: &'static str, layer: &Layer, given: &Given) -> ConfigProblem {
    let variable = |prefix: &str| {
        let setting = Setting::named(name)?;
        let mut variables = setting.variables();
        variables.find(|variable| variable.starts_with(prefix))
    };
    let other = given.setting.name;
    let problem = match &layer.origin {
        Origin::Variables(prefix) => ConfigProblem::new(
            variable(prefix).unwrap_or(name),
            format!("is not set, but {} is", given.source),
        ),
        Origin::Code => {
            ConfigProblem::new(&given.source, format!("{name} is not set, but {other} is"))
        }
        Origin::File(path) => ConfigProblem::new(
            path.display().to_string(),
            format!("{name} is not set, but {other} is"),
        ),
    };
    problem.about(name)
}
