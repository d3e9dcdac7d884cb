//! Reads a task with all that it depends on, and all that depend on it.

use std::collections::{BTreeMap, BTreeSet};

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::orchestration::task::{Dependency, TaskEdge, TaskGraph, TaskOverview};
use tasktrail_domain::{TaskId, TaskKey};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use super::get::{EdgeColumns, EdgeRow, dependencies_of};
use super::overview::{OverviewColumns, OverviewRow, overview_of};

/// A task, and what it depends on.
type Reached = BTreeMap<TaskId, (TaskOverview, Vec<Dependency>)>;

/// Reads the graph in one statement, so that it is that of one instant.
pub(super) async fn graph(
    connection: &mut AsyncPgConnection,
    key: &TaskKey,
) -> Result<TaskGraph, StoreError> {
    let statement = Prepared(ReadGraph {
        task: key,
        // One more shows that there are more.
        limit: i64::try_from(TaskGraph::MAX_TASKS + 1).unwrap_or(i64::MAX),
    });
    let rows: Vec<(OverviewRow, EdgeRow)> = statement.load(connection).await?;
    let reached = rows.into_iter().map(|(row, edges)| {
        let overview = overview_of(&key.user, row)?;
        let dependencies = dependencies_of(&overview.key, edges)?;
        Ok((overview.key.task.clone(), (overview, dependencies)))
    });
    let mut reached: Reached = reached.collect::<Result<_, StoreError>>()?;
    let truncated = reached.len() > TaskGraph::MAX_TASKS;
    if truncated {
        let nearest = nearest(&key.task, &reached);
        reached.retain(|id, _| nearest.contains(id));
    }
    let edges = reached.iter().flat_map(|(id, (_, dependencies))| {
        let within = dependencies.iter();
        let within = within.filter(|edge| reached.contains_key(&edge.prerequisite));
        within.map(|edge| TaskEdge {
            task: id.clone(),
            prerequisite: edge.prerequisite.clone(),
            when: edge.when,
        })
    });
    let edges = edges.collect();
    let tasks = reached.into_values().map(|(overview, _)| overview);
    Ok(TaskGraph::new(tasks.collect(), edges, truncated))
}

/// The tasks of a graph that are nearest to `start`, by ascending id for equal distances.
fn nearest(start: &TaskId, reached: &Reached) -> BTreeSet<TaskId> {
    let mut dependants: BTreeMap<&TaskId, Vec<&TaskId>> = BTreeMap::new();
    for (id, (_, dependencies)) in reached {
        for edge in dependencies {
            dependants.entry(&edge.prerequisite).or_default().push(id);
        }
    }
    let before = |id: &TaskId| -> Vec<&TaskId> {
        let edges = reached.get(id).map(|(_, edges)| edges);
        let edges = edges.into_iter().flatten().map(|edge| &edge.prerequisite);
        edges.filter(|id| reached.contains_key(id)).collect()
    };
    let after = |id: &TaskId| dependants.get(id).cloned().unwrap_or_default();
    let mut nearest = BTreeSet::from([start]);
    let (mut level_before, mut level_after) = (nearest.clone(), nearest.clone());
    while !(level_before.is_empty() && level_after.is_empty()) {
        level_before = level_before.into_iter().flat_map(before).collect();
        level_after = level_after.into_iter().flat_map(after).collect();
        // Along a longer path they were reached before.
        level_before.retain(|id| !nearest.contains(id));
        level_after.retain(|id| !nearest.contains(id));
        for id in level_before.union(&level_after) {
            if nearest.len() < TaskGraph::MAX_TASKS {
                nearest.insert(id);
            }
        }
    }
    nearest.into_iter().cloned().collect()
}

/// `task_graph.sql`.
#[derive(Debug)]
struct ReadGraph<'e> {
    task: &'e TaskKey,
    limit: i64,
}

impl Statement for ReadGraph<'_> {
    const SQL: &'static str = include_str!("../sql/task_graph.sql");
    type Columns = (OverviewColumns, EdgeColumns);
    type Id = ReadGraph<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.task.user.as_str()),
            2 => out.push_bind_param::<Text, _>(self.task.task.as_str()),
            3 => out.push_bind_param::<BigInt, _>(&self.limit),
            other => unbound(other),
        }
    }
}
