//! What the databases themselves refuse, whoever writes and by whatever way.

use rec_tests::given::at_with;
use rec_tests::{TestApp, on_both_databases};
use sea_orm::ConnectionTrait as _;
use serde_json::json;

async fn refused(app: &TestApp, statement: &str) {
    let result = app.app.databases.write.execute_unprepared(statement).await;
    assert!(result.is_err(), "{statement}: {result:?}");
}

async fn done(app: &TestApp, statement: &str) {
    let done = app.app.databases.write.execute_unprepared(statement).await;
    assert!(done.unwrap_or_else(|error| panic!("{statement}: {error}")).rows_affected() > 0, "{statement}");
}

on_both_databases! {
    async fn an_adopted_recommendation_is_immutable_and_kept(app: TestApp) {
        app.adopted("WG-A").await;
        for column in [
            "title = '{}'",
            "text = '{}'",
            "rationale = '{}'",
            "label = 'REC/WG-A/2025/9'",
            "kind = 'PROPOSED_SOLUTION'",
            "adopted_on = '2024-01-01'",
            "is_demo = true",
            "status = 'DRAFT'",
            "status = 'DRAFT', label = NULL, label_year = NULL, label_serial = NULL, adopted_on = NULL",
            "label_serial = 9",
            "label_year = 2024",
            "no_personal_data = false",
        ] {
            refused(&app, &format!("UPDATE recommendation SET {column} WHERE label IS NOT NULL")).await;
        }
        refused(&app, "DELETE FROM recommendation WHERE label IS NOT NULL").await;
        done(&app, "UPDATE recommendation SET status = 'TRANSMITTED' WHERE label IS NOT NULL").await;
        refused(&app, "UPDATE recommendation SET status = 'ADOPTED' WHERE label IS NOT NULL").await;
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
            refused(&app, &format!("UPDATE {table} SET position = position + 1")).await;
            refused(&app, &format!("DELETE FROM {table}")).await;
        }
    }

    async fn a_briefing_carries_no_session_and_a_concluded_meeting_stays_so(app: TestApp) {
        let briefing = app.planned_meeting(json!({ "kind": "BRIEFING" })).await;
        assert!(briefing["id"].is_string());
        let session = "UPDATE body_session SET meeting_id = meeting_id";
        done(&app, session).await;
        refused(&app, "INSERT INTO body_session (id, meeting_id, body_id, ordinal, audience) \
            SELECT m.id, m.id, b.id, 999, 0 FROM meeting m, body b WHERE m.kind = 'BRIEFING' AND b.code = 'WG-A'").await;
        refused(&app, "UPDATE meeting SET status = 'PLANNED' WHERE status = 'CONCLUDED'").await;
    }

    async fn nothing_passes_by_the_guards_of_what_is_kept(app: TestApp) {
        app.adopted("WG-A").await;
        match app.database {
            rec_tests::Database::Sqlite => {
                refused(&app, "INSERT OR REPLACE INTO recommendation SELECT * FROM recommendation WHERE label IS NOT NULL").await;
            }
            rec_tests::Database::Postgres => {
                for table in ["audit", "change", "recommendation_revision"] {
                    refused(&app, &format!("TRUNCATE {table} CASCADE")).await;
                }
            }
        }
    }

    async fn a_label_comes_with_the_adoption_only(app: TestApp) {
        app.draft("WG-A").await;
        for set in ["label = 'REC/WG-A/2025/1'", "status = 'ADOPTED'", "adopted_on = '2025-01-01'"] {
            refused(&app, &format!("UPDATE recommendation SET {set}")).await;
        }
    }

    async fn revisions_are_immutable_and_kept(app: TestApp) {
        app.draft("WG-A").await;
        for column in ["title = '{}'", "text = '{}'", "number = 9", "change_note = 'x'"] {
            refused(&app, &format!("UPDATE recommendation_revision SET {column}")).await;
        }
        refused(&app, "DELETE FROM recommendation_revision").await;
    }

    async fn the_feed_and_the_audit_trail_are_append_only(app: TestApp) {
        app.theme("LAW").await;
        refused(&app, "UPDATE audit SET actor = 'nobody'").await;
        refused(&app, "DELETE FROM audit").await;
        refused(&app, "UPDATE change SET version = 9").await;
    }

    async fn a_concluded_meeting_is_kept(app: TestApp) {
        app.concluded_meeting(&[]).await;
        refused(&app, "DELETE FROM meeting WHERE status = 'CONCLUDED'").await;
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
        refused(&app, "UPDATE mandate SET valid_from = '2025-01-01' WHERE valid_to IS NULL").await;
        refused(&app, "UPDATE mandate SET valid_to = NULL WHERE valid_to IS NOT NULL").await;
    }

    async fn dates_bodies_and_sessions_are_held(app: TestApp) {
        for statement in [
            "UPDATE meeting SET ends_on = '2000-01-01'",
            "UPDATE meeting SET venue = 'Hall' WHERE modality = 'ONLINE'",
            "UPDATE body SET kind = 'PLENARY'",
            "UPDATE body SET code = 'SAME'",
            "UPDATE body_session SET ordinal = 0",
            "UPDATE body_session SET ordinal = 1",
        ] {
            refused(&app, statement).await;
        }
    }
}
