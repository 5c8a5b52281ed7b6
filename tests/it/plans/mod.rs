//! No page of a list costs as much as the table is large: the database finds its rows in the order of the list, through an index, for every
//! viewer. The tests read the plans of the statements that the service sends.

mod asked;
mod compared;
mod explained;
mod lists;

use async_graphql::{Value as Input, value};
use entity::{
    Audience, agenda_item, body, body_session, consensus_procedure, country, document, meeting, organization,
    recommendation,
};
use rec_api::auth::{Role, Viewer};
use rec_api::service::consensus::{self, ConsensusProcedureFilter, ConsensusProcedureOrder};
use rec_api::service::document::{self as documents, DocumentFilter, DocumentOrder};
use rec_api::service::level::levels;
use rec_api::service::meeting::agenda::{self as agenda_items, AgendaItemFilter, AgendaItemOrder};
use rec_api::service::meeting::parts::{self as sessions, BodySessionFilter, BodySessionOrder};
use rec_api::service::meeting::{self as meetings, MeetingFilter, MeetingOrder};
use rec_api::service::page::{Listing, Window};
use rec_api::service::read::{self};
use rec_api::service::recommendation::{self as recommendations, RecommendationFilter, RecommendationOrder};
use rec_api::service::relation::Relation;
use rec_api::service::{list, nested};
use rec_tests::{Database, TestApp, on_both_databases, on_databases, volume};
use sea_orm::{Condition, ConnectionTrait as _, Iterable as _};

use self::asked::{equal, filters, meeting_filters, named, object, order, some};
use self::compared::{each_list_is_as_found_and_sorted, each_nested_list_has_its_rows, each_nested_list_is_as_found};
use self::explained::{costs_the_table, plan, plans};
use self::lists::{
    FIRST, Nested, dear, dear_nested, ids, listing, listing_of, nested_meetings, nested_recommendations, parsed,
    viewers,
};

/// An index, and what it serves: a filter of recommendations or meetings, and an order.
type Served = (&'static str, Option<Input>, &'static str);

#[test]
fn rows_without_a_value_are_not_looked_for_where_values_are_asked_for() {
    let viewer = Viewer::anonymous();
    let sections = |filter: &Input| {
        let order = order("TARGET_DATE", "ASC");
        listing::<recommendation::Entity, RecommendationFilter, RecommendationOrder>(&viewer, Some(filter), &order)
            .sections()
            .len()
    };
    let (due, adopted) =
        (value!({ "targetDate": { "lt": "2020-01-01" } }), value!({ "adoptedOn": { "lt": "2020-01-01" } }));
    assert_eq!(sections(&due), 1);
    assert_eq!(sections(&value!({ "and": [(due.clone())] })), 1);
    assert_eq!(sections(&adopted), 2);
    assert_eq!(sections(&value!({ "or": [(due.clone()), (adopted)] })), 2);
    assert_eq!(sections(&object("not", due)), 2);
}

on_databases! { [sqlite Sqlite]
    what_is_counted_of_each_record_stands_in_an_index,
    what_belongs_to_a_record_is_found_audience_by_audience,
    what_an_organisation_alone_sees_is_found_by_its_drafter,
    what_an_organisation_alone_sees_is_counted_in_an_index,
}

// On PostgreSQL an index answers a count without the table only after a vacuum.
async fn what_is_counted_of_each_record_stands_in_an_index(app: TestApp) {
    volume::load(&app, 3000, 300).await;
    let backend = app.app.databases.backend();
    let mut wrong = Vec::new();
    for viewer in viewers(&app).await {
        for (parents, relation, _) in nested_recommendations(&app).await {
            let counts =
                nested::counts_of::<recommendation::Entity>(backend, &viewer, &relation, &parents, Condition::all());
            wrong.push(plan(&app, &counts).await);
        }
        for (parents, relation, _) in nested_meetings(&app).await {
            let counts = nested::counts_of::<meeting::Entity>(backend, &viewer, &relation, &parents, Condition::all());
            wrong.push(plan(&app, &counts).await);
        }
    }
    let is_covered = |plan: &String| {
        let mut lines = plan.lines().filter(|line| line.contains("SEARCH")).peekable();
        lines.peek().is_some()
            && lines.all(|line| line.contains("COVERING INDEX"))
            && !plan.contains("SCAN recommendation")
    };
    wrong.retain(|plan| !is_covered(plan));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// Otherwise SQLite would count the rows of an audience again for each row of all. PostgreSQL counts once.
async fn what_belongs_to_a_record_is_found_audience_by_audience(app: TestApp) {
    let id = [uuid::Uuid::from_u128(1)];
    let backend = app.app.databases.backend();
    for viewer in viewers(&app).await {
        let newest = |relation: &Relation| {
            let order = order("UPDATED_AT", "DESC");
            let listing = listing_of::<document::Entity, DocumentFilter, DocumentOrder>(
                &viewer,
                Some(relation),
                None,
                &order,
                &FIRST,
            );
            nested::pages_of(backend, &viewer, relation, &id, &listing)
        };
        let procedures =
            {
                let (relation, order) = (consensus::of_meeting(), order("UPDATED_AT", "DESC"));
                let listing = listing_of::<
                    consensus_procedure::Entity,
                    ConsensusProcedureFilter,
                    ConsensusProcedureOrder,
                >(&viewer, Some(&relation), None, &order, &FIRST);
                nested::pages_of(backend, &viewer, &relation, &id, &listing)
            };
        for (parent, statement) in [
            ("meeting_id", newest(&documents::of_meeting())),
            ("agenda_item_id", newest(&documents::of_agenda_item())),
            ("recommendation_id", newest(&documents::of_recommendation())),
            ("meeting_id", procedures),
        ] {
            let plan = plan(&app, &statement).await;
            let (by_parent, by_both) = (format!("({parent}=?"), format!("({parent}=? AND audience=?"));
            let found: Vec<&str> = plan.lines().filter(|line| line.contains(&by_parent)).collect();
            assert!(!found.is_empty() && found.iter().all(|line| line.contains(&by_both)), "{plan}");
        }
    }
}

// PostgreSQL sorts rows where it expects few.
async fn what_an_organisation_alone_sees_is_found_by_its_drafter(app: TestApp) {
    volume::load(&app, 8000, 800).await;
    let viewers = viewers(&app).await;
    let partner = viewers.iter().find(|viewer| viewer.role == Role::Partner).unwrap();
    for key in ["LABEL", "STATUS", "TARGET_DATE", "ADOPTED_ON", "CREATED_AT", "UPDATED_AT"] {
        let listing = listing::<recommendation::Entity, RecommendationFilter, RecommendationOrder>(
            partner,
            None,
            &order(key, "ASC"),
        );
        let plan = plan(&app, &list::page_of(app.app.databases.backend(), partner, &listing)).await;
        let sections = listing.sections().len();
        let by_drafter = plan.lines().filter(|line| line.contains("(drafted_by_id=?")).count();
        assert_eq!(by_drafter, sections, "{key}\n{plan}");
    }
}

// PostgreSQL filters rows where it expects few.
async fn what_an_organisation_alone_sees_is_counted_in_an_index(app: TestApp) {
    volume::load(&app, 8000, 800).await;
    let (viewers, backend) = (viewers(&app).await, app.app.databases.backend());
    let partner = viewers.iter().find(|viewer| viewer.role == Role::Partner).unwrap();
    let list = |relation: Option<&Relation>, filter: Option<&Input>| {
        let order = order("LABEL", "ASC");
        listing_of::<recommendation::Entity, RecommendationFilter, RecommendationOrder>(
            partner, relation, filter, &order, &FIRST,
        )
    };
    let of_bodies = (ids::<body::Entity>(&app).await, recommendations::of_body());
    let nested = nested::pages_of(backend, partner, &of_bodies.1, &of_bodies.0, &list(Some(&of_bodies.1), None));
    let mut counted = vec![("recommendation_drafted_by_body (drafted_by_id=? AND audience=? AND body_id=?", nested)];
    for (index, filter) in [
        (
            "recommendation_drafted_by_body (drafted_by_id=? AND audience=? AND body_id=?",
            object("body", equal("code", "EC".into())),
        ),
        (
            "recommendation_drafted_by_meeting (drafted_by_id=? AND audience=? AND meeting_id=?",
            object("meeting", equal("id", "mtg_01978d6bd7d87d0b8b0e5bbd4cd7e6a1".into())),
        ),
        (
            "recommendation_drafted_by_status (drafted_by_id=? AND audience=? AND status=?",
            equal("status", named("ADOPTED")),
        ),
        ("addressee_country_own (country_id=? AND owner=? AND audience=?", some("addressedCountries", "iso2", "KZ")),
        (
            "addressee_organization_own (organization_id=? AND owner=? AND audience=?",
            some("addressedOrganizations", "acronym", "OSCE"),
        ),
        ("recommendation_theme_own (theme_id=? AND owner=? AND audience=?", some("themes", "code", "LAW")),
        (
            "recommendation_instrument_own (instrument_id=? AND owner=? AND audience=?",
            some("instruments", "symbol", "S/RES/2396"),
        ),
    ] {
        counted.push((index, list::page_of(backend, partner, &list(None, Some(&filter)))));
    }
    for (index, statement) in counted {
        let plan = plan(&app, &statement).await;
        assert!(plan.contains(&format!("USING COVERING INDEX {index}")), "{index}\n{plan}");
    }
}

on_databases! { [sqlite Sqlite]
    a_list_walks_the_audiences_that_its_viewer_is_admitted_to,
}

async fn a_list_walks_the_audiences_that_its_viewer_is_admitted_to(app: TestApp) {
    let organizations =
        read::all::<organization::Entity>(&app.app.databases.read, &Viewer::system("test"), Condition::all())
            .await
            .unwrap();
    for viewer in viewers(&app).await {
        for audience in Audience::iter() {
            for owner in organizations.iter().map(|row| Some(row.id)).chain([None]) {
                let is_walked = levels(&viewer).iter().any(|level| {
                    level.audience == audience && level.owner.is_none_or(|organization| owner == Some(organization))
                });
                assert_eq!(is_walked, viewer.admits((audience, owner)), "{:?} {audience:?} {owner:?}", viewer.role);
            }
        }
    }
}

on_databases! { [postgres Postgres]
    a_page_is_planned_for_any_values,
}

async fn a_page_is_planned_for_any_values(app: TestApp) {
    volume::load(&app, 3000, 300).await;
    let backend = app.app.databases.backend();
    for viewer in viewers(&app).await {
        for key in ["LABEL", "STATUS", "TARGET_DATE", "ADOPTED_ON", "CREATED_AT", "UPDATED_AT"] {
            let listing = listing::<recommendation::Entity, RecommendationFilter, RecommendationOrder>(
                &viewer,
                None,
                &order(key, "ASC"),
            );
            let plans = plans(&app, &list::page_of(backend, &viewer, &listing)).await;
            let is_of_any = |plan: &str| plan.contains("(audience = $");
            assert!(is_of_any(&plans[0]) && !is_of_any(&plans[1]), "{:?} {key}\n{}", viewer.role, plans.join("\n"));
        }
    }
}

on_both_databases! {
    an_index_that_is_missing_is_seen,
    a_page_is_found_through_an_index_in_its_order,
    a_page_begins_in_its_index_after_the_row_before_it,
    several_keys_are_walked_by_the_first_from_where_a_page_begins,
    a_list_is_the_same_however_it_is_found,
    a_list_of_each_of_several_records_is_the_same_however_it_is_found,
    what_belongs_to_a_country_or_a_body_is_the_same_however_it_is_found,
    the_many_drafts_of_an_organisation_are_the_same_however_they_are_found,
}

async fn an_index_that_is_missing_is_seen(app: TestApp) {
    volume::load(&app, 8000, 4000).await;
    let drop_index = async |name: &str| {
        app.app.databases.write.execute_unprepared(&format!("DROP INDEX {name}")).await.unwrap();
    };
    let of_recommendations: [Served; 5] = [
        ("recommendation_seen_by_updated_at", None, "UPDATED_AT"),
        ("recommendation_body_seen_by_label", Some(object("body", equal("code", "WG-A".into()))), "LABEL"),
        ("recommendation_status_seen_by_created_at", Some(equal("status", named("ADOPTED"))), "CREATED_AT"),
        ("addressee_country", Some(some("addressedCountries", "iso2", "KZ")), "LABEL"),
        ("recommendation_theme_theme", Some(some("themes", "code", "LAW")), "LABEL"),
    ];
    // PostgreSQL scans past other rows instead, where it expects to find matching ones soon.
    let is_missed = |index: &str| {
        app.database == Database::Sqlite
            || !["_body_", "_status_", "_country_by_"].iter().any(|led| index.contains(led))
    };
    for (index, filter, order) in of_recommendations.into_iter().filter(|(index, ..)| is_missed(index)) {
        drop_index(index).await;
        let seen =
            dear::<recommendation::Entity, RecommendationFilter, RecommendationOrder>(&app, &[filter], &[order]).await;
        assert!(!seen.is_empty(), "nobody misses {index}");
    }
    let of_meetings: [Served; 3] = [
        ("meeting_country_by_ends_on", Some(object("country", equal("iso2", "KZ".into()))), "ENDS_ON"),
        ("meeting_starts_on", None, "STARTS_ON"),
        ("body_session_body", Some(some("bodies", "code", "WG-A")), "STARTS_ON"),
    ];
    for (index, filter, order) in of_meetings.into_iter().filter(|(index, ..)| is_missed(index)) {
        drop_index(index).await;
        let seen = dear::<meeting::Entity, MeetingFilter, MeetingOrder>(&app, &[filter], &[order]).await;
        assert!(!seen.is_empty(), "nobody misses {index}");
    }
}

async fn a_page_is_found_through_an_index_in_its_order(app: TestApp) {
    volume::load(&app, 8000, 4000).await;
    let all = ["LABEL", "STATUS", "TARGET_DATE", "ADOPTED_ON", "CREATED_AT", "UPDATED_AT"];
    let filters = filters();
    let mut wrong =
        dear::<recommendation::Entity, RecommendationFilter, RecommendationOrder>(&app, &filters, &all).await;
    let nested = nested_recommendations(&app).await;
    wrong.extend(
        dear_nested::<recommendation::Entity, RecommendationFilter, RecommendationOrder>(&app, &nested, &all).await,
    );
    let orders = ["STARTS_ON", "ENDS_ON", "KIND", "STATUS", "UPDATED_AT"];
    wrong.extend(dear::<meeting::Entity, MeetingFilter, MeetingOrder>(&app, &meeting_filters(), &orders).await);
    wrong.extend(
        dear_nested::<meeting::Entity, MeetingFilter, MeetingOrder>(&app, &nested_meetings(&app).await, &orders).await,
    );
    let bodies = ids::<body::Entity>(&app).await;
    let of_bodies = [(bodies.clone(), sessions::of_body(), None)];
    wrong.extend(
        dear_nested::<body_session::Entity, BodySessionFilter, BodySessionOrder>(&app, &of_bodies, &["ORDINAL"]).await,
    );
    let (of_bodies, orders) = ([(bodies, agenda_items::of_body(), None)], ["POSITION", "KIND", "UPDATED_AT"]);
    wrong
        .extend(dear_nested::<agenda_item::Entity, AgendaItemFilter, AgendaItemOrder>(&app, &of_bodies, &orders).await);
    assert!(wrong.is_empty(), "{} lists cost the table:\n{}", wrong.len(), wrong.join("\n"));
}

/// Many rows may have equal keys, such as those of a bulk load in the time of their creation.
async fn a_page_begins_in_its_index_after_the_row_before_it(app: TestApp) {
    volume::load(&app, 3000, 300).await;
    let (db, backend) = (&app.app.databases.read, app.app.databases.backend());
    for viewer in viewers(&app).await {
        for key in ["LABEL", "STATUS", "ADOPTED_ON", "CREATED_AT", "UPDATED_AT"] {
            for (way, sign) in [("ASC", '>'), ("DESC", '<')] {
                let order = order(key, way);
                let page = |after| {
                    let window = Window { after, ..FIRST };
                    listing_of::<recommendation::Entity, RecommendationFilter, RecommendationOrder>(
                        &viewer, None, None, &order, &window,
                    )
                };
                let cursor = list::page(db, &viewer, &page(None)).await.unwrap().rows.pop().map(|(_, cursor)| cursor);
                let plan = plan(&app, &list::page_of(backend, &viewer, &page(cursor))).await;
                let column = key.to_lowercase();
                let (sqlite, postgres) =
                    (format!("AND ({column},id){sign}(?,?))"), format!("ROW({column}, id) {sign} ROW("));
                let begins = |line: &&str| {
                    (line.contains("(audience=? AND ") && line.contains(&sqlite))
                        || (line.contains("Index Cond: ((audience = $") && line.contains(&postgres))
                };
                // For each audience of which the viewer sees everything; PostgreSQL joins conditions in any order.
                let audiences = Audience::iter().filter(|audience| *audience <= viewer.clearance()).count();
                assert!(plan.lines().filter(begins).count() >= audiences, "{:?} {key} {way}\n{plan}", viewer.role);
            }
        }
    }
}

async fn several_keys_are_walked_by_the_first_from_where_a_page_begins(app: TestApp) {
    volume::load(&app, 8000, 800).await;
    let (db, backend) = (&app.app.databases.read, app.app.databases.backend());
    let mut wrong = Vec::new();
    for viewer in viewers(&app).await {
        for [first, second] in [["ADOPTED_ON", "LABEL"], ["ADOPTED_ON", "STATUS"], ["ADOPTED_ON", "UPDATED_AT"]] {
            for [one, other] in [["ASC", "ASC"], ["ASC", "DESC"], ["DESC", "ASC"], ["DESC", "DESC"]] {
                let orders = [parsed::<RecommendationOrder>(&order(first, one)), parsed(&order(second, other))];
                let page = |after| {
                    let window = Window { first: Some(20), after, last: None, before: None, longest: 100 };
                    Listing::new("test", None, None::<&RecommendationFilter>, Some(&orders), &window, &viewer).unwrap()
                };
                let cursor = list::page(db, &viewer, &page(None)).await.unwrap().rows.pop().map(|(_, cursor)| cursor);
                let (column, sign) = (first.to_lowercase(), if one == "ASC" { '>' } else { '<' });
                let is_dear = |plan: &String| {
                    // Rows that are equal in the first key are sorted by the other keys.
                    let ties = |line: &&str| line.contains("FOR LAST") || line.contains("Incremental Sort");
                    let others: Vec<&str> = plan.lines().filter(|line| !ties(line)).collect();
                    let begins =
                        plan.contains(&format!("{column}{sign}?")) || plan.contains(&format!("({column} {sign}= "));
                    costs_the_table::<recommendation::Entity>(&others.join("\n")) || !begins
                };
                let what = format!("{:?} {first} {one}, {second} {other}", viewer.role);
                let plans = plans(&app, &list::page_of(backend, &viewer, &page(cursor))).await;
                wrong.extend(plans.iter().filter(|plan| is_dear(plan)).map(|plan| format!("{what}\n{plan}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{} lists cost the table:\n{}", wrong.len(), wrong.join("\n"));
}

async fn a_list_is_the_same_however_it_is_found(app: TestApp) {
    // Some filters match few rows for some viewers, and many for others.
    volume::load(&app, 3000, 300).await;
    let there = app.parts_are_seen_with_their_records().await;
    assert!(there.len() >= 6, "{there:?}");
    for viewer in viewers(&app).await {
        each_list_is_as_found_and_sorted(&app, &viewer).await;
    }
}

async fn a_list_of_each_of_several_records_is_the_same_however_it_is_found(app: TestApp) {
    volume::load(&app, 3000, 300).await;
    for viewer in viewers(&app).await {
        each_nested_list_is_as_found(&app, &viewer).await;
    }
}

async fn what_belongs_to_a_country_or_a_body_is_the_same_however_it_is_found(app: TestApp) {
    volume::load(&app, 300, 3000).await;
    app.parts_are_seen_with_their_records().await;
    let (bodies, countries) = (ids::<body::Entity>(&app).await, ids::<country::Entity>(&app).await);
    let of_countries: Vec<Nested> =
        meeting_filters().into_iter().map(|filter| (countries.clone(), meetings::of_country(), filter)).collect();
    let early = value!({ "meeting": { "startsOn": { "lt": "2024-03-01" } } });
    let sessions = [None, Some(early.clone()), Some(value!({ "ordinal": { "lt": 9 } }))]
        .map(|filter| (bodies.clone(), sessions::of_body(), filter));
    let agenda_items = [None, Some(early), Some(equal("kind", named("SESSION")))]
        .map(|filter| (bodies.clone(), agenda_items::of_body(), filter));
    for viewer in viewers(&app).await {
        let by = order("STARTS_ON", "DESC");
        each_nested_list_has_its_rows::<meeting::Entity, MeetingFilter, MeetingOrder>(
            &app,
            &viewer,
            &of_countries,
            &by,
        )
        .await;
        let by = order("ORDINAL", "ASC");
        each_nested_list_has_its_rows::<body_session::Entity, BodySessionFilter, BodySessionOrder>(
            &app, &viewer, &sessions, &by,
        )
        .await;
        let by = order("POSITION", "ASC");
        each_nested_list_has_its_rows::<agenda_item::Entity, AgendaItemFilter, AgendaItemOrder>(
            &app,
            &viewer,
            &agenda_items,
            &by,
        )
        .await;
    }
}

async fn the_many_drafts_of_an_organisation_are_the_same_however_they_are_found(app: TestApp) {
    volume::load(&app, 3000, 300).await;
    volume::give_all_drafts(&app, "OSCE").await;
    app.parts_are_seen_with_their_records().await;
    let viewers = viewers(&app).await;
    let partner = viewers.iter().find(|viewer| viewer.role == Role::Partner).unwrap();
    each_list_is_as_found_and_sorted(&app, partner).await;
    each_nested_list_is_as_found(&app, partner).await;
}
