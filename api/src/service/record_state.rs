//! What records were as of an instant, as far as their states are kept. They are written with the records, by the unit of work.

use chrono::{DateTime, Utc};
use entity::record_state::{self, Column};
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Order, Query};
use uuid::Uuid;

use super::filter::{as_stored, is_storable};
use super::nested;
use super::read::{self, Visible};
use crate::auth::Viewer;
use crate::error::Error;
use crate::service::context::AppContext;

impl Visible for record_state::Entity {}

/// The states of records at an instant, as far as the viewer could see them then. A record of whose time before the instant no state is kept has
/// none. Error for an instant that has not come.
pub async fn as_of(
    app: &AppContext,
    viewer: &Viewer,
    records: &[Uuid],
    at: DateTime<Utc>,
) -> Result<Vec<record_state::Model>, Error> {
    if at > app.clock.now() || !is_storable(&at.into()) {
        let message = "at: an instant that has come, of a year with four digits.";
        return Err(Error::InvalidArgument { message: message.to_owned() });
    }
    let db = &app.databases.read;
    let backend = db.get_database_backend();
    // From the records, and not from their states: a record may have thousands.
    let (each, record) = nested::each_of(backend, records);
    let last = Query::select()
        .column(Column::Id)
        .from(record_state::Entity)
        .and_where(Expr::col((record_state::Entity, Column::RecordId)).eq(record))
        .and_where(Expr::col((record_state::Entity, Column::Since)).lte(as_stored(at.into())))
        .order_by((record_state::Entity, Column::Version), Order::Desc)
        .limit(1)
        .take();
    let last = Query::select().expr(last).from_function(each, "p").take();
    let is_last = Expr::col((record_state::Entity, Column::Id)).in_subquery(last);
    read::all::<record_state::Entity>(db, viewer, Condition::all().add(is_last)).await
}
