//! The modules of a crate, and the paths in their code.

mod parser;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use self::parser::Parser;
use crate::tokens::{Token, tokens};

/// A module, as the names from the root to it. Empty for the root.
pub(crate) type Module = Vec<String>;

/// A path as written, such as `super`, `name`, `Item`.
type WrittenPath = Vec<String>;

/// The relevant content of a module.
#[derive(Debug, Default)]
struct Content {
    /// The names that `use` imports, each with its path.
    imports: BTreeMap<String, WrittenPath>,
    /// All paths with more than one name, and those of `use` items.
    paths: Vec<WrittenPath>,
}

#[derive(Debug, Default)]
pub(crate) struct Modules(BTreeMap<Module, Content>, TestOnly);

/// The modules declared with `#[cfg(test)]`.
type TestOnly = BTreeSet<Module>;

/// The target of a path.
enum Destination {
    Module(Module),
    /// An item that this module defines.
    ItemOf(Module),
}

impl Modules {
    /// Reads all files below a source folder.
    pub(crate) fn read(source: &Path) -> Self {
        let mut modules = Self::default();
        modules.read_folder(source, &Module::new());
        modules
    }

    fn read_folder(&mut self, folder: &Path, parent: &Module) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let is_root = parent.is_empty() && (name == "lib" || name == "main");
            let mut module = parent.clone();
            if !is_root {
                module.push(name);
            }
            if path.is_dir() {
                self.read_folder(&path, &module);
            } else if path.extension().is_some_and(|suffix| suffix == "rs") {
                self.add(&fs::read_to_string(&path).unwrap(), module);
            }
        }
    }

    fn add(&mut self, source: &str, module: Module) {
        self.0.entry(module.clone()).or_default();
        let tokens = tokens(source);
        for name in test_only(&tokens) {
            let mut child = module.clone();
            child.push(name);
            self.1.insert(child);
        }
        Parser::new(&tokens, module, self).run();
    }

    /// Returns each module except the root, with the modules that it uses.
    pub(crate) fn uses(&self) -> BTreeMap<Module, BTreeSet<Module>> {
        let mut graph = BTreeMap::new();
        let is_code = |module: &Module| {
            !module.is_empty() && !self.1.iter().any(|tests| module.starts_with(tests))
        };
        for (module, content) in self.0.iter().filter(|(module, _)| is_code(module)) {
            let used = content.paths.iter().filter_map(|path| {
                let (Destination::Module(used) | Destination::ItemOf(used)) =
                    self.follow(path, module)?;
                Some(used)
            });
            let others = used.filter(|used| !used.is_empty() && used != module);
            graph.insert(module.clone(), others.collect());
        }
        graph
    }

    /// Resolves a path in a module. Returns `None` if it leaves the crate.
    fn follow(&self, path: &[String], from: &Module) -> Option<Destination> {
        let (first, rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "crate" => Module::new(),
            "self" => from.clone(),
            "super" => parent(from)?,
            name if self.is_known(from, name) => return self.descend(from.clone(), path),
            _ => return None,
        };
        let mut rest = rest;
        while let Some((first, after)) = rest.split_first()
            && first == "super"
        {
            at = parent(&at)?;
            rest = after;
        }
        self.descend(at, rest)
    }

    fn descend(&self, mut at: Module, mut names: &[String]) -> Option<Destination> {
        while let Some((name, rest)) = names.split_first() {
            let mut child = at.clone();
            child.push(name.clone());
            if self.0.contains_key(&child) {
                at = child;
            } else if let Some(import) = self.0.get(&at).and_then(|c| c.imports.get(name)) {
                // The item comes from another crate.
                match self.follow(import, &at) {
                    Some(Destination::Module(module)) => at = module,
                    item => return item.or(Some(Destination::ItemOf(at))),
                }
            } else {
                return Some(Destination::ItemOf(at));
            }
            names = rest;
        }
        Some(Destination::Module(at))
    }

    /// Returns whether the first name of a path refers to a child module or an import.
    fn is_known(&self, module: &Module, name: &str) -> bool {
        let mut child = module.clone();
        child.push(name.to_owned());
        let content = self.0.get(module);
        // In `use serde::Serialize`, the first name of the path is not imported by the item itself.
        let imports = content.and_then(|content| content.imports.get(name));
        self.0.contains_key(&child)
            || imports.is_some_and(|path| path.first().is_some_and(|first| first != name))
    }
}

/// The names in `#[cfg(test)] mod name`.
fn test_only(tokens: &[Token]) -> Vec<String> {
    let word = |word: &str| Token::Word(word.to_owned());
    let declaration = [
        word("cfg"),
        Token::Punctuation('('),
        word("test"),
        Token::Punctuation(')'),
        Token::Punctuation(']'),
        word("mod"),
    ];
    let length = declaration.len();
    let found = tokens.windows(length + 1).filter_map(|window| {
        let (before, name) = window.split_at(length);
        match (before == declaration, name) {
            (true, [Token::Word(name)]) => Some(name.clone()),
            _ => None,
        }
    });
    found.collect()
}

fn parent(module: &Module) -> Option<Module> {
    let (_, above) = module.split_last()?;
    Some(above.to_vec())
}
