//! Texts, codes and web addresses that cannot be stored.

use rec_tests::traces::{Case, english, one, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

use super::Inputs;

const NAME: usize = 300;
const BODY_TEXT: usize = 20_000;

/// Every localised text in an input, and its maximum length.
const LOCALIZED: [(&str, &str, usize); 22] = [
    ("createOrganization", "name", NAME),
    ("updateOrganization", "name", NAME),
    ("createBody", "name", NAME),
    ("createBody", "mandateText", BODY_TEXT),
    ("updateBody", "name", NAME),
    ("updateBody", "mandateText", BODY_TEXT),
    ("createTheme", "name", NAME),
    ("updateTheme", "name", NAME),
    ("createInstrument", "title", NAME),
    ("updateInstrument", "title", NAME),
    ("scheduleMeeting", "title", NAME),
    ("scheduleMeeting", "theme", NAME),
    ("scheduleMeeting", "alternativeTitles.0.title", NAME),
    ("updateMeeting", "title", NAME),
    ("updateMeeting", "theme", NAME),
    ("updateMeeting", "alternativeTitles.0.title", NAME),
    ("addAgendaItem", "title", NAME),
    ("updateAgendaItem", "title", NAME),
    ("draftRecommendation", "title", NAME),
    ("draftRecommendation", "text", BODY_TEXT),
    ("reviseRecommendation", "text", BODY_TEXT),
    ("reviseRecommendation", "rationale", BODY_TEXT),
];

/// Every plain text in an input, and its maximum length.
const PLAIN: [(&str, &str, usize); 19] = [
    ("createOrganization", "acronym", 32),
    ("createOrganization", "seat", NAME),
    ("createOrganization", "website", 2000),
    ("updateOrganization", "acronym", 32),
    ("updateOrganization", "seat", NAME),
    ("createBody", "code", 32),
    ("createTheme", "code", 32),
    ("updateTheme", "code", 32),
    ("createSource", "title", NAME),
    ("createSource", "publisher", NAME),
    ("createSource", "url", 2000),
    ("createInstrument", "symbol", 64),
    ("updateInstrument", "symbol", 64),
    ("scheduleMeeting", "city", NAME),
    ("scheduleMeeting", "venue", NAME),
    ("updateMeeting", "venue", NAME),
    ("addAgendaItem", "number", 32),
    ("updateAgendaItem", "number", 32),
    ("reviseRecommendation", "changeNote", 2000),
];

/// Texts with characters that no text may contain.
const DIRTY: [&str; 4] = ["a\0b", "\0", "a\u{7}b", "a\u{85}b"];

fn bad_texts(longest: usize) -> Vec<(String, &'static str)> {
    let mut texts = vec![
        (String::new(), "REQUIRED"),
        (" \n\t ".to_owned(), "REQUIRED"),
        ("A".repeat(longest + 1), "TOO_LONG"),
        ("Ў".repeat(longest + 1), "TOO_LONG"),
    ];
    texts.extend(DIRTY.map(|text| (text.to_owned(), "INVALID")));
    texts
}

on_both_databases! {
    empty_blank_long_and_dirty_texts_are_refused,
    a_text_in_no_language_or_twice_in_one_is_refused,
    an_unknown_language_is_refused,
    codes_symbols_links_and_time_zones_have_a_form,
    all_mistakes_of_an_input_are_named_at_once,
    what_cannot_be_empty_cannot_be_cleared,
}

/// Whether a text has the form of a code or an address, where it must have one. What shows nothing has no form.
fn is_formed(path: &str, text: &str) -> bool {
    match path {
        _ if text.chars().all(char::is_control) => true,
        "acronym" | "code" => text.chars().all(|letter| letter.is_ascii_uppercase()),
        "website" | "url" => text.starts_with("https://"),
        _ => true,
    }
}

async fn empty_blank_long_and_dirty_texts_are_refused(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let mut cases: Vec<Case> = Vec::new();
    for (mutation, path, longest) in PLAIN {
        for (text, code) in bad_texts(longest) {
            let mut refusals = one(code, path);
            if code != "REQUIRED" && !is_formed(path, &text) {
                refusals.extend(one("INVALID", path));
            }
            cases.push((mutation, with(inputs.get(mutation), path, text), refusals));
        }
    }
    for (mutation, path, longest) in LOCALIZED {
        for (text, code) in bad_texts(longest) {
            let refusal = one(code, &format!("{path}.0.text"));
            cases.push((mutation, with(inputs.get(mutation), path, english(&text)), refusal));
        }
    }
    app.refuses(&app.secretariat(), cases).await;
}

async fn a_text_in_no_language_or_twice_in_one_is_refused(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let twice = json!([{ "locale": "EN", "text": "One" }, { "locale": "RU", "text": "Два" },
        { "locale": "EN", "text": "Three" }]);
    let mut cases: Vec<Case> = Vec::new();
    for (mutation, path, _) in LOCALIZED {
        cases.push((mutation, with(inputs.get(mutation), path, json!([])), one("REQUIRED", path)));
        let refusal = one("INVALID", &format!("{path}.2.locale"));
        cases.push((mutation, with(inputs.get(mutation), path, twice.clone()), refusal));
    }
    app.refuses(&app.secretariat(), cases).await;
}

async fn an_unknown_language_is_refused(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let mutation = "mutation($input: CreateThemeInput!) { createTheme(input: $input) { theme { id } } }";
    let requests = ["DE", "en", "", "EN\0"].map(|locale| {
        let name = json!([{ "locale": locale, "text": "Name" }]);
        (mutation.to_owned(), json!({ "input": with(inputs.get("createTheme"), "name", name) }))
    });
    app.fails(&app.secretariat(), "INVALID_ARGUMENT", requests.to_vec()).await;
    let read = "{ themes { nodes { name(locale: DE) } } }".to_owned();
    app.fails(&app.anonymous(), "GRAPHQL_VALIDATION_FAILED", vec![(read, json!({}))]).await;
}

async fn codes_symbols_links_and_time_zones_have_a_form(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let mut cases: Vec<Case> = Vec::new();
    let codes = ["isrs", "1A", "WG A", "ВГ-А", "-A", "A/B", "A_B", "É"];
    let fields = [
        ("createOrganization", "acronym"),
        ("updateOrganization", "acronym"),
        ("createBody", "code"),
        ("createTheme", "code"),
        ("updateTheme", "code"),
    ];
    for (mutation, path) in fields {
        for code in codes {
            cases.push((mutation, with(inputs.get(mutation), path, code), one("INVALID", path)));
        }
    }
    for mutation in ["createInstrument", "updateInstrument"] {
        cases.push((mutation, with(inputs.get(mutation), "symbol", "СБ/РЕЗ/1"), one("INVALID", "symbol")));
    }
    for link in ["isrs.uz", "https://", "ftp://isrs.uz", "javascript:alert(1)", "https://a b", "//isrs.uz"] {
        for mutation in ["createOrganization", "updateOrganization"] {
            cases.push((mutation, with(inputs.get(mutation), "website", link), one("INVALID", "website")));
        }
    }
    for zone in ["", "Tashkent", "Asia/Tashkent\0", "UTC+5", "../etc/passwd"] {
        for mutation in ["scheduleMeeting", "updateMeeting"] {
            cases.push((mutation, with(inputs.get(mutation), "timezone", zone), one("INVALID", "timezone")));
        }
    }
    app.refuses(&app.secretariat(), cases).await;
}

async fn all_mistakes_of_an_input_are_named_at_once(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let mut input = inputs.get("createOrganization").clone();
    for (path, value) in
        [("acronym", json!("a")), ("name", english("")), ("website", json!("x")), ("parentId", json!("x"))]
    {
        input = with(&input, path, value);
    }
    let refusals = ["INVALID acronym", "REQUIRED name.0.text", "INVALID website", "NOT_FOUND parentId"];
    let refusals: Vec<String> = refusals.map(str::to_owned).to_vec();
    app.refuses(&app.secretariat(), vec![("createOrganization", input, refusals)]).await;
}

async fn what_cannot_be_empty_cannot_be_cleared(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let fields: [(&str, &[&str]); 6] = [
        ("updateOrganization", &["acronym", "name", "kind", "organizer", "active"]),
        ("updateBody", &["name", "active"]),
        ("updateTheme", &["code", "name", "kind"]),
        ("updateInstrument", &["symbol", "title"]),
        (
            "updateMeeting",
            &["title", "kind", "modality", "startsOn", "endsOn", "timezone", "chathamHouse", "sensitivity"],
        ),
        ("updateAgendaItem", &["number", "title", "kind", "chathamHouse"]),
    ];
    let mut cases: Vec<Case> = Vec::new();
    for (mutation, paths) in fields {
        for path in paths {
            cases.push((mutation, with(inputs.get(mutation), path, Value::Null), one("REQUIRED", path)));
        }
    }
    for path in ["kind", "title", "text"] {
        let input = with(inputs.get("reviseRecommendation"), path, Value::Null);
        cases.push(("reviseRecommendation", input, one("REQUIRED", path)));
    }
    app.refuses(&app.secretariat(), cases).await;
}
