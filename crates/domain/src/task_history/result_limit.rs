use std::io::{self, Write};

use serde::Serialize;

use crate::{InvalidValue, JsonText};

/// How large a step's result may be: at most so many bytes as compact JSON, 1 MiB by default.
///
/// The same number of bytes bounds a step's message and its error message. Whatever the size, a
/// result is nested at most [`MAX_DEPTH`](Self::MAX_DEPTH) levels deep, so that what was written
/// can be read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResultLimit {
    bytes: usize,
}

impl ResultLimit {
    /// The greatest depth of nested arrays and objects: `[[1]]` is 2 deep, a number 0.
    pub const MAX_DEPTH: usize = JsonText::MAX_DEPTH;

    /// 1 MiB.
    pub const DEFAULT: Self = Self { bytes: 1 << 20 };

    /// No limit on the size, for what was accepted once and is read back.
    pub const UNLIMITED: Self = Self { bytes: usize::MAX };

    /// At most `bytes` bytes. Keep it well under 200 MB, what Postgres can hold in one document.
    #[must_use]
    pub const fn bytes(bytes: usize) -> Self {
        Self { bytes }
    }

    pub(super) fn check_result(self, result: &JsonText) -> Result<(), InvalidValue> {
        let size = result.as_str().len();
        if size > self.bytes {
            return Err(self.exceeded("result", " as JSON", size));
        }
        Ok(())
    }

    pub(super) fn check_message(
        self,
        field: &'static str,
        message: &str,
    ) -> Result<(), InvalidValue> {
        if message.len() > self.bytes {
            return Err(self.exceeded(field, "", message.len()));
        }
        Ok(())
    }

    /// Cuts a message to the limit, between two characters.
    pub(super) fn cut(self, message: &mut String) {
        let mut end = self.bytes.min(message.len());
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        message.truncate(end);
    }

    fn exceeded(self, field: &'static str, form: &str, size: usize) -> InvalidValue {
        let limit = format!("at most {} bytes long{form}", self.bytes);
        InvalidValue::new(field, limit, format_args!("{size} bytes"))
    }
}

impl Default for ResultLimit {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How many bytes something has as compact JSON, without writing it anywhere.
pub(super) fn json_size(value: &impl Serialize) -> usize {
    let mut size = ByteCount(0);
    // What is measured here always serializes, and counting never fails.
    match serde_json::to_writer(&mut size, value) {
        Ok(()) => size.0,
        Err(_) => usize::MAX,
    }
}

struct ByteCount(usize);

impl Write for ByteCount {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_of_exactly_the_limit_is_taken() {
        let limit = ResultLimit::bytes(10);
        let text = |characters: &str| JsonText::of(&characters).unwrap();

        assert!(limit.check_result(&text("12345678")).is_ok());
        assert_eq!(
            limit
                .check_result(&text("123456789"))
                .unwrap_err()
                .to_string(),
            "result must be at most 10 bytes long as JSON, got 11 bytes"
        );
    }
}
