//! Checks that each statement in a folder has a plan that reads index ranges only.

use std::path::Path;
use std::{fs, io};

/// Returns the first node of a plan that reads more than a range of an index.
///
/// `plan` is the output of `EXPLAIN`, as text. Explain the generic plan of a statement, with the
/// settings of the session that runs it: `enable_seqscan = off` leaves a sequential scan only where
/// no index fits.
#[must_use]
pub fn beyond_index_ranges(plan: &str) -> Option<&str> {
    let lines: Vec<_> = plan.lines().map(str::trim_start).collect();
    let mut pairs = lines.iter().zip(lines.iter().skip(1).chain([&""]));
    let beyond = |(node, next): &(&&str, &&str)| {
        let by_index = node.contains("Index Scan") || node.contains("Index Only Scan");
        let whole_table = ["Seq Scan on ", "Bitmap Heap Scan on ", "Sample Scan on "];
        (by_index && !next.starts_with("Index Cond: "))
            || whole_table.iter().any(|scan| node.contains(scan))
    };
    pairs.find(beyond).map(|(node, _)| *node)
}

/// Returns the names of the files in a folder that are part of none of the `planned` statements. A
/// file has a statement, or a part of statements.
///
/// The numbers of parameters (`$1`) are ignored, because query builders change them.
///
/// # Errors
///
/// If the folder or a file cannot be read.
pub fn files_without_a_plan<'s>(
    folder: &Path,
    planned: impl IntoIterator<Item = &'s str>,
) -> io::Result<Vec<String>> {
    let planned: Vec<_> = planned.into_iter().map(numberless).collect();
    let mut without = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?;
        let text = numberless(fs::read_to_string(file.path())?.trim());
        if !planned.iter().any(|statement| statement.contains(&text)) {
            without.push(file.file_name().to_string_lossy().into_owned());
        }
    }
    without.sort_unstable();
    Ok(without)
}

fn numberless(sql: &str) -> String {
    let mut parts = sql.split('$');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + "$" + part.trim_start_matches(|c: char| c.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_scan_without_a_condition_reads_a_whole_index() {
        let range = "Limit\n  ->  Index Scan using a_pkey on a\n        Index Cond: (id = $1)";
        let whole = "Limit\n  ->  Index Scan using a_pkey on a\n        Filter: (id = $1)";

        assert_eq!(beyond_index_ranges(range), None);
        assert_eq!(
            beyond_index_ranges(whole),
            Some("->  Index Scan using a_pkey on a")
        );
        assert_eq!(beyond_index_ranges("Seq Scan on a"), Some("Seq Scan on a"));
        assert_eq!(beyond_index_ranges("CTE Scan on a"), None);
    }

    #[test]
    fn file_is_planned_if_a_statement_contains_it() {
        let folder = std::env::temp_dir().join(format!("statement-plans-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("part.sql"), "WHERE id = $1\n").unwrap();
        fs::write(folder.join("lost.sql"), "SELECT 2\n").unwrap();

        let without = files_without_a_plan(&folder, ["SELECT 1 WHERE id = $17"]);
        fs::remove_dir_all(folder).unwrap();

        assert_eq!(without.unwrap(), ["lost.sql"]);
    }
}
