//! Integers with a range.

/// Declares a newtype over an integer between two bounds, both included.
///
/// As JSON it is the number. Its text is the number in decimal digits, without a sign or leading
/// zeros.
macro_rules! bounded_number {
    (
        $(#[$attribute:meta])*
        $name:ident($integer:ty), $field:literal, $least:literal to $greatest:literal
        $(, default $default:literal)?
    ) => {
        $(#[$attribute])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[serde(try_from = "i64", into = "i64")]
        pub struct $name($integer);

        impl $name {
            /// The smallest value.
            pub const MIN: Self = Self($least);
            /// The greatest value.
            pub const MAX: Self = Self($greatest);
            $(
                /// The default.
                pub const DEFAULT: Self = Self($default);
            )?

            /// Validates a number.
            ///
            /// # Errors
            ///
            /// [`InvalidValue`](crate::InvalidValue) if it is less than [`MIN`](Self::MIN) or
            /// greater than [`MAX`](Self::MAX).
            pub fn new(number: i64) -> Result<Self, $crate::InvalidValue> {
                <$integer>::try_from(number)
                    .ok()
                    .filter(|number| ($least..=$greatest).contains(number))
                    .map(Self)
                    .ok_or_else(|| {
                        let limit = concat!(stringify!($least), " to ", stringify!($greatest));
                        $crate::InvalidValue::new($field, limit, number)
                    })
            }

            /// Returns the number.
            #[must_use]
            pub const fn get(self) -> $integer {
                self.0
            }
        }

        $(
            impl Default for $name {
                fn default() -> Self {
                    Self($default)
                }
            }
        )?

        impl TryFrom<i64> for $name {
            type Error = $crate::InvalidValue;

            fn try_from(number: i64) -> Result<Self, Self::Error> {
                Self::new(number)
            }
        }

        impl From<$name> for i64 {
            fn from(number: $name) -> Self {
                number.0.into()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::InvalidValue;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let limit = concat!(stringify!($least), " to ", stringify!($greatest));
                let refused = || $crate::InvalidValue::text($field, limit, text);
                Self::new($crate::text::canonical(text).ok_or_else(refused)?)
            }
        }
    };
}

pub(crate) use bounded_number;

#[cfg(test)]
mod tests {
    bounded_number! {
        /// A number of the tests.
        Digit(i16), "digit", -9 to 9, default 3
    }

    #[test]
    fn number_between_the_bounds_is_accepted() {
        assert_eq!(Digit::new(-9), Ok(Digit::MIN));
        assert_eq!("9".parse(), Ok(Digit::MAX));
        assert_eq!(Digit::default().get(), 3);
        assert_eq!(
            Digit::new(10).unwrap_err().to_string(),
            "digit must be -9 to 9, got 10"
        );
        assert!(Digit::new(i64::MAX).is_err() && Digit::new(-10).is_err());
    }

    #[test]
    fn only_the_text_that_display_writes_is_parsed() {
        for text in ["", "+1", "01", "1.0", " 1", "10"] {
            assert!(text.parse::<Digit>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn json_is_the_number() {
        assert_eq!(serde_json::to_string(&Digit::MIN).unwrap(), "-9");
        assert!(serde_json::from_str::<Digit>("10").is_err());
    }
}
