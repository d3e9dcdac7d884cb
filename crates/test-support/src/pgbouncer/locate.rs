//! Finding PgBouncer.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const CHOICE: &str = "TASKTRAIL_PGBOUNCER";
const NAME: &str = "pgbouncer";
/// The first version that tracks prepared statements.
const OLDEST_VERSION: (u32, u32) = (1, 21);
/// Where packages install it. `/usr/sbin` may be missing in `PATH`.
const BESIDE_PATH: [&str; 3] = ["/usr/sbin", "/opt/homebrew/bin", "/usr/local/bin"];
/// Where `scripts/pgbouncer` installs it.
const OURS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/pgbouncer");

/// Returns the path of the program. It is searched once in this process.
pub(super) fn program() -> Result<PathBuf, String> {
    static PROGRAM: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    PROGRAM.get_or_init(search).clone()
}

fn search() -> Result<PathBuf, String> {
    let (major, minor) = OLDEST_VERSION;
    match env::var_os(CHOICE) {
        Some(chosen) if !chosen.is_empty() => {
            let chosen = PathBuf::from(chosen);
            let shown = chosen.display().to_string();
            is_usable(&chosen).then_some(chosen).ok_or_else(|| {
                format!("{CHOICE}={shown} is not PgBouncer, version {major}.{minor} or newer")
            })
        }
        _ => found().ok_or_else(|| {
            format!(
                "PgBouncer, version {major}.{minor} or newer, was not found: run scripts/pgbouncer to \
                 install it, or set {CHOICE} to the path of the program"
            )
        }),
    }
}

fn found() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let fixed = BESIDE_PATH.iter().chain([&OURS]).map(PathBuf::from);
    let all = env::split_paths(&path).chain(fixed);
    all.map(|directory| directory.join(NAME))
        .find(|program| is_usable(program))
}

fn is_usable(program: &Path) -> bool {
    let output = Command::new(program).arg("--version").output();
    output.is_ok_and(|output| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        version(&text).is_some_and(|version| version >= OLDEST_VERSION)
    })
}

fn version(text: &str) -> Option<(u32, u32)> {
    let number = text.lines().next()?.strip_prefix("PgBouncer ")?;
    let mut parts = number.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert!(version("PgBouncer 1.9.0\nlibevent 2.1").unwrap() < OLDEST_VERSION);
        assert!(version("PgBouncer 1.24.1\nlibevent 2.1").unwrap() >= OLDEST_VERSION);
        assert!(version("PgBouncer 2.0.0").unwrap() >= OLDEST_VERSION);
        assert_eq!(version("another program"), None);
    }
}
