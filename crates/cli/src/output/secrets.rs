//! Removes passwords from printed text, including arguments passed in the wrong place.

/// Replaces user and password in URLs, and the values of `password=`, by `…`.
pub(super) fn hidden(text: &str) -> String {
    without_passwords(&without_users(text))
}

fn without_users(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("://") {
        let (before, after) = rest.split_at(start + "://".len());
        shown.push_str(before);
        let end = after.find(ends_word).unwrap_or(after.len());
        let word = after.get(..end).unwrap_or_default();
        // A password may contain an unescaped `@`, so split at the last one.
        match word.rfind('@') {
            Some(at) => {
                shown.push('…');
                rest = after.get(at..).unwrap_or_default();
            }
            None => rest = after,
        }
    }
    shown.push_str(rest);
    shown
}

fn without_passwords(text: &str) -> String {
    const KEY: &str = "password=";
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(KEY) {
        let (before, after) = rest.split_at(start + KEY.len());
        shown.push_str(before);
        shown.push('…');
        let end = match after.strip_prefix('\'') {
            Some(quoted) => quoted.find('\'').map_or(after.len(), |end| end + 2),
            None => after.find(ends_word).unwrap_or(after.len()),
        };
        rest = after.get(end..).unwrap_or_default();
    }
    shown.push_str(rest);
    shown
}

fn ends_word(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\'' | '"' | '`')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_passwords_are_hidden() {
        assert_eq!(
            hidden("no command 'postgres://me:h/u@sh@host/db' known"),
            "no command 'postgres://…@host/db' known"
        );
        assert_eq!(
            hidden("cannot open host=h password=hush user=me"),
            "cannot open host=h password=… user=me"
        );
        assert_eq!(hidden("password='a b' x"), "password=… x");
        assert_eq!(hidden("see https://docs.rs/x"), "see https://docs.rs/x");
    }
}
