//! Short texts that every store can hold: ids, names and codes.

use std::fmt::{self, Display};
use std::str::FromStr;

use crate::InvalidValue;

/// Maximum length of an id, a step name or an error code, in bytes.
pub(crate) const MAX_BYTES: usize = 255;

/// Refuses a text that a `text` column or an index cannot hold.
pub(crate) fn check(field: &'static str, text: &str) -> Result<(), InvalidValue> {
    if text.is_empty() || text.len() > MAX_BYTES {
        return Err(InvalidValue::text(field, "1 to 255 bytes long", text));
    }
    if text.contains('\0') {
        return Err(InvalidValue::text(field, "free of NUL characters", text));
    }
    Ok(())
}

/// Parses a value from exactly the text that its `Display` writes: integers, for example, would
/// also accept `+1` and `01`.
pub(crate) fn canonical<T: FromStr + Display>(text: &str) -> Option<T> {
    let parsed = text.parse::<T>().ok()?;
    (parsed.to_string() == text).then_some(parsed)
}

/// Writes a text as the hexadecimal digits of its bytes, for cursors.
pub(crate) fn write_hex(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    text.bytes().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Reads what [`write_hex`] wrote, and some other spellings, such as upper-case digits.
pub(crate) fn read_hex(digits: &str) -> Option<String> {
    let bytes = digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect::<Option<Vec<u8>>>()?;
    String::from_utf8(bytes).ok()
}

/// Converts between a type and a `String` by its `Display` and `FromStr`, for
/// `#[serde(try_from = "String", into = "String")]`.
macro_rules! string_form {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = $crate::InvalidValue;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    };
}

/// Declares a newtype over a text of 1 to 255 bytes without NUL, ordered by its bytes.
macro_rules! short_text {
    ($(#[$attribute:meta])* $name:ident, $field:literal) => {
        $(#[$attribute])*
        ///
        /// 1 to 255 bytes of UTF-8 without NUL characters, ordered by its bytes.
        #[derive(
            Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[serde(try_from = "String")]
        pub struct $name(std::borrow::Cow<'static, str>);

        impl $name {
            /// Validates a text.
            ///
            /// # Errors
            ///
            /// [`InvalidValue`](crate::InvalidValue) if it is empty, is longer than 255 bytes, or
            /// contains a NUL.
            pub fn new(text: impl Into<String>) -> Result<Self, $crate::InvalidValue> {
                let text = text.into();
                $crate::text::check($field, &text)?;
                Ok(Self(text.into()))
            }

            /// Returns the text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::InvalidValue;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::new(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = $crate::InvalidValue;

            fn try_from(text: &str) -> Result<Self, Self::Error> {
                Self::new(text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::InvalidValue;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }
    };
}

pub(crate) use {short_text, string_form};
