//! Ranges of settings.

use std::fmt::Debug;

use tasktrail_domain::InvalidValue;

/// What is wrong with a setting that is not within its range, both ends included.
pub(crate) fn outside<V: Copy + PartialOrd + Debug>(
    setting: &'static str,
    value: V,
    least: V,
    greatest: V,
) -> Option<InvalidValue> {
    let within = least <= value && value <= greatest;
    (!within).then(|| {
        let limit = format!("between {least:?} and {greatest:?}");
        InvalidValue::new(setting, limit, format_args!("{value:?}"))
    })
}
