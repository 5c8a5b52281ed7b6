//! What comes next for an organisation: lists of other topics, each narrowed to what concerns it. It has no rule of its own, and no statement.

use std::collections::HashSet;

use async_graphql::ID;
use chrono::{DateTime as Instant, NaiveDate, Utc};
use entity::consensus_procedure;
use entity::date::Date;
use entity::id::{BodyId, OrganizationId, RecordId as _};
use entity::recommendation::RecommendationStatus;
use entity::{mandate, meeting, recommendation};
use sea_orm::{ColumnTrait as _, Condition, Iterable as _};
use uuid::Uuid;

use super::body::BodyFilter;
use super::consensus::{self, ConsensusProcedureFilter, ConsensusProcedureOrder, ConsensusProcedureOrderField};
use super::context::AppContext;
use super::filter::{EnumFilter, Filter, IdFilter, ListFilter, OrderedFilter};
use super::meeting::{MeetingFilter, MeetingOrder, MeetingOrderField};
use super::organization::OrganizationFilter;
use super::page::{Direction, Listing, Sort, Window};
use super::read::Visible;
use super::recommendation::{
    self as recommendations, RecommendationFilter, RecommendationOrder, RecommendationOrderField,
};
use super::relation::Relation;
use super::{list, nested, read};
use crate::auth::Viewer;
use crate::clock::day_in;
use crate::domain::council::is_valid_on;
use crate::domain::lifecycle::is_with_drafter;
use crate::domain::meeting::{TO_COME, is_to_come};
use crate::error::Error;

/// For whom, and up to how many records of each list.
pub struct Asked<'a> {
    pub app: &'a AppContext,
    pub viewer: &'a Viewer,
    pub organization: OrganizationId,
    pub first: Option<i32>,
}

impl Asked<'_> {
    fn window(&self) -> Window {
        let longest = self.app.config.limits.page;
        Window { first: self.first, after: None, last: None, before: None, longest }
    }

    /// A list of `agendaForMe`.
    fn listing<F, S>(
        &self,
        list: &str,
        of: Option<&Relation>,
        filter: &F,
        order: S,
    ) -> Result<Listing<F::Entity>, Error>
    where
        F: Filter<Entity: Visible>,
        S: Sort<Entity = F::Entity>,
    {
        let place = format!("agendaForMe.{list}");
        Listing::new(&place, of, Some(filter), Some(&[order]), &self.window(), self.viewer)
    }

    /// The bodies in which the organisation holds a mandate today.
    async fn bodies(&self) -> Result<HashSet<BodyId>, Error> {
        let today = self.app.clock.today();
        let its = Condition::all().add(mandate::Column::OrganizationId.eq(self.organization));
        let held = read::all::<mandate::Entity>(&self.app.databases.read, self.viewer, its).await?;
        Ok(held.iter().filter(|mandate| is_valid_on(mandate, today)).map(|mandate| mandate.body_id).collect())
    }
}

/// The open procedures of its bodies in which it has not stated a position, from the first deadline on.
pub async fn procedures(asked: &Asked<'_>) -> Result<Vec<consensus_procedure::Model>, Error> {
    let bodies: Vec<Uuid> = asked.bodies().await?.iter().map(|body| body.uuid()).collect();
    let relation = consensus::of_body();
    let filter = awaiting(asked.organization, asked.app.clock.now());
    let order = ConsensusProcedureOrder { field: ConsensusProcedureOrderField::Deadline, direction: Direction::Asc };
    let listing = asked.listing("procedures", Some(&relation), &filter, order)?;
    let pages = nested::pages(&asked.app.databases.read, asked.viewer, &relation, &bodies, &listing).await?;
    let mut rows: Vec<_> = pages.into_values().flat_map(|page| page.rows).map(|(row, _)| row).collect();
    rows.sort_unstable_by_key(|row: &consensus_procedure::Model| (row.deadline, row.id));
    rows.truncate(listing.length());
    Ok(rows)
}

fn awaiting(organization: OrganizationId, now: Instant<Utc>) -> ConsensusProcedureFilter {
    let it = OrganizationFilter { id: Some(IdFilter::one(ID::from(organization))), ..OrganizationFilter::default() };
    let speakers = Some(ListFilter { some: None, none: Some(Box::new(it)) });
    ConsensusProcedureFilter { speakers, ..ConsensusProcedureFilter::open(now) }
}

/// Its texts on which it is to work, from the last change on.
pub async fn drafts(asked: &Asked<'_>) -> Result<Vec<recommendation::Model>, Error> {
    let relation = recommendations::of_drafter();
    let with_drafter = RecommendationStatus::iter().filter(|status| is_with_drafter(*status)).collect();
    let filter =
        RecommendationFilter { status: Some(EnumFilter::among(with_drafter)), ..RecommendationFilter::default() };
    let order = RecommendationOrder { field: RecommendationOrderField::UpdatedAt, direction: Direction::Desc };
    let listing = asked.listing("drafts", Some(&relation), &filter, order)?;
    let its = [asked.organization.uuid()];
    let mut pages = nested::pages(&asked.app.databases.read, asked.viewer, &relation, &its, &listing).await?;
    Ok(pages.remove(&its[0]).into_iter().flat_map(|page| page.rows).map(|(row, _)| row).collect())
}

/// The meetings of its bodies that are not over, from the first to end.
pub async fn meetings(asked: &Asked<'_>) -> Result<Vec<meeting::Model>, Error> {
    let bodies = asked.bodies().await?;
    let today = asked.app.clock.today();
    // West of the council it may be the day before.
    let filter = to_come(bodies, today.pred_opt().unwrap_or(today));
    let order = MeetingOrder { field: MeetingOrderField::EndsOn, direction: Direction::Asc };
    let wanted = asked.listing("meetings", None, &filter, order.clone())?.length();
    let all = Asked { first: i32::try_from(asked.app.config.limits.page).ok(), ..*asked };
    let all = all.listing("meetings", None, &filter, order)?;
    let mut rows = list::first(&asked.app.databases.read, asked.viewer, &all).await?;
    rows.retain(|row| is_to_come(row.ends_on, day_in(asked.app.clock.now(), &row.timezone)));
    rows.truncate(wanted);
    Ok(rows)
}

fn to_come(bodies: HashSet<BodyId>, from: NaiveDate) -> MeetingFilter {
    let ids = IdFilter { r#in: Some(bodies.into_iter().map(ID::from).collect()), ..IdFilter::default() };
    let bodies = BodyFilter { id: Some(ids), ..BodyFilter::default() };
    MeetingFilter {
        status: Some(EnumFilter::among(TO_COME.to_vec())),
        ends_on: Some(OrderedFilter::at_least(Date(from))),
        bodies: Some(ListFilter { some: Some(Box::new(bodies)), none: None }),
        ..MeetingFilter::default()
    }
}
