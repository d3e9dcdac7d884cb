//! The known name that an unknown one was meant to be.

use strsim::normalized_damerau_levenshtein as similarity;

/// How alike two names have to be for one to be a misspelling of the other; 1 is the same.
const ALIKE: f64 = 0.6;

/// Says that a name is unknown, and which known one is nearest, if one is near.
pub(super) fn unknown<'a>(words: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    match suggest(name, known) {
        Some(near) => format!("{words}, did you mean `{near}`?"),
        None => format!("{words}: docs/CONFIGURATION.md lists those there are"),
    }
}

fn suggest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    known
        .map(|known| (known, alike(&name, &known.to_lowercase())))
        .filter(|(_, alike)| *alike >= ALIKE)
        .max_by(|(_, one), (_, other)| one.total_cmp(other))
        .map(|(known, _)| known)
}

/// Names are alike as a whole, or, a little less, if only the section is another one.
fn alike(name: &str, known: &str) -> f64 {
    let own = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    similarity(name, known).max(similarity(&own(name), &own(known)) * 0.95)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 4] = [
        "host",
        "pool.max_connections",
        "retry.max_backoff",
        "tls.mode",
    ];

    #[test]
    fn a_misspelt_name_and_one_in_the_wrong_section_are_found() {
        for (name, meant) in [
            ("pool.max_conections", Some("pool.max_connections")),
            ("max_connections", Some("pool.max_connections")),
            ("pool.mode", Some("tls.mode")),
            ("hots", Some("host")),
            ("colour", None),
        ] {
            assert_eq!(suggest(name, KNOWN.into_iter()), meant, "{name}");
        }
    }
}
