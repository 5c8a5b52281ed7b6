//! Which tokens and clients are no longer valid when a backup takes the place of a database: the backup does not know what was revoked
//! after it was made. It never makes a token valid again.

use std::collections::HashSet;

use entity::id::{ClientId, ClientTokenId};
use entity::{client, client_token, organization};
use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait as _, ConnectionTrait};

use super::tokens;
use crate::auth::Viewer;
use crate::domain::action::Action;
use crate::error::Error;
use crate::service::context::AppContext;
use crate::service::read;

/// What the administrators of a database have granted and taken back.
#[derive(Debug)]
pub struct Grants {
    tokens: Vec<client_token::Model>,
    clients: Vec<client::Model>,
}

/// How many tokens and clients are no longer valid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revoked {
    pub tokens: usize,
    pub clients: usize,
}

/// Reads them, whatever else that database holds.
pub async fn grants(db: &impl ConnectionTrait) -> Result<Grants, Error> {
    let viewer = Viewer::system("restore");
    Ok(Grants {
        tokens: read::all::<client_token::Entity>(db, &viewer, Condition::all()).await?,
        clients: read::all::<client::Entity>(db, &viewer, Condition::all()).await?,
    })
}

/// Takes over what another database knows: its clients and their tokens, and which clients are inactive. So is one whose organisation does not
/// exist here: its tokens are known, and cannot be used any more.
pub async fn take_over(app: &AppContext, Grants { tokens, clients: theirs }: Grants) -> Result<Revoked, Error> {
    let mut tx = app.begin(&Viewer::system("restore"), Action::Restore).await?;
    let mut clients = tx.by_id::<client::Entity>(theirs.iter().map(|client| client.id).collect()).await?;
    let organizations = theirs.iter().filter_map(|client| client.organization_id);
    let organizations = tx.by_id::<organization::Entity>(organizations.collect()).await?;
    let missing = theirs.iter().filter(|client| !clients.contains_key(&client.id)).cloned();
    let missing: Vec<client::Model> = missing
        .map(|client| match client.organization_id {
            Some(id) if !organizations.contains_key(&id) => {
                client::Model { organization_id: None, active: false, ..client }
            }
            _ => client,
        })
        .collect();
    tx.insert_unversioned::<client::Entity>(&missing).await?;
    let lost: HashSet<ClientId> = missing.iter().filter(|client| !client.active).map(|client| client.id).collect();
    clients.extend(missing.into_iter().map(|client| (client.id, client)));
    let known = tx.by_id::<client_token::Entity>(tokens.iter().map(|token| token.id).collect()).await?;
    let tokens: Vec<client_token::Model> = tokens
        .into_iter()
        .map(|token| match token.revoked_at {
            None if lost.contains(&token.client_id) => client_token::Model { revoked_at: Some(tx.now()), ..token },
            _ => token,
        })
        .filter(|token| clients.contains_key(&token.client_id))
        .filter(|token| {
            known.get(&token.id).is_none_or(|known| known.revoked_at.is_none() && token.revoked_at.is_some())
        })
        .collect();
    let inactive = theirs.iter().filter(|client| !client.active);
    let left = inactive.filter_map(|theirs| clients.get(&theirs.id).filter(|client| client.active));
    let left: Vec<client::Model> = left.map(|client| client::Model { active: false, ..client.clone() }).collect();
    tx.update_unversioned::<client_token::Entity>(&tokens).await?;
    tx.update_unversioned::<client::Entity>(&left).await?;
    let revoked = tokens.iter().filter(|token| token.revoked_at.is_some()).count();
    tx.commit(()).await?;
    Ok(Revoked { tokens: revoked, clients: left.len() })
}

/// Whether another database knows every token that is valid here: only then can it tell which were revoked.
pub async fn are_known(app: &AppContext, grants: &Grants) -> Result<bool, Error> {
    let good = read::all::<client_token::Entity>(&app.databases.read, &Viewer::system("restore"), good(app)).await?;
    let known: HashSet<ClientTokenId> = grants.tokens.iter().map(|token| token.id).collect();
    Ok(good.iter().all(|token| known.contains(&token.id)))
}

/// The tokens that are valid now.
fn good(app: &AppContext) -> Condition {
    Condition::all()
        .add(client_token::Column::RevokedAt.is_null())
        .add(client_token::Column::ExpiresAt.gt(app.clock.now()))
}

/// Whether any client has a valid token.
pub async fn is_any_good(app: &AppContext) -> Result<bool, Error> {
    let viewer = Viewer::system("restore");
    Ok(read::count::<client_token::Entity>(&app.databases.read, &viewer, good(app)).await? > 0)
}

/// Revokes every valid token. Each client then needs a new one.
pub async fn revoke_all(app: &AppContext) -> Result<Revoked, Error> {
    let mut tx = app.begin(&Viewer::system("restore"), Action::Restore).await?;
    let mut tokens = read::all::<client_token::Entity>(tx.db(), tx.viewer(), good(app)).await?;
    for token in &mut tokens {
        token.revoked_at = Some(tx.now());
    }
    tx.update_unversioned::<client_token::Entity>(&tokens).await?;
    tx.commit(()).await?;
    tokens::read_revoked(app).await?;
    Ok(Revoked { tokens: tokens.len(), clients: 0 })
}
