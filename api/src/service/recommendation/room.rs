//! What organisations state in the room of a meeting: it is recorded with what the body came to there. The rules stand in
//! `domain/consensus.rs`.

use async_graphql::{ID, InputObject};
use entity::id::{BodyId, MandateId, OrganizationId};
use entity::position::PositionKind;
use entity::text::LocalizedText;
use entity::{consensus_procedure, mandate, meeting, organization, position, recommendation_revision};

use crate::auth::Act;
use crate::domain::consensus as rules;
use crate::domain::council::is_valid_within;
use crate::domain::fields;
use crate::domain::validation::{Validated, ValidationError, combine, each};
use crate::error::Error;
use crate::service::consensus::position_access;
use crate::service::mandate::held_in;
use crate::service::patch::{LocalizedTextInput, given_in, localized};
use crate::service::read;
use crate::service::tx::Tx;

/// What an organisation states in the room of a meeting, in the name of a mandate that it holds in the body on one of the meeting's days.
#[derive(Clone, Debug, InputObject)]
pub struct RoomPositionInput {
    /// The organisation. It states one position in a procedure. Partners speak for their own only.
    pub organization_id: ID,
    /// What it says. Where the body has found consensus, nobody has objected or proposed another text.
    pub kind: PositionKind,
    /// Why, at most 2,000 characters each. Only a support need not say it. No data on individuals.
    pub text: Option<Vec<LocalizedTextInput>>,
    /// Of an amendment: the whole text that it proposes, at most 20,000 characters each.
    pub proposed_text: Option<Vec<LocalizedTextInput>>,
}

/// A position in the room, parsed.
pub(super) struct Stated {
    organization: OrganizationId,
    mandate: MandateId,
    kind: PositionKind,
    text: Option<LocalizedText>,
    proposed_text: Option<LocalizedText>,
}

/// In which room positions are stated, and on what.
pub(super) struct Room<'a> {
    pub meeting: &'a meeting::Model,
    pub body: BodyId,
    /// Whether the body has found consensus.
    pub agreed: bool,
    pub text: &'a LocalizedText,
}

const LIST: &str = "positions";

/// The positions that an input names, each of an organisation with a mandate.
pub(super) async fn plan(
    tx: &Tx<'_>,
    room: &Room<'_>,
    wanted: &[RoomPositionInput],
) -> Result<Validated<Vec<Stated>>, Error> {
    if wanted.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    let named = given_in(LIST, ".organizationId", wanted.iter().map(|one| Some(&one.organization_id)));
    let named = tx.check_named::<organization::Entity>(named, "organisation").await?;
    let ids: Vec<OrganizationId> = wanted.iter().filter_map(|one| one.organization_id.parse().ok()).collect();
    for organization in &ids {
        tx.viewer().require(Act::SpeakFor { organization: *organization })?;
    }
    let organizations = read::by_ids::<organization::Entity>(tx.db(), tx.viewer(), &ids).await?;
    let mut held = held_in(tx.db(), tx.viewer(), &[room.body], &ids).await?;
    held.retain(|mandate| is_valid_within(mandate, (room.meeting.starts_on, room.meeting.ends_on)));
    let stated = wanted.iter().enumerate().map(|(index, one)| {
        let within = |refusals: Vec<ValidationError>| refusals.into_iter().map(|one| one.within(LIST, index)).collect();
        state(room, one, &organizations, &held).map_err(within)
    });
    let judge = || {
        combine!(() = fields::distinct(LIST, &ids), () = named, stated = each(stated));
        Ok(stated)
    };
    Ok(judge())
}

fn state(
    room: &Room<'_>,
    wanted: &RoomPositionInput,
    organizations: &[organization::Model],
    held: &[mandate::Model],
) -> Validated<Stated> {
    let RoomPositionInput { organization_id, kind, text, proposed_text } = wanted;
    combine!(
        organization = fields::id::<OrganizationId>("organizationId", organization_id, "organisation"),
        text = text.as_ref().map(|text| localized("text", text, fields::NOTE)).transpose(),
        proposed_text =
            proposed_text.as_ref().map(|text| localized("proposedText", text, fields::BODY_TEXT)).transpose(),
    );
    // That there is none is told of all at once.
    let Some(known) = organizations.iter().find(|row| row.id == organization) else { return Err(Vec::new()) };
    let its: Vec<mandate::Model> = held.iter().filter(|row| row.organization_id == organization).cloned().collect();
    combine!(
        () = rules::may_state(known.active, 0),
        () = rules::is_heard(*kind, room.agreed),
        mandate = rules::mandate_for(*kind, &its),
        () = rules::says_why(*kind, text.as_ref(), proposed_text.as_ref(), room.text),
    );
    Ok(Stated { organization, mandate, kind: *kind, text, proposed_text })
}

/// Records what was stated in a procedure in the room.
pub(super) async fn record(
    tx: &mut Tx<'_>,
    meeting: &meeting::Model,
    (procedure, revision): &(consensus_procedure::Model, recommendation_revision::Model),
    stated: Vec<Stated>,
) -> Result<(), Error> {
    let row = |one: Stated| {
        let row = position::Model {
            id: tx.new_id(),
            recommendation_id: procedure.recommendation_id,
            procedure_id: procedure.id,
            organization_id: one.organization,
            mandate_id: one.mandate,
            kind: one.kind,
            text: one.text,
            proposed_text: one.proposed_text,
            stated_at: tx.now(),
            answer: None,
            answered_by_id: None,
            answered_at: None,
            maintained_at: None,
            withdrawn_at: None,
            audience: procedure.audience,
            owner: procedure.owner,
            created_at: tx.now(),
            updated_at: tx.now(),
            version: 1,
        };
        let (audience, owner) = position_access(&row, procedure, revision, meeting);
        position::Model { audience, owner, ..row }
    };
    let rows: Vec<position::Model> = stated.into_iter().map(row).collect();
    tx.insert_many::<position::Entity>(rows).await.map(drop)
}
