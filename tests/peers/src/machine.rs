//! The machine and the versions of a run.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Deserialize;
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};
use tasktrail::clock::{Clock, SystemClock};
use tokio::process::Command;

use crate::workbench::{Workbench, run};

const LOCK: &str = include_str!("../Cargo.lock");

/// Crates whose versions are reported.
const PEERS: [&str; 8] = [
    "tasktrail",
    "tokio-postgres",
    "deadpool-postgres",
    "diesel",
    "diesel-async",
    "bb8",
    "durare",
    "sqlx",
];

/// Date, machine and versions of a run, as text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Setting {
    pub(crate) date: String,
    pub(crate) machine: String,
    pub(crate) versions: String,
}

pub(crate) async fn setting(bench: &Workbench, original: Option<&str>) -> Result<Setting> {
    let today = SystemClock.now().to_string();
    let date = today.split('T').next().unwrap_or_default().to_owned();
    let rustc = run(Command::new("rustc").arg("--version")).await?;
    let mut versions = vec![
        format!("PostgreSQL {}", bench.version().await?),
        rustc
            .split(" (")
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned(),
        crates(LOCK)?,
    ];
    versions.extend(original.map(str::to_owned));
    Ok(Setting {
        date,
        machine: machine(),
        versions: versions.join(", "),
    })
}

fn machine() -> String {
    let wanted = RefreshKind::nothing()
        .with_cpu(CpuRefreshKind::nothing())
        .with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(wanted);
    let model = system.cpus().first().map_or("", |cpu| cpu.brand()).trim();
    let cores = system.cpus().len();
    let gibibytes = system.total_memory() >> 30;
    let os = System::long_os_version().unwrap_or_default();
    format!("{model}, {cores} cores, {gibibytes} GiB, {os}")
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
}

fn crates(lock: &str) -> Result<String> {
    let Lock { package } = toml::from_str(lock)?;
    let versions: BTreeMap<_, _> = package
        .into_iter()
        .map(|package| (package.name, package.version))
        .collect();
    let known = PEERS.iter().filter_map(|name| {
        let version = versions.get(*name)?;
        Some(format!("{name} {version}"))
    });
    Ok(known.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_peer_is_in_the_lock_file() {
        let versions = crates(LOCK).unwrap();
        for peer in PEERS {
            assert!(versions.contains(&format!("{peer} ")), "{versions}");
        }
    }
}
