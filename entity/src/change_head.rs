//! The number of the last change, and the name of this database. One row; its lock puts commits in order.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "change_head")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    pub seq: i64,
    pub epoch: Uuid,
    /// The number of the last change that has been forgotten.
    pub floor: i64,
    /// Where its numbers are handed out; `None` until that is known.
    pub home: Option<String>,
    /// The lowest version that a record is given when it is changed: above all that were given in what a restored backup has lost.
    pub first_version: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
