//! What is put before a meeting: lists of other topics, narrowed to its bodies. It has no rule of its own.

use chrono::NaiveTime;
use entity::id::BodySessionId;
use entity::{body_session, consensus_procedure, meeting};
use sea_orm::sea_query::{Expr, ExprTrait as _, Order, Query};
use sea_orm::{ColumnTrait as _, Condition, ConnectionTrait};

use crate::auth::Viewer;
use crate::clock::day_in;
use crate::domain::decision::DECIDES;
use crate::domain::meeting as rules;
use crate::error::Error;
use crate::service::condition::any;
use crate::service::consensus::{
    self, ConsensusProcedureFilter, ConsensusProcedureOrder, ConsensusProcedureOrderField,
};
use crate::service::context::AppContext;
use crate::service::page::{Direction, Listing, Window};
use crate::service::read::{self, select};

/// The open procedures of a body, from the first deadline on: one list for all bodies, and for the whole of a day.
pub fn open_procedures(
    app: &AppContext,
    viewer: &Viewer,
    first: Option<i32>,
) -> Result<Listing<consensus_procedure::Entity>, Error> {
    let longest = app.config.limits.page;
    let window = Window { first, after: None, last: None, before: None, longest };
    let from = app.clock.now().date_naive().and_time(NaiveTime::MIN).and_utc();
    let filter = ConsensusProcedureFilter::open(from);
    let order = ConsensusProcedureOrder { field: ConsensusProcedureOrderField::Deadline, direction: Direction::Asc };
    Listing::new("meeting.pack.procedures", Some(&consensus::of_body()), Some(&filter), Some(&[order]), &window, viewer)
}

/// Whether a silence ends before a meeting, or on its first day.
pub fn ends_before(silence: &consensus_procedure::Model, meeting: &meeting::Model) -> bool {
    silence.deadline.is_some_and(|at| rules::ends_before(day_in(at, &meeting.timezone), meeting.starts_on))
}

/// Of each of these sessions: the last one of its body before it, by ordinal, that was held, as far as the viewer may see it.
pub async fn held_before(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    sessions: &[BodySessionId],
) -> Result<Vec<body_session::Model>, Error> {
    use body_session::Column::{BodyId, Id, MeetingId, Ordinal};
    let later = |column: body_session::Column| Expr::col(("later", column));
    let mut held = select::<meeting::Entity>(viewer);
    held.and_where(meeting::Column::Status.is_in(DECIDES))
        .and_where(meeting::Column::Id.into_expr().eq(MeetingId.into_expr()));
    let mut before = select::<body_session::Entity>(viewer)
        .and_where(BodyId.into_expr().eq(later(BodyId)))
        .and_where(Ordinal.into_expr().lt(later(Ordinal)))
        .and_where(any(held))
        .order_by(Ordinal, Order::Desc)
        .limit(1)
        .take();
    before.clear_selects().column(Id.as_column_ref());
    let among = read::is_among(db.get_database_backend(), later(Id), sessions);
    let of_each = Query::select().expr(before).from_as(body_session::Entity, "later").and_where(among).take();
    read::all::<body_session::Entity>(db, viewer, Condition::all().add(Id.in_subquery(of_each))).await
}
