use saphyr::{LoadableYamlNode, MarkedYaml, Marker, Scalar, ScanError, YamlData};

use super::{Content, Node, SyntaxError};

/// Returns the root table of a YAML document, or its syntax error. An empty document is an empty
/// table.
pub(super) fn parse(text: &str) -> Result<Vec<(Option<String>, Node)>, Vec<SyntaxError>> {
    let documents = MarkedYaml::load_from_str(text).map_err(|error| vec![refused(&error)])?;
    let mut documents = documents.into_iter();
    let first = documents.next().map(node);
    if let Some(second) = documents.next() {
        let words = "second document found, all settings must be in one document";
        return Err(vec![at(second.span.start, words)]);
    }
    match first.map(|document| (document.line, document.value)) {
        None | Some((_, Content::Nothing)) => Ok(Vec::new()),
        Some((_, Content::Table(table))) => Ok(table),
        Some((line, _)) => Err(vec![SyntaxError {
            line,
            column: 1,
            words: "not a document of settings, such as `host: localhost`".to_owned(),
        }]),
    }
}

/// The parser's message, without the character of the file that some messages quote.
fn refused(error: &ScanError) -> SyntaxError {
    let words = error.info().split(": `").next().unwrap_or_default();
    at(*error.marker(), words)
}

fn at(place: Marker, words: &str) -> SyntaxError {
    SyntaxError {
        line: place.line(),
        column: place.col() + 1,
        words: words.to_owned(),
    }
}

fn node(yaml: MarkedYaml<'_>) -> Node {
    let line = yaml.span.start.line();
    let value = match yaml.data {
        YamlData::Value(scalar) => content(scalar),
        YamlData::Mapping(mapping) => {
            let entries = mapping.into_iter();
            Content::Table(entries.map(|(key, value)| entry(&key, value)).collect())
        }
        YamlData::BadValue => Content::Nothing,
        YamlData::Sequence(_) => Content::Other("a list"),
        _ => Content::Other("a tagged value"),
    };
    Node { line, value }
}

fn entry(key: &MarkedYaml<'_>, value: MarkedYaml<'_>) -> (Option<String>, Node) {
    let name = match &key.data {
        YamlData::Value(Scalar::String(name)) => Some(name.clone().into_owned()),
        _ => None,
    };
    let line = key.span.start.line();
    let value = node(value).value;
    (name, Node { line, value })
}

fn content(scalar: Scalar<'_>) -> Content {
    match scalar {
        Scalar::Null => Content::Nothing,
        Scalar::Boolean(flag) => Content::Plain(flag.to_string()),
        Scalar::Integer(number) => Content::Plain(number.to_string()),
        Scalar::FloatingPoint(number) => Content::Plain(number.to_string()),
        Scalar::String(text) => Content::Text(text.into_owned()),
    }
}
