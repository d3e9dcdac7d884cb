//! The sample context, and copies of it that a test changes.

use std::fs;
use std::path::{Path, PathBuf};

use crate::recipe::{Context, Port};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// The root of the sample context.
pub(crate) fn sample() -> PathBuf {
    root().join("crates/postgres/tests/sample_context")
}

/// A copy of the sample context that a test changes.
pub(crate) struct Copy(tempfile::TempDir);

impl Copy {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&sample(), folder.path());
        Self(folder)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder().join(path)
    }

    pub(crate) fn missing(&self) -> Vec<String> {
        self.context("bookmarks").missing()
    }

    /// A context with one port, which has its name.
    pub(crate) fn context(&self, name: &str) -> Context {
        Context::new(self.0.path(), name, vec![Port::new(name, name)])
    }

    /// Adds a context that has everything that `bookmarks` has, except a migration.
    pub(crate) fn add_context(&self, name: &str) {
        let renamed = |text: &str| text.replace("bookmark", name.trim_end_matches('s'));
        for file in files(self.0.path()) {
            let path = file.strip_prefix(self.0.path()).unwrap().to_str().unwrap();
            let text = fs::read_to_string(&file).unwrap();
            let target = self.path(&renamed(path));
            if target == file {
                fs::write(target, format!("{text}\n{}", renamed(&text))).unwrap();
            } else if !path.starts_with("migrations") {
                fs::create_dir_all(target.parent().unwrap()).unwrap();
                fs::write(target, renamed(&text)).unwrap();
            }
        }
    }

    /// Turns the sample context and a second one into a context `library` with two ports.
    pub(crate) fn with_two_ports() -> Self {
        let copy = Self::new();
        copy.add_context("labels");
        let up = "migrations/2027-01-01-000000-0000_create_bookmark/up.sql";
        let create = fs::read_to_string(copy.path(up)).unwrap();
        let both = format!("{create}\n{}", create.replace("bookmark", "label"));
        fs::write(copy.path(up), both).unwrap();
        for statement in ["get", "put"] {
            let (own, shared) = (
                format!("sql/{statement}.sql"),
                format!("sql/{statement}_label.sql"),
            );
            let operations = "crates/postgres/src/labels/operations.rs";
            copy.replace(operations, &own, &shared);
            copy.rename(
                &format!("crates/postgres/src/labels/{own}"),
                &format!("crates/postgres/src/labels/{shared}"),
            );
        }
        for (area, port) in [("label", "labels"), ("bookmark", "bookmarks")] {
            copy.move_into_library(area, port);
        }
        copy
    }

    /// The context `library`, also if pieces of it were removed.
    pub(crate) fn library(&self) -> Context {
        let ports = [
            ("bookmarks", "library/bookmark"),
            ("labels", "library/label"),
        ];
        let ports = ports.map(|(name, area)| Port::new(name, area));
        Context::new(self.folder(), "library", ports.to_vec())
    }

    /// Moves the files of a context to where those of a port of `library` belong.
    fn move_into_library(&self, area: &str, port: &str) {
        for (from, to) in [
            (
                format!("domain/src/{port}.rs"),
                "domain/src/library.rs".to_owned(),
            ),
            (
                format!("domain/src/{port}"),
                format!("domain/src/library/{area}"),
            ),
            (
                format!("in-memory/src/store/{port}.rs"),
                "in-memory/src/store/library.rs".to_owned(),
            ),
            (
                format!("postgres/src/{port}/sql"),
                "postgres/src/library/sql".to_owned(),
            ),
            (
                format!("postgres/src/{port}/plans_of_all.rs"),
                "postgres/src/library/plans_of_all.rs".to_owned(),
            ),
        ] {
            self.rename(&format!("crates/{from}"), &format!("crates/{to}"));
        }
        for folder in ["conformance/src", "in-memory/src", "postgres/src"] {
            for end in ["", ".rs"] {
                let from = format!("crates/{folder}/{port}{end}");
                if self.path(&from).exists() {
                    self.rename(&from, &format!("crates/{folder}/library/{port}{end}"));
                }
            }
        }
    }

    /// Moves a file, or the files of a folder into another one.
    fn rename(&self, from: &str, to: &str) {
        let (from, to) = (self.path(from), self.path(to));
        if from.is_dir() {
            copy(&from, &to);
            fs::remove_dir_all(from).unwrap();
        } else {
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::rename(from, to).unwrap();
        }
    }

    pub(crate) fn replace(&self, path: &str, text: &str, by: &str) {
        let file = self.path(path);
        let source = fs::read_to_string(&file).unwrap();
        assert!(source.contains(text), "{path} has no {text}");
        fs::write(file, source.replace(text, by)).unwrap();
    }

    pub(crate) fn missing_after_replacing(path: &str, text: &str, by: &str) -> Vec<String> {
        let copy = Self::new();
        copy.replace(path, text, by);
        copy.missing()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(path, target).unwrap();
        }
    }
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}
