use crate::number::bounded_number;

bounded_number! {
    /// The number of changes of an agent's or a task's description, from 1.
    ///
    /// Expect a version in an update to refuse it if another update came first.
    Version(i64), "version", 1 to 9_223_372_036_854_775_807, default 1
}

impl Version {
    /// Returns the version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_from_1() {
        assert_eq!(Version::default(), Version::MIN);
        assert_eq!(Version::MIN.next().get(), 2);
        assert_eq!(Version::MAX.next(), Version::MAX);
        assert_eq!(
            Version::new(0).unwrap_err().to_string(),
            "version must be 1 to 9223372036854775807, got 0"
        );
    }
}
