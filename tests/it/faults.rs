//! One field that fails leaves the others: it is null, and its error says where it stands.

use rec_tests::client::Client;
use rec_tests::{TestApp, on_both_databases};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

/// Takes a table away, so that every statement on it fails.
async fn lose(app: &TestApp, table: &str) {
    let statement = format!("ALTER TABLE {table} RENAME TO lost_{table}");
    app.app.databases.write.execute_unprepared(&statement).await.expect("a lost table");
}

/// The data of an answer, and its errors as `CODE path.to.field`.
async fn partly(client: &Client, query: &str) -> (Value, Vec<String>) {
    let body = client.send(query, json!({})).await.body;
    let errors = body["errors"].as_array().expect("errors").iter().map(|error| {
        let path = error["path"].as_array().expect("a path").iter();
        let path: Vec<String> =
            path.map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned)).collect();
        let extensions = &error["extensions"];
        assert_eq!(extensions["requestId"].is_string(), extensions["code"] == "INTERNAL");
        format!("{} {}", extensions["code"].as_str().unwrap_or_default(), path.join("."))
    });
    let errors = errors.collect();
    (body["data"].clone(), errors)
}

on_both_databases! {
    async fn a_wrong_cursor_fails_its_list_only(app: TestApp) {
        let query = r#"{
            viewer { role }
            meetings(after: "bad") { nodes { id } }
            body(by: { code: "WG-A" }) { code meetings(before: "bad") { totalCount } mandates { totalCount } }
            bodies(first: 2, orderBy: [{ field: CODE }]) {
                nodes { code meetings(after: "bad") { nodes { id } } }
                edges { node { code sessions(first: 101) { totalCount } } }
            }
        }"#;
        let (data, mut errors) = partly(&app.anonymous(), query).await;
        errors.sort();
        assert_eq!(
            errors,
            [
                "INVALID_CURSOR bodies.nodes.0.meetings",
                "INVALID_CURSOR bodies.nodes.1.meetings",
                "INVALID_CURSOR body.meetings",
                "INVALID_CURSOR meetings",
                "INVALID_PAGE bodies.edges.0.node.sessions",
                "INVALID_PAGE bodies.edges.1.node.sessions",
            ]
        );
        let expected = json!({
            "viewer": { "role": "ANONYMOUS" },
            "meetings": null,
            "body": { "code": "WG-A", "meetings": null, "mandates": { "totalCount": 0 } },
            "bodies": {
                "nodes": [{ "code": "EC", "meetings": null }, { "code": "PL", "meetings": null }],
                "edges": [{ "node": { "code": "EC", "sessions": null } }, { "node": { "code": "PL", "sessions": null } }],
            },
        });
        assert_eq!(data, expected);
    }

    async fn too_many_ids_fail_their_list_only(app: TestApp) {
        let ids = vec!["\"mtg_1\""; 101].join(", ");
        let (data, errors) = partly(&app.anonymous(), &format!("{{ viewer {{ role }} nodes(ids: [{ids}]) {{ id }} }}")).await;
        assert_eq!(errors, ["INVALID_ARGUMENT nodes"]);
        assert_eq!(data, json!({ "viewer": { "role": "ANONYMOUS" }, "nodes": null }));
    }

    async fn a_fault_fails_the_fields_that_need_what_is_lost(app: TestApp) {
        let (body, meeting) = (app.body("WG-A").await, app.planned_meeting(json!({})).await["id"].clone());
        app.mandate("OSCE", "WG-A", "MEMBER").await;
        for table in ["organization", "meeting", "participation"] {
            lose(&app, table).await;
        }
        let query = format!(
            "{{
                viewer {{ role }}
                meetings {{ totalCount nodes {{ id }} }}
                nodes(ids: [\"{body}\", {meeting}]) {{ id }}
                mandates {{ totalCount nodes {{ role organization {{ acronym }} body {{ code meetings {{ totalCount }} }} }} }}
            }}"
        );
        let (data, mut errors) = partly(&app.anonymous(), &query).await;
        errors.sort();
        assert_eq!(
            errors,
            [
                "INTERNAL mandates.nodes.0.body.meetings",
                "INTERNAL mandates.nodes.0.organization",
                "INTERNAL meetings",
                "INTERNAL nodes.1",
            ]
        );
        let mandate = json!({ "role": "MEMBER", "organization": null, "body": { "code": "WG-A", "meetings": null } });
        let expected = json!({
            "viewer": { "role": "ANONYMOUS" },
            "meetings": null,
            "nodes": [{ "id": body }, null],
            "mandates": { "totalCount": 1, "nodes": [mandate] },
        });
        assert_eq!(data, expected);
    }

    async fn a_lost_count_leaves_its_record(app: TestApp) {
        lose(&app, "participation").await;
        let query = "{ meetings(first: 1) { nodes { kind participationCount participations { totalCount } } } }";
        let (data, mut errors) = partly(&app.anonymous(), query).await;
        errors.sort();
        assert_eq!(
            errors,
            ["INTERNAL meetings.nodes.0.participationCount", "INTERNAL meetings.nodes.0.participations"]
        );
        assert!(data["meetings"]["nodes"][0]["kind"].is_string());
    }

    async fn a_record_without_its_parts_is_none_and_the_error_names_them(app: TestApp) {
        lose(&app, "meeting_organizer").await;
        for page in ["nodes { title organizers { role } }", "edges { node { title organizers { role } } }"] {
            let query = format!("{{ viewer {{ role }} meetings {{ {page} }} }}");
            let (data, errors) = partly(&app.anonymous(), &query).await;
            let place = if page.starts_with('n') { "nodes.0" } else { "edges.0.node" };
            assert_eq!(errors, [format!("INTERNAL meetings.{place}.organizers")]);
            assert_eq!(data, json!({ "viewer": { "role": "ANONYMOUS" }, "meetings": null }));
        }
    }
}
