//! What the objects over rows have in common. Knows no topic.

use std::sync::Arc;

use async_graphql::{OutputType, Result, SimpleObject};
use chrono::Utc;
use entity::date::DateTime;
use entity::{ModelOf, Part, Row};

use super::session::Session;
use crate::error::Error;
use crate::service::filter::Filter;
use crate::service::page::Sort;
use crate::service::read::Visible;

/// A GraphQL object over a row.
pub trait Node: OutputType {
    type Entity: Visible;
    fn new(row: Arc<ModelOf<Self::Entity>>) -> Self;
}

/// An object that appears in connections.
pub trait Listed: Node {
    type Filter: Filter<Entity = Self::Entity>;
    type Order: Sort<Entity = Self::Entity>;
}

/// Declares the object over a table's row, and what its connections are filtered and ordered by.
/// `object!(Body: body, BodyFilter, BodyOrder)` expands to
/// `struct Body(Arc<body::Model>)`, whose fields are in its own `#[Object]`;
/// `impl Node for Body`, which names its entity and wraps a row;
/// `impl Listed for Body`, which names its filter and order, if it appears in connections.
/// A macro, since the fields of a generic struct could not differ from type to type in the schema.
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

/// The age and version of a record; its fields appear among those of the record.
#[derive(SimpleObject)]
pub struct Stamp {
    /// When the record was created.
    pub created_at: DateTime,
    /// When the record was last changed.
    pub updated_at: DateTime,
    /// The version of the record, from 1; it grows with every change that all who see the record see. A value for `expectedVersion`.
    pub version: i32,
}

impl Stamp {
    pub fn new(created_at: chrono::DateTime<Utc>, updated_at: chrono::DateTime<Utc>, version: i32) -> Self {
        Self { created_at: DateTime(created_at), updated_at: DateTime(updated_at), version }
    }
}

/// The object of a single look-up.
pub fn found<N: Node>(row: Result<Option<ModelOf<N::Entity>>, Error>) -> Option<Result<N>> {
    row.map(|row| row.map(|row| N::new(Arc::new(row)))).map_err(Into::into).transpose()
}

/// The object that a row names; null if there is none, or none that the viewer may see.
pub async fn to_one<N: Node>(session: &Session, id: Option<<N::Entity as Row>::Id>) -> Option<Result<N>> {
    let row = session.named::<N::Entity>(id?).await;
    row.map(|row| row.map(N::new)).map_err(Into::into).transpose()
}

/// The object that a row always names, and that everyone may see.
pub async fn known<N: Node>(session: &Session, id: <N::Entity as Row>::Id) -> Option<Result<N>> {
    Some(session.known::<N::Entity>(id).await.map(N::new).map_err(Into::into))
}

/// The objects that belong to a parent, in their order.
pub async fn parts<N>(session: &Session, parent: <N::Entity as Part>::ParentId) -> Result<Vec<N>>
where
    N: Node<Entity: Part + Visible>,
{
    let rows = session.parts::<N::Entity>(parent).await?;
    Ok(rows.iter().map(|row| N::new(Arc::clone(row))).collect())
}
