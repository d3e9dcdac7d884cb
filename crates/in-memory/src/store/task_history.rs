//! The tasks of all users, and their entries.

mod list_index;
mod task;

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use tasktrail_domain::repository::PageRequest;
use tasktrail_domain::task_history::{
    Counts, EntryConflict, EntryId, FinalStatus, FinishOutcome, HistoryEntry, ListAllCursor,
    ListCursor, RemovalCursor, RetentionPolicy, Scope, TaskFilter, TaskStatus, TaskSummary,
    TrailCursor, distinct_entries,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskId, TaskKey, UserId, UserPrefix};

use self::list_index::ListIndex;
pub(crate) use self::task::{Task, count};

/// The tasks of all users. The methods of the repository are built from its functions.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    by_key: BTreeMap<TaskKey, Task>,
    /// The task and the position of each entry, by user and entry id.
    places: HashMap<(UserId, EntryId), (TaskKey, TrailCursor)>,
    /// Of the users who have tasks.
    lists: BTreeMap<UserId, ListIndex>,
    accepted: i64,
}

impl Tasks {
    /// Returns the entries that are not in the store yet, without repetitions.
    pub(crate) fn new_entries<'e>(
        &self,
        entries: &'e [HistoryEntry],
    ) -> Result<Vec<&'e HistoryEntry>, EntryConflict> {
        let mut new = Vec::new();
        for entry in distinct_entries(entries)? {
            if !self.holds(entry)? {
                new.push(entry);
            }
        }
        Ok(new)
    }

    /// Returns whether the entry has been saved before.
    pub(crate) fn holds(&self, entry: &HistoryEntry) -> Result<bool, EntryConflict> {
        let Some((task, position)) = self.places.get(&(entry.task.user.clone(), entry.id)) else {
            return Ok(false);
        };
        let saved = self.by_key.get(task).and_then(|task| task.entry(*position));
        if saved.is_some_and(|saved| saved.repeats(entry)) {
            Ok(true)
        } else {
            Err(EntryConflict::new(entry.id))
        }
    }

    pub(crate) fn add(&mut self, entry: &HistoryEntry) {
        self.accepted += 1;
        let position = TrailCursor::new(self.accepted);
        let place = (entry.task.clone(), position);
        self.places
            .insert((entry.task.user.clone(), entry.id), place);
        self.change(&entry.task, entry.recorded_at, |task| {
            task.add(position, entry.clone());
        });
    }

    pub(crate) fn finish(
        &mut self,
        key: &TaskKey,
        status: FinalStatus,
        at: Timestamp,
    ) -> FinishOutcome {
        self.change(key, at, |task| task.finish(status, at))
    }

    /// Changes a task, or creates it, and updates the list.
    fn change<T>(
        &mut self,
        key: &TaskKey,
        at: Timestamp,
        change: impl FnOnce(&mut Task) -> T,
    ) -> T {
        let task = self
            .by_key
            .entry(key.clone())
            .or_insert_with(|| Task::begun(at));
        let before = task.summary(key);
        let outcome = change(task);
        let list = self.lists.entry(key.user.clone()).or_default();
        if let Some(before) = before {
            list.remove(&before);
        }
        if let Some(after) = task.summary(key) {
            list.insert(&after);
        }
        outcome
    }

    pub(crate) fn task(&self, key: &TaskKey) -> Option<&Task> {
        self.by_key.get(key)
    }

    pub(crate) fn status(&self, key: &TaskKey) -> Option<TaskStatus> {
        self.task(key)?.status()
    }

    pub(crate) fn counts(&self, scope: &Scope) -> Counts {
        let mut counts = Counts::default();
        let mut last_user = None;
        for (key, task) in self.in_scope(scope, None) {
            counts.entries += count(task.entry_count());
            counts.steps += count(task.step_count());
            counts.tasks += 1;
            counts.users += u64::from(last_user != Some(&key.user));
            last_user = Some(&key.user);
            if let Some(status) = task.status() {
                *counts.tasks_by_status.entry(status).or_default() += 1;
                if !task.is_finished() {
                    *counts.open_tasks_by_status.entry(status).or_default() += 1;
                }
            }
        }
        counts
    }

    pub(crate) fn summary(&self, key: &TaskKey) -> Option<TaskSummary> {
        self.task(key)?.summary(key)
    }

    /// Returns the tasks of a page of the list, and one more if another page follows.
    pub(crate) fn listed(
        &self,
        user: &UserId,
        filter: &TaskFilter,
        page: &PageRequest<ListCursor>,
    ) -> Vec<TaskSummary> {
        let places = self.lists.get(user).map(|list| list.page(filter, page));
        places
            .unwrap_or_default()
            .into_iter()
            .filter_map(|place| {
                let task = place.task;
                let user = user.clone();
                self.summary(&TaskKey { user, task })
            })
            .collect()
    }

    /// Returns the tasks of a page of the list of all users, and one more if another page follows.
    pub(crate) fn listed_of_all(
        &self,
        prefix: &UserPrefix,
        filter: &TaskFilter,
        page: &PageRequest<ListAllCursor>,
    ) -> Vec<TaskSummary> {
        let after = page.after.as_ref();
        let start = after.map_or(Bound::Unbounded, |place| Bound::Included(&place.user));
        let listed = self.users_from(prefix, start).flat_map(|user| {
            let within = after.filter(|place| place.user == *user);
            let page = PageRequest {
                size: page.size,
                after: within.map(|place| place.place.clone()),
            };
            self.listed(user, filter, &page)
        });
        listed.take(page.size.get() + 1).collect()
    }

    /// Returns the users of a page, and one more if another page follows.
    pub(crate) fn users(&self, prefix: &UserPrefix, page: &PageRequest<UserId>) -> Vec<UserId> {
        let after = page.after.as_ref();
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let users = self.users_from(prefix, start);
        users.take(page.size.get() + 1).cloned().collect()
    }

    /// Returns the users that match a prefix, in ascending order.
    fn users_from<'t>(
        &'t self,
        prefix: &UserPrefix,
        start: Bound<&UserId>,
    ) -> impl Iterator<Item = &'t UserId> {
        let users = self.lists.range::<UserId, _>((start, Bound::Unbounded));
        let prefix = prefix.clone();
        users
            .map(|(user, _)| user)
            .filter(move |user| prefix.matches(user))
    }

    /// Puts versions of tasks in the places of the tasks, and these in the places of the versions.
    ///
    /// All tasks are removed before the first is inserted: an entry id may have moved from one to
    /// another.
    pub(crate) fn exchange(&mut self, versions: &mut BTreeMap<TaskKey, Option<Task>>) {
        let keys = versions.keys();
        let before: Vec<_> = keys.map(|key| self.remove(key)).collect();
        for ((key, version), before) in versions.iter_mut().zip(before) {
            if let Some(task) = std::mem::replace(version, before) {
                self.insert(key, task);
            }
        }
    }

    fn insert(&mut self, key: &TaskKey, task: Task) {
        for (position, entry) in task.entries() {
            let place = (key.clone(), position);
            self.places.insert((key.user.clone(), entry.id), place);
        }
        if let Some(summary) = task.summary(key) {
            let list = self.lists.entry(key.user.clone()).or_default();
            list.insert(&summary);
        }
        self.by_key.insert(key.clone(), task);
    }

    pub(crate) fn remove(&mut self, key: &TaskKey) -> Option<Task> {
        let task = self.by_key.remove(key)?;
        for (_, entry) in task.entries() {
            self.places.remove(&(key.user.clone(), entry.id));
        }
        if let (Some(summary), Some(list)) = (task.summary(key), self.lists.get_mut(&key.user)) {
            list.remove(&summary);
            if list.is_empty() {
                self.lists.remove(&key.user);
            }
        }
        Some(task)
    }

    /// Returns the tasks that a policy covers, in the order of their keys. If the policy keeps the
    /// newest tasks, each comes with the position of the last task that is kept for its user.
    pub(crate) fn covered(
        &self,
        policy: &RetentionPolicy,
        after: Option<&RemovalCursor>,
    ) -> impl Iterator<Item = (TaskSummary, Option<ListCursor>)> {
        let known = after.and_then(|place| Some((&place.task.user, place.last_kept.clone()?)));
        let mut reached = known.map(|(user, last_kept)| (user.clone(), last_kept));
        self.in_scope(&policy.scope, after.map(|place| &place.task))
            .filter_map(|(key, task)| task.summary(key))
            .filter(|task| policy.covers(task))
            .filter_map(move |task| {
                if policy.keep_newest == 0 {
                    return Some((task, None));
                }
                let user = &task.task.user;
                let (_, last_kept) = match &mut reached {
                    Some(reached) if reached.0 == *user => reached,
                    other => other.insert((user.clone(), self.last_kept(policy, user))),
                };
                let last_kept = last_kept.clone();
                (ListCursor::of(&task) < last_kept).then_some((task, Some(last_kept)))
            })
    }

    /// Returns the position of the last task of a user that a policy keeps as one of the newest, or
    /// the end of the list if the user has fewer tasks.
    fn last_kept(&self, policy: &RetentionPolicy, user: &UserId) -> ListCursor {
        let list = self.lists.get(user);
        let last_kept = list.and_then(|list| list.nth(policy.keep_newest));
        last_kept.unwrap_or(ListCursor::until(Timestamp::MIN))
    }

    /// Returns the tasks in scope after a key, in the order of their keys. The tasks of a user are
    /// one range.
    pub(crate) fn in_scope(
        &self,
        scope: &Scope,
        after: Option<&TaskKey>,
    ) -> impl Iterator<Item = (&TaskKey, &Task)> {
        let user = match scope {
            Scope::Everyone => None,
            Scope::User(user) => Some(user.clone()),
        };
        let first = |user: &UserId| TaskKey {
            user: user.clone(),
            task: TaskId::FIRST,
        };
        let begin = user.as_ref().map(first);
        let from = match (after, &begin) {
            (Some(after), begin) if begin.as_ref().is_none_or(|begin| after >= begin) => {
                Bound::Excluded(after)
            }
            (_, Some(begin)) => Bound::Included(begin),
            (_, None) => Bound::Unbounded,
        };
        self.by_key
            .range::<TaskKey, _>((from, Bound::Unbounded))
            .take_while(move |(key, _)| user.as_ref().is_none_or(|user| key.user == *user))
    }
}
