//! Versions that are not the current one.

use rec_tests::traces::with;
use rec_tests::{TestApp, on_both_databases};
use serde_json::json;

use super::Inputs;

on_both_databases! {
    a_stale_or_future_version_is_a_conflict_and_shows_the_record,
    a_participation_is_changed_at_its_version_only,
    of_two_writers_with_one_version_one_wins,
}

async fn a_stale_or_future_version_is_a_conflict_and_shows_the_record(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let before = app.traces().await;
    let mut wrong = Vec::new();
    for (mutation, input) in inputs.all.iter().filter(|(_, input)| input.get("expectedVersion").is_some()) {
        let current = input["expectedVersion"].as_i64().expect("a version");
        for version in [current - 1, current + 1, 0, -1, i64::from(i32::MIN), i64::from(i32::MAX)] {
            let payload =
                app.secretariat().payload(mutation, with(input, "expectedVersion", version), "id version").await;
            let error = &payload["userErrors"][0];
            let refused = error["code"] == "CONFLICT"
                && error["path"] == json!(["expectedVersion"])
                && payload["change"].is_null();
            let id = input.get("id").or_else(|| input.get("meetingId"));
            let shown = match *mutation {
                // Returns the meeting, not the item of the input.
                "removeAgendaItem" => payload["record"]["id"] == inputs.get("reorderAgendaItems")["meetingId"],
                _ => Some(&payload["record"]["id"]) == id && payload["record"]["version"] == current,
            };
            if !(refused && shown) {
                wrong.push(format!("{mutation} at {version}: {payload}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(app.traces().await, before);
}

async fn a_participation_is_changed_at_its_version_only(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let input = inputs.get("recordParticipation");
    let future = app.secretariat().refusals("recordParticipation", with(input, "expectedVersion", 1)).await;
    assert_eq!(future, ["CONFLICT expectedVersion"], "nothing is recorded yet");
    let row = app.secretariat().mutate("recordParticipation", input.clone(), "id version").await;
    let before = app.traces().await;
    for version in [json!(null), json!(0), json!(2)] {
        let payload = app
            .secretariat()
            .payload("recordParticipation", with(input, "expectedVersion", version), "id version")
            .await;
        assert_eq!(payload["userErrors"][0]["code"], "CONFLICT");
        assert_eq!(payload["record"], row);
    }
    assert_eq!(app.traces().await, before);
}

async fn of_two_writers_with_one_version_one_wins(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let (one, other) = (app.secretariat(), app.second().await);
    let input = |seat: &str| with(&with(inputs.get("updateOrganization"), "acronym", "NEWER"), "seat", seat);
    let (first, second) = tokio::join!(one.payload("updateOrganization", input("Osh"), "version"), async {
        other.secretariat().payload("updateOrganization", input("Naryn"), "version").await
    },);
    let errors = [&first, &second].map(|payload| payload["userErrors"][0]["code"].clone());
    assert!(
        errors == [json!(null), json!("CONFLICT")] || errors == [json!("CONFLICT"), json!(null)],
        "{first} {second}"
    );
}
