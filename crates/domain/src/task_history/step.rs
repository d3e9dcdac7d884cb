use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::InvalidValue;
use crate::text::{canonical, short_text};

short_text! {
    /// The name of a step.
    StepName, "step"
}

/// The position of a step in its task: 0 to 2 147 483 647.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "i64")]
pub struct StepNumber(i32);

impl StepNumber {
    /// The first position, 0.
    pub const MIN: Self = Self(0);
    /// The last position, 2 147 483 647.
    pub const MAX: Self = Self(i32::MAX);

    /// Creates a position.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] outside of 0 to 2 147 483 647.
    pub fn new(number: i64) -> Result<Self, InvalidValue> {
        i32::try_from(number)
            .ok()
            .filter(|number| *number >= 0)
            .map(Self)
            .ok_or_else(|| InvalidValue::new("step", "0 to 2147483647", number))
    }

    /// Returns the position.
    #[must_use]
    pub const fn get(self) -> i32 {
        self.0
    }
}

/// The only integer that always converts, so that `1.into()` needs no suffix.
impl From<u16> for StepNumber {
    fn from(number: u16) -> Self {
        Self(i32::from(number))
    }
}

macro_rules! try_from_integers {
    ($($wide:ty)*) => {
        $(
            impl TryFrom<$wide> for StepNumber {
                type Error = InvalidValue;

                fn try_from(number: $wide) -> Result<Self, Self::Error> {
                    i64::try_from(number)
                        .ok()
                        .and_then(|number| Self::new(number).ok())
                        .ok_or_else(|| InvalidValue::new("step", "0 to 2147483647", number))
                }
            }
        )*
    };
}

try_from_integers!(i32 u32 i64 u64 usize);

impl From<StepNumber> for i32 {
    fn from(step: StepNumber) -> Self {
        step.get()
    }
}

impl From<StepNumber> for i64 {
    fn from(step: StepNumber) -> Self {
        step.get().into()
    }
}

impl FromStr for StepNumber {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = canonical(text);
        let refused = || InvalidValue::text("step", "0 to 2147483647", text);
        Self::new(number.ok_or_else(refused)?)
    }
}

impl fmt::Display for StepNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_number_is_0_to_2147483647() {
        assert_eq!(StepNumber::new(0), Ok(StepNumber::MIN));
        assert_eq!(StepNumber::new(2_147_483_647), Ok(StepNumber::MAX));
        assert_eq!(
            StepNumber::new(2_147_483_648).unwrap_err().to_string(),
            "step must be 0 to 2147483647, got 2147483648"
        );
        assert!(StepNumber::new(-1).is_err());
    }

    #[test]
    fn integers_convert_within_the_range() {
        assert_eq!(7_usize.try_into(), Ok(StepNumber::from(7)));
        assert_eq!(StepNumber::try_from(7), Ok(7.into()));
        assert_eq!(
            StepNumber::try_from(u64::MAX).unwrap_err().to_string(),
            "step must be 0 to 2147483647, got 18446744073709551615"
        );
        assert!(StepNumber::try_from(-1_i32).is_err());
        assert_eq!(i64::from(StepNumber::MAX), 2_147_483_647);
    }
}
