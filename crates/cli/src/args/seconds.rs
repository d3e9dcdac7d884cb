use std::time::Duration;

/// Parses a number of seconds, with an optional fraction, between `least` and `most` (inclusive).
pub(crate) fn seconds_between(text: &str, least: f64, most: f64) -> Result<Duration, String> {
    let refused = || format!("must be between {least} and {most} seconds, got {text}");
    let seconds: f64 = text.parse().map_err(|_not_a_number| refused())?;
    if (least..=most).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(refused())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_inclusive_and_reported() {
        assert_eq!(
            seconds_between("0.1", 0.1, 3600.0),
            Ok(Duration::from_millis(100))
        );
        assert_eq!(
            seconds_between("3600", 0.1, 3600.0),
            Ok(Duration::from_secs(3600))
        );
        for refused in ["0.09", "3601", "NaN", "a"] {
            assert_eq!(
                seconds_between(refused, 0.1, 3600.0),
                Err(format!(
                    "must be between 0.1 and 3600 seconds, got {refused}"
                ))
            );
        }
    }
}
