//! What is kept of records from one version to the next, with what their parts say. Which records, stands in `entity`.
#![expect(clippy::disallowed_methods, reason = "a part of the one place that writes entities")]

use std::collections::{HashMap, hash_map::Entry};

use chrono::{DateTime, Utc};
use entity::addressee::Addressed;
use entity::change::ChangeKind;
use entity::id::{RecommendationId, RecordId as _};
use entity::record_state::{self, Column, Organizing, Sitting, State};
use entity::{ModelOf, Part, Record, addressee, body_session, meeting_organizer, recommendation_revision};
use sea_orm::{ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use uuid::Uuid;

use super::Tx;
use crate::auth::Viewer;
use crate::error::Error;
use crate::service::read::{self, Visible};

impl Tx<'_> {
    /// Notes the state of a record that was written. One transaction keeps one state of it.
    pub(super) fn keep_state<E: Record>(&mut self, row: &E::Model, kind: ChangeKind) {
        let record_id = E::id(row).uuid();
        let kept = self.states.entry(record_id);
        let state = E::state(row).filter(|_| kind != ChangeKind::Removed);
        let Some(state) = state else {
            if let Entry::Occupied(kept) = kept {
                kept.remove();
            }
            return;
        };
        let (id, audience, owner) = (self.app.clock.new_id(), E::audience(row), E::owner(row));
        let (version, since) = (E::version(row), self.at);
        kept.insert_entry(record_state::Model { id, record_id, version, since, state, audience, owner });
    }

    /// Writes the states of all records that were written, with their parts as they are now.
    pub(super) async fn write_states(&mut self) -> Result<(), Error> {
        let mut states: Vec<record_state::Model> = std::mem::take(&mut self.states).into_values().collect();
        if states.is_empty() {
            return Ok(());
        }
        let of = |is_it: fn(&State) -> bool| -> Vec<Uuid> {
            states.iter().filter(|kept| is_it(&kept.state)).map(|kept| kept.record_id).collect()
        };
        let texts = of(|state| matches!(state, State::Recommendation(_)));
        let meetings = of(|state| matches!(state, State::Meeting(_)));
        let revisions = self.latest_revisions(&texts).await?;
        let since = self.last_since(&states).await?;
        let mut addressees = self.parts_by::<addressee::Entity>(&texts).await?;
        let mut organizers = self.parts_by::<meeting_organizer::Entity>(&meetings).await?;
        let mut sessions = self.parts_by::<body_session::Entity>(&meetings).await?;
        for kept in &mut states {
            let id = &kept.record_id;
            // A transaction may wait for another one that has begun later, and clocks differ: the later version still comes after the earlier one.
            kept.since = since.get(id).copied().map_or(kept.since, |last| last.max(kept.since));
            match &mut kept.state {
                State::Recommendation(text) => {
                    text.revision = revisions.get(id).copied().unwrap_or_default();
                    text.addressees = addressees.remove(id).unwrap_or_default().iter().map(Addressed::of).collect();
                }
                State::Meeting(meeting) => {
                    meeting.organizers = organizers.remove(id).unwrap_or_default().iter().map(Organizing::of).collect();
                    meeting.sessions = sessions.remove(id).unwrap_or_default().iter().map(Sitting::of).collect();
                }
            }
        }
        self.write_rows::<record_state::Entity>(&states).await
    }

    /// The number of the latest revision of each text.
    async fn latest_revisions(&self, texts: &[Uuid]) -> Result<HashMap<Uuid, i32>, Error> {
        let texts: Vec<RecommendationId> = texts.iter().copied().map(RecommendationId::new).collect();
        let number = recommendation_revision::Column::Number;
        let latest = self.highest_of::<recommendation_revision::Entity>(number, &texts).await?;
        Ok(latest.into_iter().map(|(id, number)| (id.uuid(), number)).collect())
    }

    /// Since when the last state of each record has stood.
    async fn last_since(&self, states: &[record_state::Model]) -> Result<HashMap<Uuid, DateTime<Utc>>, Error> {
        let records: Vec<Uuid> = states.iter().map(|kept| kept.record_id).collect();
        let among = read::among_uuids(self.txn.get_database_backend(), Column::RecordId, &records);
        let last = record_state::Entity::find().filter(among).select_only().column(Column::RecordId);
        let last = last.column_as(Column::Since.max(), "last").group_by(Column::RecordId).into_tuple();
        Ok(last.all(&self.txn).await?.into_iter().collect())
    }

    async fn parts_by<P: Part + Visible>(&self, parents: &[Uuid]) -> Result<HashMap<Uuid, Vec<ModelOf<P>>>, Error> {
        let mut parts: HashMap<Uuid, Vec<ModelOf<P>>> = HashMap::new();
        if parents.is_empty() {
            return Ok(parts);
        }
        let parents: Vec<P::ParentId> = parents.iter().copied().map(P::ParentId::new).collect();
        for part in read::children::<P>(&self.txn, &Viewer::system("state"), &parents).await? {
            parts.entry(P::parent(&part).uuid()).or_default().push(part);
        }
        Ok(parts)
    }
}
