//! What the databases themselves refuse, whoever writes and in whatever way, and by which of their rules.

use rec_tests::given::{at_with, text};
use rec_tests::{Database, TestApp, on_both_databases};
use sea_orm::ConnectionTrait as _;
use serde_json::json;

const IMMUTABLE: &str = "guard: an adopted text is immutable";
const LATER: &str = "guard: a later state is kept";
const OVERLAP: &str = "guard: mandates overlap";

/// The text between two markers.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.split_once(before)?.1.split_once(after).map(|(found, _)| found)
}

/// Terms without what PostgreSQL adds to them.
fn plain(terms: &str) -> String {
    terms.replace(['(', ')'], "").replace("::text", "").to_lowercase()
}

/// The rule that an error names: a guard's text, a check's terms, or the columns of a key.
async fn rule(app: &TestApp, refusal: &str) -> String {
    if refusal.contains("guard: ") || app.database == Database::Sqlite {
        return refusal.to_owned();
    }
    let sql = if let Some(check) = between(refusal, "check constraint \"", "\"") {
        format!("SELECT pg_get_constraintdef(oid) AS rule FROM pg_constraint WHERE conname = '{check}'")
    } else if let Some(key) = between(refusal, "unique constraint \"", "\"") {
        format!(
            "SELECT 'UNIQUE constraint failed: ' || string_agg(i.indrelid::regclass || '.' || c.attname, ', ' ORDER BY
             c.attnum) AS rule FROM pg_index i JOIN pg_attribute c ON c.attrelid = i.indexrelid
             WHERE i.indexrelid = '{key}'::regclass GROUP BY i.indrelid"
        )
    } else {
        return refusal.to_owned();
    };
    let rules = app.rows(&sql).await;
    rules[0]["rule"].as_str().expect("a rule").to_owned()
}

/// The database refuses a statement by the rule with these words.
async fn refused(app: &TestApp, statement: &str, words: &str) {
    let result = app.app.databases.write.execute_unprepared(statement).await;
    let refusal = result.err().unwrap_or_else(|| panic!("{statement}: done")).to_string();
    let rule = rule(app, &refusal).await;
    assert!(plain(&rule).contains(&plain(words)), "{statement}: refused by {rule}, not by {words}");
}

async fn done(app: &TestApp, statement: &str) {
    let done = app.app.databases.write.execute_unprepared(statement).await;
    assert!(done.unwrap_or_else(|error| panic!("{statement}: {error}")).rows_affected() > 0, "{statement}");
}

on_both_databases! {
    an_adopted_recommendation_is_immutable_and_kept,
    whom_an_adopted_text_asks_and_what_it_is_about_stays,
    the_paragraphs_of_an_adopted_text_and_of_revisions_stay,
    a_briefing_carries_no_session_and_a_concluded_meeting_stays_so,
    nothing_passes_by_the_guards_of_what_is_kept,
    a_label_comes_with_the_adoption_only_and_whole,
    revisions_are_immutable_and_kept,
    the_feed_and_the_audit_trail_are_append_only,
    a_concluded_meeting_is_kept,
    mandates_that_overlap_are_refused,
    dates_bodies_and_sessions_are_held,
    counts_of_people_are_not_negative_and_have_a_qualifier,
    nothing_is_above_itself,
    figures_add_up_and_have_a_source,
}

async fn an_adopted_recommendation_is_immutable_and_kept(app: TestApp) {
    app.adopted("WG-A").await;
    for column in [
        "title = '{}'",
        "text = '{}'",
        "rationale = '{}'",
        "label = 'REC/WG-A/2025/9'",
        "kind = 'PROPOSED_SOLUTION'",
        "body_id = (SELECT id FROM body WHERE code = 'WG-B')",
        "meeting_id = NULL",
        "adopted_on = '2024-01-01'",
        "is_demo = true",
        "status = 'DRAFT', label = NULL, label_year = NULL, label_serial = NULL, adopted_on = NULL",
        "adoption_source_id = (SELECT id FROM source ORDER BY id LIMIT 1)",
        "label_serial = 9",
        "label_year = 2024",
    ] {
        refused(&app, &format!("UPDATE recommendation SET {column} WHERE label IS NOT NULL"), IMMUTABLE).await;
    }
    refused(&app, "UPDATE recommendation SET status = 'DRAFT'", "(label IS NOT NULL) = (status").await;
    let undeclared = "UPDATE recommendation SET no_personal_data = false";
    refused(&app, undeclared, "label IS NULL OR no_personal_data").await;
    refused(&app, "DELETE FROM recommendation", "guard: an adopted recommendation is kept").await;
    done(&app, "UPDATE recommendation SET status = 'TRANSMITTED' WHERE label IS NOT NULL").await;
    refused(&app, "UPDATE recommendation SET status = 'ADOPTED' WHERE label IS NOT NULL", LATER).await;
    done(&app, "UPDATE recommendation SET status = 'SUPERSEDED' WHERE label IS NOT NULL").await;
    refused(&app, "UPDATE recommendation SET status = 'TRANSMITTED' WHERE label IS NOT NULL", LATER).await;
}

async fn whom_an_adopted_text_asks_and_what_it_is_about_stays(app: TestApp) {
    let (theme, instrument) = (app.theme("LAW").await, app.instrument("S/RES/1").await);
    let draft = app.draft_with("WG-A", json!({ "themeIds": [theme], "instrumentIds": [instrument] })).await;
    for table in ["addressee", "recommendation_theme", "recommendation_instrument"] {
        done(&app, &format!("UPDATE {table} SET position = position + 1")).await;
    }
    let meeting = app.concluded_meeting(&["WG-A", "EC"]).await;
    let submitted = app.submit(&draft, &meeting).await;
    let adoption = at_with(&submitted, json!({ "meetingId": meeting["id"], "noPersonalData": true }));
    app.secretariat().mutate("adoptRecommendation", adoption, "id").await;
    for table in ["addressee", "recommendation_theme", "recommendation_instrument"] {
        refused(&app, &format!("UPDATE {table} SET position = position + 1"), IMMUTABLE).await;
        refused(&app, &format!("DELETE FROM {table}"), IMMUTABLE).await;
    }
}

async fn the_paragraphs_of_an_adopted_text_and_of_revisions_stay(app: TestApp) {
    let paragraphs = json!([{ "number": 1, "text": text("A") }]);
    let more = json!({ "text": null, "paragraphs": paragraphs });
    app.draft_with("WG-A", more.clone()).await;
    done(&app, "UPDATE recommendation SET paragraphs = '[]'").await;
    app.adopted_with("WG-A", more).await;
    refused(&app, "UPDATE recommendation SET paragraphs = '[]' WHERE label IS NOT NULL", IMMUTABLE).await;
    refused(&app, "UPDATE recommendation_revision SET paragraphs = '[]'", "guard: a revision is immutable").await;
}

async fn a_briefing_carries_no_session_and_a_concluded_meeting_stays_so(app: TestApp) {
    app.planned_meeting(json!({ "kind": "BRIEFING" })).await;
    done(&app, "UPDATE body_session SET meeting_id = meeting_id").await;
    let session = "INSERT INTO body_session (id, meeting_id, body_id, ordinal, audience)
        SELECT m.id, m.id, b.id, 999, 0 FROM meeting m, body b WHERE m.kind = 'BRIEFING' AND b.code = 'WG-A'";
    refused(&app, session, "guard: such a meeting carries no session").await;
    refused(&app, "UPDATE meeting SET status = 'PLANNED' WHERE status = 'CONCLUDED'", LATER).await;
}

async fn nothing_passes_by_the_guards_of_what_is_kept(app: TestApp) {
    app.adopted("WG-A").await;
    if app.database == Database::Sqlite {
        let replacing = "INSERT OR REPLACE INTO recommendation SELECT * FROM recommendation WHERE label IS NOT NULL";
        refused(&app, replacing, "guard: an adopted recommendation is kept").await;
        return;
    }
    for table in ["audit", "change", "recommendation", "recommendation_revision"] {
        refused(&app, &format!("TRUNCATE {table} CASCADE"), "guard: it is kept").await;
    }
}

async fn a_label_comes_with_the_adoption_only_and_whole(app: TestApp) {
    app.draft("WG-A").await;
    let with_status = "(label IS NOT NULL) = (status";
    for (set, words) in [
        ("label = 'REC/WG-A/2025/1', label_year = 2025, label_serial = 1, adopted_on = '2025-01-01'", with_status),
        ("status = 'ADOPTED'", with_status),
        ("status = 'TRANSMITTED'", with_status),
        ("status = 'SUPERSEDED'", with_status),
        ("adopted_on = '2025-01-01'", "(label IS NULL) = (adopted_on IS NULL)"),
        ("label_year = 2025", "(label IS NULL) = (label_year IS NULL)"),
        ("label_serial = 1", "(label IS NULL) = (label_serial IS NULL)"),
        ("supersedes_id = id", "supersedes_id <> id"),
    ] {
        refused(&app, &format!("UPDATE recommendation SET {set}"), words).await;
    }
}

async fn revisions_are_immutable_and_kept(app: TestApp) {
    app.draft("WG-A").await;
    let immutable = "guard: a revision is immutable";
    for column in ["title = '{}'", "text = '{}'", "rationale = '{}'", "number = 9", "change_note = 'x'"] {
        refused(&app, &format!("UPDATE recommendation_revision SET {column}"), immutable).await;
    }
    refused(&app, "DELETE FROM recommendation_revision", "guard: a revision is kept").await;
}

async fn the_feed_and_the_audit_trail_are_append_only(app: TestApp) {
    app.theme("LAW").await;
    refused(&app, "UPDATE audit SET actor = 'nobody'", "guard: an audit line is").await;
    refused(&app, "DELETE FROM audit", "guard: an audit line is kept").await;
    refused(&app, "UPDATE change SET version = 9", "guard: a change row is immutable").await;
}

async fn a_concluded_meeting_is_kept(app: TestApp) {
    refused(&app, "DELETE FROM meeting WHERE status = 'CONCLUDED'", "guard: a concluded meeting is kept").await;
}

async fn mandates_that_overlap_are_refused(app: TestApp) {
    let mandate = app.mandate("OSCE", "WG-A", "MEMBER").await;
    let ended = json!({ "id": mandate["id"], "expectedVersion": 1, "validTo": "2025-01-01" });
    app.secretariat().mutate("endMandate", ended, "id").await;
    let again = json!({
        "organizationId": app.organization("OSCE").await, "bodyId": app.body("WG-A").await,
        "role": "MEMBER", "validFrom": "2025-01-02",
    });
    app.secretariat().mutate("grantMandate", again, "id").await;
    refused(&app, "UPDATE mandate SET valid_from = '2025-01-01' WHERE valid_to IS NULL", OVERLAP).await;
    refused(&app, "UPDATE mandate SET valid_to = NULL WHERE valid_to IS NOT NULL", OVERLAP).await;
    let backwards = "UPDATE mandate SET valid_to = '2020-01-01' WHERE valid_to IS NULL";
    refused(&app, backwards, "valid_to >= valid_from").await;
}

async fn dates_bodies_and_sessions_are_held(app: TestApp) {
    let ordinal = "UNIQUE constraint failed: body_session.body_id, body_session.ordinal";
    for (statement, words) in [
        ("UPDATE meeting SET ends_on = '2000-01-01'", "ends_on >= starts_on"),
        ("UPDATE meeting SET venue = 'Hall' WHERE modality = 'ONLINE'", "modality <> 'ONLINE' OR venue IS NULL"),
        ("UPDATE body SET kind = 'PLENARY'", "UNIQUE constraint failed: body.kind"),
        ("UPDATE body SET kind = 'EXECUTIVE_COMMITTEE'", "UNIQUE constraint failed: body.kind"),
        ("UPDATE body SET code = 'SAME'", "UNIQUE constraint failed: body.code"),
        ("UPDATE body_session SET ordinal = 0", "ordinal > 0"),
        ("UPDATE body_session SET ordinal = 1", ordinal),
    ] {
        refused(&app, statement, words).await;
    }
}

async fn counts_of_people_are_not_negative_and_have_a_qualifier(app: TestApp) {
    for (statement, words) in [
        ("UPDATE meeting SET participant_count = -1, count_qualifier = 'EXACT'", "participant_count >= 0"),
        ("UPDATE meeting SET count_qualifier = NULL", "(participant_count IS NULL) = (count_qualifier IS NULL)"),
        ("UPDATE meeting SET participant_count = NULL", "(participant_count IS NULL) = (count_qualifier IS NULL)"),
        ("UPDATE participation SET delegates = 0", "delegates > 0"),
    ] {
        refused(&app, statement, words).await;
    }
}

async fn nothing_is_above_itself(app: TestApp) {
    app.theme("LAW").await;
    for (table, parent) in [("organization", "parent_id"), ("body", "reports_to_id"), ("theme", "parent_id")] {
        refused(&app, &format!("UPDATE {table} SET {parent} = id"), &format!("{parent} <> id")).await;
    }
}

async fn figures_add_up_and_have_a_source(app: TestApp) {
    let parts = "coalesce(women, 0) + coalesce(men, 0) + coalesce(children, 0) <= total";
    let zhusan = "operation_id = (SELECT id FROM repatriation_operation WHERE code_name = 'Zhusan-5')";
    let preferred = "UNIQUE constraint failed: operation_figure.operation_id, operation_figure.as_of";
    for (set, words) in [
        ("total = -1, women = NULL, men = NULL, children = NULL".to_owned(), "total"),
        ("women = -1".to_owned(), "women >= 0"),
        ("men = -1".to_owned(), "men >= 0"),
        ("children = -1".to_owned(), "children >= 0"),
        ("women = total + 1".to_owned(), parts),
        ("men = total".to_owned(), parts),
        ("total = 11 WHERE total = 12".to_owned(), parts),
        (format!("{zhusan}, as_of = '2021-02-04'"), preferred),
        ("source_id = NULL".to_owned(), "source_id"),
        ("operation_id = NULL".to_owned(), "(scope = 'OPERATION') = (operation_id IS NOT NULL)"),
        ("scope = 'COUNTRY', operation_id = NULL".to_owned(), "(scope = 'COUNTRY') = (country_id IS NOT NULL)"),
    ] {
        refused(&app, &format!("UPDATE operation_figure SET {set}"), words).await;
    }
    refused(&app, "UPDATE repatriation_operation SET date_to = '2000-01-01'", "date_to >= date_from").await;
    done(&app, &format!("UPDATE operation_figure SET {zhusan}, as_of = '2021-02-04', preferred = false")).await;
}
