/// Converts a server integer, which is always signed, to `u64`. Negative numbers become 0.
#[must_use]
pub fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
