//! Data that a command writes: the public record, a demonstration, synthetic volume. All of it passes `Tx`.

pub mod demo;
pub mod public;
pub mod scale;
mod specimen;

use entity::country;
use sea_orm::Condition;

use super::read;
use crate::App;
use crate::auth::Viewer;
use crate::error::Error;

/// Whether nothing has been loaded yet.
pub async fn is_empty(app: &App) -> Result<bool, Error> {
    let viewer = Viewer::system("seed");
    Ok(read::count::<country::Entity>(&app.databases.read, &viewer, Condition::all()).await? == 0)
}
