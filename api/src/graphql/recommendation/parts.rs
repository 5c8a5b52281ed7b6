//! What belongs to a recommendation: addressees, revisions, themes and instruments. Has names and shapes; no SQL and no rules.

use async_graphql::{ComplexObject, Context, ID, Object, Result, SimpleObject};
use entity::addressee::{Addressed, AddresseeCategory, AddresseeRole};
use entity::date::DateTime;
use entity::id::RecommendationId;
use entity::{instrument, recommendation_instrument, recommendation_theme, theme};

use super::Recommendation;
use super::paragraph::Paragraph;
use crate::graphql::country::Country;
use crate::graphql::instrument::Instrument;
use crate::graphql::loader::Successor;
use crate::graphql::object::{object, to_one};
use crate::graphql::organization::Organization;
use crate::graphql::scalar::texts;
use crate::graphql::session::{Session, session};
use crate::graphql::theme::Theme;

object!(Addressee: addressee);

/// Whom a recommendation asks to act.
#[Object]
impl Addressee {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The category of the addressee.
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

    /// The recommendation. Null if you may not see it.
    async fn recommendation(&self, ctx: &Context<'_>) -> Option<Result<Recommendation>> {
        to_one::<Recommendation>(session(ctx), Some(self.0.recommendation_id)).await
    }
}

/// Who is asked to act, and in which role: by one of the paragraphs of a text, or by the whole text at an instant.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct AddressedParty {
    /// The category of the addressee.
    category: AddresseeCategory,
    /// What the addressee is asked to do there.
    role: AddresseeRole,
    #[graphql(skip)]
    addressed: Addressed,
}

impl AddressedParty {
    pub fn new(addressed: Addressed) -> Self {
        Self { category: addressed.category, role: addressed.role, addressed }
    }
}

#[ComplexObject]
impl AddressedParty {
    /// The country.
    async fn country(&self, ctx: &Context<'_>) -> Option<Result<Country>> {
        to_one::<Country>(session(ctx), self.addressed.country_id).await
    }

    /// The organisation.
    async fn organization(&self, ctx: &Context<'_>) -> Option<Result<Organization>> {
        to_one::<Organization>(session(ctx), self.addressed.organization_id).await
    }
}

object!(RecommendationRevision: recommendation_revision);

texts! {
    RecommendationRevisionTexts of recommendation_revision {
        title, title_translations: "The title.";
        text, text_translations: "The text.";
    } maybe {
        rationale, rationale_translations: "Why it is needed.";
    }
}

/// A revision: one state of the text of a recommendation. Immutable.
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

    /// Its operative paragraphs by number; `text` is what they say together. Empty if the text was given as a whole.
    async fn paragraphs(&self) -> Vec<Paragraph> {
        Paragraph::of_revision(self.0.recommendation_id, &self.0.paragraphs)
    }

    /// What was changed and why. Shown to readers, partners and the secretariat.
    async fn change_note(&self, ctx: &Context<'_>) -> Option<&str> {
        self.0.change_note.as_deref().filter(|_| session(ctx).sees_drafting())
    }

    /// The recommendation. Null if you may not see it.
    async fn recommendation(&self, ctx: &Context<'_>) -> Option<Result<Recommendation>> {
        to_one::<Recommendation>(session(ctx), Some(self.0.recommendation_id)).await
    }

    /// When it was written.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    #[graphql(flatten)]
    fn texts(&self) -> RecommendationRevisionTexts<'_> {
        RecommendationRevisionTexts(&self.0)
    }
}

/// The themes of a recommendation, in order.
pub async fn themes(session: &Session, recommendation: RecommendationId) -> Result<Vec<Theme>> {
    let links = session.parts::<recommendation_theme::Entity>(recommendation).await?;
    let rows = session.all_named::<theme::Entity>(links.iter().map(|link| link.theme_id)).await?;
    Ok(rows.into_iter().map(Theme).collect())
}

/// The instruments of a recommendation, in order.
pub async fn instruments(session: &Session, recommendation: RecommendationId) -> Result<Vec<Instrument>> {
    let links = session.parts::<recommendation_instrument::Entity>(recommendation).await?;
    let rows = session.all_named::<instrument::Entity>(links.iter().map(|link| link.instrument_id)).await?;
    Ok(rows.into_iter().map(Instrument).collect())
}

/// The recommendation that replaces another one.
pub async fn superseded_by(session: &Session, earlier: RecommendationId) -> Result<Option<Recommendation>> {
    let key = Successor(earlier);
    Ok(session.loaders.one(key).await?.map(Recommendation))
}
