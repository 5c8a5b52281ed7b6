//! What a list is sorted by, as its client asks. It knows columns, and builds no statement.

use async_graphql::InputType;
use entity::Row;

/// The direction in which a list is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum Direction {
    /// From small to large, from early to late.
    Asc,
    /// From large to small, from late to early.
    Desc,
}

/// One element of `orderBy`.
pub trait Sort: InputType {
    type Entity: Row;
    fn key(&self) -> Key<Self::Entity>;
}

pub struct Key<E: Row> {
    pub column: E::Column,
    pub direction: Direction,
}

/// The sort keys of a record type. Expands to
/// `enum BodyOrderField`, the keys;
/// `struct BodyOrder { field, direction }`, an element of `orderBy`; and
/// `impl Sort for BodyOrder`, which tells the column of each key.
macro_rules! sort {
    ($(#[$meta:meta])* $field:ident, $order:ident => $module:ident { $($(#[$key_meta:meta])* $key:ident => $column:ident,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
        pub enum $field { $($(#[$key_meta])* $key,)* }

        /// A sort key and its direction. Nulls come last; the id breaks ties.
        #[derive(Clone, Debug, async_graphql::InputObject)]
        pub struct $order {
            /// What to sort by.
            pub field: $field,
            /// The direction. Ascending unless given.
            #[graphql(default_with = "crate::service::page::Direction::Asc")]
            pub direction: $crate::service::page::Direction,
        }

        impl $crate::service::page::Sort for $order {
            type Entity = $module::Entity;
            fn key(&self) -> $crate::service::page::Key<$module::Entity> {
                let column = match self.field { $($field::$key => $module::Column::$column,)* };
                $crate::service::page::Key { column, direction: self.direction }
            }
        }
    };
}
pub(crate) use sort;
