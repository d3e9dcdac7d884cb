//! End-to-end tests of the binary: its output and its exit codes.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed step of a test is a panic"
)]

mod e2e {
    mod arguments;
    mod behind_pgbouncer;
    mod bench;
    mod cleanup;
    mod configuration;
    mod demo;
    mod diagnosis;
    mod export;
    mod export_files;
    mod export_orchestration;
    mod files;
    mod finishes;
    mod health;
    mod import;
    mod imported;
    mod interruption;
    mod invalid_lines;
    mod large_lines;
    mod memory;
    mod migrate;
    mod migrate_order;
    mod migrate_roles;
    mod migrate_steps;
    mod orchestration;
    mod parallel_import;
    mod queries;
    mod secrets;
    mod serve_metrics;
    mod signals;
    mod store_selection;
    mod tasks;
    mod tool;
    #[cfg(feature = "opentelemetry")]
    mod traces;
    mod unstorable;
}
