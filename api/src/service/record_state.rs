//! What records were as of an instant, as far as their states are kept. They are written with the records, by the unit of work.

use chrono::{DateTime, Utc};
use entity::record_state::{self, Column};
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, Func, Query};
use uuid::Uuid;

use super::filter::{as_stored, is_storable};
use super::read::{self, Visible};
use crate::auth::Viewer;
use crate::error::Error;
use crate::service::context::AppContext;

impl Visible for record_state::Entity {}

/// Refuses an instant of which nothing can be said yet.
pub fn has_come(app: &AppContext, at: DateTime<Utc>) -> Result<(), Error> {
    if at > app.clock.now() || !is_storable(&at.into()) {
        let message = "at: an instant that has come, of a year with four digits.";
        return Err(Error::InvalidArgument { message: message.to_owned() });
    }
    Ok(())
}

/// The states of records at an instant, as far as the viewer could see them then. A record of whose time before the instant no state is kept has
/// none.
pub async fn as_of(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    records: &[Uuid],
    at: DateTime<Utc>,
) -> Result<Vec<record_state::Model>, Error> {
    let earlier = || Alias::new("earlier");
    let last = Query::select()
        .expr(Func::max(Expr::col((earlier(), Column::Version))))
        .from_as(record_state::Entity, earlier())
        .and_where(Expr::col((earlier(), Column::RecordId)).equals((record_state::Entity, Column::RecordId)))
        .and_where(Expr::col((earlier(), Column::Since)).lte(as_stored(at.into())))
        .take();
    let among = read::among_uuids(db.get_database_backend(), Column::RecordId, records);
    let is_last = Expr::col((record_state::Entity, Column::Version)).eq(last);
    read::all::<record_state::Entity>(db, viewer, Condition::all().add(among).add(is_last)).await
}
