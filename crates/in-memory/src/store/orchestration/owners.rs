use std::collections::BTreeMap;
use std::mem;
use std::ops::Bound;

use tasktrail_domain::UserId;
use tasktrail_domain::task_history::Scope;

use super::owner::Owner;

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

    /// Returns the owners in scope, in ascending order, from `first` on.
    pub(crate) fn in_scope<'o>(
        &'o self,
        scope: &'o Scope,
        first: Option<&UserId>,
    ) -> impl Iterator<Item = &'o Owner> {
        let from = first.map_or(Bound::Unbounded, Bound::Included);
        let owners = self.0.range::<UserId, _>((from, Bound::Unbounded));
        let owners = owners.filter(move |(user, _)| match scope {
            Scope::Everyone => true,
            Scope::User(wanted) => wanted == *user,
        });
        owners.map(|(_, owner)| owner)
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
