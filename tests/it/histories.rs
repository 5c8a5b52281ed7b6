//! Random lives of a text, told by the service and by a small model that was written from `docs/procedure.md` alone: they agree after each step.

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rec_tests::chance::Chance;
use rec_tests::given::{at, at_with, text, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

const SEEDS: [u64; 6] = [1, 17, 404, 20_261_130, 77_777_777, 4_294_967_291];
const STEPS: usize = 100;
/// Who speaks: a delegation that may object, one that may not, and an organisation without a mandate.
const SPEAKERS: [&str; 3] = ["OSCE", "UNICEF", "UNODC"];
const KINDS: [&str; 5] = ["OBJECTION", "AMENDMENT", "INTERPRETATIVE_STATEMENT", "FORMAL_RESERVATION", "SUPPORT"];

#[derive(Clone, Copy, Debug)]
enum Step {
    Open {
        hours: i64,
    },
    Withdraw,
    State {
        speaker: usize,
        kind: &'static str,
    },
    TakeBack {
        which: usize,
    },
    Revise,
    Agree,
    FindNoConsensus,
    Submit,
    /// The Executive Committee sends the text back.
    Return,
    Discuss,
    Adopt,
    Wait {
        minutes: i64,
    },
}

fn step(chance: &mut Chance) -> Step {
    match chance.below(29) {
        0..=4 => Step::Open { hours: [23, 24, 48, 72][chance.below(4)] },
        5 => Step::Withdraw,
        6..=10 => Step::State { speaker: chance.below(3), kind: KINDS[chance.below(KINDS.len())] },
        11..=14 => Step::TakeBack { which: chance.below(8) },
        15 => Step::Revise,
        16 => Step::Agree,
        17 => Step::FindNoConsensus,
        18..=21 => Step::Submit,
        22 => Step::Return,
        23..=24 => Step::Discuss,
        25 => Step::Adopt,
        _ => Step::Wait { minutes: [1, 600, 1439, 1440, 2880][chance.below(5)] },
    }
}

struct Procedure {
    body: &'static str,
    revision: usize,
    outcome: &'static str,
    deadline: Option<DateTime<Utc>>,
}

struct Position {
    procedure: usize,
    speaker: usize,
    kind: &'static str,
    taken_back: bool,
}

/// What the document says of a text.
struct Model {
    now: DateTime<Utc>,
    status: &'static str,
    revisions: usize,
    procedures: Vec<Procedure>,
    positions: Vec<Position>,
}

impl Model {
    fn blocks(kind: &str) -> bool {
        matches!(kind, "OBJECTION" | "AMENDMENT")
    }

    fn objection_stands(&self) -> bool {
        let on_latest = |one: &Position| self.procedures[one.procedure].revision == self.revisions;
        self.positions.iter().any(|one| !one.taken_back && Self::blocks(one.kind) && on_latest(one))
    }

    fn is_silent(&self) -> bool {
        self.procedures.last().is_some_and(|last| last.outcome == "PENDING")
    }

    /// Ends a silence. Where the text is submitted, it stays so until it is adopted.
    fn end(&mut self, outcome: &'static str) {
        self.procedures.last_mut().expect("a procedure").outcome = outcome;
        self.status = match (outcome, self.status) {
            ("ADOPTED", "SUBMITTED_TO_EXCOM") => "ADOPTED",
            ("ADOPTED", _) => "AGREED_IN_GROUP",
            (_, "SUBMITTED_TO_EXCOM") => "SUBMITTED_TO_EXCOM",
            _ => "UNDER_DISCUSSION",
        };
    }

    fn record(&mut self, outcome: &'static str, status: &'static str) {
        let body = if self.status == "SUBMITTED_TO_EXCOM" { "EC" } else { "WG-A" };
        self.procedures.push(Procedure { body, revision: self.revisions, outcome, deadline: None });
        self.status = status;
    }

    /// Does a step, if it may be done; returns whether it is.
    fn does(&mut self, step: Step) -> bool {
        let discussed = self.status == "UNDER_DISCUSSION";
        let submitted = self.status == "SUBMITTED_TO_EXCOM" && !self.is_silent();
        match step {
            Step::Open { hours } if (discussed || submitted) && hours >= 24 && !self.objection_stands() => {
                self.record("PENDING", if submitted { self.status } else { "UNDER_SILENCE" });
                let deadline = self.now + TimeDelta::hours(hours);
                self.procedures.last_mut().expect("a procedure").deadline = Some(deadline);
            }
            Step::Withdraw if self.is_silent() => self.end("WITHDRAWN"),
            Step::State { speaker, kind } if self.may_state(speaker, kind) => {
                let procedure = self.procedures.len() - 1;
                self.positions.push(Position { procedure, speaker, kind, taken_back: false });
                if Self::blocks(kind) {
                    self.end("BROKEN");
                }
            }
            Step::TakeBack { which } if self.positions.get(which).is_some_and(|one| !self.is_final(one)) => {
                self.positions[which].taken_back = true;
            }
            Step::Revise if discussed || self.status == "NO_CONSENSUS" => {
                self.revisions += 1;
                self.status = "UNDER_DISCUSSION";
            }
            Step::Agree if discussed && !self.objection_stands() => self.record("ADOPTED", "AGREED_IN_GROUP"),
            Step::FindNoConsensus if discussed => self.record("BROKEN", "NO_CONSENSUS"),
            Step::Submit if self.status == "AGREED_IN_GROUP" => self.status = "SUBMITTED_TO_EXCOM",
            Step::Return if submitted => self.status = "RETURNED",
            Step::Discuss if self.status == "RETURNED" => self.status = "UNDER_DISCUSSION",
            Step::Adopt if submitted && !self.objection_stands() => self.record("ADOPTED", "ADOPTED"),
            Step::Wait { minutes } => {
                self.now += TimeDelta::minutes(minutes);
                let pending = self.procedures.last().filter(|one| one.outcome == "PENDING");
                if pending.and_then(|one| one.deadline).is_some_and(|deadline| deadline <= self.now) {
                    self.end("ADOPTED");
                }
            }
            _ => return false,
        }
        true
    }

    /// What is withdrawn stays so, and so does what is published with the adopted revision.
    fn is_final(&self, position: &Position) -> bool {
        let attached = matches!(position.kind, "INTERPRETATIVE_STATEMENT" | "FORMAL_RESERVATION");
        let on_latest = self.procedures[position.procedure].revision == self.revisions;
        position.taken_back || (self.status == "ADOPTED" && attached && on_latest)
    }

    fn may_state(&self, speaker: usize, kind: &str) -> bool {
        let last = self.procedures.len().checked_sub(1);
        let is_open = self.is_silent();
        let has_spoken =
            self.positions.iter().any(|one| Some(one.procedure) == last && one.speaker == speaker && !one.taken_back);
        let is_able = match speaker {
            0 => true,
            1 => !Self::blocks(kind),
            _ => false,
        };
        is_open && is_able && !has_spoken
    }

    /// In which body a procedure has come to what, and whether by silence.
    fn ends(&self) -> Vec<(&'static str, &'static str, bool)> {
        self.procedures.iter().map(|one| (one.body, one.outcome, one.deadline.is_some())).collect()
    }

    fn told(&self) -> Value {
        let procedures = self.procedures.iter().enumerate().map(|(number, one)| {
            let said = self.positions.iter().filter(|position| position.procedure == number);
            let said: Vec<Value> = said
                .map(|position| json!([position.kind, if position.taken_back { "WITHDRAWN" } else { "STATED" }]))
                .collect();
            json!([one.body, one.outcome, one.revision, said])
        });
        json!({ "status": self.status, "revisions": self.revisions, "procedures": procedures.collect::<Vec<_>>() })
    }
}

/// The service, and the text whose life it keeps.
struct Life<'a> {
    app: &'a TestApp,
    id: Value,
    meeting: Value,
}

impl Life<'_> {
    async fn read(&self, selection: &str) -> Value {
        self.app.secretariat().recommendation(&self.id, selection).await
    }

    async fn told(&self) -> Value {
        let found = self
            .read("status revisions { number } procedures { body { code } outcome revision { number } positions { kind state } }")
            .await;
        let list = |value: &Value| value.as_array().expect("a list").clone();
        let procedures = list(&found["procedures"]).into_iter().map(|one| {
            let positions = list(&one["positions"]);
            let positions: Vec<Value> = positions.iter().map(|one| json!([one["kind"], one["state"]])).collect();
            json!([one["body"]["code"], one["outcome"], one["revision"]["number"], positions])
        });
        let procedures: Vec<Value> = procedures.collect();
        json!({ "status": found["status"], "revisions": list(&found["revisions"]).len(), "procedures": procedures })
    }

    /// Does a mutation; returns whether the service has done it.
    async fn does(&self, mutation: &str, input: Value) -> bool {
        let payload = self.app.secretariat().payload(mutation, input, "id").await;
        let refused = payload["userErrors"].as_array().expect("errors");
        assert_eq!(payload["change"].is_null(), !refused.is_empty(), "{mutation}: {payload}");
        refused.is_empty()
    }

    async fn takes(&self, step: Step) -> bool {
        let now = self.read("id version positions { id version } procedures { id }").await;
        let at_meeting = json!({ "meetingId": self.meeting["id"] });
        match step {
            Step::Open { hours } => {
                let deadline = self.app.app.clock.now() + TimeDelta::hours(hours);
                let deadline = deadline.to_rfc3339_opts(SecondsFormat::Micros, true);
                let more = json!({ "deadline": deadline, "noPersonalData": true });
                self.does("openSilence", with(at_with(&now, at_meeting), more)).await
            }
            Step::Withdraw => self.does("withdrawSilence", at(&now)).await,
            Step::State { speaker, kind } => {
                let Some(procedure) = now["procedures"].as_array().and_then(|all| all.last()) else { return false };
                let mut input = json!({
                    "procedureId": procedure["id"], "kind": kind, "text": text("Why"),
                    "organizationId": self.app.organization(SPEAKERS[speaker]).await, "noPersonalData": true,
                });
                if kind == "AMENDMENT" {
                    input["proposedText"] = text("Otherwise");
                }
                self.does("statePosition", input).await
            }
            Step::TakeBack { which } => match now["positions"].get(which) {
                Some(position) => self.does("withdrawPosition", at(position)).await,
                None => false,
            },
            Step::Revise => {
                let words = text(&format!("Revised after version {}", now["version"]));
                self.does("reviseRecommendation", at_with(&now, json!({ "text": words }))).await
            }
            Step::Agree => self.does("recordAgreement", at_with(&now, at_meeting)).await,
            Step::FindNoConsensus => self.does("recordNoConsensus", at_with(&now, at_meeting)).await,
            Step::Submit => self.does("submitToExecutiveCommittee", at(&now)).await,
            Step::Return => self.does("returnRecommendation", at(&now)).await,
            Step::Discuss => self.does("openDiscussion", at(&now)).await,
            Step::Adopt => {
                let more = json!({ "noPersonalData": true });
                self.does("adoptRecommendation", with(at_with(&now, at_meeting), more)).await
            }
            Step::Wait { minutes } => {
                self.app.app.clock.advance(TimeDelta::minutes(minutes));
                true
            }
        }
    }
}

on_both_databases! {
    lives_of_texts_are_as_the_document_says,
}

/// A meeting of the group and of the Executive Committee that is in session for the whole year.
async fn meeting_in_session(app: &TestApp) -> Value {
    let sessions = json!([{ "bodyId": app.body("WG-A").await }, { "bodyId": app.body("EC").await }]);
    let days = json!({ "startsOn": "2026-01-15", "endsOn": "2026-12-31", "sessions": sessions });
    let meeting = app.planned_meeting(days).await;
    let meeting = app.secretariat().mutate("confirmMeeting", at(&meeting), "id version").await;
    app.secretariat().mutate("openMeeting", at(&meeting), "id version").await
}

/// A text that comes under discussion, and what the model knows of it.
async fn begin<'a>(app: &'a TestApp, meeting: &Value) -> (Life<'a>, Model) {
    let life = Life { app, id: app.under_discussion("WG-A").await["id"].take(), meeting: meeting.clone() };
    let now = app.app.clock.now();
    let (procedures, positions) = (Vec::new(), Vec::new());
    (life, Model { now, status: "UNDER_DISCUSSION", revisions: 1, procedures, positions })
}

async fn lives_of_texts_are_as_the_document_says(app: TestApp) {
    for (acronym, body, can_object) in
        [("OSCE", "WG-A", true), ("UNICEF", "WG-A", false), ("OSCE", "EC", true), ("UNICEF", "EC", false)]
    {
        let mandate = json!({
            "organizationId": app.organization(acronym).await, "bodyId": app.body(body).await, "role": "MEMBER",
            "canObject": can_object, "validFrom": "2025-01-01",
        });
        app.secretariat().mutate("grantMandate", mandate, "id").await;
    }
    let meeting = meeting_in_session(&app).await;
    let (mut done, mut refused, mut ends) = (0, 0, BTreeSet::new());
    for seed in SEEDS {
        let mut chance = Chance::of(seed);
        let (mut life, mut model) = begin(&app, &meeting).await;
        for number in 0..STEPS {
            if model.status == "ADOPTED" && chance.below(3) == 0 {
                ends.extend(model.ends());
                (life, model) = begin(&app, &meeting).await;
            }
            let step = step(&mut chance);
            let (expected, happened) = (model.does(step), life.takes(step).await);
            assert_eq!(happened, expected, "seed {seed}, step {number}: {step:?} {}", model.told());
            assert_eq!(life.told().await, model.told(), "seed {seed}, step {number}: {step:?}");
            *if expected { &mut done } else { &mut refused } += 1;
        }
        ends.extend(model.ends());
    }
    assert!(done > 150 && refused > 150, "{done} steps were done, and {refused} refused");
    for body in ["WG-A", "EC"] {
        for end in [("ADOPTED", false), ("ADOPTED", true), ("BROKEN", true), ("WITHDRAWN", true)] {
            assert!(ends.contains(&(body, end.0, end.1)), "{body} {end:?} {ends:?}");
        }
    }
    assert!(ends.contains(&("WG-A", "BROKEN", false)), "{ends:?}");
}
