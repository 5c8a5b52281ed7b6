//! The organisation that a viewer acts for, looked up by what a token names. It decides nothing about what the viewer may do.

use std::sync::Arc;

use entity::organization;

use super::context::AppContext;
use super::{cache, read};
use crate::auth::Viewer;
use crate::error::Error;

/// The organisation with this id or acronym, as a token names it.
pub async fn acting(app: &AppContext, named: &str) -> Result<Option<Arc<organization::Model>>, Error> {
    let anyone = Viewer::anonymous();
    if let Ok(id) = named.parse() {
        return Ok(cache::by_ids::<organization::Entity>(app, &anyone, &[id]).await?.pop());
    }
    let by_acronym =
        read::by_key::<organization::Entity>(&app.databases.read, &anyone, organization::Column::Acronym, named);
    Ok(by_acronym.await?.map(Arc::new))
}

/// Fails if the organisation that a viewer acts for is no longer active.
pub async fn still_acts(app: &AppContext, viewer: &Viewer) -> Result<(), Error> {
    let Some(organization) = &viewer.organization else { return Ok(()) };
    let now = cache::by_ids::<organization::Entity>(app, &Viewer::anonymous(), &[organization.id]).await?;
    if now.iter().any(|organization| organization.active) { Ok(()) } else { Err(Error::inactive()) }
}
