//! What a process knows of tokens without asking for each request: which are revoked, and which were used.
#![expect(
    clippy::disallowed_methods,
    reason = "when a token was used is no part of the record: it passes neither door"
)]

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use entity::client_token::{Column, Entity};
use entity::id::{ClientTokenId, RecordId};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use tokio::sync::watch;
use uuid::Uuid;

use crate::App;
use crate::error::Error;
use crate::service::constraint::refused_write;

/// The tokens that are revoked and have not expired, and those that were used since that was last written.
#[derive(Debug, Default)]
pub struct Tokens {
    revoked: watch::Sender<Arc<HashSet<Uuid>>>,
    used: Mutex<HashMap<Uuid, DateTime<Utc>>>,
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
    pub async fn read(&self, app: &App) -> Result<(), Error> {
        let revoked = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::RevokedAt.is_not_null())
            .filter(Column::ExpiresAt.gt(app.clock.now()));
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
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(token, at);
    }

    /// Writes when tokens were used last.
    pub async fn write_uses(&self, app: &App) -> Result<(), Error> {
        let used = std::mem::take(&mut *self.used.lock().unwrap_or_else(PoisonError::into_inner));
        for (token, at) in used {
            // Tokens of others are not ours to keep: there is no row.
            let update = Entity::update_many()
                .col_expr(Column::UsedAt, at.into())
                .filter(Column::Id.eq(ClientTokenId::new(token)));
            update.exec(&app.databases.write).await.map_err(refused_write)?;
        }
        Ok(())
    }
}
