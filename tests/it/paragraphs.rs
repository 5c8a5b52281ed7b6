//! Texts as numbered operative paragraphs: what identifies one, what a revision says otherwise in them, and who reads which.

use rec_tests::given::{at, at_with, each, text, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

on_both_databases! {
    a_text_is_what_its_paragraphs_say,
    a_paragraph_is_the_same_whatever_its_number_and_words_are,
    what_differs_is_told_by_paragraph,
    a_paragraph_of_an_adopted_text_is_cited,
    a_text_is_found_by_whom_and_what_its_paragraphs_name,
    what_is_wrong_with_paragraphs_is_told_with_its_place,
    a_text_is_given_as_a_whole_or_by_its_paragraphs,
    rows_and_lines_bring_paragraphs,
    paragraphs_of_an_earlier_revision_are_not_published,
    a_paragraph_that_changes_is_a_change_of_the_text,
    a_theme_that_is_merged_is_merged_in_paragraphs_too,
    the_same_words_in_another_form_do_not_lift_an_objection,
}

const PARAGRAPHS: &str = "id version text paragraphs { identity number reference text targetDate
    addressees { category role country { iso2 } organization { acronym } } themes { code } recommendation { id } }";

fn paragraphs(words: &[&str]) -> Value {
    words.iter().zip(1..).map(|(words, number)| json!({ "number": number, "text": text(words) })).collect()
}

async fn draft(app: &TestApp, words: &[&str]) -> Value {
    let input = json!({ "text": null, "paragraphs": paragraphs(words) });
    let input = with(app.draft_input("WG-A").await, input);
    app.secretariat().mutate("draftRecommendation", input, PARAGRAPHS).await
}

async fn revise(app: &TestApp, row: &Value, more: Value) -> Value {
    app.secretariat().mutate("reviseRecommendation", at_with(row, more), PARAGRAPHS).await
}

/// The identities of the paragraphs of a text, by number.
fn identities(row: &Value) -> Vec<Value> {
    each(&row["paragraphs"], "/identity")
}

async fn a_text_is_what_its_paragraphs_say(app: TestApp) {
    let row = draft(&app, &["Open the schools.", "Train the teachers."]).await;
    assert_eq!(row["text"], "1. Open the schools.\n\n2. Train the teachers.");
    let (law, health) = (app.theme("LAW").await, app.theme("HEALTH").await);
    let own = json!([
        { "number": 1, "text": text("Open the schools.") },
        {
            "number": 2, "text": text("Train all teachers."), "targetDate": "2026-06-30", "themeIds": [law],
            "addressees": [{ "category": "GOVERNMENT", "role": "SUPPORTING", "countryId": app.country("UZ").await }],
        },
    ]);
    let more = json!({ "paragraphs": own, "themeIds": [law, health] });
    let revised = revise(&app, &row, more).await;
    let expected = json!([
        {
            "identity": row["paragraphs"][0]["identity"], "number": 1, "reference": null, "text": "Open the schools.",
            "targetDate": null, "addressees": [], "themes": [], "recommendation": { "id": row["id"] },
        },
        {
            "identity": row["paragraphs"][1]["identity"], "number": 2, "reference": null, "text": "Train all teachers.",
            "targetDate": "2026-06-30", "themes": [{ "code": "LAW" }], "recommendation": { "id": row["id"] },
            "addressees": [{
                "category": "GOVERNMENT", "role": "SUPPORTING", "country": { "iso2": "UZ" }, "organization": null,
            }],
        },
    ]);
    assert_eq!(revised["paragraphs"], expected);
    let selection =
        "text(locale: RU) paragraphs { text(locale: RU) } revisions { number text paragraphs { number text } }";
    let read = app.secretariat().recommendation(&row["id"], selection).await;
    assert_eq!(read["text"], "1. Open the schools. (по-русски)\n\n2. Train all teachers. (по-русски)");
    assert_eq!(read["paragraphs"][1]["text"], "Train all teachers. (по-русски)");
    let first = json!([{ "number": 1, "text": "Open the schools." }, { "number": 2, "text": "Train the teachers." }]);
    assert_eq!((&read["revisions"][0]["number"], &read["revisions"][0]["paragraphs"]), (&json!(1), &first));
    assert_eq!(each(&read["revisions"], "/number"), [json!(1), json!(2)]);
}

async fn a_paragraph_is_the_same_whatever_its_number_and_words_are(app: TestApp) {
    let row = draft(&app, &["A", "B", "C"]).await;
    let [a, b, c] = <[Value; 3]>::try_from(identities(&row)).expect("three");
    // One is inserted: the others are known by their words.
    let row = revise(&app, &row, json!({ "paragraphs": paragraphs(&["A", "New", "B", "C"]) })).await;
    let found = identities(&row);
    assert_eq!([&found[0], &found[2], &found[3]], [&a, &b, &c]);
    let new = found[1].clone();
    assert!(![&a, &b, &c].contains(&&new));
    // Words change: it is known by its number.
    let row = revise(&app, &row, json!({ "paragraphs": paragraphs(&["A", "New", "B, in other words", "C"]) })).await;
    assert_eq!(identities(&row), [&a, &new, &b, &c].map(Clone::clone));
    // Number and words change: it is known by its identity.
    let moved = json!([
        { "number": 1, "identity": c, "text": text("C, in other words") },
        { "number": 2, "identity": a, "text": text("A, in other words") },
        { "number": 3, "text": text("One more") },
    ]);
    let row = revise(&app, &row, json!({ "paragraphs": moved })).await;
    let found = identities(&row);
    assert_eq!((&found[0], &found[1], &found[2]), (&c, &a, &b), "the third is the one that had its number");
    // What is gone does not come back.
    let row = revise(&app, &row, json!({ "paragraphs": paragraphs(&["C, in other words"]) })).await;
    assert_eq!(identities(&row), [c]);
    let gone = json!({ "paragraphs": [{ "number": 1, "identity": new, "text": text("Back") }] });
    let refusals = app.secretariat().refusals("reviseRecommendation", at_with(&row, gone)).await;
    assert_eq!(refusals, ["NOT_FOUND paragraphs.0.identity"]);
    assert_eq!(
        revise(&app, &row, json!({ "paragraphs": paragraphs(&["C, in other words"]) })).await["version"],
        row["version"]
    );
}

async fn what_differs_is_told_by_paragraph(app: TestApp) {
    let row = draft(&app, &["Open schools.", "Train teachers.", "Pay for it."]).await;
    let later = json!([
        { "number": 1, "text": text("Open all schools.") },
        { "number": 2, "text": text("Pay for it."), "targetDate": "2026-06-30" },
        { "number": 3, "text": text("Report.") },
    ]);
    let later = revise(&app, &row, json!({ "paragraphs": later })).await;
    let plain = revise(&app, &later, json!({ "paragraphs": null, "text": text("One text.") })).await;
    let selection =
        "between: diff(from: 1, to: 2) { paragraphs { identity from { number text } to { number text targetDate }
            text { locale segments { kind text } } } }
        flat: diff(from: 2, to: 3) { text { locale } paragraphs { identity from { number } to { number } } }
        same: diff(from: 2, to: 2) { paragraphs { identity } }";
    let read = app.secretariat().recommendation(&plain["id"], selection).await;
    let [first, second, third] = <[Value; 3]>::try_from(identities(&row)).expect("three");
    let found = &read["between"]["paragraphs"];
    let new = identities(&later)[2].clone();
    assert_eq!(each(found, "/identity"), [first, third.clone(), new, second]);
    let segments = json!([
        { "kind": "KEPT", "text": "Open " }, { "kind": "INSERTED", "text": "all " }, { "kind": "KEPT", "text": "schools." },
    ]);
    assert_eq!(found[0]["text"][0], json!({ "locale": "EN", "segments": segments }));
    let moved = json!({
        "identity": third, "from": { "number": 3, "text": "Pay for it." }, "text": [],
        "to": { "number": 2, "text": "Pay for it.", "targetDate": "2026-06-30" },
    });
    assert_eq!(found[1], moved);
    assert_eq!((&found[2]["from"], &found[2]["to"]["number"]), (&Value::Null, &json!(3)));
    assert_eq!((&found[3]["from"]["number"], &found[3]["to"]), (&json!(2), &Value::Null));
    assert_eq!(each(&read["flat"]["paragraphs"], "/to"), [Value::Null, Value::Null, Value::Null]);
    assert_eq!((&read["same"]["paragraphs"], read["flat"]["text"].as_array().map(Vec::len)), (&json!([]), Some(2)));
}

async fn a_paragraph_of_an_adopted_text_is_cited(app: TestApp) {
    let adopted = app.adopted_with("WG-A", json!({ "text": null, "paragraphs": paragraphs(&["A", "B"]) })).await;
    let label = adopted["label"].as_str().expect("a label").to_owned();
    let query =
        "query($reference: String!) { paragraph(reference: $reference) { reference text recommendation { id } } }";
    let cite = |reference: String| {
        let app = &app;
        async move { app.anonymous().query_with(query, json!({ "reference": reference })).await["paragraph"].take() }
    };
    let second = json!({ "reference": format!("{label} ¶2"), "text": "B", "recommendation": { "id": adopted["id"] } });
    for written in [format!("{label} ¶2"), format!(" {}¶ 02", label.to_lowercase())] {
        assert_eq!(cite(written).await, second);
    }
    for nothing in [format!("{label} ¶3"), format!("{label} ¶0"), "REC/WG-A/1999/1 ¶1".to_owned()] {
        assert_eq!(cite(nothing).await, Value::Null);
    }
    for wrong in [label.clone(), format!("{label} 2"), "¶2".to_owned(), format!("{label} ¶two"), format!("{label} ¶-1")]
    {
        let body = app.anonymous().send(query, json!({ "reference": wrong })).await.body;
        assert_eq!(body["errors"][0]["extensions"]["code"], "INVALID_ARGUMENT", "{wrong}");
    }
    let selection = "paragraphs { reference } revisions { paragraphs { reference } }";
    let read = app.anonymous().recommendation(&adopted["id"], selection).await;
    assert_eq!(each(&read["paragraphs"], "/reference")[0], json!(format!("{label} ¶1")));
    assert_eq!(each(&read["revisions"][0]["paragraphs"], "/reference"), [Value::Null, Value::Null]);
}

/// One of the whole text's addressees, and one of its themes.
async fn a_text_is_found_by_whom_and_what_its_paragraphs_name(app: TestApp) {
    let own = |country: Value, theme: Value| {
        json!([{
            "number": 1, "text": text("A"), "themeIds": [theme],
            "addressees": [{ "category": "GOVERNMENT", "role": "SUPPORTING", "countryId": country }],
        }])
    };
    let (uz, kz, law, health) =
        (app.country("UZ").await, app.country("KZ").await, app.theme("LAW").await, app.theme("HEALTH").await);
    let input = with(app.draft_input("WG-A").await, json!({ "text": null, "themeIds": [law] }));
    let elsewhere = with(input.clone(), json!({ "paragraphs": own(json!(kz), json!(health)) }));
    let refusals = app.secretariat().refusals("draftRecommendation", elsewhere).await;
    assert_eq!(refusals, ["INVALID paragraphs.0.addressees.0", "INVALID paragraphs.0.themeIds.0"]);
    let fitting = with(input, json!({ "paragraphs": own(json!(uz), json!(law)) }));
    let row = app.secretariat().mutate("draftRecommendation", fitting, "id version").await;
    let government = json!({ "category": "GOVERNMENT", "role": "LEAD", "countryId": kz });
    let others = at_with(&row, json!({ "addressees": [government] }));
    assert_eq!(app.secretariat().refusals("setAddressees", others).await, ["INVALID addressees"]);
    let others = at_with(&row, json!({ "themeIds": [health] }));
    assert_eq!(app.secretariat().refusals("reviseRecommendation", others).await, ["INVALID themeIds"]);
    let cleared = revise(&app, &row, json!({ "themeIds": [health], "paragraphs": null })).await;
    assert_eq!((&cleared["text"], &cleared["paragraphs"]), (&json!("1. A"), &json!([])), "the words stay");
}

async fn what_is_wrong_with_paragraphs_is_told_with_its_place(app: TestApp) {
    let row = draft(&app, &["A", "B"]).await;
    let first = &row["paragraphs"][0]["identity"];
    let english = json!([{ "locale": "EN", "text": "Only English" }]);
    let long = "a".repeat(15_000);
    for (paragraphs, expected) in [
        (
            json!([{ "number": 1, "text": text("A") }, { "number": 1, "text": text("B") }]),
            vec!["INVALID paragraphs.1.number"],
        ),
        (json!([{ "number": 2, "text": text("A") }]), vec!["INVALID paragraphs.0.number"]),
        (
            json!([{ "number": 1, "text": text("A") }, { "number": 2, "text": text("A") }]),
            vec!["INVALID paragraphs.1.text"],
        ),
        (
            json!([{ "number": 1, "text": text("A") }, { "number": 2, "text": english }]),
            vec!["INVALID paragraphs.1.text"],
        ),
        (json!([{ "number": 1, "text": text(" ") }]), vec!["REQUIRED paragraphs.0.text.0.text"]),
        (json!([{ "number": 1, "text": [] }]), vec!["REQUIRED paragraphs.0.text"]),
        (
            json!([{ "number": 1, "text": text(&long) }, { "number": 2, "text": text(&format!("{long}b")) }]),
            vec!["TOO_LONG paragraphs"],
        ),
        (
            json!([{ "number": 1, "identity": first, "text": text("A") }, { "number": 2, "identity": first, "text": text("B") }]),
            vec!["INVALID paragraphs.1.identity"],
        ),
        (json!([{ "number": 1, "identity": row["id"], "text": text("A") }]), vec!["NOT_FOUND paragraphs.0.identity"]),
        (
            json!([{ "number": 1, "text": text("A"), "targetDate": "2026-01-14" }]),
            vec!["INVALID paragraphs.0.targetDate"],
        ),
        (
            json!([{ "number": 3, "text": text("A"), "themeIds": ["x"],
                "addressees": [{ "category": "ALL_STAKEHOLDERS", "role": "LEAD", "countryId": app.country("UZ").await }] }]),
            vec!["INVALID paragraphs.0.addressees.0", "NOT_FOUND paragraphs.0.themeIds.0"],
        ),
    ] {
        let refusals = app
            .secretariat()
            .refusals("reviseRecommendation", at_with(&row, json!({ "paragraphs": paragraphs })))
            .await;
        assert_eq!(refusals, expected, "{paragraphs}");
        let mut new = paragraphs.clone();
        new.as_array_mut().unwrap().iter_mut().for_each(|one| drop(one.as_object_mut().unwrap().remove("identity")));
        if new == paragraphs {
            let input = with(app.draft_input("WG-A").await, json!({ "text": null, "paragraphs": paragraphs }));
            assert_eq!(app.secretariat().refusals("draftRecommendation", input).await, expected, "{paragraphs}");
        }
    }
    let many: Vec<String> = (0..101).map(|number| format!("Words {number}")).collect();
    let many = paragraphs(&many.iter().map(String::as_str).collect::<Vec<_>>());
    let refusals =
        app.secretariat().refusals("reviseRecommendation", at_with(&row, json!({ "paragraphs": many }))).await;
    assert_eq!(refusals, ["TOO_LONG paragraphs"]);
    assert_eq!(app.secretariat().recommendation(&row["id"], PARAGRAPHS).await, row, "nothing has changed");
}

async fn a_text_is_given_as_a_whole_or_by_its_paragraphs(app: TestApp) {
    let input = app.draft_input("WG-A").await;
    for neither in [json!({ "text": null }), json!({ "text": null, "paragraphs": [] })] {
        let refusals = app.secretariat().refusals("draftRecommendation", with(input.clone(), neither)).await;
        assert_eq!(refusals, ["REQUIRED text"]);
    }
    let both = json!({ "text": text("1. A"), "paragraphs": paragraphs(&["A"]) });
    let row = app.secretariat().mutate("draftRecommendation", with(input.clone(), both), PARAGRAPHS).await;
    let other = json!({ "text": text("A"), "paragraphs": paragraphs(&["A"]) });
    assert_eq!(app.secretariat().refusals("draftRecommendation", with(input, other.clone())).await, ["INVALID text"]);
    let refusals = app.secretariat().refusals("reviseRecommendation", at_with(&row, other)).await;
    assert_eq!(refusals, ["INVALID text"]);
    let same = revise(&app, &row, json!({ "text": text("1. A") })).await;
    assert_eq!(same, row, "what they say already");
    let plain = revise(&app, &row, json!({ "text": text("Another") })).await;
    assert_eq!((&plain["text"], &plain["paragraphs"]), (&json!("Another"), &json!([])));
    let again = revise(&app, &plain, json!({ "paragraphs": paragraphs(&["Another"]), "changeNote": "Numbered" })).await;
    assert_ne!(identities(&again), identities(&row), "it is another paragraph");
    let cleared = at_with(&again, json!({ "text": null }));
    assert_eq!(app.secretariat().refusals("reviseRecommendation", cleared).await, ["REQUIRED text"]);
}

async fn rows_and_lines_bring_paragraphs(app: TestApp) {
    let key = json!({ "externalId": { "sourceSystem": "crm", "value": "1" } });
    let input = with(app.draft_input("WG-A").await, json!({ "text": null, "paragraphs": paragraphs(&["A", "B"]) }));
    let row = with(input, key.clone());
    let write = |row: Value| {
        let app = &app;
        async move {
            let input = json!({ "rows": [row], "matchBy": "EXTERNAL_ID" });
            app.secretariat().upsert("upsertRecommendations", input, PARAGRAPHS).await["rows"][0].take()
        }
    };
    let mut row = row;
    row.as_object_mut().unwrap().remove("text");
    let created = write(row.clone()).await;
    assert_eq!((&created["outcome"], &created["record"]["text"]), (&json!("CREATED"), &json!("1. A\n\n2. B")));
    assert_eq!(write(row.clone()).await["outcome"], "UNCHANGED");
    let changed = write(with(row, json!({ "paragraphs": paragraphs(&["A", "B, in other words"]) }))).await;
    assert_eq!(identities(&changed["record"]), identities(&created["record"]));
    let id = &created["record"]["id"];
    let lines = app.secretariat().export("?types=RECOMMENDATION").await;
    let mut line = lines.into_iter().find(|line| line["id"] == *id).expect("a line");
    assert_eq!(each(&line["paragraphs"], "/identity"), identities(&created["record"]));
    assert_eq!(each(&line["revisions"], "/paragraphs/1/text/0/text"), [json!("B"), json!("B, in other words")]);
    let taken = ["bodyId", "kind", "title", "text", "paragraphs", "addressees"];
    line.as_object_mut().unwrap().retain(|field, _| taken.contains(&field.as_str()));
    assert_eq!(write(with(line.clone(), key)).await["outcome"], "UNCHANGED");
    // Another register has not these paragraphs.
    let elsewhere = json!({ "externalId": { "sourceSystem": "crm", "value": "2" } });
    let copy = write(with(line, elsewhere)).await;
    assert_eq!((&copy["outcome"], each(&copy["record"]["paragraphs"], "/text").len()), (&json!("CREATED"), 2));
    assert_ne!(identities(&copy["record"]), identities(&created["record"]));
}

async fn paragraphs_of_an_earlier_revision_are_not_published(app: TestApp) {
    let own = app.partner("OSCE");
    app.mandate("OSCE", "WG-A", "MEMBER").await;
    let input =
        with(app.draft_input("WG-A").await, json!({ "text": null, "paragraphs": paragraphs(&["Secret words", "B"]) }));
    let row = own.mutate("draftRecommendation", input, PARAGRAPHS).await;
    let revised = json!({ "paragraphs": paragraphs(&["Words", "B"]) });
    let row = own.mutate("reviseRecommendation", at_with(&row, revised), PARAGRAPHS).await;
    let selection =
        "paragraphs { text } revisions { number paragraphs { text } } diff(from: 1, to: 2) { paragraphs { identity } }";
    assert_eq!(app.reader().recommendation(&row["id"], selection).await, Value::Null, "a draft is its author's");
    app.secretariat().mutate("openDiscussion", at(&row), "id").await;
    let read = app.reader().recommendation(&row["id"], selection).await;
    let second = json!([{ "number": 2, "paragraphs": [{ "text": "Words" }, { "text": "B" }] }]);
    assert_eq!((&read["revisions"], &read["diff"]), (&second, &Value::Null));
    assert_eq!(app.anonymous().recommendation(&row["id"], selection).await, Value::Null);
    let lines = app.reader().export("?types=RECOMMENDATION").await;
    assert!(lines.iter().all(|line| !line.to_string().contains("Secret words")));
}

async fn a_paragraph_that_changes_is_a_change_of_the_text(app: TestApp) {
    let row = draft(&app, &["A", "B"]).await;
    let own =
        json!([{ "number": 1, "text": text("A"), "targetDate": "2026-06-30" }, { "number": 2, "text": text("B") }]);
    let noted = json!({ "paragraphs": own, "changeNote": "A has its own date" });
    let dated = revise(&app, &row, noted).await;
    assert_eq!((&dated["version"], &dated["text"]), (&json!(2), &row["text"]), "the same words, and another revision");
    let revisions = app.secretariat().recommendation(&row["id"], "revisions { number changeNote }").await;
    assert_eq!(revisions["revisions"][1], json!({ "number": 2, "changeNote": "A has its own date" }));
    let again = at_with(&dated, json!({ "paragraphs": own, "changeNote": "Nothing" }));
    assert_eq!(app.secretariat().refusals("reviseRecommendation", again).await, ["INVALID changeNote"]);
    app.app.clock.advance(chrono::TimeDelta::days(300));
    let late = revise(&app, &dated, json!({ "paragraphs": with_words(&own, "A, in other words") })).await;
    assert_eq!(late["paragraphs"][0]["targetDate"], "2026-06-30", "a date that stays may have passed");
}

fn with_words(paragraphs: &Value, words: &str) -> Value {
    let mut paragraphs = paragraphs.clone();
    paragraphs[0]["text"] = text(words);
    paragraphs
}

async fn a_theme_that_is_merged_is_merged_in_paragraphs_too(app: TestApp) {
    let (law, rights, health) = (app.theme("LAW").await, app.theme("RIGHTS").await, app.theme("HEALTH").await);
    let own = json!([
        { "number": 1, "text": text("A"), "themeIds": [law] },
        { "number": 2, "text": text("B"), "themeIds": [health, law, rights] },
    ]);
    let input = json!({ "text": null, "themeIds": [law, rights, health], "paragraphs": own });
    let adopted = app.adopted_with("WG-A", input.clone()).await;
    let draft = app.draft_with("WG-A", input).await;
    // An earlier revision names the theme, and the text does not any more.
    let revised = revise(&app, &draft, json!({ "paragraphs": paragraphs(&["A", "B"]), "themeIds": [health] })).await;
    let query = "{ themes(filter: { code: { eq: \"LAW\" } }) { nodes { id version } } }";
    let theme = app.secretariat().query(query).await["themes"]["nodes"][0].take();
    app.secretariat().mutate("mergeThemes", at_with(&theme, json!({ "intoId": rights })), "id").await;
    let selection = "themes { code } paragraphs { themes { code } } revisions { paragraphs { themes { code } } }";
    let read = app.anonymous().recommendation(&adopted["id"], selection).await;
    let expected =
        json!([{ "themes": [{ "code": "RIGHTS" }] }, { "themes": [{ "code": "HEALTH" }, { "code": "RIGHTS" }] }]);
    assert_eq!((&read["paragraphs"], &read["revisions"][0]["paragraphs"]), (&expected, &expected));
    let earlier = app.secretariat().recommendation(&revised["id"], selection).await;
    assert_eq!(earlier["revisions"][0]["paragraphs"], expected);
    let version = app.secretariat().recommendation(&revised["id"], "version").await["version"].take();
    assert_eq!(version.as_i64(), revised["version"].as_i64().map(|version| version + 1), "its line has changed");
    let lines = app.secretariat().export("?types=RECOMMENDATION").await;
    assert!(lines.iter().all(|line| !line.to_string().contains(&law)), "no line names what is gone");
}

async fn the_same_words_in_another_form_do_not_lift_an_objection(app: TestApp) {
    let mandate = json!({
        "organizationId": app.organization("OSCE").await, "bodyId": app.body("WG-A").await, "role": "MEMBER", "canObject": true,
        "validFrom": "2025-01-01",
    });
    app.secretariat().mutate("grantMandate", mandate, "id").await;
    let meeting = app.concluded_meeting(&["WG-A"]).await;
    let objection =
        json!([{ "organizationId": app.organization("OSCE").await, "kind": "OBJECTION", "text": text("No") }]);
    let discussed = app.secretariat().mutate("openDiscussion", at(&draft(&app, &["A", "B"]).await), "id version").await;
    let failed = at_with(&discussed, json!({ "meetingId": meeting["id"], "positions": objection }));
    let failed = app.secretariat().mutate("recordNoConsensus", failed, "id version").await;
    let flat = at_with(&failed, json!({ "paragraphs": [] }));
    assert_eq!(app.secretariat().refusals("reviseRecommendation", flat).await, ["INVALID_STATE text"]);
    let discussed = app.secretariat().mutate("openDiscussion", at(&draft(&app, &["A"]).await), "id version").await;
    let opened = at_with(&discussed, json!({ "meetingId": meeting["id"] }));
    let opened = app.secretariat().mutate("openSilence", opened, "id procedures { id }").await;
    let said = json!({
        "procedureId": opened["procedures"][0]["id"], "organizationId": app.organization("OSCE").await, "kind": "OBJECTION",
        "text": text("No"),
    });
    app.secretariat().mutate("statePosition", said, "id").await;
    let broken = app.secretariat().recommendation(&opened["id"], "id version").await;
    let flat = revise(&app, &broken, json!({ "paragraphs": [] })).await;
    let agreed = at_with(&flat, json!({ "meetingId": meeting["id"] }));
    let refusals = app.secretariat().refusals("recordAgreement", agreed).await;
    assert!(!refusals.is_empty(), "the objection stands");
}
