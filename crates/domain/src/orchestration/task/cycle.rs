//! Cycles that new dependencies would close.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::TaskId;

/// The prerequisites of tasks.
pub type Prerequisites = BTreeMap<TaskId, BTreeSet<TaskId>>;

/// Finds a shortest cycle that a task is on if it depends on `added` as well.
///
/// `prerequisites` has the existing dependencies of each task that can be reached from `added`.
/// Each task of the result depends on the next one, and the first is also the last.
#[must_use]
pub fn find_cycle<'t>(
    task: &TaskId,
    added: impl IntoIterator<Item = &'t TaskId>,
    prerequisites: &Prerequisites,
) -> Option<Vec<TaskId>> {
    let starts: BTreeSet<&TaskId> = added.into_iter().collect();
    let mut reached: BTreeMap<&TaskId, &TaskId> = BTreeMap::new();
    let mut queue: VecDeque<&TaskId> = VecDeque::new();
    for start in starts {
        reached.insert(start, task);
        queue.push_back(start);
    }
    while let Some(last) = queue.pop_front() {
        if last == task {
            return Some(path(task, &reached));
        }
        for next in prerequisites.get(last).into_iter().flatten() {
            if !reached.contains_key(next) {
                reached.insert(next, last);
                queue.push_back(next);
            }
        }
    }
    None
}

fn path(task: &TaskId, reached: &BTreeMap<&TaskId, &TaskId>) -> Vec<TaskId> {
    let mut path = vec![task.clone()];
    let mut last = task;
    while let Some(&before) = reached.get(last) {
        path.push(before.clone());
        if before == task {
            break;
        }
        last = before;
    }
    path.reverse();
    path
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(text: &str) -> TaskId {
        text.parse().unwrap()
    }

    fn prerequisites(edges: &[(&str, &[&str])]) -> Prerequisites {
        let ids = |texts: &[&str]| texts.iter().map(|text| id(text)).collect();
        edges
            .iter()
            .map(|(task, needs)| (id(task), ids(needs)))
            .collect()
    }

    fn found(task: &str, added: &[&str], existing: &Prerequisites) -> Option<Vec<String>> {
        let added: Vec<_> = added.iter().map(|text| id(text)).collect();
        let cycle = find_cycle(&id(task), &added, existing)?;
        Some(cycle.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn task_that_depends_on_itself_is_a_cycle() {
        let none = Prerequisites::new();

        assert_eq!(found("a", &["b", "a"], &none).unwrap(), ["a", "a"]);
        assert_eq!(found("a", &["b"], &none), None);
        assert_eq!(found("a", &[], &none), None);
    }

    #[test]
    fn shortest_cycle_is_found() {
        let existing = prerequisites(&[
            ("b", &["c"]),
            ("c", &["d"]),
            ("d", &["a", "e"]),
            ("e", &[]),
            ("f", &["c", "e"]),
        ]);

        assert_eq!(
            found("a", &["b", "f", "d"], &existing).unwrap(),
            ["a", "d", "a"]
        );
        assert_eq!(
            found("a", &["f"], &existing).unwrap(),
            ["a", "f", "c", "d", "a"]
        );
        assert_eq!(found("a", &["e"], &existing), None);
        assert_eq!(found("x", &["b"], &existing), None);
    }

    #[test]
    fn cycle_of_10_000_tasks_is_found() {
        let name = |place: usize| id(&format!("t{place}"));
        let edge = |place: usize| (name(place), BTreeSet::from([name(place + 1)]));
        let existing: Prerequisites = (0..9_999).map(edge).collect();

        let cycle = find_cycle(&name(9_999), [&name(0)], &existing).unwrap();

        assert_eq!(cycle.len(), 10_001);
        assert_eq!(cycle.first(), cycle.last());
    }

    /// Returns whether `from` leads to `to`.
    fn leads(
        from: &TaskId,
        to: &TaskId,
        edges: &Prerequisites,
        seen: &mut BTreeSet<TaskId>,
    ) -> bool {
        if from == to {
            return true;
        }
        let is_new = seen.insert(from.clone());
        let mut next = edges.get(from).into_iter().flatten();
        is_new && next.any(|next| leads(next, to, edges, seen))
    }

    proptest! {
        #[test]
        fn cycle_is_found_exactly_if_a_depth_first_search_comes_back(
            edges in prop::collection::btree_set((0..8_usize, 0..8_usize), 0..16),
            added in prop::collection::btree_set(0..8_usize, 0..4),
        ) {
            let name = |place: usize| id(&format!("t{place}"));
            let mut existing = Prerequisites::new();
            for (task, prerequisite) in edges {
                existing.entry(name(task)).or_default().insert(name(prerequisite));
            }
            let task = name(0);
            let added: Vec<_> = added.into_iter().map(name).collect();
            let comes_back = |from: &TaskId| leads(from, &task, &existing, &mut BTreeSet::new());

            let cycle = find_cycle(&task, &added, &existing);

            prop_assert_eq!(cycle.is_some(), added.iter().any(comes_back));
            let cycle = cycle.unwrap_or_default();
            prop_assert!([cycle.first(), cycle.last()].iter().flatten().all(|end| **end == task));
            for (place, pair) in cycle.windows(2).enumerate() {
                let is_added = place == 0 && added.contains(&pair[1]);
                let exists = existing.get(&pair[0]).is_some_and(|needs| needs.contains(&pair[1]));
                prop_assert!(is_added || exists, "{:?}", pair);
            }
            let distinct: BTreeSet<_> = cycle.iter().skip(1).collect();
            prop_assert_eq!(distinct.len(), cycle.len().saturating_sub(1));
        }
    }
}
