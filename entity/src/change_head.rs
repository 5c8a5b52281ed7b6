//! The number of the last change, and the identity of the feed. One row; the lock on it puts commits in order.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "change_head")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    pub seq: i64,
    pub epoch: Uuid,
    /// What seals the cursors: 16 random bytes.
    pub cursor_key: Uuid,
    /// The number of the last change that was deleted.
    pub floor: i64,
    /// Where the numbers are handed out; `None` until that is known.
    pub home: Option<String>,
    /// The lowest version that a record gets when it is changed: above all versions that a restored backup has lost.
    pub first_version: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
