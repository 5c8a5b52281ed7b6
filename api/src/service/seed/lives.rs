//! The lives of the demonstration's texts: how consensus was sought on each, and what delegations said. The delegations are made up as well:
//! no organisation has said any of this.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use entity::consensus_procedure::{self, ConsensusMode, ConsensusOutcome, ConsensusStage};
use entity::id::{BodyId, MandateId, OrganizationId};
use entity::mandate::{self, MandateRole};
use entity::organization::{self, OrganizationKind};
use entity::position::{self, PositionKind, PositionState};
use entity::{meeting, recommendation, recommendation_revision};

use super::factory::localized;
use crate::domain::audience;
use crate::domain::consensus::USUAL;
use crate::error::Error;
use crate::service::consensus::{Opening, position_access, row_on};
use crate::service::organization::row::new_row;
use crate::service::read;
use crate::service::tx::Tx;

/// Before which body consensus was sought.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Before {
    Group,
    Committee,
}

/// How consensus was sought once, on the revision with a number.
pub struct Sought {
    before: Before,
    revision: usize,
    mode: ConsensusMode,
    outcome: ConsensusOutcome,
    said: &'static [Said],
}

/// What a delegation said, and what became of it.
pub struct Said {
    delegation: usize,
    kind: PositionKind,
    state: PositionState,
    english: &'static str,
    russian: &'static str,
}

const fn in_room(before: Before, outcome: ConsensusOutcome) -> Sought {
    Sought { before, revision: 2, mode: ConsensusMode::InMeeting, outcome, said: &[] }
}

const fn silence(before: Before, revision: usize, outcome: ConsensusOutcome, said: &'static [Said]) -> Sought {
    Sought { before, revision, mode: ConsensusMode::Silence, outcome, said }
}

const fn said(
    delegation: usize,
    kind: PositionKind,
    state: PositionState,
    english: &'static str,
    russian: &'static str,
) -> Said {
    Said { delegation, kind, state, english, russian }
}

/// One for each of the demonstration's texts, in their order, and one for each way that consensus can go.
pub const LIVES: [&[Sought]; 11] = {
    use Before::{Committee, Group};
    use ConsensusOutcome::{Adopted, Broken, Lapsed, Pending, Withdrawn};
    use PositionKind::{Amendment, FormalReservation, InterpretativeStatement, Objection, Support};
    use PositionState::{Answered, Maintained, Stated, Withdrawn as TakenBack};
    [
        // In the room, twice.
        &[in_room(Group, Adopted), in_room(Committee, Adopted)],
        // An objection is answered and taken back; a second silence goes through.
        &[
            silence(
                Group,
                2,
                Broken,
                &[said(0, Objection, TakenBack, "The term is not defined.", "Термин не определён.")],
            ),
            silence(Group, 2, Adopted, &[said(1, Support, Stated, "It answers a need.", "Это отвечает потребности.")]),
            in_room(Committee, Adopted),
        ],
        // By silence in both bodies; what is said is published with the text.
        &[
            silence(Group, 2, Adopted, &[]),
            silence(
                Committee,
                2,
                Adopted,
                &[
                    said(
                        0,
                        InterpretativeStatement,
                        Stated,
                        "Read together with national law.",
                        "Понимается в сочетании с национальным правом.",
                    ),
                    said(1, FormalReservation, Stated, "Subject to available means.", "При наличии средств."),
                ],
            ),
        ],
        // An amendment is taken up by the next revision.
        &[
            silence(
                Group,
                1,
                Broken,
                &[said(1, Amendment, Answered, "Partners should be named.", "Следует назвать партнёров.")],
            ),
            silence(Group, 2, Adopted, &[]),
        ],
        // Sent back by the Executive Committee.
        &[in_room(Group, Adopted), in_room(Committee, Broken)],
        // The group was not active when the first silence ended; nobody said anything.
        &[silence(Group, 2, Lapsed, &[]), silence(Group, 2, Adopted, &[])],
        // Open, with a support.
        &[silence(Group, 2, Pending, &[said(0, Support, Stated, "It answers a need.", "Это отвечает потребности.")])],
        // An objection is maintained, and the room finds no consensus.
        &[
            silence(
                Group,
                2,
                Broken,
                &[said(1, Objection, Maintained, "A platform exists already.", "Платформа уже существует.")],
            ),
            in_room(Group, Broken),
        ],
        // The chair has taken the silence back.
        &[silence(Group, 2, Withdrawn, &[said(2, Support, Stated, "It answers a need.", "Это отвечает потребности.")])],
        // Not begun.
        &[],
        // After an objection the text was withdrawn.
        &[silence(Group, 1, Broken, &[said(0, Objection, Stated, "It is too early.", "Это преждевременно.")])],
    ]
};

/// The made-up delegations: English and Russian name, kind, whether they can object.
const DELEGATIONS: [(&str, &str, &str, OrganizationKind, bool); 3] = [
    ("DEMO-A", "Demonstration: delegation A", "Демонстрация: делегация А", OrganizationKind::GovernmentBody, true),
    ("DEMO-B", "Demonstration: delegation B", "Демонстрация: делегация Б", OrganizationKind::Other, true),
    ("DEMO-C", "Demonstration: delegation C", "Демонстрация: делегация В", OrganizationKind::CivilSociety, false),
];

/// A made-up delegation, with its mandates by body.
pub struct Delegation {
    id: OrganizationId,
    mandates: HashMap<BodyId, MandateId>,
}

/// Adds the delegations, each with a mandate in these bodies.
pub async fn delegations(tx: &mut Tx<'_>, bodies: &[BodyId], from: &meeting::Model) -> Result<Vec<Delegation>, Error> {
    let mut delegations = Vec::new();
    for (acronym, english, russian, kind, can_object) in DELEGATIONS {
        let name = localized(&(english.to_owned(), russian.to_owned()));
        let row = new_row(tx, acronym.to_owned(), name, kind);
        let row = tx.insert::<organization::Entity>(row).await?;
        let mandates: Vec<mandate::Model> =
            bodies.iter().map(|body| mandate(tx, row.id, *body, can_object, from)).collect();
        let by_body = mandates.iter().map(|mandate| (mandate.body_id, mandate.id)).collect();
        tx.insert_many::<mandate::Entity>(mandates).await?;
        delegations.push(Delegation { id: row.id, mandates: by_body });
    }
    Ok(delegations)
}

fn mandate(
    tx: &Tx<'_>,
    organization_id: OrganizationId,
    body_id: BodyId,
    can_object: bool,
    from: &meeting::Model,
) -> mandate::Model {
    let (audience, owner) = audience::OPEN;
    mandate::Model {
        id: tx.new_id(),
        organization_id,
        body_id,
        country_id: None,
        role: MandateRole::Member,
        can_object,
        valid_from: from.starts_on,
        valid_to: None,
        audience,
        owner,
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
    }
}

/// Where consensus was sought on the texts, and who spoke.
pub struct Scene<'a> {
    pub agreed_at: &'a meeting::Model,
    pub adopted_at: &'a meeting::Model,
    pub adopted_by: BodyId,
    pub delegations: &'a [Delegation],
}

/// The day on which the text with an index was adopted at a meeting: in the room, or at the deadline of a silence.
pub fn adopted_on(index: usize, meeting: &meeting::Model) -> NaiveDate {
    let by_silence = LIVES[index].last().is_some_and(|last| last.mode == ConsensusMode::Silence);
    if by_silence { meeting.starts_on + USUAL } else { meeting.ends_on }
}

/// Adds the procedures of a life, and what was said in them; returns how many records that is.
pub async fn add(
    tx: &mut Tx<'_>,
    text: &recommendation::Model,
    life: &[Sought],
    scene: &Scene<'_>,
) -> Result<usize, Error> {
    let revisions = read::children::<recommendation_revision::Entity>(tx.db(), tx.viewer(), &[text.id]).await?;
    let mut records = 0;
    for (index, sought) in (0..).zip(life) {
        let (meeting, body, stage) = match sought.before {
            Before::Group => (scene.agreed_at, text.body_id, ConsensusStage::Agreement),
            Before::Committee => (scene.adopted_at, scene.adopted_by, ConsensusStage::Adoption),
        };
        let revision = revisions.get(sought.revision - 1).ok_or_else(|| Error::internal("no such revision"))?;
        let again = life[..index].iter().filter(|earlier| earlier.before == sought.before).count();
        let procedure = procedure(tx, Opening { text, body, meeting, stage }, revision, (sought, again));
        let procedure = tx.insert::<consensus_procedure::Entity>(procedure).await?;
        let latest = revisions.last().unwrap_or(revision);
        for said in sought.said {
            let delegation = &scene.delegations[said.delegation];
            let row = position(tx, said, &procedure, delegation, latest)?;
            let (audience, owner) = position_access(&row, &procedure, revision, meeting);
            tx.insert::<position::Entity>(position::Model { audience, owner, ..row }).await?;
        }
        records += 1 + sought.said.len();
    }
    Ok(records)
}

/// A procedure that was opened on the morning of its meeting, or four days after the one before it; what is open was opened now.
fn procedure(
    tx: &Tx<'_>,
    opening: Opening<'_>,
    revision: &recommendation_revision::Model,
    (sought, again): (&Sought, usize),
) -> consensus_procedure::Model {
    let morning = opening.meeting.starts_on.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(5);
    let later = TimeDelta::days(4) * i32::try_from(again).unwrap_or_default();
    let is_open = sought.outcome == ConsensusOutcome::Pending;
    let opened_at = if is_open { tx.now() } else { morning + later };
    let deadline = (sought.mode == ConsensusMode::Silence).then(|| opened_at + USUAL);
    let closed_at = match sought.outcome {
        ConsensusOutcome::Pending => None,
        ConsensusOutcome::Adopted | ConsensusOutcome::Lapsed => deadline.or(Some(opened_at)),
        _ if deadline.is_some() => Some(opened_at + TimeDelta::hours(20)),
        _ => Some(opened_at),
    };
    let row = row_on(tx, opening, revision, (sought.mode, sought.outcome));
    consensus_procedure::Model { opened_at, deadline, closed_at, ..row }
}

/// A position that was stated in its procedure: what breaks a silence, when it broke.
fn position(
    tx: &Tx<'_>,
    said: &Said,
    procedure: &consensus_procedure::Model,
    delegation: &Delegation,
    latest: &recommendation_revision::Model,
) -> Result<position::Model, Error> {
    let is_open = procedure.outcome == ConsensusOutcome::Pending;
    let hours = |hours: i64| TimeDelta::hours(if is_open { 0 } else { hours });
    let stated_at = procedure.opened_at + hours(20);
    let is_answered =
        matches!(said.state, PositionState::Answered | PositionState::Maintained | PositionState::Withdrawn);
    let when = |is_so: bool, later: i64| -> Option<DateTime<Utc>> { is_so.then(|| stated_at + hours(later)) };
    let answer = ("The group has discussed it.".to_owned(), "Группа это обсудила.".to_owned());
    let mandate = delegation.mandates.get(&procedure.body_id).ok_or_else(|| Error::internal("no mandate"))?;
    Ok(position::Model {
        id: tx.new_id(),
        recommendation_id: procedure.recommendation_id,
        procedure_id: procedure.id,
        organization_id: delegation.id,
        mandate_id: *mandate,
        kind: said.kind,
        text: Some(localized(&(said.english.to_owned(), said.russian.to_owned()))),
        proposed_text: (said.kind == PositionKind::Amendment).then(|| latest.text.clone()),
        stated_at,
        answer: is_answered.then(|| localized(&answer)),
        answered_by_id: None,
        answered_at: when(is_answered, 4),
        maintained_at: when(said.state == PositionState::Maintained, 8),
        withdrawn_at: when(said.state == PositionState::Withdrawn, 8),
        audience: procedure.audience,
        owner: procedure.owner,
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
    })
}
