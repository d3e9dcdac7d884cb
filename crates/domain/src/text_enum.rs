//! Enums that have a text form.

/// Declares an enum whose variants have fixed texts, which JSON and the store use.
macro_rules! text_enum {
    (
        $(#[$attribute:meta])*
        $name:ident, $field:literal {
            $( $(#[$of_variant:meta])* $variant:ident = $text:literal, )+
        }
    ) => {
        $(#[$attribute])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[serde(try_from = "String", into = "&'static str")]
        pub enum $name {
            $( $(#[$of_variant])* $variant, )+
        }

        impl $name {
            /// All values, in the order of the variants.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the text form, which JSON and the store use.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::InvalidValue;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let known = Self::ALL.iter().copied().find(|value| value.as_str() == text);
                known.ok_or_else(|| {
                    let limit = [$($text),+].join(", ");
                    $crate::InvalidValue::text($field, format!("one of {limit}"), text)
                })
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::InvalidValue;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for &'static str {
            fn from(value: $name) -> Self {
                value.as_str()
            }
        }
    };
}

pub(crate) use text_enum;

#[cfg(test)]
#[expect(unnameable_types, reason = "the macro declares a public type")]
mod tests {
    text_enum! {
        /// A direction of the tests.
        Direction, "direction" {
            /// Up.
            Up = "up",
            /// Down.
            Down = "down",
        }
    }

    #[test]
    fn every_value_round_trips() {
        for value in Direction::ALL {
            assert_eq!(value.as_str().parse(), Ok(*value));
            let json = serde_json::to_string(value).unwrap();
            assert_eq!(json, format!("\"{value}\""));
            assert_eq!(serde_json::from_str::<Direction>(&json).unwrap(), *value);
        }
        assert_eq!(Direction::ALL, [Direction::Up, Direction::Down]);
        assert_eq!(format!("{:>5}", Direction::Up), "   up");
    }

    #[test]
    fn error_lists_the_texts() {
        assert_eq!(
            "left".parse::<Direction>().unwrap_err().to_string(),
            "direction must be one of up, down, got \"left\""
        );
        let json = serde_json::from_str::<Direction>("\"Up\"").unwrap_err();
        assert!(
            json.to_string()
                .starts_with("direction must be one of up, down, got \"Up\"")
        );
    }
}
