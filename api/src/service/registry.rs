//! The published record types, one line for each: they are in the feed and in exports. It says nothing of who sees a record. Operations and
//! their figures are not published: no query shows them yet.

use entity::id::RecordId;
use entity::{Record, RecordType, Row};
use sea_orm::{ActiveEnum as _, Iterable as _};
use uuid::Uuid;

use crate::domain::fields;
use crate::domain::validation::Validated;

/// What comes of the entity of a record's type; `None` if it is not published. `with_published!(record, E => E::TYPE)` expands to
/// a `match` of the record's type, in which
/// each that is published is `Some` of the expression with `E` as its entity,
/// and each that is not is named as such.
macro_rules! with_published {
    ($record:expr, $entity:ident => $then:expr) => {
        with_published!(@ $record, $entity => $then;
            AgendaItem of agenda_item,
            Body of body,
            ConsensusProcedure of consensus_procedure,
            Country of country,
            Document of document,
            Instrument of instrument,
            Mandate of mandate,
            Meeting of meeting,
            Organization of organization,
            Participation of participation,
            Position of position,
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
pub(crate) use with_published;

/// Those of `wanted` that are published; all of them if none are named. In the order in which types are declared.
pub fn published(wanted: Option<&[RecordType]>) -> Vec<RecordType> {
    let is_wanted = |record: &RecordType| wanted.is_none_or(|wanted| wanted.contains(record));
    RecordType::iter().filter_map(|record| with_published!(record, E => E::TYPE)).filter(is_wanted).collect()
}

/// The type that a client names.
pub fn parse_type(name: &str) -> Option<RecordType> {
    RecordType::iter().find(|record| record.to_value() == name)
}

/// The printed id of a record, if it is published.
pub fn format_id(record: RecordType, id: Uuid) -> Option<String> {
    with_published!(record, E => <E as Row>::Id::new(id).to_string())
}

/// A record of some type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRef {
    pub record: RecordType,
    pub id: Uuid,
}

/// The record that an input's `id` names, if it is of a type that is published. It need not be there.
pub fn parse_id(id: &str) -> Validated<RecordRef> {
    let of_type = |record| {
        let id = with_published!(record, E => id.parse::<<E as Row>::Id>().ok()
.map(RecordId::uuid));
        id.flatten().map(|id| RecordRef { record, id })
    };
    RecordType::iter()
        .find_map(of_type)
        .ok_or_else(|| vec![fields::no_id("id", "record", "the letters of its type, such as org_")])
}
