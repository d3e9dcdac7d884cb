use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::WriteConflict;
use tasktrail_domain::orchestration::audit::{AuditCursor, AuditEntry, AuditFilter, Change};
use tasktrail_domain::repository::{Page, PageRequest};
use tasktrail_domain::write::{WriteContext, WriteId};

use super::purpose::Purpose;

/// The audit log of an owner, and the answers of the writes that have entries in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct AuditLog {
    entries: BTreeMap<AuditCursor, AuditEntry>,
    writes: HashMap<WriteId, Written>,
    accepted: i64,
}

/// A write, to answer its repetition.
#[derive(Debug, Clone)]
struct Written {
    purpose: Purpose,
    /// The result of the method.
    answer: Arc<dyn Any + Send + Sync>,
}

impl AuditLog {
    /// Returns whether a write with this id has entries.
    pub(super) fn knows(&self, id: WriteId) -> bool {
        self.writes.contains_key(&id)
    }

    /// Returns the answer of the write if it is a repetition.
    pub(super) fn answer<T: Clone + 'static>(
        &self,
        id: WriteId,
        purpose: &Purpose,
    ) -> Result<Option<T>, WriteConflict> {
        let Some(written) = self.writes.get(&id) else {
            return Ok(None);
        };
        let answer = written.answer.downcast_ref();
        let answer = answer.filter(|_| written.purpose == *purpose);
        answer.cloned().map(Some).ok_or(WriteConflict::new(id))
    }

    /// Adds the entries of a write, and remembers its answer. A write without changes leaves no trace.
    pub(super) fn add<T: Send + Sync + 'static>(
        &mut self,
        user: &UserId,
        context: &WriteContext,
        changes: Vec<Change>,
        purpose: Purpose,
        answer: T,
    ) {
        if changes.is_empty() {
            return;
        }
        for (ordinal, change) in (0..).zip(changes) {
            self.accepted += 1;
            let entry = AuditEntry::of(change, user.clone(), context, ordinal, self.accepted);
            self.entries.insert(AuditCursor::of(&entry), entry);
        }
        let written = Written {
            purpose,
            answer: Arc::new(answer),
        };
        self.writes.insert(context.id, written);
    }

    pub(crate) fn page(
        &self,
        filter: &AuditFilter,
        page: &PageRequest<AuditCursor>,
    ) -> Page<AuditEntry, AuditCursor> {
        let until = filter.until.map(|at| AuditCursor {
            at,
            position: i64::MIN,
        });
        let before = page.after.into_iter().chain(until).min();
        let before = before.map_or(Bound::Unbounded, Bound::Excluded);
        let listed = self
            .entries
            .range((Bound::Unbounded, before))
            .rev()
            .map(|(_, entry)| entry)
            .take_while(|entry| filter.since.is_none_or(|since| since <= entry.at))
            .filter(|entry| filter.accepts(entry))
            .take(page.size.get() + 1)
            .cloned()
            .collect();
        Page::of(listed, page.size, AuditCursor::of)
    }
}
