//! The rules of `docs/ARCHITECTURE.md` that a test can check: dependencies and file sizes.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed step of a test panics"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tasktrail_tests::sources::files_below;

/// The packages of the workspace that each package may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("tasktrail-port", &[]),
    ("tasktrail-domain", &["tasktrail-port"]),
    ("tasktrail-in-memory", &["tasktrail-domain"]),
    ("tasktrail-postgres-client", &["tasktrail-domain"]),
    (
        "tasktrail-postgres",
        &["tasktrail-domain", "tasktrail-postgres-client"],
    ),
    (
        "tasktrail-postgres-admin",
        &[
            "tasktrail-domain",
            "tasktrail-postgres",
            "tasktrail-postgres-client",
        ],
    ),
    (
        "tasktrail",
        &[
            "tasktrail-domain",
            "tasktrail-in-memory",
            "tasktrail-postgres",
            "tasktrail-postgres-admin",
            "tasktrail-resilience",
        ],
    ),
    ("tasktrail-conformance", &["tasktrail-domain"]),
    ("tasktrail-resilience", &["tasktrail-domain"]),
    ("tasktrail-test-support", &[]),
    ("tasktrail-cli", &["tasktrail", "tasktrail-domain"]),
    ("tasktrail-examples", &["tasktrail"]),
    ("tasktrail-tests", &["tasktrail", "tasktrail-test-support"]),
];

/// The packages that access PostgreSQL.
const POSTGRES: &[&str] = &[
    "tasktrail-postgres",
    "tasktrail-postgres-admin",
    "tasktrail-postgres-client",
];

/// The examples have tables of their own, like a service.
const POSTGRES_AND_EXAMPLES: &[&str] = &[
    "tasktrail-examples",
    "tasktrail-postgres",
    "tasktrail-postgres-admin",
    "tasktrail-postgres-client",
];

/// Libraries, each with the only packages that may depend on it.
const ONLY: &[(&str, &[&str])] = &[
    ("diesel", POSTGRES_AND_EXAMPLES),
    ("diesel-async", POSTGRES_AND_EXAMPLES),
    ("bb8", &["tasktrail-postgres-client"]),
    ("rustls", &["tasktrail-cli", "tasktrail-postgres-client"]),
    ("tokio-postgres", POSTGRES),
    ("clap", &["tasktrail-cli"]),
    ("hyper", &["tasktrail"]),
    ("metrics-exporter-prometheus", &["tasktrail"]),
    ("opentelemetry", &["tasktrail-cli"]),
];

/// The dependencies that the domain may have: no I/O and no runtime.
const DOMAIN: &[&str] = &[
    "async-trait",
    "chrono",
    "mockall",
    "serde",
    "serde_json",
    "tasktrail-port",
    "thiserror",
    "uuid",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

/// Returns the dependencies of each package of the workspace, without dev-dependencies.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version=1", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| (text(&package["name"]), needed(package)))
        .collect()
}

fn needed(package: &Value) -> Vec<String> {
    let all = package["dependencies"].as_array().unwrap();
    all.iter()
        .filter(|dependency| dependency["kind"].is_null())
        .map(|d| text(&d["name"]))
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn every_package_uses_only_permitted_packages() {
    let allowed: BTreeMap<_, _> = MAY_USE.iter().copied().collect();

    for (package, dependencies) in dependencies() {
        let allowed = allowed
            .get(package.as_str())
            .unwrap_or_else(|| panic!("{package} is not in MAY_USE"));
        for ours in dependencies
            .iter()
            .filter(|name| name.starts_with("tasktrail"))
        {
            assert!(
                allowed.contains(&ours.as_str()),
                "{package} may not use {ours}"
            );
        }
    }
}

#[test]
fn restricted_libraries_are_used_only_by_permitted_packages() {
    for (package, dependencies) in dependencies() {
        for (library, owners) in ONLY {
            let named = dependencies.iter().any(|name| name == library);
            assert!(
                !named || owners.contains(&package.as_str()),
                "{package} may not depend on {library}"
            );
        }
    }
}

#[test]
fn the_domain_depends_on_neither_io_nor_a_runtime() {
    for name in &dependencies()["tasktrail-domain"] {
        assert!(
            DOMAIN.contains(&name.as_str()),
            "the domain may not depend on {name}"
        );
    }
}

/// Returns the source files of the workspace, with their numbers of lines.
fn sources() -> Vec<(PathBuf, usize)> {
    let folders = [root().join("crates"), root().join("tests")];
    assert!(folders.iter().all(|folder| folder.is_dir()));
    let files = folders.iter().flat_map(|folder| files_below(folder, "rs"));
    files
        .map(|file| {
            let lines = std::fs::read_to_string(&file).unwrap().lines().count();
            (file, lines)
        })
        .collect()
}

#[test]
fn no_file_is_longer_than_400_lines_and_none_is_called_mod_rs() {
    for (file, lines) in sources() {
        assert!(lines <= 400, "{} has {lines} lines", file.display());
        assert!(!file.ends_with("mod.rs"), "{}", file.display());
    }
}
