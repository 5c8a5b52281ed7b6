//! API clients and their tokens: registering, issuing, revoking. It does not check tokens (`auth`): every process knows within a second
//! which are revoked (`tokens`).

pub mod revocations;
pub mod tokens;

use std::time::Duration;

use async_graphql::{ID, InputObject};
use chrono::{DateTime, TimeDelta, Utc};
use entity::client::{ClientRole, Scope, Scopes};
use entity::id::{ClientId, ClientTokenId, OrganizationId, RecordId as _};
use entity::{Audience, client, client_token, organization};
use sea_orm::sea_query::{Condition, Expr};
use sea_orm::{ColumnTrait as _, ConnectionTrait};
use uuid::Uuid;

use super::idempotency::forbids_keys;
use super::list;
use super::page::{Direction, Key, Listing};
use super::read::{self, Visible};
use super::tx::{Tx, Written};
use crate::auth::token::{Grant, issue};
use crate::auth::{Act, Role, Viewer};
use crate::domain::action::Action;
use crate::domain::validation::{Validated, combine};
use crate::domain::{client as rules, fields, scope};
use crate::error::Error;
use crate::service::context::AppContext;

/// The most clients that are listed: as many as may be active.
const SHOWN: u64 = 500;

impl Visible for client::Entity {
    const BY_ACCESS: bool = false;

    fn visible(viewer: &Viewer) -> Condition {
        administered(viewer)
    }
}

impl Visible for client_token::Entity {
    const BY_ACCESS: bool = false;

    fn visible(viewer: &Viewer) -> Condition {
        administered(viewer)
    }
}

/// Only administrators see clients and tokens.
pub(in crate::service) fn administered(viewer: &Viewer) -> Condition {
    Condition::all().add(Expr::value(viewer.role == Role::Admin))
}

/// A new client.
#[derive(Clone, Debug, InputObject)]
pub struct RegisterClientInput {
    /// What the client is for, such as `Nightly copy of the register`. At most 300 characters; no names of people.
    pub purpose: String,
    /// What kind of client it is.
    pub role: ClientRole,
    /// The organisation that it belongs to. A partner acts for it, and must have one.
    pub organization_id: Option<ID>,
    /// What it may do, within what its role allows.
    pub scopes: Vec<Scope>,
}

/// Names a client.
#[derive(Clone, Debug, InputObject)]
pub struct DeactivateClientInput {
    /// The client.
    pub id: ID,
}

/// A token for a client.
#[derive(Clone, Debug, InputObject)]
pub struct IssueTokenInput {
    /// The client.
    pub client_id: ID,
    /// How many days it is valid, from 1 to 366.
    pub days: i32,
}

/// Names a token.
#[derive(Clone, Debug, InputObject)]
pub struct RevokeTokenInput {
    /// The token's id, or its `jti`.
    pub id: ID,
}

/// A token as its client gets it, once.
#[derive(Clone, Debug)]
pub struct Issued {
    pub token: String,
    pub row: client_token::Model,
}

/// The active clients first, then the others, each the newest first, up to the limit.
pub async fn clients(db: &impl ConnectionTrait, viewer: &Viewer) -> Result<Vec<client::Model>, Error> {
    viewer.require(Act::Administer)?;
    let active_first = Key { column: client::Column::Active, direction: Direction::Desc };
    list::first(db, viewer, &Listing::<client::Entity>::newest_by(SHOWN, Some(active_first))).await
}

pub async fn register(
    app: &AppContext,
    viewer: &Viewer,
    input: RegisterClientInput,
) -> Result<Written<client::Model>, Error> {
    viewer.require(Act::Administer)?;
    let RegisterClientInput { purpose, role, organization_id, scopes } = input;
    let mut tx = app.begin(viewer, Action::RegisterClient).await?;
    let organization = organization_id.as_ref().map(|id| id.as_str());
    let organization =
        tx.named_if_given::<organization::Entity>("organizationId", organization, "organisation").await?;
    let is_active = organization.iter().flatten().all(|organization| organization.active);
    combine!(
        purpose = fields::text("purpose", &purpose, fields::NAME),
        () = rules::is_for_registered(role),
        () = rules::has_its_organization(role, organization_id.is_some()),
        () = rules::organization_is_active(is_active),
        organization = organization,
        () = fields::distinct("scopes", &scopes),
        () = rules::has_scopes(&scopes)
    );
    tx.advisory_lock("client").await?;
    let count = read::count::<client::Entity>(tx.db(), tx.viewer(), active_registered()).await?;
    rules::has_room(usize::try_from(count).unwrap_or(usize::MAX))?;
    let row = client::Model {
        id: tx.new_id(),
        purpose,
        role,
        organization_id: organization.map(|organization| organization.id),
        scopes: Scopes(scopes),
        active: true,
        local: false,
        created_at: tx.now(),
        audience: Audience::Confidential,
        owner: None,
    };
    tx.insert_unversioned::<client::Entity>(std::slice::from_ref(&row)).await?;
    tx.commit(row).await
}

/// Clients of the command line take no place of others.
fn active_registered() -> Condition {
    Condition::all().add(client::Column::Active.eq(true)).add(client::Column::Local.eq(false))
}

/// A deactivated client is kept, and its tokens are revoked.
pub async fn deactivate(
    app: &AppContext,
    viewer: &Viewer,
    input: DeactivateClientInput,
) -> Result<Written<client::Model>, Error> {
    viewer.require(Act::Administer)?;
    let id = fields::id::<ClientId>("id", &input.id, "client")?;
    let mut tx = app.begin(viewer, Action::DeactivateClient).await?;
    let before = held_client(&tx, "id", id).await?;
    let after = client::Model { active: false, ..before };
    tx.update_unversioned::<client::Entity>(std::slice::from_ref(&after)).await?;
    let tokens = read::all::<client_token::Entity>(tx.db(), tx.viewer(), valid(id, tx.now())).await?;
    let revoked_at = Some(tx.now());
    let revoked: Vec<_> = tokens.into_iter().map(|row| client_token::Model { revoked_at, ..row }).collect();
    tx.update_unversioned::<client_token::Entity>(&revoked).await?;
    revoked_now(app, tx.commit(after).await?).await
}

pub async fn issue_token(app: &AppContext, viewer: &Viewer, input: IssueTokenInput) -> Result<Written<Issued>, Error> {
    viewer.require(Act::Administer)?;
    forbids_keys(app)?;
    let mut tx = app.begin(viewer, Action::IssueToken).await?;
    let client = match fields::id::<ClientId>("clientId", &input.client_id, "client") {
        Ok(id) => Error::validated(held_client(&tx, "clientId", id).await)?,
        Err(refusals) => Err(refusals),
    };
    combine!(client = client, expires_at = rules::expires_at(tx.now(), input.days));
    rules::is_active("clientId", client.active)?;
    rules::is_registered("clientId", client.local)?;
    let valid = read::count::<client_token::Entity>(tx.db(), tx.viewer(), valid(client.id, tx.now())).await?;
    fields::room("clientId", usize::try_from(valid).unwrap_or(usize::MAX))?;
    let issued = signed(app, &mut tx, &client, expires_at).await?;
    tx.commit(issued).await
}

/// A token of the command line, which runs where the service's key is: the clients that it issues for are made when they are needed, one
/// active one for each role and organisation.
pub async fn issue_local_token(
    app: &AppContext,
    role: ClientRole,
    organization_id: Option<OrganizationId>,
    valid_for: TimeDelta,
    is_unlimited: bool,
) -> Result<Issued, Error> {
    let mut tx = app.begin(&Viewer::system("token"), Action::IssueLocalToken).await?;
    let expires_at = rules::local_expiry(tx.now(), valid_for, is_unlimited)?;
    tx.advisory_lock("client").await?;
    let local = Condition::all()
        .add(client::Column::Local.eq(true))
        .add(client::Column::Active.eq(true))
        .add(client::Column::Role.eq(role))
        .add(
            organization_id
                .map_or(client::Column::OrganizationId.is_null(), |id| client::Column::OrganizationId.eq(id)),
        );
    let known = read::find::<client::Entity>(tx.db(), tx.viewer(), local).await?;
    let client = match known {
        Some(client) => client,
        None => local_client(&mut tx, role, organization_id).await?,
    };
    let valid = read::count::<client_token::Entity>(tx.db(), tx.viewer(), valid(client.id, tx.now())).await?;
    rules::has_local_room(usize::try_from(valid).unwrap_or(usize::MAX))?;
    let issued = signed(app, &mut tx, &client, expires_at).await?;
    Ok(tx.commit(issued).await?.record)
}

async fn local_client(
    tx: &mut Tx<'_>,
    role: ClientRole,
    organization_id: Option<OrganizationId>,
) -> Result<client::Model, Error> {
    let row = client::Model {
        id: tx.new_id(),
        purpose: "rec token".to_owned(),
        role,
        organization_id,
        scopes: Scopes(Vec::new()),
        active: true,
        local: true,
        created_at: tx.now(),
        audience: Audience::Confidential,
        owner: None,
    };
    tx.insert_unversioned::<client::Entity>(std::slice::from_ref(&row)).await?;
    Ok(row)
}

/// A new token of a client, and its row.
async fn signed(
    app: &AppContext,
    tx: &mut Tx<'_>,
    client: &client::Model,
    expires_at: DateTime<Utc>,
) -> Result<Issued, Error> {
    let row = client_token::Model {
        id: tx.new_id(),
        client_id: client.id,
        issued_at: tx.now(),
        expires_at,
        revoked_at: None,
        used_at: None,
        audience: Audience::Confidential,
        owner: None,
    };
    let words: Vec<&str> = client.scopes.0.iter().map(|one| scope::word(*one)).collect();
    let grant = Grant {
        role: client.role.into(),
        // Only partners act for their organisation.
        organization: client.organization_id.filter(|_| client.role == ClientRole::Partner).map(|id| id.to_string()),
        valid_for: (row.expires_at - row.issued_at).to_std().unwrap_or(Duration::ZERO),
        client: (!client.local).then(|| (client.id.to_string(), words.join(" "))),
    };
    let token = issue(app.keys.own(), &app.config.trust(), &grant, row.id.uuid(), row.issued_at)?;
    tx.insert_unversioned::<client_token::Entity>(std::slice::from_ref(&row)).await?;
    Ok(Issued { token, row })
}

/// The tokens of a client that are valid at a time.
fn valid(client: ClientId, at: DateTime<Utc>) -> Condition {
    Condition::all()
        .add(client_token::Column::ClientId.eq(client))
        .add(client_token::Column::ExpiresAt.gt(at))
        .add(client_token::Column::RevokedAt.is_null())
}

/// The id that the service prints, or the `jti` of the token.
fn token_id(text: &str) -> Validated<ClientTokenId> {
    Uuid::try_parse(text).map_or_else(|_| fields::id("id", text, "token"), |id| Ok(ClientTokenId::new(id)))
}

pub async fn revoke(
    app: &AppContext,
    viewer: &Viewer,
    input: RevokeTokenInput,
) -> Result<Written<client_token::Model>, Error> {
    viewer.require(Act::Administer)?;
    let id = token_id(&input.id)?;
    let mut tx = app.begin(viewer, Action::RevokeToken).await?;
    tx.lock_row::<client_token::Entity>(id).await?;
    let before = tx.get::<client_token::Entity>("id", id, "token").await?;
    let row = client_token::Model { revoked_at: before.revoked_at.or(Some(tx.now())), ..before.clone() };
    if row != before {
        tx.update_unversioned::<client_token::Entity>(std::slice::from_ref(&row)).await?;
    }
    revoked_now(app, tx.commit(row).await?).await
}

/// Makes a revocation known to this process at once. Under an idempotency key it is not committed yet: then this process reads it later,
/// like the others.
async fn revoked_now<M>(app: &AppContext, written: Written<M>) -> Result<Written<M>, Error> {
    if app.databases.commits() {
        tokens::read_revoked(app).await?;
    }
    Ok(written)
}

async fn held_client(tx: &Tx<'_>, path: &str, id: ClientId) -> Result<client::Model, Error> {
    tx.lock_row::<client::Entity>(id).await?;
    tx.get::<client::Entity>(path, id, "client").await
}
