//! What a process knows of tokens without asking for each request: which are revoked, and which were used.
#![expect(
    clippy::disallowed_methods,
    reason = "when a token was used is no part of the record: it passes neither door"
)]

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use entity::client_token::{Column, Entity};
use entity::id::{ClientTokenId, RecordId};
use sea_orm::sea_query::{CaseStatement, Expr};
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use tokio::sync::watch;
use uuid::Uuid;

use crate::auth::token::LEEWAY_SECONDS;
use crate::error::Error;
use crate::service::constraint::refused_write;
use crate::service::context::AppContext;
use crate::service::{prune, read};

/// The tokens whose uses are written in one statement.
const AT_ONCE: usize = 500;
/// How long a token is shown that has expired, in days: whoever looks into what has happened sees who held one.
const SHOWN_DAYS: i64 = 90;

/// The tokens that are revoked and have not expired, and those that were used since that was last written.
#[derive(Debug, Default)]
pub struct Tokens {
    revoked: watch::Sender<Arc<HashSet<Uuid>>>,
    used: Mutex<HashMap<Uuid, DateTime<Utc>>>,
    reading: tokio::sync::Mutex<()>,
}

impl Tokens {
    pub fn is_revoked(&self, token: Uuid) -> bool {
        self.revoked.borrow().contains(&token)
    }

    /// Resolves when a token is revoked.
    pub fn revocation(&self, token: Option<Uuid>) -> impl Future<Output = ()> + Send + use<> {
        let mut revoked = self.revoked.subscribe();
        async move {
            let is_revoked = |revoked: &Arc<HashSet<Uuid>>| token.is_some_and(|token| revoked.contains(&token));
            if revoked.wait_for(is_revoked).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Reads which tokens are revoked: when one is, and every half second, since another process may have done it.
    pub async fn read(&self, app: &AppContext) -> Result<(), Error> {
        // Whoever reads later knows more: one reads at a time.
        let _alone = self.reading.lock().await;
        let revoked = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::RevokedAt.is_not_null())
            .filter(Column::ExpiresAt.gt(app.clock.now() - TimeDelta::seconds(LEEWAY_SECONDS)));
        let revoked: Vec<ClientTokenId> = revoked.into_tuple().all(&app.databases.read).await?;
        let revoked: HashSet<Uuid> = revoked.into_iter().map(RecordId::uuid).collect();
        self.revoked.send_if_modified(|known| {
            let differs = **known != revoked;
            if differs {
                *known = Arc::new(revoked);
            }
            differs
        });
        Ok(())
    }

    /// Notes that a token was used.
    pub fn note(&self, token: Uuid, at: DateTime<Utc>) {
        self.used().insert(token, at);
    }

    /// Writes when tokens were used last. What cannot be written is written the next time.
    pub async fn write_uses(&self, app: &AppContext) -> Result<(), Error> {
        let used: Vec<(Uuid, DateTime<Utc>)> = self.used().iter().map(|(token, at)| (*token, *at)).collect();
        for some in used.chunks(AT_ONCE) {
            write(app, some).await?;
            let mut left = self.used();
            for (token, at) in some {
                // It may have been used again meanwhile.
                if left.get(token) == Some(at) {
                    left.remove(token);
                }
            }
        }
        Ok(())
    }

    fn used(&self) -> MutexGuard<'_, HashMap<Uuid, DateTime<Utc>>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the tokens that have expired long ago. Returns how many.
pub async fn prune(app: &AppContext) -> Result<u64, Error> {
    let old = Column::ExpiresAt.lt(app.clock.now() - TimeDelta::days(SHOWN_DAYS));
    prune::rows::<Entity>(app, Condition::all().add(old)).await
}

/// Writes when some tokens were used last. Of tokens of others there is no row.
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
