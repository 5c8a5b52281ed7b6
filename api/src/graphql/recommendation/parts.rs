//! What belongs to a recommendation.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use entity::addressee::{AddresseeCategory, AddresseeRole};
use entity::id::RecommendationId;
use entity::text::Locale;
use entity::{addressee, instrument, recommendation_instrument, recommendation_revision, recommendation_theme, theme};

use super::Recommendation;
use crate::auth::Role;
use crate::graphql::connection::Node;
use crate::graphql::country::Country;
use crate::graphql::instrument::Instrument;
use crate::graphql::loader::{ById, Successor};
use crate::graphql::organization::Organization;
use crate::graphql::scalar::{Translation, localized, translations};
use crate::graphql::session::{Session, session};
use crate::graphql::theme::Theme;
use crate::graphql::to_one;

pub struct Addressee(pub Arc<addressee::Model>);

impl Node for Addressee {
    type Entity = addressee::Entity;
    fn new(row: Arc<addressee::Model>) -> Self {
        Self(row)
    }
}

/// Whom a recommendation asks to act.
#[Object]
impl Addressee {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// Whom it is addressed to.
    async fn category(&self) -> AddresseeCategory {
        self.0.category
    }

    /// What the addressee is asked to do.
    async fn role(&self) -> AddresseeRole {
        self.0.role
    }

    /// The country.
    async fn country(&self, ctx: &Context<'_>) -> Option<Result<Country>> {
        to_one::<Country>(session(ctx), self.0.country_id).await
    }

    /// The organisation.
    async fn organization(&self, ctx: &Context<'_>) -> Option<Result<Organization>> {
        to_one::<Organization>(session(ctx), self.0.organization_id).await
    }
}

pub struct RecommendationRevision(pub Arc<recommendation_revision::Model>);

impl Node for RecommendationRevision {
    type Entity = recommendation_revision::Entity;
    fn new(row: Arc<recommendation_revision::Model>) -> Self {
        Self(row)
    }
}

/// One state of the text of a recommendation. Immutable.
#[Object]
impl RecommendationRevision {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The number, from 1.
    async fn number(&self) -> i32 {
        self.0.number
    }

    /// The title.
    async fn title(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The wanted language. Else those of `Accept-Language`, else the original.")] locale: Option<
            Locale,
        >,
    ) -> String {
        localized(ctx, &self.0.title, locale)
    }

    /// The title. In every language.
    async fn title_translations(&self) -> Vec<Translation> {
        translations(&self.0.title)
    }

    /// The text.
    async fn text(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The wanted language. Else those of `Accept-Language`, else the original.")] locale: Option<
            Locale,
        >,
    ) -> String {
        localized(ctx, &self.0.text, locale)
    }

    /// The text. In every language.
    async fn text_translations(&self) -> Vec<Translation> {
        translations(&self.0.text)
    }

    /// Why it is needed.
    async fn rationale(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The wanted language. Else those of `Accept-Language`, else the original.")] locale: Option<
            Locale,
        >,
    ) -> Option<String> {
        self.0.rationale.as_ref().map(|text| localized(ctx, text, locale))
    }

    /// Why it is needed. In every language; empty if there is none.
    async fn rationale_translations(&self) -> Vec<Translation> {
        self.0.rationale.as_ref().map(translations).unwrap_or_default()
    }

    /// What was changed and why. Shown to readers, partners and the secretariat.
    async fn change_note(&self, ctx: &Context<'_>) -> Option<&str> {
        self.0.change_note.as_deref().filter(|_| session(ctx).viewer.role > Role::Anonymous)
    }

    /// When it was written.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

/// The themes of a recommendation, in order.
pub async fn themes(session: &Session, recommendation: RecommendationId) -> Result<Vec<Theme>> {
    let links = session.parts::<recommendation_theme::Entity>(recommendation).await?;
    let rows = session.loaders.many(links.iter().map(|link| ById::<theme::Entity>(link.theme_id))).await?;
    Ok(rows.into_iter().map(Theme).collect())
}

/// The instruments of a recommendation, in order.
pub async fn instruments(session: &Session, recommendation: RecommendationId) -> Result<Vec<Instrument>> {
    let links = session.parts::<recommendation_instrument::Entity>(recommendation).await?;
    let rows = session.loaders.many(links.iter().map(|link| ById::<instrument::Entity>(link.instrument_id))).await?;
    Ok(rows.into_iter().map(Instrument).collect())
}

/// The recommendation that takes the place of another one.
pub async fn superseded_by(session: &Session, earlier: RecommendationId) -> Result<Option<Recommendation>> {
    let key = Successor(earlier);
    Ok(session.loaders.one(key).await?.map(Recommendation))
}
