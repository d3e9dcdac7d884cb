//! Modules with the same parent have no cycles, in any crate: if a module uses another one, that one
//! does not use it, directly or indirectly. In some crates, a parent and its child have none either.
//!
//! A module uses another one if a path in its code leads there: `crate::…`, `self::…`, `super::…`,
//! or a path that starts with a child or an imported name. A path through a re-export leads to the
//! module that defines the item. The crate root (`lib.rs`, `main.rs`) is ignored, because it declares
//! and re-exports everything. An inline module, such as `tests`, is a separate module.
//!
//! Modules that are declared with `#[cfg(test)]` are ignored.
//!
//! The parser does not see method calls, macro expansions, and paths in strings, such as in serde
//! attributes.
#![expect(clippy::unwrap_used, reason = "a failed step of a test panics")]

mod cycles;
mod modules;
mod tokens;

use std::fs;
use std::path::Path;

use self::cycles::{cycles, siblings};
use self::modules::Modules;

/// The folders of the crates in which a parent and its child have no cycle either.
const TREES: &[&str] = &["cli", "in-memory", "port"];

/// Returns the cycles of a crate, one per line.
fn cycles_of(folder: &str) -> Vec<String> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let modules = Modules::read(&crates.join(folder).join("src"));
    cycles(&modules.uses())
}

#[test]
fn modules_have_no_cycles() {
    for folder in TREES {
        let cycles = cycles_of(folder);
        assert!(
            cycles.is_empty(),
            "crates/{folder} has cycles:\n{}",
            cycles.join("\n")
        );
    }
}

/// A child and its parent may use each other.
#[test]
fn siblings_have_no_cycles() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut found = Vec::new();
    for folder in crates.read_dir().unwrap() {
        let folder = folder.unwrap().path();
        let uses = Modules::read(&folder.join("src")).uses();
        let of_crate = siblings(&uses)
            .into_iter()
            .flat_map(|family| cycles(&family));
        found.extend(of_crate.map(|cycle| format!("{}: {cycle}", folder.display())));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Returns the cycles of a crate, given the names and sources of its files.
fn cycles_among(files: &[(&str, &str)]) -> Vec<String> {
    let source = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let file = source.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    }
    cycles(&Modules::read(source.path()).uses())
}

#[test]
fn siblings_that_use_each_other_are_a_cycle() {
    let cycles = cycles_among(&[
        ("lib.rs", "mod a; mod b; mod c; pub use crate::c::C;"),
        ("a.rs", "fn f() -> Vec<crate::b::B> { vec![] }"),
        ("b.rs", "use std::fmt; use super::{self as root, C};"),
        ("c.rs", "use crate::{a::{self, A as Other}, d};"),
    ]);

    assert_eq!(cycles, ["3 modules, such as a -> b -> c -> a"]);
}

#[test]
fn a_parent_and_a_child_that_use_each_other_are_a_cycle() {
    let cycles = cycles_among(&[
        ("a.rs", "mod b; struct A; fn f() { b::g() }"),
        ("a/b.rs", "use super::A;"),
    ]);

    assert_eq!(cycles, ["2 modules, such as a -> a::b -> a"]);
}

#[test]
fn a_re_export_leads_to_the_module_that_defines_the_item() {
    let cycles = cycles_among(&[
        ("a.rs", "mod b; mod c; pub use self::b::B; pub use c::C;"),
        ("a/b.rs", "use super::C;"),
        ("a/c.rs", "struct C;"),
        ("d.rs", "use crate::a::{B, C}; fn f() { C::new() }"),
    ]);

    assert_eq!(cycles, [""; 0]);
}

#[test]
fn declarations_visibility_and_other_crates_are_not_uses() {
    let cycles = cycles_among(&[
        (
            "a.rs",
            "mod b; struct A; use b::B; mod tests { use super::*; fn f() { super::b::g() } }",
        ),
        (
            "a/b.rs",
            "pub(in crate::a) struct B; fn g() { bytes::Bytes::new() } // super::A",
        ),
        ("bytes.rs", "use crate::a::b::B;"),
    ]);

    assert_eq!(cycles, [""; 0]);
}
