use std::io::{self, Write};

use serde_json::ser::{CharEscape, CompactFormatter, Formatter};

use super::{MARK, NUL, NUMBER};

/// Writes JSON compactly, with what `jsonb` cannot hold behind marks.
pub(super) struct Marking;

impl Formatter for Marking {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        let mut parts = fragment.split(MARK);
        writer.write_all(parts.next().unwrap_or_default().as_bytes())?;
        parts.try_for_each(|part| write!(writer, "{MARK}{MARK}{part}"))
    }

    fn write_char_escape<W>(&mut self, writer: &mut W, char_escape: CharEscape) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        match char_escape {
            CharEscape::AsciiControl(0) => write!(writer, "{MARK}{NUL}"),
            other => CompactFormatter.write_char_escape(writer, other),
        }
    }

    fn write_f64<W>(&mut self, writer: &mut W, value: f64) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        let mut digits = Vec::with_capacity(24);
        CompactFormatter.write_f64(&mut digits, value)?;
        let negative_zero = value == 0.0 && value.is_sign_negative();
        if !negative_zero && !digits.contains(&b'e') {
            return writer.write_all(&digits);
        }
        write!(writer, "\"{MARK}{NUMBER}")?;
        writer.write_all(&digits)?;
        writer.write_all(b"\"")
    }
}
