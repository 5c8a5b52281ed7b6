//! Lists as the service reads them, and which of them cost the table.

use std::sync::Arc;

use async_graphql::{InputType, Value as Input, value};
use entity::id::RecordId as _;
use entity::{body, country, instrument, meeting, organization, theme};
use rec_api::auth::{Role, Viewer};
use rec_api::service::filter::Filter;
use rec_api::service::meeting as meetings;
use rec_api::service::page::{Listing, Sort, Window};
use rec_api::service::read::{self, Visible};
use rec_api::service::recommendation as recommendations;
use rec_api::service::relation::Relation;
use rec_api::service::{list, nested};
use rec_tests::{Database, TestApp};
use sea_orm::Condition;
use uuid::Uuid;

use super::asked::{equal, named, order, some};
use super::explained::{begins_with, costs_the_table, plans};

pub async fn viewers(app: &TestApp) -> Vec<Viewer> {
    let db = &app.app.databases.read;
    let organizations = read::all::<organization::Entity>(db, &Viewer::system("test"), Condition::all()).await.unwrap();
    let organization = organizations.into_iter().find(|row| row.acronym == "OSCE").map(Arc::new);
    let holder = |role, organization| Viewer { role, organization, ..Viewer::anonymous() };
    vec![
        Viewer::anonymous(),
        holder(Role::Reader, None),
        holder(Role::Partner, organization),
        holder(Role::Secretariat, None),
    ]
}

pub fn parsed<T: InputType>(input: &Input) -> T {
    T::parse(Some(input.clone())).unwrap_or_else(|_| panic!("not an input: {input}"))
}

pub fn listing<E, F, S>(viewer: &Viewer, filter: Option<&Input>, order: &Input) -> Listing<E>
where
    E: Visible,
    F: Filter<Entity = E>,
    S: Sort<Entity = E>,
{
    listing_of::<E, F, S>(viewer, None, filter, order, &FIRST)
}

/// The first page of a list.
pub const FIRST: Window = Window { first: Some(20), after: None, last: None, before: None, longest: 100 };

pub fn listing_of<E, F, S>(
    viewer: &Viewer,
    relation: Option<&Relation>,
    filter: Option<&Input>,
    order: &Input,
    window: &Window,
) -> Listing<E>
where
    E: Visible,
    F: Filter<Entity = E>,
    S: Sort<Entity = E>,
{
    let (filter, order) = (filter.map(parsed::<F>), [parsed::<S>(order)]);
    Listing::new("test", relation, filter.as_ref(), Some(&order), window, viewer).unwrap()
}

/// Pages of a list: the first one, and those after and before a row, from both ends.
pub async fn pages<E, F, S>(app: &TestApp, viewer: &Viewer, filter: Option<&Input>, order: &Input) -> Vec<Listing<E>>
where
    E: Visible,
    F: Filter<Entity = E>,
    S: Sort<Entity = E>,
{
    let list = |window| listing_of::<E, F, S>(viewer, None, filter, order, &window);
    let mut pages = vec![list(FIRST), list(Window { first: None, last: Some(20), ..FIRST })];
    let found = list::page(&app.app.databases.read, viewer, &pages[0]).await.unwrap();
    if let Some((_, cursor)) = found.rows.last() {
        let cursor = Some(cursor.clone());
        pages.push(list(Window { after: cursor.clone(), ..FIRST }));
        pages.push(list(Window { first: None, last: Some(20), before: cursor, ..FIRST }));
    }
    pages
}

/// Records that have lists, the relation of these lists, and a filter for them.
pub type Nested = (Vec<Uuid>, Relation, Option<Input>);

pub async fn nested_recommendations(app: &TestApp) -> Vec<Nested> {
    let (bodies, organizations) = (ids::<body::Entity>(app).await, ids::<organization::Entity>(app).await);
    let mut meetings = ids::<meeting::Entity>(app).await;
    meetings.truncate(100);
    vec![
        (bodies.clone(), recommendations::of_body(), None),
        (bodies.clone(), recommendations::of_body(), Some(equal("status", named("ADOPTED")))),
        (bodies.clone(), recommendations::of_body(), Some(equal("status", named("UNDER_DISCUSSION")))),
        (bodies.clone(), recommendations::of_body(), Some(some("addressedCountries", "iso2", "KZ"))),
        (bodies, recommendations::of_body(), Some(value!({ "label": { "gte": "REC/WG-B" } }))),
        (organizations.clone(), recommendations::of_drafter(), Some(equal("status", named("DRAFT")))),
        (organizations.clone(), recommendations::of_addressed_organization(), None),
        (organizations, recommendations::of_drafter(), None),
        (ids::<country::Entity>(app).await, recommendations::of_addressed_country(), None),
        (ids::<theme::Entity>(app).await, recommendations::of_theme(), None),
        (ids::<instrument::Entity>(app).await, recommendations::of_instrument(), None),
        (meetings.clone(), recommendations::of_meeting(), None),
        (meetings, recommendations::of_agreement(), None),
    ]
}

pub async fn nested_meetings(app: &TestApp) -> Vec<Nested> {
    vec![
        (ids::<body::Entity>(app).await, meetings::of_body(), None),
        (ids::<organization::Entity>(app).await, meetings::of_organizer(), None),
        (ids::<country::Entity>(app).await, meetings::of_country(), None),
        (ids::<country::Entity>(app).await, meetings::of_country(), Some(equal("kind", named("WORKING_GROUP")))),
    ]
}

pub async fn ids<E: Visible>(app: &TestApp) -> Vec<Uuid> {
    let rows = read::all::<E>(&app.app.databases.read, &Viewer::system("test"), Condition::all()).await.unwrap();
    rows.iter().map(|row| E::id(row).uuid()).collect()
}

/// The orders of a list that cost as much as the table is large, with some filters, for some viewers.
pub async fn dear<E, F, S>(app: &TestApp, filters: &[Option<Input>], fields: &[&str]) -> Vec<String>
where
    E: Visible,
    F: Filter<Entity = E>,
    S: Sort<Entity = E>,
{
    let mut dear = Vec::new();
    for viewer in viewers(app).await {
        for filter in filters {
            for field in fields {
                for direction in ["ASC", "DESC"] {
                    let pages = pages::<E, F, S>(app, &viewer, filter.as_ref(), &order(field, direction)).await;
                    for (number, listing) in pages.iter().enumerate() {
                        let page = list::page_of(app.app.databases.backend(), &viewer, listing);
                        // PostgreSQL scans past other rows where it expects to find matching ones soon.
                        let leading = filter.as_ref().and_then(led_by).filter(|_| app.database == Database::Sqlite);
                        let is_dear = |plan: &String| {
                            let is_led = leading.is_none_or(|column| begins_with(plan, column, viewer.role));
                            costs_the_table::<E>(plan) || !is_led
                        };
                        let what = format!("{:?} {filter:?} {field} {direction} page {number}", viewer.role);
                        let plans = plans(app, &page).await;
                        dear.extend(plans.iter().filter(|plan| is_dear(plan)).map(|plan| format!("{what}\n{plan}")));
                    }
                }
            }
        }
    }
    dear
}

/// As `dear`, for the lists of several records at once.
pub async fn dear_nested<E, F, S>(app: &TestApp, nested: &[Nested], fields: &[&str]) -> Vec<String>
where
    E: Visible,
    F: Filter<Entity = E>,
    S: Sort<Entity = E>,
{
    let (mut dear, backend) = (Vec::new(), app.app.databases.backend());
    for viewer in viewers(app).await {
        for (number, (parents, relation, filter)) in nested.iter().enumerate() {
            for order in fields.iter().flat_map(|field| [order(field, "ASC"), order(field, "DESC")]) {
                let listing = listing_of::<E, F, S>(&viewer, Some(relation), filter.as_ref(), &order, &FIRST);
                let is_dear = |plan: &String| {
                    let is_told_apart = relation.is_levelled() || plan.contains("few");
                    costs_the_table::<E>(plan) || !is_told_apart
                };
                let plans = plans(app, &nested::pages_of(backend, &viewer, relation, parents, &listing)).await;
                let what = format!("{:?} nested {number} {order}", viewer.role);
                dear.extend(plans.iter().filter(|plan| is_dear(plan)).map(|plan| format!("{what}\n{plan}")));
            }
        }
    }
    dear
}

/// The column for one value of which a filter lets an index find the rows in the order of the list.
pub fn led_by(filter: &Input) -> Option<&'static str> {
    let filter = filter.to_string();
    let leads = [
        ("{body: {code:", "body_id"),
        ("{status: {eq: ADOPTED", "status"),
        ("{status: {eq: DRAFT", "status"),
        ("{country: {iso2:", "country_id"),
    ];
    leads.into_iter().find_map(|(asked, column)| filter.starts_with(asked).then_some(column))
}
