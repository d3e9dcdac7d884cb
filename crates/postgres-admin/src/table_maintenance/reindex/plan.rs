use super::super::TableMaintenanceError;
use crate::diagnosis::IndexFacts;

/// The indexes that a reindex would work on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReindexPlan {
    /// The indexes to rebuild, largest first.
    pub indexes: Vec<IndexFacts>,
    /// Indexes that an interrupted run left behind; they are removed first.
    pub removed: Vec<IndexFacts>,
    /// Indexes that an interrupted run left behind, and that only their owner may remove.
    pub not_removed: Vec<IndexFacts>,
}

impl ReindexPlan {
    /// Selects all indexes, or those named in `only`. A name may be that of the whole table's
    /// index.
    pub(super) fn of(
        facts: Vec<IndexFacts>,
        only: &[String],
    ) -> Result<Self, TableMaintenanceError> {
        let (left_over, indexes): (Vec<_>, Vec<_>) =
            facts.into_iter().partition(IndexFacts::is_left_over);
        // A build in progress also has an index of this kind.
        let left_over = left_over.into_iter().filter(|index| !index.building);
        let (removed, not_removed) = left_over.partition(|index| index.droppable);
        Ok(Self {
            indexes: wanted(indexes, only)?,
            removed,
            not_removed,
        })
    }
}

fn wanted(
    indexes: Vec<IndexFacts>,
    only: &[String],
) -> Result<Vec<IndexFacts>, TableMaintenanceError> {
    let is = |index: &IndexFacts, name: &String| {
        [&index.name, &index.family, &index.qualified].contains(&name)
    };
    for name in only {
        if !indexes.iter().any(|index| is(index, name)) {
            let mut known: Vec<_> = indexes.iter().map(|index| index.family.clone()).collect();
            known.sort_unstable();
            known.dedup();
            let wanted = name.clone();
            return Err(TableMaintenanceError::UnknownIndex { wanted, known });
        }
    }
    let named = |index: &IndexFacts| only.is_empty() || only.iter().any(|name| is(index, name));
    Ok(indexes.into_iter().filter(named).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_found_by_their_names_and_an_unknown_one_is_refused() {
        let index = |name: &str, family: &str| IndexFacts {
            name: name.to_owned(),
            family: family.to_owned(),
            qualified: format!("public.{name}"),
            ..IndexFacts::default()
        };
        let all = vec![index("a_1", "a"), index("a_2", "a"), index("b", "b")];
        let names = |only: &[&str]| {
            let only: Vec<_> = only.iter().map(|name| (*name).to_owned()).collect();
            let found = ReindexPlan::of(all.clone(), &only).map_err(|error| error.to_string());
            found.map(|found| {
                found
                    .indexes
                    .iter()
                    .map(|index| index.name.clone())
                    .collect::<Vec<_>>()
            })
        };

        assert_eq!(names(&[]).unwrap(), ["a_1", "a_2", "b"]);
        assert_eq!(names(&["a"]).unwrap(), ["a_1", "a_2"]);
        assert_eq!(names(&["public.b", "a_1"]).unwrap(), ["a_1", "b"]);
        assert_eq!(
            names(&["c"]).unwrap_err(),
            "no index of the histories has the name c; known: a, b"
        );
    }

    #[test]
    fn leftovers_are_removed_if_the_role_may_drop_them_and_they_are_not_being_built() {
        let left = |droppable, building| IndexFacts {
            name: "a_ccnew".to_owned(),
            droppable,
            building,
            ..IndexFacts::default()
        };
        let facts = vec![left(true, false), left(false, false), left(true, true)];

        let plan = ReindexPlan::of(facts, &[]).unwrap();

        assert_eq!(plan.removed, [left(true, false)]);
        assert_eq!(plan.not_removed, [left(false, false)]);
        assert!(plan.indexes.is_empty());
    }
}
