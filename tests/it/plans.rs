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
use rec_api::service::recommendation::{RecommendationFilter, RecommendationOrder, of_body};
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

/// Whether a plan reads a whole table, or sorts more than a page.
fn costs_the_table<E: Row>(plan: &str) -> bool {
    let table = E::default().table_name().to_owned();
    plan.lines().any(|line| {
        line.contains("USE TEMP B-TREE FOR ORDER BY")
            || line.contains("Sort")
            || line.contains(&format!("Seq Scan on {table}"))
            || (line.contains(&format!("SCAN {table}")) && !line.contains("USING INDEX"))
    })
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
                    let plan = plan(app, &read::page_of(&viewer, &listing)).await;
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
        let mut wrong = dear::<recommendation::Entity, RecommendationFilter, RecommendationOrder>(&app, &[None], &all).await;
        let within = [Some(status("ADOPTED")), Some(value!({ "body": { "code": { "eq": "WG-A" } } }))];
        let orders = ["ADOPTED_ON", "CREATED_AT", "UPDATED_AT"];
        wrong.extend(dear::<recommendation::Entity, RecommendationFilter, RecommendationOrder>(&app, &within, &orders).await);
        let orders = ["STARTS_ON", "ENDS_ON", "KIND", "STATUS", "UPDATED_AT"];
        wrong.extend(dear::<meeting::Entity, MeetingFilter, MeetingOrder>(&app, &[None], &orders).await);
        assert!(wrong.is_empty(), "{} lists cost the table:\n{}", wrong.len(), wrong.join("\n"));
        let bodies = read::all::<body::Entity>(&app.app.databases.read, &Viewer::anonymous(), Condition::all()).await.unwrap();
        let bodies: Vec<Uuid> = bodies.iter().map(|body| body.id.uuid()).collect();
        for viewer in viewers(&app).await {
            for order in ["ADOPTED_ON", "CREATED_AT", "UPDATED_AT"].iter().flat_map(|field| [order(field, "ASC"), order(field, "DESC")]) {
                let listing = listing::<recommendation::Entity, RecommendationFilter, RecommendationOrder>(&viewer, None, &order);
                let backend = app.app.databases.backend();
                let plan = plan(&app, &read::pages_of(backend, &viewer, &of_body(), &bodies, &listing)).await;
                // The pages of all parents are sorted when they are there.
                let sorts = plan.lines().filter(|line| line.contains("B-TREE FOR") || line.contains("Sort  (")).count();
                assert!(sorts <= 1 && !plan.contains("Seq Scan on recommendation"), "{:?} {order}\n{plan}", viewer.role);
            }
        }
        // It would be seen.
        app.app.databases.write.execute_unprepared("DROP INDEX recommendation_updated").await.unwrap();
        let seen = dear::<recommendation::Entity, RecommendationFilter, RecommendationOrder>(&app, &[None], &["UPDATED_AT"]).await;
        assert_eq!(seen.len(), 8, "{}", seen.join("\n"));
    }
}
