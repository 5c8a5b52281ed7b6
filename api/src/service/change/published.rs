//! The records that the feed tells of, a line for each type. Operations and their figures are not: no query shows them yet.

use entity::id::RecordId as _;
use entity::{Record, RecordType, Row};
use sea_orm::Iterable as _;
use uuid::Uuid;

/// What comes of the entity of a record's type; `None` if it is not published.
macro_rules! with_published {
    ($record:expr, $entity:ident => $then:expr) => {
        with_published!(@ $record, $entity => $then;
            AgendaItem of agenda_item,
            Body of body,
            Country of country,
            Instrument of instrument,
            Mandate of mandate,
            Meeting of meeting,
            Organization of organization,
            Participation of participation,
            Recommendation of recommendation,
            Source of source,
            Theme of theme,
        )
    };
    (@ $record:expr, $entity:ident => $then:expr; $($kind:ident of $table:ident,)*) => {
        match $record {
            $(entity::RecordType::$kind => {
                type $entity = entity::$table::Entity;
                Some($then)
            })*
            entity::RecordType::OperationFigure | entity::RecordType::RepatriationOperation => None,
        }
    };
}
pub(super) use with_published;

/// Those of `wanted` that are published; all of them if none are named. In the order in which types are declared.
pub fn published(wanted: Option<&[RecordType]>) -> Vec<RecordType> {
    let is_wanted = |record: &RecordType| wanted.is_none_or(|wanted| wanted.contains(record));
    RecordType::iter().filter_map(|record| with_published!(record, E => E::TYPE)).filter(is_wanted).collect()
}

/// The printed id of a record, if it is published.
pub fn print(record: RecordType, id: Uuid) -> Option<String> {
    with_published!(record, E => <E as Row>::Id::new(id).to_string())
}
