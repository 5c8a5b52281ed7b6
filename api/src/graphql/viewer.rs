//! The viewer of a request in the schema. Shows what the token says, and decides nothing by it.

use std::sync::Arc;

use async_graphql::{Context, Object};

use super::organization::Organization;
use super::session::session;
use crate::auth::{Role, Viewer};

pub struct ViewerObject(Arc<Viewer>);

/// You, according to your token.
#[Object(name = "Viewer")]
impl ViewerObject {
    /// Your role.
    async fn role(&self) -> Role {
        self.0.role
    }

    /// The organisation that you act for, if you are a partner.
    async fn organization(&self) -> Option<Organization> {
        self.0.organization.clone().map(Organization)
    }
}

#[derive(Default)]
pub struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// Who is asking.
    async fn viewer(&self, ctx: &Context<'_>) -> ViewerObject {
        ViewerObject(Arc::clone(&session(ctx).viewer))
    }
}
