use std::io::{self, Write};

use serde::Serialize;

use crate::{InvalidValue, JsonText};

/// The maximum size of a step result, in bytes of compact JSON. Defaults to 1 MiB.
///
/// The same limit applies to the message and to the error message of the step. Independent of the
/// limit, a result is nested at most [`MAX_DEPTH`](Self::MAX_DEPTH) levels deep, so that every
/// result can be read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResultLimit {
    bytes: usize,
}

impl ResultLimit {
    /// Maximum nesting of arrays and objects. `[[1]]` has depth 2, a number has depth 0.
    pub const MAX_DEPTH: usize = JsonText::MAX_DEPTH;

    /// 1 MiB.
    pub const DEFAULT: Self = Self { bytes: 1 << 20 };

    /// No limit on the size, for reading results that have been accepted before.
    pub const UNLIMITED: Self = Self { bytes: usize::MAX };

    /// Limits the size to `bytes` bytes. Stay well below 200 MB, the maximum of PostgreSQL.
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

    /// Truncates a message to the limit, at a character boundary.
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

/// The size of a value as compact JSON, without allocating it.
pub(super) fn json_size(value: &impl Serialize) -> usize {
    let mut size = ByteCount(0);
    // Never fails: step results always serialize, and so does counting.
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
    fn result_of_exactly_the_limit_is_accepted() {
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
