//! What all rows have in common, so that the read layer and the unit of work are written once. It holds no rules.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelBehavior, DeriveActiveEnum, EntityTrait, EnumIter, FromQueryResult, IntoActiveModel, ModelTrait,
};

use crate::id::{OrganizationId, RecordId};
use crate::record_state::State;

/// Who may read a row, from everyone to the secretariat alone. The rules of the service write it on the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Audience {
    #[sea_orm(num_value = 0)]
    Public,
    #[sea_orm(num_value = 1)]
    Participants,
    #[sea_orm(num_value = 2)]
    Confidential,
}

vocabulary! {
    /// The types of records that the service keeps.
    RecordType {
        /// An item of a meeting's agenda.
        AgendaItem,
        /// The plenary, the Executive Committee or a working group.
        Body,
        /// How a body comes to a text by consensus.
        ConsensusProcedure,
        /// A state.
        Country,
        /// A document of the council.
        Document,
        /// A legal instrument or resolution.
        Instrument,
        /// What an organisation is in a body, and when.
        Mandate,
        /// A meeting or an event.
        Meeting,
        /// One figure about a repatriation operation, a country or the region.
        OperationFigure,
        /// An organisation.
        Organization,
        /// An organisation's part in a meeting.
        Participation,
        /// What an organisation says of a text in a consensus procedure.
        Position,
        /// A recommendation or proposed solution.
        Recommendation,
        /// A repatriation operation.
        RepatriationOperation,
        /// A published source of a fact.
        Source,
        /// A subject, an affected group or a development goal.
        Theme,
    }
}

/// A row of a table whose ids have their own type, with the audience that may read it.
pub trait Row:
    EntityTrait<
        ActiveModel: ActiveModelBehavior<Entity = Self> + Send,
        Model: ModelTrait<Entity = Self>
                   + IntoActiveModel<Self::ActiveModel>
                   + FromQueryResult
                   + Clone
                   + PartialEq
                   + Send
                   + Sync,
        Column: Send + Sync,
    >
{
    type Id: RecordId;
    const ID: Self::Column;
    const AUDIENCE: Self::Column;
    const OWNER: Self::Column;
    fn id(row: &Self::Model) -> Self::Id;
    fn set_id(row: &mut Self::Model, id: Self::Id);
    fn audience(row: &Self::Model) -> Audience;
    /// The organisation that may read the row whatever its audience is.
    fn owner(row: &Self::Model) -> Option<OrganizationId>;
    fn set_access(row: &mut Self::Model, audience: Audience, owner: Option<OrganizationId>);
}

/// The row type of a table.
pub type ModelOf<E> = <E as EntityTrait>::Model;

/// A row that is a record of its own: it has a version and lines in the feed.
pub trait Record: Row {
    const TYPE: RecordType;
    const VERSION: Self::Column;
    fn version(row: &Self::Model) -> i32;
    /// Sets the version, the time of the last change, and the columns that follow from others.
    fn stamp(row: &mut Self::Model, version: i32, at: DateTime<Utc>);
    /// What is kept of the row as it is now, without what its parts say; `None` of a type whose states are not kept.
    fn state(_row: &Self::Model) -> Option<State> {
        None
    }
}

/// A row that belongs to one record and changes only with it.
pub trait Part: Row {
    type ParentId: RecordId;
    const PARENT: Self::Column;
    /// What the parts of one parent are sorted by.
    const ORDER: Self::Column;
    fn parent(row: &Self::Model) -> Self::ParentId;
}

/// What `DeriveEntityModel` leaves open of a table, and `Row`. Expands to
/// `enum Relation {}` and `impl ActiveModelBehavior`, which SeaORM asks for and nobody uses, and
/// `impl Row for Entity`: its id, and who may see it, as columns and of a row.
macro_rules! row {
    ($id:ident) => {
        #[derive(Copy, Clone, Debug, sea_orm::EnumIter, sea_orm::DeriveRelation)]
        pub enum Relation {}

        impl sea_orm::ActiveModelBehavior for ActiveModel {}

        impl $crate::Row for Entity {
            type Id = $crate::id::$id;
            const ID: Column = Column::Id;
            const AUDIENCE: Column = Column::Audience;
            const OWNER: Column = Column::Owner;
            fn id(row: &Model) -> Self::Id {
                row.id
            }
            fn set_id(row: &mut Model, id: Self::Id) {
                row.id = id;
            }
            fn audience(row: &Model) -> $crate::Audience {
                row.audience
            }
            fn owner(row: &Model) -> Option<$crate::id::OrganizationId> {
                row.owner
            }
            fn set_access(row: &mut Model, audience: $crate::Audience, owner: Option<$crate::id::OrganizationId>) {
                row.audience = audience;
                row.owner = owner;
            }
        }
    };
}

/// A table of records. `record!(BodyId, Body, folds name => name_folded)` expands to
/// `row!(BodyId)`, and
/// `impl Record for Entity`: its type, its version, and `stamp`, which sets version and times,
/// and `name_folded`, the text that searches read.
/// With `keeps state`, its states are kept: what `Model::state` says.
macro_rules! record {
    ($id:ident, $kind:ident $(, folds $text:ident => $folded:ident)? $(, keeps $state:ident)?) => {
        row!($id);

        impl $crate::Record for Entity {
            const TYPE: $crate::RecordType = $crate::RecordType::$kind;
            const VERSION: Column = Column::Version;
            fn version(row: &Model) -> i32 {
                row.version
            }
            fn stamp(row: &mut Model, version: i32, at: chrono::DateTime<chrono::Utc>) {
                $(row.$folded = row.$text.folded();)?
                if version == 1 {
                    row.created_at = at;
                }
                row.version = version;
                row.updated_at = at;
            }
            $(fn state(row: &Model) -> Option<$crate::record_state::State> {
                Some(row.$state())
            })?
        }
    };
}

/// A table of parts. `part!(AddresseeId of RecommendationId: RecommendationId, recommendation_id, by Position)` expands to
/// `row!(AddresseeId)`, which `part!(@of …)`, for a table of records that are parts as well, leaves out, and
/// `impl Part for Entity`: its parent, as a column and of a row, and what its parts are sorted by.
macro_rules! part {
    ($id:ident of $parent_id:ident: $column:ident, $field:ident, by $order:ident) => {
        row!($id);
        part!(@of $parent_id: $column, $field, by $order);
    };
    (@of $parent_id:ident: $column:ident, $field:ident, by $order:ident) => {
        impl $crate::Part for Entity {
            type ParentId = $crate::id::$parent_id;
            const PARENT: Column = Column::$column;
            const ORDER: Column = Column::$order;
            fn parent(row: &Model) -> Self::ParentId {
                row.$field
            }
        }
    };
}
