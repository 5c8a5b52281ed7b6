//! Consensus procedures: which exist, their rows, and who sees them and the positions in them. What opens and ends them is a transition of their
//! text: `recommendation::silence`. The rules stand in `domain/consensus.rs`.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{ID, InputObject, OneofObject};
use chrono::{DateTime as Instant, NaiveDate, Utc};
use entity::consensus_procedure::{self, ConsensusMode, ConsensusOutcome, ConsensusStage};
use entity::date::DateTime;
use entity::id::{BodyId, ConsensusProcedureId, MeetingId, RecommendationId, RevisionId};
use entity::{mandate, meeting, position, recommendation, recommendation_revision};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait};

use super::body::BodyFilter;
use super::external_id::{self, ExternalIdInput};
use super::filter::{EnumFilter, IdFilter, ListFilter, OrderedFilter, filter};
use super::organization::OrganizationFilter;
use super::page::sort;
use super::read::{self, Ordered, Visible};
use super::relation::Relation;
use super::tx::Tx;
use crate::auth::Viewer;
use crate::clock::council_day;
use crate::domain::audience::{self, Access};
use crate::domain::consensus as rules;
use crate::domain::validation::Validated;
use crate::error::Error;

impl Visible for consensus_procedure::Entity {
    const ORDERED: Option<Ordered<Self::Column>> = {
        use consensus_procedure::Column::{BodyId, Deadline, Id, OpenedAt, Outcome, UpdatedAt};
        let found = &[Id, Deadline, OpenedAt, UpdatedAt];
        Some(Ordered { is_whole: true, leading: &[BodyId, Outcome], found, owner: None })
    };
}

/// Names one consensus procedure.
#[derive(Clone, Debug, OneofObject)]
pub enum ConsensusProcedureBy {
    /// Its id. Error, for what is no id of this type: `INVALID_ARGUMENT`.
    Id(ID),
    /// What a system of yours calls it.
    ExternalId(ExternalIdInput),
}

/// Which consensus procedures.
#[derive(Clone, Debug, Default, InputObject)]
pub struct ConsensusProcedureFilter {
    /// By id.
    pub id: Option<IdFilter>,
    /// By how consensus is sought.
    pub mode: Option<EnumFilter<ConsensusMode>>,
    /// By what it has come to. `{ eq: PENDING }` leaves those that are open.
    pub outcome: Option<EnumFilter<ConsensusOutcome>>,
    /// By the deadline of a silence.
    pub deadline: Option<OrderedFilter<DateTime>>,
    /// By the time when it was opened.
    pub opened_at: Option<OrderedFilter<DateTime>>,
    /// By the body that seeks consensus.
    pub body: Option<Box<BodyFilter>>,
    /// By the organisations that have stated a position in it, as far as you may see that; also one that they have withdrawn.
    pub speakers: Option<ListFilter<OrganizationFilter>>,
    /// By the time of the last change.
    pub updated_at: Option<OrderedFilter<DateTime>>,
    /// All of these must match.
    pub and: Option<Vec<ConsensusProcedureFilter>>,
    /// At least one of these must match.
    pub or: Option<Vec<ConsensusProcedureFilter>>,
    /// This must not match.
    pub not: Option<Box<ConsensusProcedureFilter>>,
}

filter!(ConsensusProcedureFilter => consensus_procedure::Entity, |this, scope| [
    scope.related(this.body.as_deref(), consensus_procedure::Column::BodyId),
    scope.field(this.id.as_ref().map(IdFilter::of::<ConsensusProcedureId>).as_ref(), consensus_procedure::Column::Id),
    scope.field(this.mode.as_ref(), consensus_procedure::Column::Mode),
    scope.field(this.outcome.as_ref(), consensus_procedure::Column::Outcome),
    scope.field(this.deadline.as_ref(), consensus_procedure::Column::Deadline),
    scope.field(this.opened_at.as_ref(), consensus_procedure::Column::OpenedAt),
    scope.some::<consensus_procedure::Entity, _, position::Entity>(
        this.speakers.as_ref(), position::Column::ProcedureId, position::Column::OrganizationId,
    ),
    scope.field(this.updated_at.as_ref(), consensus_procedure::Column::UpdatedAt),
]);

impl ConsensusProcedureFilter {
    /// Those that are open; none of them ends before `from`.
    pub fn open(from: Instant<Utc>) -> Self {
        Self {
            outcome: Some(EnumFilter::equal(ConsensusOutcome::Pending)),
            // An index has those that end later, whatever has become of them.
            deadline: Some(OrderedFilter::at_least(DateTime(from))),
            ..Self::default()
        }
    }
}

sort! {
    /// What consensus procedures can be sorted by.
    ConsensusProcedureOrderField, ConsensusProcedureOrder => consensus_procedure {
        /// The deadline of a silence.
        Deadline => Deadline,
        /// The time when it was opened.
        OpenedAt => OpenedAt,
        /// The time of the last change.
        UpdatedAt => UpdatedAt,
    }
}

/// The consensus procedures of a body.
pub fn of_body() -> Relation {
    Relation::levelled(consensus_procedure::Column::BodyId)
}

/// The consensus procedures that were opened at a meeting.
pub fn of_meeting() -> Relation {
    Relation::direct(consensus_procedure::Column::MeetingId)
}

pub async fn find(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    by: &ConsensusProcedureBy,
) -> Result<Option<consensus_procedure::Model>, Error> {
    match by {
        ConsensusProcedureBy::Id(id) => read::by_text_id::<consensus_procedure::Entity>(db, viewer, id).await,
        ConsensusProcedureBy::ExternalId(by) => external_id::find::<consensus_procedure::Entity>(db, viewer, by).await,
    }
}

/// The first and the last day, in the council's zone, on which somebody may object.
pub fn days_open(row: &consensus_procedure::Model) -> (NaiveDate, NaiveDate) {
    let (first, last) = rules::moments_open(row);
    (council_day(first), council_day(last))
}

/// The mandates in bodies that let their holders object, by body, whenever they are valid.
pub async fn able_to_object(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    bodies: &[BodyId],
) -> Result<HashMap<BodyId, Vec<Arc<mandate::Model>>>, Error> {
    let in_bodies = read::among(db.get_database_backend(), mandate::Column::BodyId, bodies);
    let able = Condition::all().add(in_bodies).add(mandate::Column::CanObject.eq(true));
    let mut found: HashMap<BodyId, Vec<Arc<mandate::Model>>> = HashMap::new();
    let mut rows = read::all::<mandate::Entity>(db, viewer, able).await?;
    rows.sort_unstable_by_key(|row| (row.valid_from, row.id));
    for row in rows {
        found.entry(row.body_id).or_default().push(Arc::new(row));
    }
    Ok(found)
}

/// The pending procedure whose deadline comes first.
pub async fn next_pending(db: &impl ConnectionTrait) -> Result<Option<consensus_procedure::Model>, Error> {
    let pending = Condition::all().add(consensus_procedure::Column::Outcome.eq(ConsensusOutcome::Pending));
    read::first::<consensus_procedure::Entity>(db, &everyone(), pending, consensus_procedure::Column::Deadline).await
}

/// The silences that were opened at meetings.
pub async fn silences_at(tx: &Tx<'_>, meetings: &[MeetingId]) -> Result<Vec<consensus_procedure::Model>, Error> {
    let at = read::among(tx.db().get_database_backend(), consensus_procedure::Column::MeetingId, meetings);
    let silent = consensus_procedure::Column::Mode.eq(ConsensusMode::Silence);
    read::all::<consensus_procedure::Entity>(tx.db(), &everyone(), Condition::all().add(at).add(silent)).await
}

/// When the silence elapsed by which the group of a text has agreed last; `None` if it did so in the room.
pub async fn agreed_by_silence_at(tx: &Tx<'_>, text: &recommendation::Model) -> Result<Option<Instant<Utc>>, Error> {
    let procedures = read::children::<consensus_procedure::Entity>(tx.db(), &everyone(), &[text.id]).await?;
    Ok(rules::last_silence(&procedures).and_then(|row| row.closed_at))
}

/// The pending procedure on a text, which is locked.
pub async fn pending(tx: &Tx<'_>, text: RecommendationId) -> Result<Option<consensus_procedure::Model>, Error> {
    let of_text = Condition::all()
        .add(consensus_procedure::Column::RecommendationId.eq(text))
        .add(consensus_procedure::Column::Outcome.eq(ConsensusOutcome::Pending));
    read::find::<consensus_procedure::Entity>(tx.db(), &everyone(), of_text).await
}

/// Whether there is room for another silence on a text.
pub async fn room(tx: &Tx<'_>, text: RecommendationId) -> Result<Validated<()>, Error> {
    let of_text = Condition::all().add(consensus_procedure::Column::RecommendationId.eq(text));
    let before = read::count::<consensus_procedure::Entity>(tx.db(), &everyone(), of_text).await?;
    Ok(rules::room(usize::try_from(before).unwrap_or_default()))
}

/// What a procedure is opened on.
pub struct Opening<'a> {
    pub text: &'a recommendation::Model,
    pub body: BodyId,
    pub meeting: &'a meeting::Model,
    pub stage: ConsensusStage,
}

/// Opens a silence on the latest revision of a text.
pub async fn open_silence(tx: &mut Tx<'_>, opening: Opening<'_>, deadline: Instant<Utc>) -> Result<(), Error> {
    let revision = latest_revision(tx, opening.text.id).await?;
    let row = row_on(tx, opening, &revision, (ConsensusMode::Silence, ConsensusOutcome::Pending));
    let row = consensus_procedure::Model { deadline: Some(deadline), ..row };
    tx.insert::<consensus_procedure::Entity>(row).await.map(drop)
}

/// Records what a body has come to in the room, on the latest revision.
pub async fn record_in_meeting(
    tx: &mut Tx<'_>,
    opening: Opening<'_>,
    outcome: ConsensusOutcome,
) -> Result<(consensus_procedure::Model, recommendation_revision::Model), Error> {
    let revision = latest_revision(tx, opening.text.id).await?;
    let row = row_on(tx, opening, &revision, (ConsensusMode::InMeeting, outcome));
    let row = consensus_procedure::Model { closed_at: Some(row.opened_at), ..row };
    Ok((tx.insert::<consensus_procedure::Entity>(row).await?, revision))
}

/// A procedure on a revision that is opened now.
pub fn row_on(
    tx: &Tx<'_>,
    Opening { text, body, meeting, stage }: Opening<'_>,
    revision: &recommendation_revision::Model,
    (mode, outcome): (ConsensusMode, ConsensusOutcome),
) -> consensus_procedure::Model {
    let (audience, owner) =
        audience::of_procedure((revision.audience, revision.owner), (meeting.audience, meeting.owner));
    consensus_procedure::Model {
        id: tx.new_id(),
        recommendation_id: text.id,
        revision_id: revision.id,
        body_id: body,
        meeting_id: meeting.id,
        stage,
        mode,
        outcome,
        opened_at: tx.now(),
        deadline: None,
        closed_at: None,
        audience,
        owner,
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
    }
}

/// Ends a pending procedure.
pub async fn close(
    tx: &mut Tx<'_>,
    before: &consensus_procedure::Model,
    outcome: ConsensusOutcome,
) -> Result<(), Error> {
    let after = consensus_procedure::Model { outcome, closed_at: Some(tx.now()), ..before.clone() };
    tx.update::<consensus_procedure::Entity>(before, after).await.map(drop)
}

/// The positions on the latest revision of a text, and on earlier ones that say the same, whoever may see them.
pub async fn positions_on_latest(tx: &Tx<'_>, text: RecommendationId) -> Result<Vec<position::Model>, Error> {
    let latest = latest_revision(tx, text).await?;
    let revisions = read::children::<recommendation_revision::Entity>(tx.db(), &everyone(), &[text]).await?;
    let says_it = |one: &&recommendation_revision::Model| (&one.title, &one.text) == (&latest.title, &latest.text);
    let same: Vec<RevisionId> = revisions.iter().filter(says_it).map(|one| one.id).collect();
    let procedures = read::children::<consensus_procedure::Entity>(tx.db(), &everyone(), &[text]).await?;
    let on_latest = |row: &position::Model| {
        procedures.iter().any(|procedure| procedure.id == row.procedure_id && same.contains(&procedure.revision_id))
    };
    let positions = read::children::<position::Entity>(tx.db(), &everyone(), &[text]).await?;
    Ok(positions.into_iter().filter(on_latest).collect())
}

async fn latest_revision(tx: &Tx<'_>, text: RecommendationId) -> Result<recommendation_revision::Model, Error> {
    let mut revisions = read::children::<recommendation_revision::Entity>(tx.db(), &everyone(), &[text]).await?;
    revisions.pop().ok_or_else(|| Error::internal("a text without a revision"))
}

/// Rules hold whether or not their author may see what they rest on.
fn everyone() -> Viewer {
    Viewer::system("consensus")
}

/// Who may read a position.
pub fn position_access(
    row: &position::Model,
    procedure: &consensus_procedure::Model,
    revision: &recommendation_revision::Model,
    meeting: &meeting::Model,
) -> Access {
    let of_procedure = (procedure.audience, procedure.owner);
    let is_published = rules::is_published(row, revision);
    audience::of_position(of_procedure, is_published, meeting.chatham_house, row.organization_id)
}

/// Whether the viewer reads every position in a procedure, and so who is silent.
pub fn reads_all_positions(viewer: &Viewer, row: &consensus_procedure::Model, meeting: &meeting::Model) -> bool {
    let audience = audience::of_unpublished_position((row.audience, row.owner), meeting.chatham_house);
    viewer.admits((audience, None))
}

/// Gives the procedures on a text, and the positions in them, the access that follows from its revisions, which have changed. `seen_by` see the text
/// before or after.
pub async fn follow_text(tx: &mut Tx<'_>, text: RecommendationId, seen_by: Access) -> Result<(), Error> {
    let on_text = Condition::all().add(consensus_procedure::Column::RecommendationId.eq(text));
    follow(tx, on_text, &[]).await?;
    // A position names its text to whoever may see it.
    let on_text = Condition::all().add(position::Column::RecommendationId.eq(text));
    tx.notify_where::<position::Entity>(on_text, seen_by).await
}

/// Gives the procedures of meetings, and the positions in them, the access that follows from the meetings as they will be.
pub async fn follow_meetings(tx: &mut Tx<'_>, meetings: &[&meeting::Model]) -> Result<(), Error> {
    if meetings.is_empty() {
        return Ok(());
    }
    let ids: Vec<MeetingId> = meetings.iter().map(|meeting| meeting.id).collect();
    let at = read::among(tx.db().get_database_backend(), consensus_procedure::Column::MeetingId, &ids);
    follow(tx, Condition::all().add(at), meetings).await
}

async fn follow(tx: &mut Tx<'_>, which: Condition, moved: &[&meeting::Model]) -> Result<(), Error> {
    let procedures = lock_all::<consensus_procedure::Entity>(tx, which).await?;
    if procedures.is_empty() {
        return Ok(());
    }
    let ids: Vec<ConsensusProcedureId> = procedures.iter().map(|row| row.id).collect();
    let in_them = read::among(tx.db().get_database_backend(), position::Column::ProcedureId, &ids);
    let positions = lock_all::<position::Entity>(tx, Condition::all().add(in_them)).await?;
    let grounds = Grounds::read(tx, &procedures, moved).await?;
    let mut changed = Vec::new();
    let mut after = HashMap::new();
    for before in procedures {
        let mut row = before.clone();
        (row.audience, row.owner) = grounds.of_procedure(&row)?;
        after.insert(row.id, row.clone());
        if row != before {
            changed.push((before, row));
        }
    }
    tx.touch_many::<consensus_procedure::Entity>(&mut changed).await?;
    let moved: Vec<(ConsensusProcedureId, Access)> = changed
        .iter()
        .map(|(before, after)| {
            (after.id, audience::of_either((after.audience, after.owner), (before.audience, before.owner)))
        })
        .collect();
    let mut changed = Vec::new();
    for before in positions {
        let mut row = before.clone();
        (row.audience, row.owner) = grounds.of_position(&row, &after[&row.procedure_id])?;
        if row != before {
            changed.push((before, row));
        }
    }
    tx.touch_many::<position::Entity>(&mut changed).await?;
    // A position names its procedure to whoever may see it.
    for (procedure, seen_by) in moved {
        let in_it = Condition::all().add(position::Column::ProcedureId.eq(procedure));
        tx.notify_where::<position::Entity>(in_it, seen_by).await?;
    }
    Ok(())
}

async fn lock_all<E: Visible>(tx: &Tx<'_>, which: Condition) -> Result<Vec<E::Model>, Error> {
    let ids: Vec<E::Id> = read::all::<E>(tx.db(), &everyone(), which).await?.iter().map(E::id).collect();
    tx.lock_rows::<E>(&ids).await?;
    read::by_ids::<E>(tx.db(), &everyone(), &ids).await
}

/// What the access of procedures and positions follows from.
struct Grounds {
    revisions: HashMap<RevisionId, recommendation_revision::Model>,
    meetings: HashMap<MeetingId, meeting::Model>,
}

impl Grounds {
    /// Reads them. Meetings that are about to change are given as they will be.
    async fn read(
        tx: &Tx<'_>,
        procedures: &[consensus_procedure::Model],
        moved: &[&meeting::Model],
    ) -> Result<Self, Error> {
        let revisions: Vec<RevisionId> = procedures.iter().map(|row| row.revision_id).collect();
        let meetings: Vec<MeetingId> = procedures.iter().map(|row| row.meeting_id).collect();
        let revisions = read::by_ids::<recommendation_revision::Entity>(tx.db(), &everyone(), &revisions).await?;
        let meetings = read::by_ids::<meeting::Entity>(tx.db(), &everyone(), &meetings).await?;
        let meetings = meetings.into_iter().chain(moved.iter().copied().cloned());
        Ok(Self {
            revisions: revisions.into_iter().map(|row| (row.id, row)).collect(),
            meetings: meetings.map(|row| (row.id, row)).collect(),
        })
    }

    fn of(
        &self,
        procedure: &consensus_procedure::Model,
    ) -> Result<(&recommendation_revision::Model, &meeting::Model), Error> {
        let found = self.revisions.get(&procedure.revision_id).zip(self.meetings.get(&procedure.meeting_id));
        found.ok_or_else(|| Error::internal("a procedure without its revision or its meeting"))
    }

    fn of_procedure(&self, row: &consensus_procedure::Model) -> Result<Access, Error> {
        let (revision, meeting) = self.of(row)?;
        Ok(audience::of_procedure((revision.audience, revision.owner), audience::of_meeting(meeting.sensitivity)))
    }

    fn of_position(&self, row: &position::Model, procedure: &consensus_procedure::Model) -> Result<Access, Error> {
        let (revision, meeting) = self.of(procedure)?;
        Ok(position_access(row, procedure, revision, meeting))
    }
}
