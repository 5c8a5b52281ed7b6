//! Which tokens are revoked and when they were used, read and written for a whole process at once. It revokes none itself.
#![expect(
    clippy::disallowed_methods,
    reason = "when a token was used is no part of the register: neither the read layer nor the unit of work knows it"
)]

use chrono::{DateTime, TimeDelta, Utc};
use entity::client;
use entity::client_token::{Column, Entity};
use entity::id::{ClientTokenId, RecordId};
use sea_orm::sea_query::{CaseStatement, Expr, Query};
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use uuid::Uuid;

use crate::auth::token::LEEWAY_SECONDS;
use crate::error::Error;
use crate::service::constraint::refused_write;
use crate::service::context::AppContext;
use crate::service::{prune, read};

/// The tokens whose uses are written in one statement.
const AT_ONCE: usize = 500;
/// How many days an expired token is still listed: whoever investigates an incident sees who held one.
const SHOWN_DAYS: i64 = 90;
/// The same for a token of the command line.
const LOCAL_SHOWN_DAYS: i64 = 1;

/// Reads which tokens are revoked: after a revocation, and every half second, since another process may have revoked one.
pub async fn read_revoked(app: &AppContext) -> Result<(), Error> {
    let _alone = app.tokens.reading.lock().await;
    let revoked = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::RevokedAt.is_not_null())
        .filter(Column::ExpiresAt.gt(app.clock.now() - TimeDelta::seconds(LEEWAY_SECONDS)));
    let revoked: Vec<ClientTokenId> = revoked.into_tuple().all(&app.databases.read).await?;
    app.tokens.know(revoked.into_iter().map(RecordId::uuid).collect());
    Ok(())
}

/// Writes when tokens were last used. What cannot be written is written the next time.
pub async fn write_uses(app: &AppContext) -> Result<(), Error> {
    for used in app.tokens.uses().chunks(AT_ONCE) {
        write(app, used).await?;
        app.tokens.forget(used);
    }
    Ok(())
}

/// Deletes the tokens that expired long ago; those of the command line, of which a script may issue many, soon. Returns how many.
pub async fn prune(app: &AppContext) -> Result<u64, Error> {
    let before = |days| Column::ExpiresAt.lt(app.clock.now() - TimeDelta::days(days));
    let local = Query::select()
        .column(client::Column::Id)
        .from(client::Entity)
        .and_where(client::Column::Local.eq(true))
        .take();
    let local = Condition::all().add(Column::ClientId.in_subquery(local)).add(before(LOCAL_SHOWN_DAYS));
    prune::rows::<Entity>(app, Condition::any().add(before(SHOWN_DAYS)).add(local)).await
}

/// Writes when these tokens were last used. A token that was not issued here has no row.
async fn write(app: &AppContext, used: &[(Uuid, DateTime<Utc>)]) -> Result<(), Error> {
    let ids: Vec<ClientTokenId> = used.iter().map(|(token, _)| ClientTokenId::new(*token)).collect();
    let used = ids.iter().zip(used);
    let at = used.fold(CaseStatement::new(), |case, (id, (_, at))| case.case(Column::Id.eq(*id), Expr::value(*at)));
    let update = Entity::update_many().col_expr(Column::UsedAt, at.into()).filter(read::among(
        app.databases.backend(),
        Column::Id,
        &ids,
    ));
    update.exec(&app.databases.write).await.map(drop).map_err(refused_write)
}
