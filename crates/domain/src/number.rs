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
                    .ok_or_else(|| $crate::InvalidValue::new($field, Self::limit(), number))
            }

            /// Returns the number.
            #[must_use]
            pub const fn get(self) -> $integer {
                self.0
            }

            fn limit() -> String {
                format!("{} to {}", Self::MIN, Self::MAX)
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
                let refused = || $crate::InvalidValue::text($field, Self::limit(), text);
                Self::new($crate::text::canonical(text).ok_or_else(refused)?)
            }
        }
    };
}

pub(crate) use bounded_number;

#[cfg(test)]
#[expect(unnameable_types, reason = "the macro declares a public type")]
mod tests {
    bounded_number! {
        /// A number of the tests.
        Small(i16), "small", -9 to 1_000, default 3
    }

    #[test]
    fn number_between_the_bounds_is_accepted() {
        assert_eq!(Small::new(-9), Ok(Small::MIN));
        assert_eq!(Small::new(1000), Ok(Small::MAX));
        assert_eq!("1000".parse(), Ok(Small::MAX));
        assert_eq!("-9".parse(), Ok(Small::MIN));
        assert_eq!(Small::default(), Small::DEFAULT);
        assert_eq!(Small::DEFAULT.get(), 3);
    }

    #[test]
    fn number_outside_of_the_bounds_is_refused() {
        let refused = |number: i64| Small::new(number).unwrap_err().to_string();

        assert_eq!(refused(-10), "small must be -9 to 1000, got -10");
        assert_eq!(refused(1001), "small must be -9 to 1000, got 1001");
        assert_eq!(
            refused(i64::MAX),
            "small must be -9 to 1000, got 9223372036854775807"
        );
        assert_eq!(
            "1001".parse::<Small>().unwrap_err().to_string(),
            "small must be -9 to 1000, got 1001"
        );
    }

    #[test]
    fn only_the_text_that_display_writes_is_parsed() {
        for text in [
            "",
            "+1",
            "01",
            "-0",
            "1.0",
            " 1",
            "1_000",
            "99999999999999999999",
        ] {
            assert_eq!(
                text.parse::<Small>().unwrap_err().to_string(),
                format!("small must be -9 to 1000, got {text:?}")
            );
        }
    }

    #[test]
    fn json_is_the_number() {
        for number in [Small::MIN, Small::DEFAULT, Small::MAX] {
            let json = serde_json::to_string(&number).unwrap();
            assert_eq!(json, number.to_string());
            assert_eq!(serde_json::from_str::<Small>(&json).unwrap(), number);
        }
        for json in ["-10", "1001", "\"3\"", "3.0", "null"] {
            assert!(serde_json::from_str::<Small>(json).is_err(), "{json}");
        }
    }
}
