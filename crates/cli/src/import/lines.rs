use std::io::{self, BufRead, Read};

/// Maximum length of a line in bytes, without its ending: 64 MiB.
pub(super) const MAX_BYTES: usize = 64 << 20;

/// Capacity of the buffer that is kept between lines.
const KEPT_BYTES: usize = 1 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A line that is not blank, without its ending.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    Text(&'a [u8]),
    /// Longer than [`MAX_BYTES`]; its content is skipped.
    TooLong,
}

/// Reads the lines of an input into one reused buffer. Lines end in LF or CRLF; the ending of the
/// last line is optional. A byte order mark at the start of the input is skipped.
pub(super) struct Lines {
    reader: Box<dyn BufRead + Send>,
    buffer: Vec<u8>,
    max_bytes: usize,
    number: u64,
}

impl Lines {
    pub(super) fn new(reader: Box<dyn BufRead + Send>) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            max_bytes: MAX_BYTES,
            number: 0,
        }
    }

    /// The number, counted from 1, of the line that was read last or could not be read.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Returns the next line that is not blank, or `None` at the end.
    pub(super) fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            self.number += 1;
            if !self.read()? {
                return Ok(None);
            }
            let line = text(&self.buffer, self.number);
            if line.len() > self.max_bytes || !line.trim_ascii().is_empty() {
                break;
            }
        }
        let line = text(&self.buffer, self.number);
        Ok(Some(if line.len() > self.max_bytes {
            Line::TooLong
        } else {
            Line::Text(line)
        }))
    }

    /// Reads a line with its ending, or enough of it to detect that it is too long. Returns `false`
    /// at the end.
    fn read(&mut self) -> io::Result<bool> {
        self.buffer.clear();
        self.buffer.shrink_to(KEPT_BYTES);
        // The longest line, with a byte order mark and its ending.
        let max = self.max_bytes + BYTE_ORDER_MARK.len() + b"\r\n".len();
        let limit = u64::try_from(max).unwrap_or(u64::MAX);
        let mut reader = self.reader.by_ref().take(limit);
        let count = reader.read_until(b'\n', &mut self.buffer)?;
        if count == max && !self.buffer.ends_with(b"\n") {
            self.reader.skip_until(b'\n')?;
        }
        Ok(count > 0)
    }
}

fn text(read: &[u8], number: u64) -> &[u8] {
    let line = read.strip_suffix(b"\n").unwrap_or(read);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match line.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) if number == 1 => rest,
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn lines(input: &'static [u8], max_bytes: usize) -> Vec<(u64, Option<&'static str>)> {
        let mut lines = Lines::new(Box::new(Cursor::new(input)));
        lines.max_bytes = max_bytes;
        let mut read = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            let text = match line {
                Line::Text(text) => Some(String::from_utf8(text.to_vec()).unwrap()),
                Line::TooLong => None,
            };
            read.push((lines.number(), text.map(|text| &*text.leak())));
        }
        read
    }

    #[test]
    fn blank_lines_are_skipped_and_counted() {
        assert_eq!(
            lines(b"a\n\n \t\r\nb\r\nc", 10),
            [(1, Some("a")), (4, Some("b")), (5, Some("c"))]
        );
        assert_eq!(lines(b"", 10), []);
    }

    #[test]
    fn byte_order_mark_is_skipped_only_at_the_beginning() {
        assert_eq!(
            lines(b"\xef\xbb\xbfa\n\xef\xbb\xbfb", 10),
            [(1, Some("a")), (2, Some("\u{feff}b"))]
        );
        assert_eq!(lines(b"\xef\xbb\xbf\n", 10), []);
    }

    #[test]
    fn line_at_the_limit_is_read_and_a_longer_one_is_skipped() {
        assert_eq!(
            lines(b"123\r\n1234\n12345678901\n123\n1234", 3),
            [
                (1, Some("123")),
                (2, None),
                (3, None),
                (4, Some("123")),
                (5, None)
            ]
        );
        assert_eq!(
            lines(b"\xef\xbb\xbf123\r\n\xef\xbb\xbf", 3),
            [(1, Some("123")), (2, Some("\u{feff}"))]
        );
    }
}
