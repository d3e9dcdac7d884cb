//! Modules form a tree: modules with the same parent never use each other in a circle, directly or
//! through others, in any crate. In some crates not even a parent and its child do.
//!
//! A module uses another one if a path in its code leads there: `crate::…`, `self::…`, `super::…`, or a
//! path that begins with a child or an imported name. A path through a re-export leads to the module that
//! defines the item. The root of the crate (`lib.rs`, `main.rs`) is left out, because it declares and
//! re-exports everything. An inline module, such as `tests`, is a module of its own.
//!
//! The parser does not see method calls, what macros expand to, and paths in strings, such as those in
//! serde's attributes.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

mod cycles;
mod modules;
mod tokens;

use std::fs;
use std::path::Path;

use self::cycles::{cycles, siblings};
use self::modules::Modules;

/// The folders of the crates in which not even a parent and its child use each other.
const TREES: &[&str] = &["cli", "in-memory", "port"];

/// Each cycle on a line, as the modules along it and where one uses the next.
fn cycles_of(folder: &str) -> Vec<String> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let modules = Modules::read(&crates.join(folder).join("src"));
    cycles(&modules.uses())
}

#[test]
fn modules_form_a_tree() {
    for folder in TREES {
        let cycles = cycles_of(folder);
        assert!(
            cycles.is_empty(),
            "crates/{folder} has cycles:\n{}",
            cycles.join("\n")
        );
    }
}

/// Modules with the same parent never use each other in a circle. A child and its parent may.
#[test]
fn siblings_form_no_cycle_in_any_crate() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut found = Vec::new();
    for folder in crates.read_dir().unwrap() {
        let folder = folder.unwrap().path();
        let uses = Modules::read(&folder.join("src")).uses();
        let of_crate = siblings(&uses).into_iter().flat_map(|family| cycles(&family));
        found.extend(of_crate.map(|cycle| format!("{}: {cycle}", folder.display())));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The cycles of a crate that is given as the names and sources of its files.
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
fn declarations_visibility_tests_and_other_crates_are_no_cycle() {
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
