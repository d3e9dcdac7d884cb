//! Judges a plan: which ranges it reads, and what would make the statement slow.

use std::fmt;

use serde::Serialize;

/// Discarding more rows than this is worth a warning.
const MANY_ROWS: u64 = 1000;

/// How a statement reads the tables, and what makes it slow.
///
/// Most statements read ranges of indexes that belong to one user, so their cost does not depend on
/// the size of the store. Counts and cleanups read the range of all users in scope.
///
/// `Display` prints the conclusion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PlanVerdict {
    /// Whether nothing makes the statement slow.
    pub good: bool,
    /// The verdict in words.
    pub conclusion: String,
    /// The least selective way in which the statement reads a table.
    pub access: PlanAccess,
    /// The indexes that it reads, in the order of the plan.
    pub indexes: Vec<String>,
    /// Number of pages (8 KiB) that it read; a page that is read twice counts twice. `None` unless
    /// the statement was executed.
    pub pages: Option<u64>,
    /// Of these, the pages that were not in the cache of the server.
    pub uncached_pages: Option<u64>,
    /// What makes the statement slow; empty if it is good.
    pub concerns: Vec<String>,
}

/// How a statement reads tables, most selective first. Exhaustive: every scan is one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanAccess {
    /// It reads no table.
    None,
    /// Ranges of indexes, each for one user.
    OneUser,
    /// Ranges of indexes over several users.
    SeveralUsers,
    /// All of an index.
    WholeIndex,
    /// All of a table, because no index fits.
    WholeTable,
}

impl fmt::Display for PlanVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.conclusion)
    }
}

/// Judges a plan as the server prints it. `over_users` is whether the statement reads all users in
/// scope by nature.
pub(super) fn judge(plan: &str, over_users: bool) -> PlanVerdict {
    let scans = scans(plan);
    let mut concerns: Vec<String> = Vec::new();
    for concern in scans.iter().filter_map(|scan| scan.concern(over_users)) {
        if !concerns.contains(&concern) {
            concerns.push(concern);
        }
    }
    let discarded = discarded(plan);
    if discarded > MANY_ROWS && !over_users {
        concerns.push(format!("it discards {discarded} of the rows that it reads"));
    }
    let mut lines = plan.lines().map(str::trim_start);
    if lines.any(|line| line.starts_with("Sort Method: external")) {
        concerns.push("it sorts on disk: increase work_mem".to_owned());
    }
    let mut indexes: Vec<String> = Vec::new();
    for index in scans.iter().filter_map(|scan| scan.index) {
        if !indexes.iter().any(|known| known == index) {
            indexes.push(index.to_owned());
        }
    }
    let access = scans.iter().map(|scan| scan.access).max();
    let mut verdict = PlanVerdict {
        good: concerns.is_empty(),
        conclusion: String::new(),
        access: access.unwrap_or(PlanAccess::None),
        indexes,
        pages: None,
        uncached_pages: None,
        concerns,
    };
    if let Some((cached, uncached)) = pages(plan) {
        verdict.pages = Some(cached + uncached);
        verdict.uncached_pages = Some(uncached);
    }
    verdict.conclusion = verdict.conclude();
    verdict
}

impl PlanVerdict {
    fn conclude(&self) -> String {
        let indexes = self.indexes.join(", ");
        let judged = if self.good {
            match self.access {
                PlanAccess::None => "good: it reads no table".to_owned(),
                PlanAccess::OneUser => {
                    format!("good: it reads ranges of one user in {indexes}")
                }
                _ => format!(
                    "good: it reads the range of all users in scope in {indexes}, so its cost grows \
                     with the number of these users or of their tasks"
                ),
            }
        } else {
            format!("slow in a large store: {}", self.concerns.join("; "))
        };
        match (self.pages, self.uncached_pages) {
            (Some(pages), Some(uncached)) => {
                format!("{judged}; pages read: {pages}, not cached: {uncached}")
            }
            _ => judged,
        }
    }
}

/// A node of a plan that reads a table or an index.
struct Scan<'p> {
    access: PlanAccess,
    index: Option<&'p str>,
    /// The name of the index or the table.
    name: &'p str,
}

impl Scan<'_> {
    fn concern(&self, over_users: bool) -> Option<String> {
        let name = self.name;
        let what = match self.access {
            PlanAccess::None | PlanAccess::OneUser => return None,
            PlanAccess::SeveralUsers if over_users => return None,
            PlanAccess::SeveralUsers => format!("it reads {name} for several users"),
            PlanAccess::WholeIndex => format!("it reads all of the index {name}"),
            PlanAccess::WholeTable => format!("it reads all of the table {name}"),
        };
        Some(format!(
            "{what}, because no index fits: run `tasktrail migrate check`"
        ))
    }
}

/// The scans of a plan. The condition of an index is in the line after the node, with the columns
/// in the order of the index: `user_id` comes first.
fn scans(plan: &str) -> Vec<Scan<'_>> {
    let lines: Vec<_> = plan.lines().map(str::trim_start).collect();
    let next = lines.iter().skip(1).chain([&""]);
    let scans = lines.iter().zip(next).filter_map(|(node, next)| {
        // Only the begin of a line is the plan's own text: conditions contain values of the caller.
        let node = node.strip_prefix("->").map_or(*node, str::trim_start);
        let node = node.strip_prefix("Parallel ").unwrap_or(node);
        let (name, index) = if let Some(table) = node.strip_prefix("Seq Scan on ") {
            (first_word(table)?, None)
        } else {
            let bitmap = node.strip_prefix("Bitmap Index Scan on ");
            let is_index = node.starts_with("Index Scan") || node.starts_with("Index Only Scan");
            let using = || node.split_once(" using ").filter(|_| is_index);
            let index = first_word(bitmap.or_else(|| Some(using()?.1))?)?;
            (index, Some(index))
        };
        let access = match (index, next.strip_prefix("Index Cond: ")) {
            (None, _) => PlanAccess::WholeTable,
            (_, None) => PlanAccess::WholeIndex,
            (_, Some(condition)) => {
                let is_of_one_user = condition.trim_start_matches('(').starts_with("user_id = ");
                if is_of_one_user {
                    PlanAccess::OneUser
                } else {
                    PlanAccess::SeveralUsers
                }
            }
        };
        Some(Scan {
            access,
            index,
            name,
        })
    });
    scans.collect()
}

fn first_word(text: &str) -> Option<&str> {
    text.split_whitespace().next()
}

/// The rows that the statement has read and discarded; 0 if it was not executed. The plan has the
/// average of the executions of a node, whose number is in the line of the node.
fn discarded(plan: &str) -> u64 {
    let (mut rows, mut loops) = (0_u64, 1_u64);
    for line in plan.lines().map(str::trim_start) {
        if let Some((_, executed)) = line.rsplit_once(" loops=") {
            loops = executed.trim_end_matches(')').parse().unwrap_or(1);
        } else if let Some(removed) = line.strip_prefix("Rows Removed by Filter: ") {
            let removed: u64 = removed.parse().unwrap_or_default();
            rows = rows.saturating_add(removed.saturating_mul(loops));
        }
    }
    rows
}

/// The cached and the other pages that the statement read: the first line about buffers, which is
/// that of the top node. `None` if it was not executed. Planning reads the catalogs, and does not
/// count.
fn pages(plan: &str) -> Option<(u64, u64)> {
    if !plan.lines().next()?.contains("(actual time=") {
        return None;
    }
    let of_statement = plan.split("\nPlanning").next().unwrap_or_default();
    let mut lines = of_statement.lines().map(str::trim_start);
    let buffers = lines.find_map(|line| line.strip_prefix("Buffers: shared "));
    // After the comma follow local and temporary buffers.
    let buffers = buffers.unwrap_or_default().split(',').next();
    let count = |kind: &str| {
        let mut counts = buffers.unwrap_or_default().split(' ');
        let pages = counts.find_map(|count| count.strip_prefix(kind)?.strip_prefix('='));
        pages.and_then(|pages| pages.parse().ok()).unwrap_or(0)
    };
    Some((count("hit"), count("read")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_one_user_are_good() {
        let plan = "Limit  (cost=0.4..8.4 rows=1) (actual time=0.01..0.02 rows=1 loops=1)\n  \
                    Buffers: shared hit=3 read=1, temp read=7\n  \
                    ->  Index Only Scan Backward using task_summary_pkey on task_summary  (cost=0)\n        \
                    Index Cond: ((user_id = 'alice'::text) AND (task_id = 'a'::text))\n\
                    Planning:\n  Buffers: shared hit=99";

        let verdict = judge(plan, false);

        assert_eq!(verdict.access, PlanAccess::OneUser);
        assert_eq!((verdict.pages, verdict.uncached_pages), (Some(4), Some(1)));
        assert_eq!(
            verdict.to_string(),
            "good: it reads ranges of one user in task_summary_pkey; pages read: 4, not cached: 1"
        );
    }

    #[test]
    fn range_over_users_is_good_only_where_it_is_meant() {
        let plan = "Aggregate\n  ->  Index Scan using task_summary_pkey on task_summary\n        \
                    Index Cond: (user_id <= 'z'::text)\n        Rows Removed by Filter: 5000";

        assert!(judge(plan, true).good);
        let verdict = judge(plan, false);
        assert_eq!(verdict.access, PlanAccess::SeveralUsers);
        assert_eq!(
            verdict.to_string(),
            "slow in a large store: it reads task_summary_pkey for several users, because no index \
             fits: run `tasktrail migrate check`; it discards 5000 of the rows that it reads"
        );
    }

    #[test]
    fn scans_of_everything_and_sorts_on_disk_are_slow() {
        let table =
            "Sort\n  Sort Method: external merge  Disk: 409kB\n  ->  Seq Scan on task_history";
        let index =
            "Index Scan using task_history_pkey on task_history\n  Filter: (task_id = 'a'::text)";
        let (table, index) = (judge(table, true), judge(index, true));

        assert_eq!(table.access, PlanAccess::WholeTable);
        assert_eq!(table.concerns.len(), 2, "{table}");
        assert_eq!(index.access, PlanAccess::WholeIndex);
        assert_eq!((index.good, index.pages), (false, None));
    }

    #[test]
    fn statement_without_a_table_is_good() {
        assert_eq!(
            judge("CTE Scan on added", false).to_string(),
            "good: it reads no table"
        );
    }
}
