//! Texts that look the same are the same, however they come in; and what goes out is one line where it says so.

use std::io::Cursor;
use std::sync::atomic::AtomicU64;

use axum::body::Body;
use axum::http::Request;
use futures_util::StreamExt as _;
use rec_api::auth::Viewer;
use rec_api::import::{ImportError, import_lines};
use rec_tests::given::text;
use rec_tests::wait::in_time;
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};
use tower::ServiceExt as _;

on_both_databases! {
    a_text_in_another_normal_form_is_the_same,
    a_text_in_a_document_is_normal_too,
    a_byte_order_mark_means_nothing,
    lines_of_one_record_in_two_forms_are_of_one_record,
    a_line_is_one_for_every_reader,
    standard_input_is_imported_and_goes_on_where_it_was,
}

/// `Район` and `café`, composed and decomposed.
const COMPOSED: &str = "\u{420}\u{430}\u{439}\u{43e}\u{43d} caf\u{e9}";
const DECOMPOSED: &str = "\u{420}\u{430}\u{438}\u{306}\u{43e}\u{43d} cafe\u{301}";

fn organization(name: &str, value: &str) -> Value {
    json!({
        "acronym": "NFC", "name": text(name), "kind": "OTHER", "externalId": { "sourceSystem": "crm", "value": value },
    })
}

async fn a_text_in_another_normal_form_is_the_same(app: TestApp) {
    let outcome = async |row: Value| {
        let input = json!({ "rows": [row], "matchBy": "EXTERNAL_ID" });
        app.secretariat().upsert("upsertOrganizations", input, "name").await["rows"][0].take()
    };
    let created = outcome(organization(DECOMPOSED, DECOMPOSED)).await;
    assert_eq!((&created["outcome"], &created["record"]["name"]), (&json!("CREATED"), &json!(COMPOSED)));
    assert_eq!(outcome(organization(COMPOSED, COMPOSED)).await["outcome"], "UNCHANGED");
    let found = "query($name: String!, $by: ExternalIdInput!) {
        organizations(filter: { name: { contains: $name } }) { totalCount }
        organization(by: { externalId: $by }) { acronym }
    }";
    for form in [COMPOSED, DECOMPOSED] {
        let variables = json!({ "name": form, "by": { "sourceSystem": "crm", "value": form } });
        let expected = json!({ "organizations": { "totalCount": 1 }, "organization": { "acronym": "NFC" } });
        assert_eq!(app.secretariat().query_with(found, variables).await, expected);
    }
}

async fn a_text_in_a_document_is_normal_too(app: TestApp) {
    for (code, literal) in
        [("ONE", DECOMPOSED.to_owned()), ("TWO", "\\u0420\\u0430\\u{438}\\u0306\\u043e\\u043d cafe\\u0301".to_owned())]
    {
        let mutation = format!(
            "mutation {{ createTheme(input: {{ code: \"{code}\", kind: SDG, name: [{{ locale: EN, text: \"{literal}\" }}] }}) {{ theme {{ name }} }} }}"
        );
        assert_eq!(app.secretariat().query(&mutation).await["createTheme"]["theme"]["name"], COMPOSED);
    }
    let default = format!(
        "query($name: String = \"{DECOMPOSED}\") {{ themes(filter: {{ name: {{ startsWith: $name }} }}) {{ totalCount }} }}"
    );
    assert_eq!(app.anonymous().query(&default).await, json!({ "themes": { "totalCount": 2 } }));
}

async fn a_byte_order_mark_means_nothing(app: TestApp) {
    let (_, answer) = app.anonymous().post("\u{feff}{ \"query\": \"{ bodies { totalCount } }\" }").await;
    assert_eq!(answer.as_ref(), br#"{"data":{"bodies":{"totalCount":6}}}"#);
    let line = json!({ "type": "ORGANIZATION", "acronym": "BOM", "name": text(DECOMPOSED), "kind": "OTHER" });
    let line = |value: &str| {
        let mut line = line.clone();
        line["externalId"] = json!({ "sourceSystem": "crm", "value": value });
        line.to_string()
    };
    let viewer = Viewer::system("import");
    for (mark, created) in [("\u{feff}", 1), ("", 0)] {
        let lines = Cursor::new(format!("{mark}{}\n", line("1")));
        let report =
            import_lines(&app.app, &viewer, lines, &AtomicU64::new(0), false, |line| panic!("{line}")).await.unwrap();
        assert_eq!((report.created, report.unchanged), (created, 1 - created));
    }
}

async fn lines_of_one_record_in_two_forms_are_of_one_record(app: TestApp) {
    let line = |form: &str| {
        let external = json!({ "sourceSystem": "crm", "value": form });
        json!({ "type": "ORGANIZATION", "externalId": external, "acronym": "NFC", "name": text(form), "kind": "OTHER" })
    };
    let lines = Cursor::new(format!("{}\n{}\n", line(COMPOSED), line(DECOMPOSED)));
    let viewer = Viewer::system("import");
    let report =
        import_lines(&app.app, &viewer, lines, &AtomicU64::new(0), false, |line| panic!("{line}")).await.unwrap();
    assert_eq!((report.created, report.unchanged), (1, 1));
    let short =
        import_lines(&app.app, &viewer, Cursor::new("\n\n"), &AtomicU64::new(3), false, drop).await.unwrap_err();
    assert!(short.to_string().starts_with("there are only 2 lines to skip"), "{short}");
}

async fn a_line_is_one_for_every_reader(app: TestApp) {
    let name = "one\u{2028}line\u{2029}only";
    let request =
        Request::post("/graphql").header("content-type", "application/json").header("accept", "text/event-stream");
    let follow = json!({ "query": "subscription { changes { node { ... on Theme { name } } } }" });
    let answer = app.router().oneshot(request.body(Body::from(follow.to_string())).unwrap()).await.unwrap();
    let mut events = answer.into_body().into_data_stream();
    let mut next = async || {
        let piece = in_time("an event", events.next()).await.unwrap().unwrap();
        String::from_utf8(piece.to_vec()).unwrap()
    };
    assert!(next().await.starts_with(':'), "the stream has begun");
    let theme = json!({ "code": "LINES", "kind": "SDG", "name": text(name) });
    app.secretariat().mutate("createTheme", theme, "id").await;
    let mut event = next().await;
    while !event.contains("event: next") {
        event = next().await;
    }
    let (_, export) = app.anonymous().get("/export.ndjson?types=THEME", &[]).await;
    let export = String::from_utf8(export.to_vec()).unwrap();
    for text in [event, export] {
        assert!(text.contains("one\\u2028line\\u2029only") && !text.contains(['\u{2028}', '\u{2029}']), "{text}");
    }
    let found = app.anonymous().query("{ theme(by: { code: \"LINES\" }) { name } }").await;
    assert_eq!(found["theme"]["name"], name);
}

/// Lines, and then a failure.
struct Broken(Cursor<String>);

impl std::io::Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        unreachable!("it is read by lines")
    }
}

impl std::io::BufRead for Broken {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        let left = self.0.fill_buf()?;
        if left.is_empty() { Err(std::io::Error::other("the pipe broke")) } else { Ok(left) }
    }

    fn consume(&mut self, amount: usize) {
        self.0.consume(amount);
    }
}

async fn standard_input_is_imported_and_goes_on_where_it_was(app: TestApp) {
    let line = |number: u32| {
        let external = json!({ "sourceSystem": "crm", "value": number.to_string() });
        json!({ "type": "ORGANIZATION", "externalId": external, "acronym": format!("O-{number}"), "name": text("A"), "kind": "OTHER" })
    };
    let lines = (0..600).map(|number| line(number).to_string()).collect::<Vec<_>>().join("\n");
    let viewer = Viewer::system("import");
    let broken = import_lines(&app.app, &viewer, Broken(Cursor::new(lines.clone())), &AtomicU64::new(0), false, drop)
        .await
        .unwrap_err();
    let ImportError::Interrupted { done, .. } = &broken else { panic!("{broken}") };
    let done = *done;
    assert!(done >= 50 && broken.to_string().contains(&format!("the pipe broke ({done} lines are done")), "{broken}");
    let dry = import_lines(&app.app, &viewer, Broken(Cursor::new(lines.clone())), &AtomicU64::new(0), true, drop).await;
    let dry = dry.unwrap_err().to_string();
    assert!(dry.contains("nothing is written") && !dry.contains("--skip"), "{dry}");
    let report = import_lines(&app.app, &viewer, Cursor::new(lines), &AtomicU64::new(done), false, drop).await.unwrap();
    assert_eq!((report.created, report.failed), (600 - done, 0), "nothing is done twice, and nothing is left out");
    let count =
        app.anonymous().query("{ organizations(filter: { acronym: { startsWith: \"O-\" } }) { totalCount } }").await;
    assert_eq!(count["organizations"]["totalCount"], 600);
}
