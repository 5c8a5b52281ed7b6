//! Published sources of facts: read by everyone.

use async_graphql::{ID, InputObject, OneofObject};
use entity::date::Date;
use entity::source;
use sea_orm::ConnectionTrait;

use super::external_id::{self, ExternalIdInput};
use super::read::{self, Visible};
use super::tx::{Tx, Written};
use crate::auth::{Act, Viewer};
use crate::domain::action::Action;
use crate::domain::validation::{Validated, combine};
use crate::domain::{audience, fields};
use crate::error::Error;
use crate::service::context::AppContext;

impl Visible for source::Entity {
    const CACHED: bool = true;
}

/// Names one source.
#[derive(Clone, Debug, OneofObject)]
pub enum SourceBy {
    /// Its id. Error, for what is no id of this type: `INVALID_ARGUMENT`.
    Id(ID),
    /// Its web address, as it is written.
    Url(String),
    /// What a system of yours calls it.
    ExternalId(ExternalIdInput),
}

pub async fn find(db: &impl ConnectionTrait, viewer: &Viewer, by: &SourceBy) -> Result<Option<source::Model>, Error> {
    match by {
        SourceBy::Id(id) => read::by_text_id::<source::Entity>(db, viewer, id).await,
        SourceBy::Url(url) => read::by_key::<source::Entity>(db, viewer, source::Column::Url, url).await,
        SourceBy::ExternalId(by) => external_id::find::<source::Entity>(db, viewer, by).await,
    }
}

/// A new source.
#[derive(Clone, Debug, InputObject)]
pub struct CreateSourceInput {
    /// The title, in the language of the source.
    pub title: String,
    /// Who published it.
    pub publisher: Option<String>,
    /// The web address. Unique.
    pub url: Option<String>,
    /// The date of publication.
    pub published_on: Option<Date>,
    /// The ISO 639-1 code of its language, such as `en`.
    pub language: Option<String>,
}

pub async fn create(
    app: &AppContext,
    viewer: &Viewer,
    input: CreateSourceInput,
) -> Result<Written<source::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    let mut tx = app.begin(viewer, Action::CreateSource).await?;
    let row = build_row(&tx, input)?;
    let row = tx.insert::<source::Entity>(row).await?;
    tx.commit(row).await
}

fn build_row(tx: &Tx<'_>, input: CreateSourceInput) -> Validated<source::Model> {
    let CreateSourceInput { title, publisher, url, published_on, language } = input;
    combine!(
        title = fields::text("title", &title, fields::NAME),
        publisher = fields::optional_text("publisher", publisher.as_deref(), fields::NAME),
        url = url.map(|url| fields::url("url", &url)).transpose(),
        published_on = fields::optional_day("publishedOn", published_on),
        language = language.map(|code| fields::language("language", &code)).transpose(),
    );
    let ((audience, owner), at) = (audience::OPEN, tx.now());
    Ok(source::Model {
        id: tx.new_id(),
        title,
        publisher,
        url,
        published_on,
        language,
        audience,
        owner,
        created_at: at,
        updated_at: at,
        version: 1,
    })
}
