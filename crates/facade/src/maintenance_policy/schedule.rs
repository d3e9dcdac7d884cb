use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use tasktrail_domain::InvalidValue;
use tasktrail_domain::timestamp::Timestamp;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// When scheduled maintenance runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Schedule {
    /// Immediately, and again this long after the end of each run; at least 1 second.
    Every(Duration),
    /// Once a day, at this time.
    Daily(DailyAt),
}

/// A time of day in UTC, to the minute. Parses from and prints as exactly `HH:MM`, such as `03:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DailyAt {
    minute_of_day: u16,
}

impl DailyAt {
    /// Creates a time of day in UTC.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] unless `hour` is 0 to 23 and `minute` is 0 to 59.
    pub fn utc(hour: u16, minute: u16) -> Result<Self, InvalidValue> {
        if hour > 23 || minute > 59 {
            return Err(refused(&format!("{hour}:{minute}")));
        }
        Ok(Self {
            minute_of_day: hour * 60 + minute,
        })
    }

    /// Returns the time from `now` until the next occurrence of this time of day; never zero.
    pub(crate) fn wait(self, now: Timestamp) -> Duration {
        let of_day = DAY.as_micros();
        let now = now
            .as_micros()
            .rem_euclid(i64::try_from(of_day).unwrap_or(i64::MAX));
        let now = Duration::from_micros(u64::try_from(now).unwrap_or_default());
        let at = Duration::from_secs(u64::from(self.minute_of_day) * 60);
        let left = at.saturating_sub(now);
        if left.is_zero() {
            (at + DAY).saturating_sub(now)
        } else {
            left
        }
    }
}

fn refused(text: &str) -> InvalidValue {
    InvalidValue::text("time of day", "00:00 to 23:59", text)
}

impl fmt::Display for DailyAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:02}:{:02}",
            self.minute_of_day / 60,
            self.minute_of_day % 60
        )
    }
}

impl FromStr for DailyAt {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once(':');
        let read = parts
            .and_then(|(hour, minute)| Self::utc(hour.parse().ok()?, minute.parse().ok()?).ok());
        // Integers also accept `+1` and `1`.
        read.filter(|time| time.to_string() == text)
            .ok_or_else(|| refused(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_of_day_round_trips() {
        for text in ["00:00", "03:30", "23:59"] {
            assert_eq!(text.parse::<DailyAt>().unwrap().to_string(), text);
        }
        for text in [
            "", "3:30", "24:00", "12:60", "12", "12:00:00", "-1:00", "1:5", "03:5", "+1:05",
            "03:+5", " 03:30", "03:30 ", "003:30",
        ] {
            assert!(text.parse::<DailyAt>().is_err(), "{text}");
        }
        assert_eq!(
            DailyAt::utc(24, 0).unwrap_err().to_string(),
            "time of day must be 00:00 to 23:59, got \"24:0\""
        );
    }

    #[test]
    fn only_the_printed_form_is_parsed() {
        let all = (0..24).flat_map(|hour| (0..60).map(move |minute| (hour, minute)));
        for (hour, minute) in all {
            let time = DailyAt::utc(hour, minute).unwrap();
            assert_eq!(time.to_string().parse(), Ok(time));
        }
        let longer = |texts: Vec<String>| -> Vec<String> {
            let add = |text: &String| {
                "0129+-: "
                    .chars()
                    .map(|end| format!("{text}{end}"))
                    .collect()
            };
            texts.iter().flat_map::<Vec<_>, _>(add).collect()
        };
        let mut texts = vec![String::new()];
        for _length in 1..=5 {
            texts = longer(texts);
            for text in &texts {
                if let Ok(time) = text.parse::<DailyAt>() {
                    assert_eq!(time.to_string(), *text);
                }
            }
        }
    }

    #[test]
    fn daily_schedule_waits_until_next_occurrence() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let hours = |number: u64| Duration::from_secs(number * 60 * 60);
        let three = DailyAt::utc(3, 0).unwrap();

        assert_eq!(three.wait(at("2026-11-21T01:00:00Z")), hours(2));
        assert_eq!(three.wait(at("2026-11-21T03:00:00Z")), hours(24));
        assert_eq!(three.wait(at("2026-11-21T04:00:00Z")), hours(23));
        assert_eq!(three.wait(at("1969-12-31T23:00:00Z")), hours(4));
    }
}
