//! What the objects over rows have in common.

use std::sync::Arc;

use async_graphql::{OutputType, SimpleObject};
use chrono::{DateTime, Utc};
use entity::ModelOf;

use crate::service::filter::Filter;
use crate::service::page::Sort;
use crate::service::read::Visible;

/// A GraphQL object over a row.
pub trait Node: OutputType {
    type Entity: Visible;
    fn new(row: Arc<ModelOf<Self::Entity>>) -> Self;
}

/// An object that stands in connections.
pub trait Listed: Node {
    type Filter: Filter<Entity = Self::Entity>;
    type Order: Sort<Entity = Self::Entity>;
}

/// Declares the object over a table's row, and what its connections are filtered and ordered by. Its fields stand in
/// its own `#[Object]`.
macro_rules! object {
    ($object:ident: $table:ident $(, $filter:ident, $order:ident)?) => {
        pub struct $object(pub std::sync::Arc<entity::$table::Model>);

        impl $crate::graphql::object::Node for $object {
            type Entity = entity::$table::Entity;
            fn new(row: std::sync::Arc<entity::$table::Model>) -> Self {
                Self(row)
            }
        }

        $(
            impl $crate::graphql::object::Listed for $object {
                type Filter = $filter;
                type Order = $order;
            }
        )?
    };
}
pub(crate) use object;

/// The age and version of a record; its fields stand flat in the record's.
#[derive(SimpleObject)]
pub struct Stamp {
    /// When the record was created.
    pub created_at: DateTime<Utc>,
    /// When the record was last changed.
    pub updated_at: DateTime<Utc>,
    /// The version of the record, from 1; every change counts. A value for `expectedVersion`.
    pub version: i32,
}
