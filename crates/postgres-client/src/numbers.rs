/// A number of the server, which has no unsigned integers; zero if it is negative.
#[must_use]
pub fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
