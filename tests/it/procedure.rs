//! The tables of moves, positions and reactions in `docs/procedure.md` are equal to the rules in `domain`: every combination is tried. Who may do
//! what stands in `access`; what happens at once, or meanwhile, in `consensus` and `positions`.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use entity::Audience;
use entity::body::ParticipantCategory;
use entity::consensus_procedure::{ConsensusMode, ConsensusOutcome, ConsensusStage};
use entity::id::{BodyId, MandateId, OrganizationId, RecordId as _};
use entity::mandate::{self, MandateRole};
use entity::organization::OrganizationKind;
use entity::position::{PositionKind, PositionState};
use entity::recommendation::RecommendationStatus;
use rec_api::domain::attendance;
use rec_api::domain::consensus::{Reaction, blocks, is_open, mandate_for, takes};
use rec_api::domain::decision::outcome_of;
use rec_api::domain::lifecycle::{Transition, next};
use rec_api::domain::validation::ValidationError;
use sea_orm::{ActiveEnum as _, Iterable as _};
use uuid::Uuid;

/// The cells of the rows of the table whose head begins with these words.
fn table(head: &str) -> Vec<Vec<String>> {
    let text = include_str!("../../docs/procedure.md");
    let lines = text.lines().skip_while(|line| !line.starts_with(&format!("| {head} |"))).skip(2);
    let rows = lines.take_while(|line| line.starts_with('|'));
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    rows.map(cells).collect()
}

/// The words of a cell that stand in backticks.
fn code(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

fn transition(row: &str) -> Transition {
    let words = row.split([',', ';']).next().unwrap().trim_matches('`');
    match words {
        "reviseRecommendation" => Transition::Revise,
        "setAddressees" => Transition::SetAddressees,
        "openDiscussion" => Transition::OpenDiscussion,
        "withdrawRecommendation" => Transition::Withdraw,
        "openSilence" => Transition::OpenSilence,
        "withdrawSilence" => Transition::EndSilence,
        "the deadline of a silence" => Transition::ElapseSilence,
        "recordAgreement" => Transition::RecordAgreement,
        "recordNoConsensus" => Transition::RecordNoConsensus,
        "submitToExecutiveCommittee" => Transition::Submit,
        "returnRecommendation" => Transition::Return,
        "adoptRecommendation" => Transition::Adopt,
        "recordAdoption" => Transition::RecordAdoption,
        "transmitRecommendation" => Transition::Transmit,
        "supersedeRecommendation" => Transition::Supersede,
        other => panic!("no move is called {other}"),
    }
}

#[test]
fn every_move_in_every_state_is_in_the_table_or_refused() {
    let mut documented = Vec::new();
    for row in table("move") {
        for status in code(&row[1]) {
            let after = if row[2] == "the same" { status } else { code(&row[2])[0] };
            documented.push((transition(&row[0]), status.to_owned(), after.to_owned()));
        }
    }
    let mut allowed = Vec::new();
    for step in Transition::iter() {
        for status in RecommendationStatus::iter() {
            if let Ok(after) = next(status, step) {
                allowed.push((step, status.to_value(), after.to_value()));
            }
        }
    }
    for one in &allowed {
        assert!(documented.contains(one), "the table lacks {one:?}");
    }
    assert_eq!(allowed.len(), documented.len());
}

fn held(can_object: bool) -> mandate::Model {
    let day = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    mandate::Model {
        id: MandateId::new(Uuid::from_u128(1)),
        organization_id: OrganizationId::new(Uuid::from_u128(2)),
        body_id: BodyId::new(Uuid::from_u128(3)),
        country_id: None,
        role: MandateRole::Member,
        can_object,
        valid_from: day,
        valid_to: None,
        audience: Audience::Public,
        owner: None,
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
        version: 1,
    }
}

/// What the rules say of a position, in the words of the table.
fn outcome(kind: PositionKind, held: &[mandate::Model], is_late: bool) -> String {
    let deadline = DateTime::<Utc>::from_timestamp(1_800_000_000, 0).unwrap();
    let now = if is_late { deadline } else { deadline - TimeDelta::microseconds(1) };
    let refusals: Vec<ValidationError> =
        [is_open("procedureId", ConsensusOutcome::Pending, Some(deadline), now).err(), mandate_for(kind, held).err()]
            .into_iter()
            .flatten()
            .flatten()
            .collect();
    if !refusals.is_empty() {
        let paths: Vec<String> = refusals.iter().map(|one| format!("`{}`", one.path.join("."))).collect();
        return format!("`INVALID_STATE` {}", paths.join(" "));
    }
    let said = if blocks(kind) { "the silence is `BROKEN` at once" } else { "stated; the silence goes on" };
    said.to_owned()
}

#[test]
fn every_position_with_every_mandate_at_every_time_is_in_the_table() {
    let rows = table("kind");
    let said = |kind: PositionKind, mandate: &str| {
        let name = kind.to_value();
        let row =
            rows.iter().find(|row| (row[0] == "any" || code(&row[0]).contains(&name.as_str())) && row[1] == mandate);
        row.unwrap_or_else(|| panic!("{name} {mandate}"))[2..].to_vec()
    };
    for kind in PositionKind::iter() {
        let (able, unable) =
            if blocks(kind) { ("one with `canObject`", "one, without `canObject`") } else { ("one", "one") };
        for (mandate, held) in [(able, vec![held(true)]), (unable, vec![held(false)]), ("none", Vec::new())] {
            assert_eq!(
                said(kind, mandate),
                [outcome(kind, &held, false), outcome(kind, &held, true)],
                "{kind:?} {mandate}"
            );
        }
        assert!(is_open("id", ConsensusOutcome::Broken, None, DateTime::UNIX_EPOCH).is_err());
    }
}

#[test]
fn every_reaction_to_a_position_is_in_the_table() {
    let rows = table("state");
    assert_eq!(rows.len(), PositionState::iter().count());
    for state in PositionState::iter() {
        let row = rows.iter().find(|row| code(&row[0]) == [state.to_value()]).unwrap();
        for (step, cell) in Reaction::iter().zip(&row[1..]) {
            let expected = match (takes(state, step, false), step) {
                (Err(_), _) => "refused",
                (Ok(()), Reaction::Answer) => "`ANSWERED`",
                (Ok(()), Reaction::Maintain) => "`MAINTAINED`",
                (Ok(()), Reaction::Withdraw) => "`WITHDRAWN`",
            };
            assert_eq!(cell, expected, "{state:?} {step:?}");
            assert!(takes(state, step, true).is_err(), "published");
        }
    }
}

#[test]
fn what_every_procedure_decides_is_in_the_table() {
    let rows = table("last procedure");
    for outcome in ConsensusOutcome::iter() {
        for mode in ConsensusMode::iter() {
            let is_open_in_the_room = outcome == ConsensusOutcome::Pending && mode == ConsensusMode::InMeeting;
            let is_ended_in_the_room = matches!(outcome, ConsensusOutcome::Withdrawn | ConsensusOutcome::Lapsed);
            if is_open_in_the_room || (is_ended_in_the_room && mode == ConsensusMode::InMeeting) {
                continue;
            }
            let (outcome_name, mode_name) = (outcome.to_value(), mode.to_value());
            let names = |row: &&Vec<String>| {
                code(&row[0]).contains(&outcome_name.as_str()) && code(&row[1]).contains(&mode_name.as_str())
            };
            let found: Vec<&Vec<String>> = rows.iter().filter(names).collect();
            let [row] = found[..] else { panic!("{outcome_name} {mode_name}: {found:?}") };
            for (stage, cell) in [(ConsensusStage::Agreement, &row[2]), (ConsensusStage::Adoption, &row[3])] {
                let decided = outcome_of(outcome, mode, stage);
                assert_eq!(code(cell)[0], async_graphql::InputType::to_value(&decided).to_string());
            }
        }
    }
}

#[test]
fn every_kind_of_organisation_has_its_category_in_the_table() {
    let rows = table("category");
    for category in ParticipantCategory::iter() {
        let row = rows.iter().find(|row| code(&row[0]) == [category.to_value()]).unwrap();
        let kinds = OrganizationKind::iter().filter(|kind| attendance::category(*kind, None) == category);
        let kinds: Vec<String> = kinds.map(|kind| kind.to_value()).collect();
        assert_eq!(code(&row[1]), kinds);
    }
    assert_eq!(rows.len(), ParticipantCategory::iter().count());
}
