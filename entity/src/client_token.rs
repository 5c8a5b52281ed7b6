//! A token that a client was issued. The token itself is not kept: its id is its `jti`.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::{ClientId, ClientTokenId, OrganizationId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "client_token")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ClientTokenId,
    pub client_id: ClientId,
    pub issued_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub used_at: Option<DateTime<Utc>>,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
}

row!(ClientTokenId);
part!(@of ClientId: ClientId, client_id, by IssuedAt);
