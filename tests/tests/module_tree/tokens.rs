//! Rust source as tokens, without comments and literals.

/// The tokens that matter for paths and blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    Word(String),
    /// `::`
    PathSeparator,
    Punctuation(char),
}

/// Returns the tokens of a file, without literals, which contain no paths.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        rest = if rest.starts_with("//") {
            rest.trim_start_matches(|character| character != '\n')
        } else if rest.starts_with("/*") {
            after_block_comment(rest)
        } else if let Some(after) = after_literal(rest) {
            after
        } else if is_word(first) {
            let (word, after) = split(rest, is_word);
            tokens.push(Token::Word(word.to_owned()));
            after
        } else if let Some(after) = rest.strip_prefix("::") {
            tokens.push(Token::PathSeparator);
            after
        } else {
            if !first.is_whitespace() {
                tokens.push(Token::Punctuation(first));
            }
            skip(rest, first.len_utf8())
        };
    }
    tokens
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|character| !belongs(character));
    text.split_at(end.unwrap_or(text.len()))
}

fn skip(text: &str, bytes: usize) -> &str {
    text.get(bytes..).unwrap_or_default()
}

/// Block comments can be nested.
fn after_block_comment(text: &str) -> &str {
    let (mut depth, mut rest) = (0_usize, text);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("/*") {
            (depth, rest) = (depth + 1, after);
        } else if let Some(after) = rest.strip_prefix("*/") {
            (depth, rest) = (depth - 1, after);
            if depth == 0 {
                break;
            }
        } else {
            rest = skip(rest, rest.chars().next().map_or(1, char::len_utf8));
        }
    }
    rest
}

/// Returns the text after a string, a character or a lifetime, or `None` if it starts with none.
fn after_literal(text: &str) -> Option<&str> {
    let (prefix, literal) = split(text, |character| matches!(character, 'b' | 'c' | 'r'));
    if !matches!(prefix, "" | "b" | "c" | "r" | "br" | "cr") {
        return None;
    }
    if prefix.ends_with('r') {
        let (hashes, opened) = split(literal, |character| character == '#');
        let content = opened.strip_prefix('"')?;
        let end = format!("\"{hashes}");
        let length = content
            .find(&end)
            .map_or(content.len(), |at| at + end.len());
        return Some(skip(content, length));
    }
    if let Some(content) = literal.strip_prefix('"') {
        return Some(after_quoted(content, '"'));
    }
    let content = literal.strip_prefix('\'')?;
    let mut characters = content.chars();
    let (first, second) = (characters.next()?, characters.next());
    if first == '\\' || second == Some('\'') {
        Some(after_quoted(content, '\''))
    } else {
        Some(split(content, is_word).1)
    }
}

fn after_quoted(content: &str, quote: char) -> &str {
    let mut is_escaped = false;
    for (at, character) in content.char_indices() {
        if !is_escaped && character == quote {
            return skip(content, at + quote.len_utf8());
        }
        is_escaped = character == '\\' && !is_escaped;
    }
    ""
}

#[test]
fn comments_and_literals_are_ignored() {
    let source = r##"
        // crate::a
        /* crate::b /* crate::c */ crate::d */
        fn f<'a>(x: &'a str) { g("crate::e \" crate::f", r#"crate::g " crate::h"#, '"', '\'', b'"') }
        use crate::i; // "
    "##;

    let words: Vec<_> = tokens(source)
        .into_iter()
        .filter_map(|token| match token {
            Token::Word(word) => Some(word),
            _ => None,
        })
        .collect();

    assert_eq!(words.join(" "), "fn f x str g use crate i");
}
