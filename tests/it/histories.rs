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
    /// The Executive Committee sends the text back, and the group discusses it again.
    Reopen,
    Wait {
        minutes: i64,
    },
}

fn step(chance: &mut Chance) -> Step {
    match chance.below(22) {
        0..=3 => Step::Open { hours: [23, 24, 48, 72][chance.below(4)] },
        4 => Step::Withdraw,
        5..=9 => Step::State { speaker: chance.below(3), kind: KINDS[chance.below(KINDS.len())] },
        10..=11 => Step::TakeBack { which: chance.below(8) },
        12..=13 => Step::Revise,
        14 => Step::Agree,
        15 => Step::FindNoConsensus,
        16..=18 => Step::Reopen,
        _ => Step::Wait { minutes: [1, 600, 1439, 1440, 2880][chance.below(5)] },
    }
}

struct Procedure {
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

    fn end(&mut self, outcome: &'static str, status: &'static str) {
        self.procedures.last_mut().expect("a procedure").outcome = outcome;
        self.status = status;
    }

    fn record(&mut self, outcome: &'static str, status: &'static str) {
        self.procedures.push(Procedure { revision: self.revisions, outcome, deadline: None });
        self.status = status;
    }

    /// Does a step, if it may be done; returns whether it is.
    fn does(&mut self, step: Step) -> bool {
        let discussed = self.status == "UNDER_DISCUSSION";
        match step {
            Step::Open { hours } if discussed && hours >= 24 && !self.objection_stands() => {
                self.record("PENDING", "UNDER_SILENCE");
                let deadline = self.now + TimeDelta::hours(hours);
                self.procedures.last_mut().expect("a procedure").deadline = Some(deadline);
            }
            Step::Withdraw if self.status == "UNDER_SILENCE" => self.end("WITHDRAWN", "UNDER_DISCUSSION"),
            Step::State { speaker, kind } if self.may_state(speaker, kind) => {
                let procedure = self.procedures.len() - 1;
                self.positions.push(Position { procedure, speaker, kind, taken_back: false });
                if Self::blocks(kind) {
                    self.end("BROKEN", "UNDER_DISCUSSION");
                }
            }
            Step::TakeBack { which } if self.positions.get(which).is_some_and(|one| !one.taken_back) => {
                self.positions[which].taken_back = true;
            }
            Step::Revise if discussed || self.status == "NO_CONSENSUS" => {
                self.revisions += 1;
                self.status = "UNDER_DISCUSSION";
            }
            Step::Agree if discussed && !self.objection_stands() => self.record("ADOPTED", "AGREED_IN_GROUP"),
            Step::FindNoConsensus if discussed => self.record("BROKEN", "NO_CONSENSUS"),
            Step::Reopen if self.status == "AGREED_IN_GROUP" => self.status = "UNDER_DISCUSSION",
            Step::Wait { minutes } => {
                self.now += TimeDelta::minutes(minutes);
                let pending = self.procedures.last().filter(|one| one.outcome == "PENDING");
                if pending.and_then(|one| one.deadline).is_some_and(|deadline| deadline <= self.now) {
                    self.end("ADOPTED", "AGREED_IN_GROUP");
                }
            }
            _ => return false,
        }
        true
    }

    fn may_state(&self, speaker: usize, kind: &str) -> bool {
        let last = self.procedures.len().checked_sub(1);
        let is_open = self.status == "UNDER_SILENCE";
        let has_spoken =
            self.positions.iter().any(|one| Some(one.procedure) == last && one.speaker == speaker && !one.taken_back);
        let is_able = match speaker {
            0 => true,
            1 => !Self::blocks(kind),
            _ => false,
        };
        is_open && is_able && !has_spoken
    }

    fn told(&self) -> Value {
        let procedures = self.procedures.iter().enumerate().map(|(number, one)| {
            let said = self.positions.iter().filter(|position| position.procedure == number);
            let said: Vec<Value> = said
                .map(|position| json!([position.kind, if position.taken_back { "WITHDRAWN" } else { "STATED" }]))
                .collect();
            json!([one.outcome, one.revision, said])
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
            .read("status revisions { number } procedures { outcome revision { number } positions { kind state } }")
            .await;
        let list = |value: &Value| value.as_array().expect("a list").clone();
        let procedures = list(&found["procedures"]).into_iter().map(|one| {
            let positions = list(&one["positions"]);
            let positions: Vec<Value> = positions.iter().map(|one| json!([one["kind"], one["state"]])).collect();
            json!([one["outcome"], one["revision"]["number"], positions])
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
                let deadline = json!({ "deadline": deadline.to_rfc3339_opts(SecondsFormat::Micros, true) });
                self.does("openSilence", with(at_with(&now, at_meeting), deadline)).await
            }
            Step::Withdraw => self.does("withdrawSilence", at(&now)).await,
            Step::State { speaker, kind } => {
                let Some(procedure) = now["procedures"].as_array().and_then(|all| all.last()) else { return false };
                let mut input = json!({
                    "procedureId": procedure["id"], "kind": kind, "text": text("Why"),
                    "organizationId": self.app.organization(SPEAKERS[speaker]).await,
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
            Step::Reopen => {
                let mut done = true;
                for mutation in ["submitToExecutiveCommittee", "returnRecommendation", "openDiscussion"] {
                    let now = self.read("id version").await;
                    done = done && self.does(mutation, at(&now)).await;
                }
                done
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

async fn lives_of_texts_are_as_the_document_says(app: TestApp) {
    for (acronym, can_object) in [("OSCE", true), ("UNICEF", false)] {
        let mandate = json!({
            "organizationId": app.organization(acronym).await, "bodyId": app.body("WG-A").await, "role": "MEMBER",
            "canObject": can_object, "validFrom": "2025-01-01",
        });
        app.secretariat().mutate("grantMandate", mandate, "id").await;
    }
    let meeting = app.concluded_meeting(&["WG-A"]).await;
    let (mut done, mut refused, mut outcomes) = (0, 0, BTreeSet::new());
    for seed in SEEDS {
        let mut chance = Chance::of(seed);
        let id = app.under_discussion("WG-A").await["id"].take();
        let life = Life { app: &app, id, meeting: meeting.clone() };
        let now = app.app.clock.now();
        let mut model =
            Model { now, status: "UNDER_DISCUSSION", revisions: 1, procedures: Vec::new(), positions: Vec::new() };
        for number in 0..STEPS {
            let step = step(&mut chance);
            let (expected, happened) = (model.does(step), life.takes(step).await);
            assert_eq!(happened, expected, "seed {seed}, step {number}: {step:?} {}", model.told());
            assert_eq!(life.told().await, model.told(), "seed {seed}, step {number}: {step:?}");
            *if expected { &mut done } else { &mut refused } += 1;
        }
        outcomes.extend(model.procedures.iter().map(|one| (one.outcome, one.deadline.is_some())));
    }
    assert!(done > 150 && refused > 150, "{done} steps were done, and {refused} refused");
    let expected = [("ADOPTED", false), ("ADOPTED", true), ("BROKEN", false), ("BROKEN", true), ("WITHDRAWN", true)];
    assert!(expected.iter().all(|one| outcomes.contains(one)), "{outcomes:?}");
}
