//! The pending changes of a transaction, before they are numbered. It writes nothing: `commit` does.

use entity::change::{ChangeKind, ChangeReason};
use entity::id::RecordId as _;
use entity::{Audience, Record};
use sea_orm::sea_query::Condition;

use super::Tx;
use crate::auth::Viewer;
use crate::domain::audience::{Access, of_both, of_either};
use crate::error::Error;
use crate::service::change::Pending;
use crate::service::read::{self, Visible};

/// Whether one line of the feed can be for the readers of both. It has room for one owner, which only what is confidential needs.
fn has_one_owner(one: Access, other: Access) -> bool {
    let both = one.1.zip(other.1).filter(|_| one.0.min(other.0) == Audience::Confidential);
    both.is_none_or(|(one, other)| one == other)
}

impl Tx<'_> {
    /// Notifies of the records that meet a condition, whoever may see them. They name another record whose audience has changed, and at
    /// least the viewers that `named` admits read that there. Other viewers are not notified, and the version, which does not change, tells
    /// them nothing. A record that this transaction has written is notified already.
    pub async fn notify_where<E: Record + Visible>(&mut self, which: Condition, named: Access) -> Result<(), Error> {
        let everyone = Viewer::system("notify");
        let naming = read::all::<E>(&self.txn, &everyone, which).await?;
        let ids: Vec<E::Id> = naming.iter().map(E::id).filter(|id| !self.written.contains_key(&id.uuid())).collect();
        self.lock_rows::<E>(&ids).await?;
        for row in read::by_ids::<E>(&self.txn, &everyone, &ids).await? {
            self.notify::<E>(&row, of_both((E::audience(&row), E::owner(&row)), named));
        }
        Ok(())
    }

    /// Notifies of a record whose parts have changed, but only those that `seen_by` admits see that. The version stays, and tells the others
    /// nothing. The row must be locked, or whatever is locked by all who write it.
    pub fn notify_of_parts<E: Record>(&mut self, row: &E::Model, seen_by: &[Access]) {
        if !seen_by.is_empty() {
            self.subjects.push(E::id(row).to_string());
        }
        for access in seen_by {
            self.notify::<E>(row, *access);
        }
    }

    fn notify<E: Record>(&mut self, row: &E::Model, access: Access) {
        let id = E::id(row).uuid();
        let lines = self.notified.entry(id).or_default();
        if let Some(index) = lines.iter().find(|index| has_one_owner(self.changes[**index].access, access)) {
            let pending = &mut self.changes[*index];
            pending.access = of_either(pending.access, access);
            pending.access_before = Some(pending.access);
            return;
        }
        lines.push(self.changes.len());
        self.changes.push(Pending {
            record: E::TYPE,
            id,
            kind: ChangeKind::Updated,
            version: E::version(row),
            reason: None,
            replaced_by: None,
            access,
            access_before: Some(access),
        });
    }

    /// Takes back the line of a notification.
    fn withdraw(&mut self, index: usize) {
        self.changes.remove(index);
        let after = self.written.values_mut().chain(self.notified.values_mut().flatten());
        after.filter(|other| **other > index).for_each(|other| *other -= 1);
    }

    /// Adds what was done to a record to the pending changes, or to what is pending for it already.
    pub(super) fn note<E: Record>(
        &mut self,
        row: &E::Model,
        kind: ChangeKind,
        access_before: Option<Access>,
        reason: Option<ChangeReason>,
    ) {
        let id = E::id(row).uuid();
        let access = (E::audience(row), E::owner(row));
        self.keep_state::<E>(row, kind);
        if let Some(index) = self.written.get(&id) {
            let pending = &mut self.changes[*index];
            (pending.version, pending.access) = (E::version(row), access);
            pending.reason = reason.or(pending.reason);
            if kind == ChangeKind::Removed {
                pending.kind = kind;
            }
            return;
        }
        let pending = Pending {
            record: E::TYPE,
            id,
            kind,
            version: E::version(row),
            reason,
            replaced_by: None,
            access,
            access_before,
        };
        self.subjects.push(E::id(row).to_string());
        // The write takes the place of mere notifications.
        let mut lines = self.notified.remove(&id).unwrap_or_default();
        while lines.len() > 1 {
            lines.pop().into_iter().for_each(|index| self.withdraw(index));
        }
        let index = lines.pop().unwrap_or(self.changes.len());
        if index < self.changes.len() {
            self.changes[index] = pending;
        } else {
            self.changes.push(pending);
        }
        self.written.insert(id, index);
    }
}
