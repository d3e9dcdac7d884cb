//! Suggests a known name for an unknown one.

use strsim::normalized_damerau_levenshtein as similarity;

/// Minimum similarity of a suggestion; equal names have 1.
const MIN_SIMILARITY: f64 = 0.6;

/// Adds a suggestion to a message about an unknown name, if a known name is similar.
pub(super) fn unknown<'a>(words: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    match suggest(name, known) {
        Some(similar) => format!("{words}, did you mean `{similar}`?"),
        None => format!("{words}: docs/CONFIGURATION.md lists all settings and variables"),
    }
}

fn suggest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    known
        .map(|known| (known, best_similarity(&name, &known.to_lowercase())))
        .filter(|(_, similarity)| *similarity >= MIN_SIMILARITY)
        .max_by(|(_, one), (_, other)| one.total_cmp(other))
        .map(|(known, _)| known)
}

/// The similarity of the whole names, or, slightly reduced, that of the names without their
/// sections.
fn best_similarity(name: &str, known: &str) -> f64 {
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
    fn misspelled_names_and_wrong_sections_have_a_suggestion() {
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
