use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use tasktrail_domain::TaskId;
use tasktrail_domain::orchestration::agent::HeldAttempt;
use tasktrail_domain::orchestration::dispatch::{Execution, ExecutionCursor, ExecutionFilter};
use tasktrail_domain::orchestration::{AgentId, Attempt};
use tasktrail_domain::repository::{Page, PageRequest};

/// The executions of an owner.
#[derive(Debug, Clone, Default)]
pub(crate) struct Executions {
    by_attempt: BTreeMap<HeldAttempt, Execution>,
    of_agents: BTreeMap<AgentId, BTreeSet<ExecutionCursor>>,
    /// Those that are assigned or running. The number of an agent's open executions is counted here,
    /// and kept nowhere else.
    open: BTreeMap<AgentId, BTreeSet<HeldAttempt>>,
}

impl Executions {
    pub(super) fn get(&self, attempt: &HeldAttempt) -> Option<&Execution> {
        self.by_attempt.get(attempt)
    }

    /// Returns the open executions of an agent, in the order of their tasks.
    pub(super) fn open_of(&self, agent: &AgentId) -> BTreeSet<HeldAttempt> {
        self.open.get(agent).cloned().unwrap_or_default()
    }

    pub(super) fn count_open(&self, agent: &AgentId) -> u32 {
        let open = self.open.get(agent).map_or(0, BTreeSet::len);
        u32::try_from(open).unwrap_or(u32::MAX)
    }

    /// Adds an execution that has just been assigned.
    pub(super) fn open(&mut self, execution: Execution) {
        let attempt = held(&execution);
        let agent = execution.agent.clone();
        let of_agent = self.of_agents.entry(agent.clone()).or_default();
        of_agent.insert(ExecutionCursor::of(&execution));
        self.open.entry(agent).or_default().insert(attempt.clone());
        self.by_attempt.insert(attempt, execution);
    }

    /// Changes an open execution, which may close it.
    pub(super) fn change(&mut self, attempt: &HeldAttempt, change: impl FnOnce(&mut Execution)) {
        let Some(execution) = self.by_attempt.get_mut(attempt) else {
            return;
        };
        change(execution);
        if execution.state.is_open() {
            return;
        }
        if let Some(open) = self.open.get_mut(&execution.agent) {
            open.remove(attempt);
        }
    }

    /// Removes the executions of a task, all of which are closed.
    pub(super) fn remove_of(&mut self, task: &TaskId) {
        let of_task: Vec<_> = self.of_task(task).cloned().collect();
        for execution in of_task {
            self.by_attempt.remove(&held(&execution));
            if let Some(of_agent) = self.of_agents.get_mut(&execution.agent) {
                of_agent.remove(&ExecutionCursor::of(&execution));
            }
        }
    }

    fn of_task<'e>(&'e self, task: &'e TaskId) -> impl Iterator<Item = &'e Execution> {
        let first = HeldAttempt {
            task: task.clone(),
            attempt: Attempt::MIN,
        };
        let from_first = self.by_attempt.range(first..);
        from_first
            .map(|(_, execution)| execution)
            .take_while(move |execution| execution.key.task.task == *task)
    }

    pub(crate) fn page(
        &self,
        filter: &ExecutionFilter,
        page: &PageRequest<ExecutionCursor>,
    ) -> Page<Execution, ExecutionCursor> {
        let before = page.after.clone().map_or(Bound::Unbounded, Bound::Excluded);
        let listed = self
            .places(filter)
            .range((Bound::Unbounded, before))
            .rev()
            .filter_map(|place| self.at(place))
            .take(page.size.get() + 1)
            .cloned()
            .collect();
        Page::of(listed, page.size, ExecutionCursor::of)
    }

    fn places(&self, filter: &ExecutionFilter) -> Cow<'_, BTreeSet<ExecutionCursor>> {
        match filter {
            ExecutionFilter::OfTask(task) => {
                let of_task = self.of_task(task).map(ExecutionCursor::of);
                Cow::Owned(of_task.collect())
            }
            ExecutionFilter::OfAgent(agent) => {
                let of_agent = self.of_agents.get(agent);
                of_agent.map_or_else(Cow::default, Cow::Borrowed)
            }
            ExecutionFilter::OpenOfAgent(agent) => {
                let open = self.open.get(agent).into_iter().flatten();
                let open = open.filter_map(|attempt| self.get(attempt));
                Cow::Owned(open.map(ExecutionCursor::of).collect())
            }
        }
    }

    fn at(&self, place: &ExecutionCursor) -> Option<&Execution> {
        self.get(&HeldAttempt {
            task: place.task.clone(),
            attempt: place.attempt,
        })
    }
}

fn held(execution: &Execution) -> HeldAttempt {
    HeldAttempt {
        task: execution.key.task.task.clone(),
        attempt: execution.key.attempt,
    }
}
