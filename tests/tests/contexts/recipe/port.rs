//! The ports of a tree of sources.

use std::fs;
use std::path::Path;

use tasktrail_tests::sources::files_below;

use super::code;

/// A port of a context.
#[derive(Clone)]
pub(crate) struct Port {
    /// Its name in `#[port]`: that of the context, or one of its own if the context has several.
    pub(crate) name: String,
    /// The path of its module in the domain: that of the context, or one below it.
    pub(crate) area: String,
}

impl Port {
    pub(crate) fn new(name: &str, area: &str) -> Self {
        let (name, area) = (name.to_owned(), area.to_owned());
        Self { name, area }
    }

    /// The ports of a tree: files `repository.rs` in the domain that declare one.
    pub(super) fn all(root: &Path) -> Vec<Self> {
        let domain = root.join("crates/domain/src");
        let modules = files_below(&domain, "rs");
        let ports = modules.iter().filter_map(|file| {
            let source = code(&fs::read_to_string(file).unwrap());
            let name = source.split("#[port(\"").nth(1)?.split('"').next()?;
            let area = file.strip_prefix(&domain).unwrap().parent()?.to_str()?;
            (file.file_stem()? == "repository").then(|| Self::new(name, area))
        });
        ports.collect()
    }

    /// The name of its context.
    pub(crate) fn context(&self) -> &str {
        self.area.split('/').next().unwrap_or_default()
    }

    /// The only port of a context has its name.
    pub(super) fn required_name(&self) -> &str {
        if self.is_alone() {
            self.context()
        } else {
            &self.name
        }
    }

    /// The path of its module in the other crates: that of the context, or one below it with the
    /// name of the port.
    pub(super) fn module(&self) -> String {
        if self.is_alone() {
            self.area.clone()
        } else {
            format!("{}/{}", self.context(), self.name)
        }
    }

    fn is_alone(&self) -> bool {
        self.area == self.context()
    }

    /// The path of the file that declares it.
    pub(super) fn repository(&self) -> String {
        format!("crates/domain/src/{}/repository.rs", self.area)
    }
}
