//! Data that a command writes: the public register, a demonstration, synthetic volume. All of it is written through `Tx`.

pub mod demo;
mod factory;
mod lives;
pub mod public;
pub mod scale;

use entity::country;
use sea_orm::{Condition, ConnectionTrait};

use super::read;
use crate::auth::Viewer;
use crate::error::Error;

/// Whether nothing has been loaded yet. Only the public register brings countries.
async fn is_empty(db: &impl ConnectionTrait, viewer: &Viewer) -> Result<bool, Error> {
    Ok(read::count::<country::Entity>(db, viewer, Condition::all()).await? == 0)
}
