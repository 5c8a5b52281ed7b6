//! External ids in the schema: what other systems call a record. Has names and shapes; no SQL and no rules.

use async_graphql::{Context, ID, Object, Result};
use uuid::Uuid;

use super::loader::ExternalIdsOf;
use super::object::object;
use super::payload::{mutations, payload};
use super::session::session;
use crate::service::external_id::{self, LinkExternalIdInput, UnlinkExternalIdInput};
use entity::date::DateTime;

object!(ExternalId: external_id);

/// What another system calls a record. Shown to the organisation whose system it is, and to the secretariat.
#[Object]
impl ExternalId {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The other system's name.
    async fn source_system(&self) -> &str {
        &self.0.source_system
    }

    /// The record's id in that system. Unique among the records of a type.
    async fn value(&self) -> &str {
        &self.0.value
    }

    /// When it was linked.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

/// What other systems call a record; its field appears among those of the record.
pub struct ExternalIds(pub Uuid);

/// What other systems call a record.
#[Object]
impl ExternalIds {
    /// What your systems call it, ordered by system; at most 100 per organisation. Partners see those of their own
    /// organisation, the secretariat sees all.
    async fn external_ids(&self, ctx: &Context<'_>) -> Option<Result<Vec<ExternalId>>> {
        let rows = session(ctx).loaders.one(ExternalIdsOf(self.0)).await;
        let ids = rows.map(|rows| rows.unwrap_or_default().iter().cloned().map(ExternalId).collect());
        Some(ids.map_err(Into::into))
    }
}

payload! {
    /// The answer to a mutation of an external id.
    ExternalIdPayload {
        /// The external id that was linked or unlinked.
        external_id: ExternalId
    }
}

mutations! {
    ExternalIdMutation {
        /// Records what a system of yours calls a record that you may see. The record itself does not change, nor does its
        /// version. For the secretariat and partners. `ALREADY_EXISTS` if another record of its type has this external id,
        /// or another organisation has a system of this name.
        link_external_id(LinkExternalIdInput, "The record, and what your system calls it.") -> ExternalIdPayload
            = external_id::link;
        /// Removes an external id from a record. For the secretariat and partners, each for their own systems.
        unlink_external_id(UnlinkExternalIdInput, "The record, and what your system called it.") -> ExternalIdPayload
            = external_id::unlink;
    }
}
