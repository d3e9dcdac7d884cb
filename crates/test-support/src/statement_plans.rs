//! Checks the plans of the statements in a folder: each reads index ranges of one user, except the
//! listed statements.

use std::path::Path;
use std::{fs, io};

/// Checks the plans of all statements of a context, and returns what is wrong with them.
///
/// `folder` has the statements, or parts of statements, one in each file. `plans` are the statements
/// with the output of `EXPLAIN`, as text. Explain the generic plan of a statement, with the settings
/// of the session that runs it: `enable_seqscan = off` leaves a sequential scan only where no index
/// fits.
///
/// Each scan has to read a range of an index for one value of `user_id`, which leads every key. The
/// statements `over_all_users` are exempt: they read index ranges over users. Each is the name of a
/// file, with the reason.
///
/// # Errors
///
/// If the folder or a file cannot be read.
pub fn problems<'p>(
    folder: &Path,
    plans: impl IntoIterator<Item = (&'p str, &'p str)>,
    over_all_users: &[(&str, &str)],
) -> io::Result<Vec<String>> {
    let files = files(folder)?;
    let plans: Vec<_> = plans
        .into_iter()
        .map(|(statement, plan)| (numberless(statement), plan))
        .collect();
    let mut problems = Vec::new();
    if files.is_empty() {
        problems.push(format!("{}: no statements", folder.display()));
    }
    for (name, text) in &files {
        if !plans.iter().any(|(statement, _)| statement.contains(text)) {
            problems.push(format!("{name}: no plan"));
        }
    }
    for (listed, _reason) in over_all_users {
        let text = files.iter().find(|(name, _)| name == listed);
        let reads_one_user = |(_, text): &(String, String)| {
            let mut plans = plans
                .iter()
                .filter(|(statement, _)| statement.contains(text));
            plans.all(|(_, plan)| beyond_ranges_of_one_user(plan).is_none())
        };
        if text.is_none_or(reads_one_user) {
            problems.push(format!(
                "{listed}: reads no range over users; do not list it"
            ));
        }
    }
    for (statement, plan) in &plans {
        let listed = files.iter().any(|(name, text)| {
            statement.contains(text) && over_all_users.iter().any(|(listed, _)| listed == name)
        });
        let beyond = if listed {
            beyond_index_ranges(plan)
        } else {
            beyond_ranges_of_one_user(plan)
        };
        if let Some(node) = beyond {
            problems.push(format!("{node}, in the plan of\n{statement}\n{plan}"));
        }
    }
    Ok(problems)
}

/// Returns the first node of a plan that reads more than a range of an index.
fn beyond_index_ranges(plan: &str) -> Option<&str> {
    beyond(plan, |condition| condition.is_some())
}

/// Returns the first node of a plan that reads more than a range of an index for one value of
/// `user_id`.
fn beyond_ranges_of_one_user(plan: &str) -> Option<&str> {
    beyond(plan, |condition| {
        condition
            .is_some_and(|condition| condition.trim_start_matches('(').starts_with("user_id = "))
    })
}

/// Returns the first scan of a table, or of an index whose condition is not `permitted`. The
/// condition lists the columns in the order of the index.
fn beyond(plan: &str, permitted: impl Fn(Option<&str>) -> bool) -> Option<&str> {
    let lines: Vec<_> = plan.lines().map(str::trim_start).collect();
    let mut pairs = lines.iter().zip(lines.iter().skip(1).chain([&""]));
    let beyond = |(node, next): &(&&str, &&str)| {
        let by_index = node.contains("Index Scan") || node.contains("Index Only Scan");
        let whole_table = ["Seq Scan on ", "Bitmap Heap Scan on ", "Sample Scan on "];
        (by_index && !permitted(next.strip_prefix("Index Cond: ")))
            || whole_table.iter().any(|scan| node.contains(scan))
    };
    pairs.find(beyond).map(|(node, _)| *node)
}

/// The files of a folder by name, each with its text.
fn files(folder: &Path) -> io::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?;
        let text = fs::read_to_string(file.path())?;
        let name = file.file_name().to_string_lossy().into_owned();
        files.push((name, numberless(text.trim())));
    }
    files.sort_unstable();
    Ok(files)
}

/// Removes the numbers of the parameters (`$1`), because query builders change them.
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

    fn scan(condition: &str) -> String {
        format!("Limit\n  ->  Index Scan using a_pkey on a\n        {condition}")
    }

    #[test]
    fn index_scan_without_a_condition_reads_a_whole_index() {
        let (range, whole) = (scan("Index Cond: (id = $1)"), scan("Filter: (id = $1)"));

        assert_eq!(beyond_index_ranges(&range), None);
        assert_eq!(
            beyond_index_ranges(&whole),
            Some("->  Index Scan using a_pkey on a")
        );
        assert_eq!(beyond_index_ranges("Seq Scan on a"), Some("Seq Scan on a"));
        assert_eq!(beyond_index_ranges("CTE Scan on a"), None);
    }

    #[test]
    fn range_of_one_user_has_an_equality_on_the_leading_column() {
        for condition in [
            "Index Cond: (user_id = $1)",
            "Index Cond: ((user_id = wanted.user_id) AND (task_id > $2))",
        ] {
            assert_eq!(beyond_ranges_of_one_user(&scan(condition)), None);
        }
    }

    #[test]
    fn condition_on_another_column_reads_more_than_one_user() {
        for condition in [
            "Index Cond: (task_id = $1)",
            "Index Cond: ((task_id = $1) AND (user_id = $2))",
            "Filter: (user_id = $1)",
        ] {
            assert!(beyond_ranges_of_one_user(&scan(condition)).is_some());
        }
    }

    #[test]
    fn range_over_users_reads_more_than_one_user() {
        for condition in [
            "Index Cond: ((user_id >= $1) AND (user_id <= $2))",
            "Index Cond: ((ROW(user_id, task_id) > ROW($1, $2)) AND (user_id <= $3))",
        ] {
            let plan = scan(condition);
            assert!(beyond_ranges_of_one_user(&plan).is_some());
            assert_eq!(beyond_index_ranges(&plan), None);
        }
    }

    /// A folder with the given files, which is removed with the value.
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn file_is_planned_if_a_statement_contains_it() {
        let folder = folder(&[("part.sql", "WHERE id = $1\n"), ("lost.sql", "SELECT 2\n")]);
        let plans = [("SELECT 1 WHERE id = $17", "Result")];

        let problems = problems(folder.path(), plans, &[]).unwrap();

        assert_eq!(problems, ["lost.sql: no plan"]);
    }

    #[test]
    fn folder_without_statements_is_reported() {
        let folder = folder(&[]);

        let problems = problems(folder.path(), [], &[]).unwrap();

        assert!(problems.len() == 1 && problems[0].ends_with(": no statements"));
    }

    #[test]
    fn only_listed_statements_may_read_ranges_over_users() {
        let folder = folder(&[("count.sql", "SELECT 1")]);
        let over_users = scan("Index Cond: (user_id <= $1)");
        let whole = scan("Filter: (user_id <= $1)");
        let of = |plan, listed: &[_]| {
            let problems = problems(folder.path(), [("SELECT 1", plan)], listed).unwrap();
            problems.len()
        };
        let listed = [("count.sql", "counts all users")];

        assert_eq!(of(&over_users, &listed), 0);
        assert_eq!(of(&over_users, &[]), 1);
        assert_eq!(of(&whole, &listed), 1);
    }

    #[test]
    fn listed_statement_that_reads_one_user_is_reported() {
        let folder = folder(&[("get.sql", "SELECT 1")]);
        let one_user = scan("Index Cond: (user_id = $1)");
        let plans = [("SELECT 1", one_user.as_str())];

        let problems = problems(folder.path(), plans, &[("get.sql", ""), ("gone.sql", "")]);

        assert_eq!(
            problems.unwrap(),
            ["get.sql", "gone.sql"]
                .map(|file| format!("{file}: reads no range over users; do not list it"))
        );
    }
}
