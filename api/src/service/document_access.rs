//! What changes of meetings and recommendations mean for the documents that belong to them: their access follows.

use std::collections::HashMap;

use entity::id::{AgendaItemId, MeetingId, RecommendationId};
use entity::{document, meeting, recommendation};
use sea_orm::{ColumnTrait as _, Condition, ConnectionTrait as _};

use crate::auth::Viewer;
use crate::domain::audience::{self, Access};
use crate::error::Error;
use crate::service::read;
use crate::service::tx::Tx;

/// How many documents belong to an agenda item.
pub async fn number_of_item(tx: &Tx<'_>, item: AgendaItemId) -> Result<i64, Error> {
    let of_item = Condition::all().add(document::Column::AgendaItemId.eq(item));
    read::count::<document::Entity>(tx.db(), &everyone(), of_item).await
}

/// Gives the documents of a recommendation the access that follows from its own, which is about to be `access`.
pub async fn follow_text(tx: &mut Tx<'_>, text: RecommendationId, access: Access) -> Result<(), Error> {
    let of_text = Condition::all().add(document::Column::RecommendationId.eq(text));
    follow(tx, of_text, Moved { meetings: HashMap::new(), texts: HashMap::from([(text, access)]) }).await
}

/// Gives the documents of meetings the access that follows from theirs, which is about to be `access`.
pub async fn follow_meetings(tx: &mut Tx<'_>, meetings: &[MeetingId], access: Access) -> Result<(), Error> {
    let of_meetings = read::among(tx.db().get_database_backend(), document::Column::MeetingId, meetings);
    let meetings = meetings.iter().map(|id| (*id, access)).collect();
    follow(tx, Condition::all().add(of_meetings), Moved { meetings, texts: HashMap::new() }).await
}

/// The access that records are about to have.
struct Moved {
    meetings: HashMap<MeetingId, Access>,
    texts: HashMap<RecommendationId, Access>,
}

impl Moved {
    /// Adds the access of what else the documents belong to.
    async fn with_others(mut self, tx: &Tx<'_>, documents: &[document::Model]) -> Result<Self, Error> {
        let meetings: Vec<MeetingId> = documents.iter().filter_map(|row| row.meeting_id).collect();
        let texts: Vec<RecommendationId> = documents.iter().filter_map(|row| row.recommendation_id).collect();
        for row in read::by_ids::<meeting::Entity>(tx.db(), &everyone(), &meetings).await? {
            self.meetings.entry(row.id).or_insert((row.audience, row.owner));
        }
        for row in read::by_ids::<recommendation::Entity>(tx.db(), &everyone(), &texts).await? {
            self.texts.entry(row.id).or_insert((row.audience, row.owner));
        }
        Ok(self)
    }

    fn access(&self, row: &document::Model) -> Access {
        let meeting = row.meeting_id.and_then(|id| self.meetings.get(&id).copied());
        let text = row.recommendation_id.and_then(|id| self.texts.get(&id).copied());
        audience::of_document(row.sensitivity, meeting.into_iter().chain(text))
    }
}

/// A document follows whether or not the author of the change may see it.
fn everyone() -> Viewer {
    Viewer::system("document")
}

async fn follow(tx: &mut Tx<'_>, which: Condition, moved: Moved) -> Result<(), Error> {
    let documents = read::all::<document::Entity>(tx.db(), &everyone(), which).await?;
    if documents.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = documents.iter().map(|row| row.id).collect();
    tx.lock_rows::<document::Entity>(&ids).await?;
    let documents = read::by_ids::<document::Entity>(tx.db(), &everyone(), &ids).await?;
    let access = moved.with_others(tx, &documents).await?;
    let after = |before: document::Model| {
        let (audience, owner) = access.access(&before);
        (before.clone(), document::Model { audience, owner, ..before })
    };
    let mut changed: Vec<_> = documents.into_iter().map(after).filter(|(before, after)| before != after).collect();
    tx.touch_many::<document::Entity>(&mut changed).await
}
