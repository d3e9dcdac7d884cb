//! A tiny context, `bookmarks`, with every piece that `docs/ADDING-A-CONTEXT.md` lists.
//!
//! Its folders mirror those of the repository. `tests/tests/contexts` checks that no piece is
//! missing, and that the check reports each piece that is removed. Here the pieces are compiled, and
//! pass their contract in memory and on PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]
#![expect(
    unreachable_pub,
    reason = "cases are public, as in the crate of the contract"
)]

#[path = "crates/domain/src"]
mod domain {
    pub(crate) mod bookmarks;
}
#[path = "crates/in-memory/src"]
mod in_memory {
    pub(crate) mod bookmarks;
    pub(crate) mod store {
        pub(crate) mod bookmarks;
    }
}
#[path = "crates/postgres/src"]
mod postgres {
    pub(crate) mod bookmarks;
}
#[path = "crates/conformance/src"]
mod conformance {
    pub(crate) mod bookmarks;
}

#[path = "crates/in-memory/tests/conformance.rs"]
mod passes_in_memory;
#[path = "crates/postgres/tests/conformance.rs"]
mod passes_on_postgres;

use tasktrail_test_support::TestDatabase;

fn migrated() -> TestDatabase {
    let database = TestDatabase::new();
    let up = include_str!("migrations/20270101000000_bookmarks/up.sql");
    database.execute(up).unwrap();
    database
}
