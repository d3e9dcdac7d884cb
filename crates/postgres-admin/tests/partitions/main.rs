//! Partitions: conversion, new months, and drops of old ones.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failed step of a test is a panic"
)]

mod deadline;
mod drop_expired;
mod drop_in_use;
mod export;
mod far_future;
mod fixture;
mod late_save;
mod layout;
mod options;
mod outlook;
mod ownership;
