//! The agents, tasks, executions and audit logs of all owners.

mod agents;
mod audit_log;
mod closing;
mod executions;
mod owner;
mod queues;
mod settling;
mod subject;
mod task_lists;
mod task_table;
mod write;

use std::collections::BTreeMap;
use std::mem;

use tasktrail_domain::UserId;

pub(crate) use self::owner::Owner;
pub(crate) use self::subject::Subject;
pub(crate) use self::write::{EndedTask, Write};

/// The data of all owners.
#[derive(Debug, Default)]
pub(crate) struct Owners(BTreeMap<UserId, Owner>);

impl Owners {
    /// `None` if nothing was ever written for the owner.
    pub(crate) fn get(&self, user: &UserId) -> Option<&Owner> {
        self.0.get(user)
    }

    pub(crate) fn get_mut(&mut self, user: &UserId) -> &mut Owner {
        let owner = self.0.entry(user.clone());
        owner.or_insert_with(|| Owner::new(user.clone()))
    }

    pub(crate) fn copy(&self, user: &UserId) -> Owner {
        let owner = self.get(user).cloned();
        owner.unwrap_or_else(|| Owner::new(user.clone()))
    }

    /// Puts versions in the place of the data of their owners, and these in the place of the versions.
    pub(crate) fn exchange(&mut self, versions: &mut BTreeMap<UserId, Owner>) {
        for (user, version) in versions {
            mem::swap(self.get_mut(user), version);
        }
    }
}
