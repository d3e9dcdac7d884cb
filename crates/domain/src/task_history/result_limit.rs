use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use crate::InvalidValue;

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
    pub const MAX_DEPTH: usize = 100;

    /// 1 MiB.
    pub const DEFAULT: Self = Self { bytes: 1 << 20 };

    /// No limit on the size, for what was accepted once and is read back.
    pub const UNLIMITED: Self = Self { bytes: usize::MAX };

    /// At most `bytes` bytes. Keep it well under 200 MB, what Postgres can hold in one document.
    #[must_use]
    pub const fn bytes(bytes: usize) -> Self {
        Self { bytes }
    }

    pub(super) fn check_result(self, result: &Value) -> Result<(), InvalidValue> {
        // Depth first: measuring the size recurses as deep as the value goes.
        if is_deeper_than(result, Self::MAX_DEPTH) {
            let limit = format!("nested at most {} levels deep", Self::MAX_DEPTH);
            return Err(InvalidValue::new("result", limit, "a deeper one"));
        }
        if self == Self::UNLIMITED {
            return Ok(());
        }
        let size = json_size(result);
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

fn is_deeper_than(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => {
            levels == 0 || items.iter().any(|item| is_deeper_than(item, levels - 1))
        }
        Value::Object(members) => {
            levels == 0
                || members
                    .values()
                    .any(|member| is_deeper_than(member, levels - 1))
        }
        _ => false,
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

    fn nested(levels: usize) -> Value {
        (0..levels).fold(Value::Null, |inner, _| Value::Array(vec![inner]))
    }

    #[test]
    fn a_result_of_exactly_the_limit_is_taken() {
        let limit = ResultLimit::bytes(10);

        assert!(limit.check_result(&Value::from("12345678")).is_ok());
        assert_eq!(
            limit
                .check_result(&Value::from("123456789"))
                .unwrap_err()
                .to_string(),
            "result must be at most 10 bytes long as JSON, got 11 bytes"
        );
    }

    #[test]
    fn a_result_is_100_levels_deep_at_most() {
        assert!(ResultLimit::DEFAULT.check_result(&nested(100)).is_ok());
        assert_eq!(
            ResultLimit::UNLIMITED
                .check_result(&nested(101))
                .unwrap_err()
                .to_string(),
            "result must be nested at most 100 levels deep, got a deeper one"
        );
    }
}
