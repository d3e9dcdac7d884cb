//! Tests of Tasktrail as a whole: see `tests/`.
