//! `docs/DIAGNOSIS.md` lists all findings.

use std::collections::BTreeSet;

use tasktrail_postgres_admin::diagnosis::FindingCode;

#[test]
fn manual_has_a_row_for_each_finding() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/DIAGNOSIS.md");
    let manual = std::fs::read_to_string(file).unwrap();
    let rows = manual.lines().filter_map(|line| line.strip_prefix("| `"));
    let documented: Vec<_> = rows
        .filter_map(|row| Some(row.split_once('`')?.0))
        .collect();
    let codes: Vec<_> = FindingCode::ALL.iter().map(|code| code.as_str()).collect();

    let set = |list: &[&'static str]| list.iter().copied().collect::<BTreeSet<_>>();
    let unique: BTreeSet<_> = documented.iter().copied().collect();
    assert_eq!(unique, set(&codes));
    assert_eq!(documented.len(), codes.len(), "each once");
    for row in manual.lines().filter(|line| line.starts_with("| `")) {
        assert_eq!(row.matches(" | ").count(), 3, "{row}");
    }
}
