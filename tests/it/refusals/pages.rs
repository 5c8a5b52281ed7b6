//! Pages that are too long, and cursors of other lists.

use rec_tests::TestApp;
use rec_tests::on_both_databases;
use serde_json::{Value, json};

/// Every list at the root.
const LISTS: [&str; 10] = [
    "countries",
    "organizations",
    "organizers",
    "bodies",
    "workingGroups",
    "mandates",
    "meetings",
    "recommendations",
    "themes",
    "instruments",
];

/// Lists below an existing record.
const NESTED: [(&str, &str); 8] = [
    ("body(by: { code: \"WG-A\" })", "subsidiaries"),
    ("body(by: { code: \"WG-A\" })", "sessions"),
    ("body(by: { code: \"WG-A\" })", "meetings"),
    ("body(by: { code: \"WG-A\" })", "mandates"),
    ("body(by: { code: \"WG-A\" })", "recommendations"),
    ("organization(by: { acronym: \"ISRS\" })", "meetingsOrganized"),
    ("organization(by: { acronym: \"ISRS\" })", "participations"),
    ("country(by: { iso2: \"UZ\" })", "organizations"),
];

async fn cursor(app: &TestApp, list: &str) -> String {
    let data = app.anonymous().query(&format!("{{ list: {list} {{ edges {{ cursor }} }} }}")).await;
    data["list"]["edges"][0]["cursor"].as_str().unwrap_or_else(|| panic!("no row in {list}")).to_owned()
}

/// A cursor whose fingerprint fits its list, with another body.
fn forged(genuine: &str, body: &Value) -> String {
    // Six bytes of fingerprint are eight characters.
    let encoded = body.to_string().into_bytes();
    let bits: Vec<String> = encoded.iter().map(|byte| format!("{byte:08b}")).collect();
    let bits = bits.concat();
    let letters: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']).collect();
    let groups = bits.as_bytes().chunks(6).map(|group| {
        let padded = format!("{:0<6}", String::from_utf8_lossy(group));
        letters[usize::from_str_radix(&padded, 2).expect("six bits")]
    });
    genuine[..8].chars().chain(groups).collect()
}

on_both_databases! {
    a_page_has_from_one_to_a_hundred_rows,
    a_cursor_of_another_list_filter_or_order_is_refused,
    what_is_no_cursor_is_refused,
    a_forged_cursor_reaches_no_database,
    texts_in_filters_hold_no_nul_character_and_are_not_endless,
    signs_of_patterns_stand_for_themselves_in_filters,
}

async fn a_page_has_from_one_to_a_hundred_rows(app: TestApp) {
    let windows = [
        "first: 0",
        "first: 101",
        "first: -1",
        "last: 0",
        "last: 101",
        "last: -1",
        "first: 2147483647",
        "first: 1, last: 1",
    ];
    let mut requests = Vec::new();
    for window in windows {
        for list in LISTS {
            requests.push((format!("{{ {list}({window}) {{ pageInfo {{ hasNextPage }} }} }}"), json!({})));
        }
        for (parent, list) in NESTED {
            requests.push((format!("{{ parent: {parent} {{ {list}({window}) {{ totalCount }} }} }}"), json!({})));
        }
    }
    app.fails(&app.anonymous(), "INVALID_PAGE", requests).await;
    for list in LISTS {
        app.anonymous()
            .query(&format!("{{ {list}(first: 100) {{ nodes {{ id }} }} b: {list}(last: 1) {{ nodes {{ id }} }} }}"))
            .await;
    }
}

async fn a_cursor_of_another_list_filter_or_order_is_refused(app: TestApp) {
    let ordered = "orderBy: [{ field: STARTS_ON, direction: DESC }]";
    let own = cursor(&app, &format!("meetings({ordered})")).await;
    let foreign = [
        cursor(&app, "meetings").await,
        cursor(&app, "bodies").await,
        cursor(&app, "meetings(orderBy: [{ field: STARTS_ON, direction: ASC }])").await,
        cursor(&app, "meetings(orderBy: [{ field: STARTS_ON, direction: DESC }, { field: KIND }])").await,
        cursor(&app, &format!("meetings({ordered}, filter: {{ chathamHouse: {{ ne: true }} }})")).await,
    ];
    let query = format!("query($cursor: String!) {{ meetings({ordered}, after: $cursor) {{ nodes {{ id }} }} }}");
    app.anonymous().query_with(&query, json!({ "cursor": own })).await;
    let mut requests = foreign.map(|cursor| (query.clone(), json!({ "cursor": cursor }))).to_vec();
    let nested = "query($cursor: String!) { body(by: { code: \"EC\" }) { meetings(orderBy: [{ field: STARTS_ON, \
                  direction: DESC }], before: $cursor) { nodes { id } } } }";
    requests.push((nested.to_owned(), json!({ "cursor": own })));
    let organizers = "query($cursor: String!) { organizers(after: $cursor) { nodes { id } } }";
    requests.push((organizers.to_owned(), json!({ "cursor": cursor(&app, "organizations").await })));
    app.fails(&app.anonymous(), "INVALID_CURSOR", requests).await;
}

async fn what_is_no_cursor_is_refused(app: TestApp) {
    let genuine = cursor(&app, "meetings").await;
    let texts = [
        "",
        " ",
        "\0",
        "x",
        "AAAA",
        "====",
        "ы",
        &genuine[..genuine.len() - 4],
        &format!("{genuine}AAAA"),
        &genuine[1..],
    ];
    let mut requests = Vec::new();
    for list in LISTS {
        for text in texts {
            let query = format!("query($cursor: String!) {{ {list}(before: $cursor) {{ nodes {{ id }} }} }}");
            requests.push((query, json!({ "cursor": text })));
        }
    }
    app.fails(&app.anonymous(), "INVALID_CURSOR", requests).await;
}

async fn a_forged_cursor_reaches_no_database(app: TestApp) {
    let id = "0197aaaaaaaa7aaa8aaaaaaaaaaaaaaa";
    let bodies = [
        json!([]),
        json!(["x", []]),
        json!([id, []]),
        json!([id, [1]]),
        json!([id, [{}]]),
        json!([id, ["a\0b"]]),
        json!([id, ["1", "2"]]),
        json!({ "id": id }),
    ];
    let mut requests = Vec::new();
    let sorted = "organizations(orderBy: [{ field: ACRONYM }])";
    let genuine = cursor(&app, sorted).await;
    for body in bodies {
        let query =
            "query($cursor: String!) { organizations(orderBy: [{ field: ACRONYM }], after: $cursor) { nodes { id } } }";
        requests.push((query.to_owned(), json!({ "cursor": forged(&genuine, &body) })));
    }
    let genuine = cursor(&app, "meetings(orderBy: [{ field: STARTS_ON }])").await;
    for day in [json!(null), json!("2024-02-30"), json!("-262143-01-01"), json!("+262142-12-31"), json!(7)] {
        let query =
            "query($cursor: String!) { meetings(orderBy: [{ field: STARTS_ON }], after: $cursor) { nodes { id } } }";
        requests.push((query.to_owned(), json!({ "cursor": forged(&genuine, &json!([id, [day]])) })));
    }
    let genuine = cursor(&app, "meetings(orderBy: [{ field: UPDATED_AT }])").await;
    for at in ["2024-02-30T00:00:00Z", "-262143-01-01T00:00:00Z", "+262142-12-31T00:00:00Z"] {
        let query =
            "query($cursor: String!) { meetings(orderBy: [{ field: UPDATED_AT }], after: $cursor) { nodes { id } } }";
        requests.push((query.to_owned(), json!({ "cursor": forged(&genuine, &json!([id, [at]])) })));
    }
    app.fails(&app.anonymous(), "INVALID_CURSOR", requests).await;
    let known = forged(&genuine, &json!([id, ["2024-02-29T00:00:00Z"]]));
    let query = "query($cursor: String!) { meetings(orderBy: [{ field: UPDATED_AT }], after: $cursor) { totalCount } }";
    assert_eq!(app.anonymous().query_with(query, json!({ "cursor": known })).await["meetings"]["totalCount"], 5);
}

async fn texts_in_filters_hold_no_nul_character_and_are_not_endless(app: TestApp) {
    let plain = ["eq", "ne", "lt", "lte", "gt", "gte", "contains", "startsWith"];
    let mut requests = Vec::new();
    for text in ["a\0b".to_owned(), "a".repeat(100_000)] {
        for comparator in plain {
            let query = format!(
                "query($text: String!) {{ organizations(filter: {{ acronym: {{ {comparator}: $text }} }}) {{ nodes {{ id }} }} }}"
            );
            requests.push((query, json!({ "text": text })));
        }
        for list in ["in", "notIn"] {
            let query = format!(
                "query($text: String!) {{ organizations(filter: {{ seat: {{ {list}: [$text] }} }}) {{ nodes {{ id }} }} }}"
            );
            requests.push((query, json!({ "text": text })));
        }
        for comparator in ["contains", "startsWith"] {
            let query = format!(
                "query($text: String!) {{ meetings(filter: {{ title: {{ {comparator}: $text }} }}) {{ nodes {{ id }} }} }}"
            );
            requests.push((query, json!({ "text": text })));
        }
    }
    app.fails(&app.anonymous(), "INVALID_ARGUMENT", requests).await;
}

async fn signs_of_patterns_stand_for_themselves_in_filters(app: TestApp) {
    let query = "query($text: String!) { organizations(filter: { acronym: { contains: $text } }) { totalCount } \
                 meetings(filter: { title: { contains: $text } }) { totalCount } }";
    for text in ["%", "_", "\\", "\u{7}", "\u{7f}", "' OR ''='"] {
        let data = app.anonymous().query_with(query, json!({ "text": text })).await;
        assert_eq!(data["organizations"]["totalCount"], 0, "{text:?}");
        assert_eq!(data["meetings"]["totalCount"], 0, "{text:?}");
    }
}
