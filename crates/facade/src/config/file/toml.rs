use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Content, Node, SyntaxError};

/// Returns the root table of a TOML document, or all of its syntax errors.
pub(super) fn parse(text: &str) -> Result<Vec<(Option<String>, Node)>, Vec<SyntaxError>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(table(text, document.into_inner()));
    }
    let error = |error: toml::de::Error| {
        let (line, column) = position(text, error.span().map_or(0, |span| span.start));
        // Not `to_string`, which quotes the line.
        let words = error.message().to_owned();
        SyntaxError {
            line,
            column,
            words,
        }
    };
    Err(errors.into_iter().map(error).collect())
}

fn table(text: &str, table: DeTable<'_>) -> Vec<(Option<String>, Node)> {
    let entry = |(key, value): (Spanned<_>, Spanned<DeValue<'_>>)| {
        let (line, _) = position(text, key.span().start);
        let name = String::from(key.into_inner());
        let value = content(text, value.into_inner());
        (Some(name), Node { line, value })
    };
    let mut entries: Vec<_> = table.into_iter().map(entry).collect();
    entries.sort_by_key(|(_, node)| node.line);
    entries
}

fn content(text: &str, value: DeValue<'_>) -> Content {
    match value {
        DeValue::String(text) => Content::Text(text.into_owned()),
        DeValue::Integer(number) => Content::Plain(number.to_string()),
        DeValue::Float(number) => Content::Plain(number.to_string()),
        DeValue::Boolean(flag) => Content::Plain(flag.to_string()),
        DeValue::Datetime(time) => Content::Plain(time.to_string()),
        DeValue::Array(_) => Content::Other("a list"),
        DeValue::Table(inner) => Content::Table(table(text, inner)),
    }
}

/// Returns the line and the column of a byte offset, both starting at 1.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let begin = before.rfind('\n').map_or(0, |end| end + 1);
    let line = before.matches('\n').count() + 1;
    let column = before.get(begin..).unwrap_or_default().chars().count() + 1;
    (line, column)
}
