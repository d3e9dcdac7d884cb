//! Measurements that take minutes, and run only if named.

pub(crate) mod big_store;
pub(crate) mod bloat;
pub(crate) mod clean_up;
pub(crate) mod layouts;
