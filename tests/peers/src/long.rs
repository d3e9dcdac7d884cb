//! Measurements that take minutes, and run only if named.

pub(crate) mod big_store;
pub(crate) mod bloat;
pub(crate) mod cleanup;
pub(crate) mod layouts;
