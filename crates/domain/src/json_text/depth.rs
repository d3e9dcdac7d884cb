/// Returns how deep arrays and objects are nested in valid JSON.
pub(super) fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth -= 1,
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_have_no_depth() {
        for (json, levels) in [
            ("1", 0),
            (r#""[{""#, 0),
            ("[]", 1),
            (r#"{"a":[1,[]],"b":{}}"#, 3),
            (r#"["\"[","\\",["\\\"["]]"#, 2),
            (r#"{"[[":"]]"}"#, 1),
        ] {
            assert_eq!(depth(json), levels, "{json}");
        }
    }
}
