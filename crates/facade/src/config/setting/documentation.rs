//! Compares `docs/CONFIGURATION.md` with the table of settings and with their behavior.

use std::time::Duration;

use super::{Kind, Setting};
use crate::config::parse;
use crate::{ConfigError, ConfigProblem, DatabaseConfig};

const DOCUMENT: &str = include_str!("../../../../../docs/CONFIGURATION.md");

/// A row of the table of all settings.
struct Row {
    name: &'static str,
    variables: Vec<&'static str>,
    default: &'static str,
    allowed: &'static str,
    meaning: &'static str,
}

fn rows() -> Vec<Row> {
    let table = DOCUMENT.split("| setting | variables |").nth(1).unwrap();
    let lines = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [name, variables, default, _unit, allowed, meaning] = cells[..] else {
                panic!("{line}");
            };
            let variables = variables.split(' ').map(|name| name.trim_matches('`'));
            Row {
                name: name.trim_matches('`'),
                variables: variables.collect(),
                default,
                allowed,
                meaning,
            }
        })
        .collect()
}

fn with(variables: &[(&str, &str)]) -> Result<DatabaseConfig, ConfigError> {
    // With an age, because the other settings of the retention are refused without one.
    let required = [
        ("DATABASE_URL", "postgres://h/d"),
        ("TASKTRAIL_RETENTION_RUNNING", "1000d"),
    ];
    // The first value of a variable is used.
    let variables = variables.iter().chain(&required);
    DatabaseConfig::sources()
        .variables(variables.copied())
        .load()
}

/// The settings with a range: counts and durations.
fn measured() -> impl Iterator<Item = (Row, &'static Setting)> {
    let settings = rows().into_iter().map(|row| {
        let setting = Setting::named(row.name).unwrap();
        (row, setting)
    });
    settings.filter(|(_, setting)| {
        matches!(setting.kind, Kind::Count | Kind::Duration | Kind::Lifetime)
    })
}

#[test]
fn documentation_lists_exactly_all_settings_and_variables() {
    let rows = rows();
    let documented: Vec<_> = rows
        .iter()
        .map(|row| (row.name, row.variables.clone(), row.allowed))
        .collect();
    let known: Vec<_> = Setting::all()
        .iter()
        .map(|setting| (setting.name, setting.variables().collect(), setting.allowed))
        .collect();

    for (documented, known) in documented.iter().zip(&known) {
        assert_eq!(documented, known);
    }
    assert_eq!(documented.len(), known.len());
    assert!(rows.iter().all(|row| row.meaning.ends_with('.')));
}

#[test]
fn first_variable_is_derived_from_the_name() {
    for row in rows() {
        let systematic = row.name.to_uppercase().replace('.', "_");
        assert_eq!(row.variables[0], format!("TASKTRAIL_{systematic}"));
    }
}

#[test]
fn documented_default_equals_the_actual_default() {
    let plain = format!("{:?}", with(&[]).unwrap());
    for row in rows() {
        let setting = Setting::named(row.name).unwrap();
        let has_default = setting.kind.reads(row.default) && row.default != "–";
        if setting.kind.is_of_location() || !has_default || setting.kind == Kind::File {
            continue;
        }
        let default = with(&[(row.variables[0], row.default)]).unwrap();
        let name = "application_name: None";
        let shown = format!("{default:?}").replace("application_name: Some(\"tasktrail\")", name);

        assert_eq!(shown, plain, "{}", row.name);
    }
}

/// The bounds of a range; `None` for a bound that is another setting.
fn ends(allowed: &'static str) -> (Option<&'static str>, Option<&'static str>) {
    let range = allowed.split(',').next().unwrap_or_default();
    let (least, greatest) = range.split_once(" to ").unwrap();
    let value = |end: &'static str| parse::duration(end).map(|_| end);
    (value(least), value(greatest))
}

/// A duration as a text in seconds.
fn seconds(duration: Duration) -> String {
    duration.as_secs_f64().to_string()
}

/// The settings that are refused if this setting has this value.
fn refused(row: &Row, value: &str) -> Vec<&'static str> {
    let loaded = with(&[(row.variables[0], value)]);
    let problems = loaded.err().map(|error| error.problems().to_vec());
    let problems = problems.unwrap_or_default();
    problems.iter().filter_map(ConfigProblem::setting).collect()
}

#[test]
fn bounds_of_a_range_are_allowed_and_values_outside_are_refused() {
    for (row, setting) in measured() {
        let (least, greatest) = ends(row.allowed);
        let is_counted = setting.kind == Kind::Count;
        // The lower bound does not apply if the value must exceed another setting.
        let least = least.filter(|_| !row.allowed.contains("more than"));
        for end in [least, greatest].into_iter().flatten() {
            let refused = refused(&row, end);
            assert!(!refused.contains(&row.name), "{} {end}", row.name);
        }
        let above = greatest.map(|greatest| {
            let more = parse::duration(greatest).unwrap() * 2;
            if is_counted {
                more.as_secs().to_string()
            } else {
                seconds(more)
            }
        });
        let below = least.filter(|least| *least != "0").map(|least| {
            if is_counted {
                "0".to_owned()
            } else {
                seconds(parse::duration(least).unwrap() / 2)
            }
        });
        for beyond in [above, below].into_iter().flatten() {
            let refused = refused(&row, &beyond);
            assert!(refused.contains(&row.name), "{} {beyond}", row.name);
        }
    }
}

#[test]
fn zero_is_allowed_exactly_where_documented() {
    for (row, _) in measured() {
        let is_off = row.allowed.ends_with(", 0 for none");
        let is_zero = row.allowed.starts_with("0 to");

        assert_eq!(
            refused(&row, "0").contains(&row.name),
            !is_off && !is_zero,
            "{}",
            row.name
        );
    }
}

#[test]
fn every_setting_has_an_effect() {
    let plain = format!("{:?}", with(&[]).unwrap());
    for (row, setting) in measured() {
        let value = match setting.kind {
            Kind::Count => "7",
            _ => "0.2",
        };
        let is_long = ["pool.", "standby."]
            .iter()
            .any(|section| row.name.starts_with(section));
        let is_retained = row.name.starts_with("retention.") && setting.kind == Kind::Duration;
        let value = if is_retained {
            "1d"
        } else if row.name.ends_with("cool_down") || is_long {
            "9"
        } else if row.name == "retry.max_elapsed_time" || row.name.ends_with("long_attempt") {
            "70"
        } else {
            value
        };
        let changed = with(&[(row.variables[0], value)]);

        assert_ne!(format!("{:?}", changed.unwrap()), plain, "{}", row.name);
    }
    for switch in Setting::all()
        .iter()
        .filter(|setting| setting.kind == Kind::Flag)
    {
        let variable = switch.variables().next().unwrap();
        let [off, on] = ["false", "true"].map(|value| with(&[(variable, value)]).unwrap());

        assert_ne!(format!("{off:?}"), format!("{on:?}"), "{}", switch.name);
    }
}
