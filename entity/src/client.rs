//! A system that uses the API: what it is to the service, and what it may do.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::id::{ClientId, OrganizationId};

vocabulary! {
    /// What a client is to the service.
    ClientRole {
        /// It reads what participants read.
        Reader,
        /// It reads, and acts for its organisation.
        Partner,
        /// It keeps the council's register.
        Secretariat,
        /// It also keeps clients, tokens and webhooks. No client is registered with it: the command line (`rec token`), or a trusted issuer, gives such tokens.
        Admin,
    }
}

vocabulary! {
    /// What a client may do, within what its role allows.
    Scope {
        /// Read more than everyone reads.
        Read,
        /// Read the change feed, checkpoints and exports, and link external ids.
        Sync,
        /// Write meetings, their agendas and participations.
        WriteMeetings,
        /// Write recommendations.
        WriteRecommendations,
        /// Write organisations.
        WriteOrganizations,
        /// Write bodies, mandates, themes and instruments.
        WriteCouncil,
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Scopes(pub Vec<Scope>);

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "client")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ClientId,
    #[sea_orm(column_type = "Text")]
    pub purpose: String,
    pub role: ClientRole,
    pub organization_id: Option<OrganizationId>,
    #[sea_orm(column_type = "JsonBinary")]
    pub scopes: Scopes,
    pub active: bool,
    /// Whether the command line issues its tokens (`rec token`). It has no scopes then, and nothing narrows its role.
    pub local: bool,
    pub created_at: DateTime<Utc>,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
}

row!(ClientId);
