//! What takes minutes, and is measured only when it is asked for.

pub(crate) mod big_store;
pub(crate) mod bloat;
pub(crate) mod clean_up;
pub(crate) mod layouts;
