//! Lists as a database finds them, compared with their rows sorted in memory.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use async_graphql::Value as Input;
use entity::id::RecordId as _;
use entity::{body, organization, recommendation, theme};
use rec_api::auth::Viewer;
use rec_api::service::filter::Filter;
use rec_api::service::page::{Listing, Page, Sort, Window};
use rec_api::service::read::Visible;
use rec_api::service::recommendation::{self as recommendations, RecommendationFilter, RecommendationOrder};
use rec_api::service::{list, nested, read};
use rec_tests::TestApp;
use sea_orm::ActiveEnum;
use sea_orm::sea_query::Expr;
use uuid::Uuid;

use super::asked::{filters, order};
use super::lists::{Nested, ids, listing_of, nested_recommendations, parsed};

/// The ids of recommendations in the order of a list: rows without a value last, and equal ones by id.
fn sorted(mut rows: Vec<recommendation::Model>, way: &[(&str, &str)]) -> Vec<Uuid> {
    let key = |row: &recommendation::Model, field: &str| match field {
        "LABEL" => row.label.clone(),
        "STATUS" => Some(ActiveEnum::to_value(&row.status)),
        "ADOPTED_ON" => row.adopted_on.map(|day| day.to_string()),
        "TARGET_DATE" => row.target_date.map(|day| day.to_string()),
        "UPDATED_AT" => Some(row.updated_at.to_rfc3339()),
        other => panic!("no key: {other}"),
    };
    let turned = |ordering: Ordering, way: &str| if way == "DESC" { ordering.reverse() } else { ordering };
    rows.sort_by(|one, other| {
        let by_keys = way.iter().map(|(field, way)| match (key(one, field), key(other, field)) {
            (Some(one), Some(other)) => turned(one.cmp(&other), way),
            (one, other) => one.is_none().cmp(&other.is_none()),
        });
        by_keys.fold(Ordering::Equal, Ordering::then).then(turned(one.id.uuid().cmp(&other.id.uuid()), way[0].1))
    });
    rows.iter().map(|row| row.id.uuid()).collect()
}

fn ids_of(page: &Page<recommendation::Model>) -> Vec<Uuid> {
    page.rows.iter().map(|(row, _)| row.id.uuid()).collect()
}

/// One of the parts of a list of ids.
fn part(ids: &[Uuid], size: usize, number: usize) -> Vec<Uuid> {
    ids.iter().copied().skip(number * size).take(size).collect()
}

const WAYS: [&[(&str, &str)]; 5] = [
    &[("LABEL", "ASC")],
    &[("STATUS", "DESC")],
    &[("TARGET_DATE", "ASC")],
    &[("UPDATED_AT", "DESC")],
    &[("ADOPTED_ON", "DESC"), ("LABEL", "ASC")],
];

/// Compares lists, whole and page by page, with rows that a database finds and memory sorts.
pub async fn each_list_is_as_found_and_sorted(app: &TestApp, viewer: &Viewer) {
    let db = &app.app.databases.read;
    for filter in filters() {
        for way in WAYS {
            let orders: Vec<RecommendationOrder> = way.iter().map(|(field, way)| parsed(&order(field, way))).collect();
            let filter = filter.as_ref().map(parsed::<RecommendationFilter>);
            let list = |window| Listing::new("test", None, filter.as_ref(), Some(&orders), &window, viewer).unwrap();
            let page =
                |first, after| list(Window { first: Some(first), after, last: None, before: None, longest: 5000 });
            let page_back =
                |last, before| list(Window { first: None, after: None, last: Some(last), before, longest: 5000 });
            let rows = read::all::<recommendation::Entity>(db, viewer, page(1, None).condition).await.unwrap();
            let expected = sorted(rows, way);
            let whole = list::first(db, viewer, &page(5000, None)).await.unwrap();
            let whole: Vec<Uuid> = whole.iter().map(|row| row.id.uuid()).collect();
            let what = format!("{:?} {filter:?} {way:?}", viewer.role);
            assert_eq!(whole, expected, "{what}");
            // Page by page it is the same, forwards and backwards.
            let size = expected.len().div_ceil(6).max(1);
            let (mut after, mut before) = (None, None);
            for number in 0..6 {
                let found = list::page(db, viewer, &page(size.try_into().unwrap(), after)).await.unwrap();
                assert_eq!(ids_of(&found), part(&expected, size, number), "{what} {number}");
                after = found.rows.last().map(|(_, cursor)| cursor.clone());
                let found = list::page(db, viewer, &page_back(size.try_into().unwrap(), before)).await.unwrap();
                let back: Vec<Uuid> = expected.iter().rev().copied().collect();
                let back: Vec<Uuid> = part(&back, size, number).into_iter().rev().collect();
                assert_eq!(ids_of(&found), back, "{what} {number} from the end");
                before = found.rows.first().map(|(_, cursor)| cursor.clone());
                if after.is_none() || before.is_none() {
                    break;
                }
            }
        }
    }
}

/// Compares lists of several records at once, with every filter, with what a database finds for each of them.
pub async fn each_nested_list_is_as_found(app: &TestApp, viewer: &Viewer) {
    let db = &app.app.databases.read;
    let mut nested = nested_recommendations(app).await;
    for (records, link) in [
        (ids::<body::Entity>(app).await, recommendations::of_body()),
        (ids::<organization::Entity>(app).await, recommendations::of_drafter()),
        (ids::<theme::Entity>(app).await, recommendations::of_theme()),
    ] {
        nested.extend(filters().into_iter().map(|filter| (records.clone(), link.clone(), filter)));
    }
    for (number, (parents, link, filter)) in nested.into_iter().enumerate() {
        let filter = filter.as_ref().map(parsed::<RecommendationFilter>);
        for (field, way, first) in [("LABEL", "DESC", 5000), ("UPDATED_AT", "ASC", 7)] {
            let order = [parsed::<RecommendationOrder>(&order(field, way))];
            let window = Window { first: Some(first), after: None, last: None, before: None, longest: 5000 };
            let listing = Listing::new("test", Some(&link), filter.as_ref(), Some(&order), &window, viewer).unwrap();
            let pages = nested::pages(db, viewer, &link, &parents, &listing).await.unwrap();
            let condition = listing.condition.clone();
            let counts =
                nested::counts::<recommendation::Entity>(db, viewer, &link, &parents, condition.clone()).await.unwrap();
            for parent in &parents {
                let of_parent = condition.clone().add(link.of::<recommendation::Entity>(Expr::value(*parent)));
                let rows = read::all::<recommendation::Entity>(db, viewer, of_parent).await.unwrap();
                let expected = sorted(rows, &[(field, way)]);
                let what = format!("{:?} {number} {filter:?} {field} {parent}", viewer.role);
                assert_eq!(usize::try_from(counts[parent]).unwrap(), expected.len(), "{what}");
                let page = part(&expected, first.try_into().unwrap(), 0);
                assert_eq!(ids_of(&pages[parent]), page, "{what}");
            }
        }
    }
}

/// Compares lists of several records at once with the rows of each of them, whatever their order.
pub async fn each_nested_list_has_its_rows<E, F, S>(app: &TestApp, viewer: &Viewer, nested: &[Nested], by: &Input)
where
    E: Visible,
    F: Filter<Entity = E>,
    S: Sort<Entity = E>,
{
    let db = &app.app.databases.read;
    for (number, (parents, link, filter)) in nested.iter().enumerate() {
        let window = Window { first: Some(5000), after: None, last: None, before: None, longest: 5000 };
        let listing = listing_of::<E, F, S>(viewer, Some(link), filter.as_ref(), by, &window);
        let pages = nested::pages(db, viewer, link, parents, &listing).await.unwrap();
        for parent in parents {
            let of_parent = listing.condition.clone().add(link.of::<E>(Expr::value(*parent)));
            let rows = read::all::<E>(db, viewer, of_parent).await.unwrap();
            let expected: BTreeSet<Uuid> = rows.iter().map(|row| E::id(row).uuid()).collect();
            let found: Vec<Uuid> = pages[parent].rows.iter().map(|(row, _)| E::id(row).uuid()).collect();
            assert_eq!(found.len(), expected.len(), "{:?} {number} {parent}", viewer.role);
            assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected, "{:?} {number} {parent}", viewer.role);
        }
    }
}
