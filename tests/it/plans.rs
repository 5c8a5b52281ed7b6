//! No page of a list costs what the table holds: the database finds its rows in the order of the list, through an index, for every
//! viewer. What is read is the plan of the statement that the service sends.

use std::sync::Arc;

use async_graphql::{InputType, Value as Input, value};
use entity::id::RecordId as _;
use entity::{Row, body, meeting, organization, recommendation};
use rec_api::auth::{Role, Viewer};
use rec_api::service::filter::Filter;
use rec_api::service::meeting::{MeetingFilter, MeetingOrder};
use rec_api::service::page::{Listing, Sort, Window};
use rec_api::service::read::{self, Visible};
use rec_api::service::recommendation::{RecommendationFilter, RecommendationOrder, of_body as of_body_link};
use rec_api::service::seed;
use rec_tests::{Database, TestApp, on_both_databases};
use sea_orm::sea_query::SelectStatement;
use sea_orm::{Condition, ConnectionTrait as _, Statement};
use uuid::Uuid;

async fn viewers(app: &TestApp) -> Vec<Viewer> {
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

fn parsed<T: InputType>(input: &Input) -> T {
    T::parse(Some(input.clone())).unwrap_or_else(|_| panic!("not an input: {input}"))
}

fn listing<E, F, S>(viewer: &Viewer, filter: Option<&Input>, order: &Input) -> Listing<E>
where
    E: Visible,
    F: Filter<Entity = E> + InputType,
    S: Sort<Entity = E> + InputType,
{
    let window = Window { first: Some(20), after: None, last: None, before: None, longest: 100 };
    let (filter, order) = (filter.map(parsed::<F>), [parsed::<S>(order)]);
    Listing::new("test", filter.as_ref(), Some(&order), &window, viewer).unwrap()
}

/// The plan of a statement, a line for each step.
async fn plan(app: &TestApp, statement: &SelectStatement) -> String {
    let db = &app.app.databases.write;
    let statement = db.get_database_backend().build(statement);
    let (explain, column) = match app.database {
        Database::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
        Database::Postgres => ("EXPLAIN", "QUERY PLAN"),
    };
    let explained = Statement { sql: format!("{explain} {}", statement.sql), ..statement };
    let rows = db.query_all_raw(explained).await.unwrap();
    rows.iter().map(|row| row.try_get::<String>("", column).unwrap() + "\n").collect()
}

/// How deep in a plan of PostgreSQL pages are sorted that were found in order.
const OF_PAGES: usize = 14;

/// Whether a plan reads a whole table, or sorts more than pages: those that were found in order, audience by audience, are sorted together.
fn costs_the_table<E: Row>(plan: &str) -> bool {
    let table = E::default().table_name().to_owned();
    let is_whole = |line: &str| {
        line.contains(&format!("Seq Scan on {table}"))
            || (line.contains(&format!("SCAN {table}")) && !line.contains("USING"))
    };
    // A single branch is a part of the statement itself on PostgreSQL: above it a page is sorted.
    let is_levelled = plan.contains("branch") || plan.contains("Nested Loop");
    let mut branch: Option<Branch> = None;
    for line in plan.lines() {
        let depth = line.find(|letter: char| !letter.is_whitespace()).unwrap_or_default();
        let mut ended = None;
        if line.contains("CO-ROUTINE branch") || line.contains("Subquery Scan on branch") {
            ended = branch.take();
            branch = Some(Branch { depth, ..Branch::default() });
        } else if line.contains("SCAN branch") || (line.contains("->") && branch.is_some_and(|one| depth <= one.depth))
        {
            ended = branch.take();
        }
        if ended.is_some_and(Branch::sorts_others) {
            return true;
        }
        let sorts = line.contains("USE TEMP B-TREE FOR") || line.contains("Sort  (");
        match &mut branch {
            Some(branch) => {
                branch.sorts |= sorts;
                branch.is_own |= line.contains("owner =") || line.contains("owner=");
            }
            None if sorts && (!is_levelled || depth > OF_PAGES) => return true,
            None => {}
        }
        if is_whole(line) {
            return true;
        }
    }
    branch.is_some_and(Branch::sorts_others)
}

/// A part of a plan: the rows of one audience.
#[derive(Clone, Copy, Default)]
struct Branch {
    depth: usize,
    sorts: bool,
    /// What an organisation alone may see: it is little, and is sorted.
    is_own: bool,
}

impl Branch {
    fn sorts_others(self) -> bool {
        self.sorts && !self.is_own
    }
}

/// The orders of a list that cost the table, with some filters, for some viewers.
async fn dear<E, F, S>(app: &TestApp, filters: &[Option<Input>], fields: &[&str]) -> Vec<String>
where
    E: Visible,
    F: Filter<Entity = E> + InputType,
    S: Sort<Entity = E> + InputType,
{
    let mut dear = Vec::new();
    for viewer in viewers(app).await {
        for filter in filters {
            for field in fields {
                for direction in ["ASC", "DESC"] {
                    let listing = listing::<E, F, S>(&viewer, filter.as_ref(), &order(field, direction));
                    let plan = plan(app, &read::page_of(app.app.databases.backend(), &viewer, &listing)).await;
                    if costs_the_table::<E>(&plan) {
                        dear.push(format!("{:?} {filter:?} {field} {direction}\n{plan}", viewer.role));
                    }
                }
            }
        }
    }
    dear
}

fn order(field: &str, direction: &str) -> Input {
    let name = |name: &str| Input::Enum(async_graphql::Name::new(name));
    value!({ "field": (name(field)), "direction": (name(direction)) })
}

fn status(status: &str) -> Input {
    value!({ "status": { "eq": (Input::Enum(async_graphql::Name::new(status))) } })
}

on_both_databases! {
    async fn a_page_is_found_through_an_index_in_its_order(app: TestApp) {
        seed::scale::load(&app.app, 8000, 4000).await.unwrap();
        let all = ["LABEL", "STATUS", "TARGET_DATE", "ADOPTED_ON", "CREATED_AT", "UPDATED_AT"];
        let of_body = |code: &str| Some(value!({ "body": { "code": { "eq": (code) } } }));
        let filters = [None, Some(status("ADOPTED")), Some(status("DRAFT")), of_body("WG-A"), of_body("EC")];
        let mut wrong = dear::<recommendation::Entity, RecommendationFilter, RecommendationOrder>(&app, &filters, &all).await;
        let orders = ["STARTS_ON", "ENDS_ON", "KIND", "STATUS", "UPDATED_AT"];
        wrong.extend(dear::<meeting::Entity, MeetingFilter, MeetingOrder>(&app, &[None], &orders).await);
        assert!(wrong.is_empty(), "{} lists cost the table:\n{}", wrong.len(), wrong.join("\n"));
        let bodies = read::all::<body::Entity>(&app.app.databases.read, &Viewer::anonymous(), Condition::all()).await.unwrap();
        let bodies: Vec<Uuid> = bodies.iter().map(|body| body.id.uuid()).collect();
        for viewer in viewers(&app).await {
            for order in all.iter().flat_map(|field| [order(field, "ASC"), order(field, "DESC")]) {
                let listing = listing::<recommendation::Entity, RecommendationFilter, RecommendationOrder>(&viewer, None, &order);
                let backend = app.app.databases.backend();
                let plan = plan(&app, &read::pages_of(backend, &viewer, &of_body_link(), &bodies, &listing)).await;
                assert!(!costs_the_table::<recommendation::Entity>(&plan), "{:?} {order}\n{plan}", viewer.role);
            }
        }
        // It would be seen.
        app.app.databases.write.execute_unprepared("DROP INDEX recommendation_seen_by_updated_at").await.unwrap();
        let seen = dear::<recommendation::Entity, RecommendationFilter, RecommendationOrder>(&app, &[None], &["UPDATED_AT"]).await;
        assert!(seen.len() >= 6, "{}", seen.join("\n"));
    }
}
