//! External ids at the edge: what your systems call a record.

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::loader::ExternalIdsOf;
use super::object::object;
use super::payload::{mutations, payload};
use super::session::session;
use crate::service::external_id::{self, LinkExternalIdInput, UnlinkExternalIdInput};

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
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

/// What other systems call a record; its field stands flat in the record's.
pub struct ExternalIds(pub Uuid);

/// What other systems call a record.
#[Object]
impl ExternalIds {
    /// What your systems call it, by system; at most 100 of an organisation. For partners those of their own
    /// organisation, for the secretariat all.
    async fn external_ids(&self, ctx: &Context<'_>) -> Option<Result<Vec<ExternalId>>> {
        let rows = session(ctx).loaders.one(ExternalIdsOf(self.0)).await;
        let ids = rows.map(|rows| rows.unwrap_or_default().iter().cloned().map(ExternalId).collect());
        Some(ids.map_err(Into::into))
    }
}

payload! {
    /// The answer of a mutation of an external id.
    ExternalIdPayload {
        /// The external id that was linked or unlinked.
        external_id: ExternalId
    }
}

mutations! {
    ExternalIdMutation {
        /// Says what a system of yours calls a record that you may see. It changes nothing of the record, not even its
        /// version. For the secretariat and partners. `ALREADY_EXISTS` if another record of its type has this external
        /// id, or another organisation a system of this name.
        link_external_id(LinkExternalIdInput, "The record, and what your system calls it.") -> ExternalIdPayload
            = external_id::link;
        /// Takes an external id from a record. For the secretariat and partners, of their own systems.
        unlink_external_id(UnlinkExternalIdInput, "The record, and what your system has called it.") -> ExternalIdPayload
            = external_id::unlink;
    }
}
