//! Recommendations in the schema: `parts` has what belongs to them, `mutation` what can be done to them. Has names and
//! shapes; no SQL and no rules.

use async_graphql::{Context, ID, Object, Result};
use entity::date::{Date, DateTime};
use entity::id::RecordId as _;
use entity::recommendation::{Priority, RecommendationKind, RecommendationStatus};

pub mod diff;
mod mutation;
mod paragraph;
mod parts;
mod state;

use self::diff::RevisionDiff;
pub use self::mutation::{RecommendationMutation, RecommendationUpsert};
use self::paragraph::Paragraph;
pub use self::parts::{Addressee, RecommendationRevision};
use self::state::RecommendationState;
use super::body::Body;
use super::connection::connections;
use super::consensus::{ConsensusProcedure, Position};
use super::document::Document;
use super::external_id::ExternalIds;
use super::instrument::Instrument;
use super::meeting::{AgendaItem, Meeting};
use super::object::{Stamp, found, known, object, parts as parts_of, to_one};
use super::organization::Organization;
use super::scalar::texts;
use super::session::session;
use super::source::Source;
use super::theme::Theme;
use crate::service;
use crate::service::recommendation::{RecommendationBy, RecommendationFilter, RecommendationOrder};

object!(Recommendation: recommendation, RecommendationFilter, RecommendationOrder);

texts! {
    RecommendationTexts of recommendation {
        title, title_translations: "The title.";
        text, text_translations: "The text.";
    } maybe {
        rationale, rationale_translations: "Why it is needed.";
    }
}

/// A recommendation or proposed solution, reached by consensus. Drafts and withdrawn texts are visible to their drafting
/// organisation and the secretariat; all other texts before adoption to readers and partners too; adopted texts to everyone.
#[Object]
impl Recommendation {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The label, such as `REC/WG-A/2024/3`. Given on adoption and never changed; null before.
    async fn label(&self) -> Option<&str> {
        self.0.label.as_deref()
    }

    /// What kind of text it is.
    async fn kind(&self) -> RecommendationKind {
        self.0.kind
    }

    /// The status of the text.
    async fn status(&self) -> RecommendationStatus {
        self.0.status
    }

    /// How urgent it is.
    async fn priority(&self) -> Option<Priority> {
        self.0.priority
    }

    /// By when it should be implemented.
    async fn target_date(&self) -> Option<Date> {
        self.0.target_date.map(Date)
    }

    /// The day of adoption; null before.
    async fn adopted_on(&self) -> Option<Date> {
        self.0.adopted_on.map(Date)
    }

    /// Of an adoption before the council worked with the service: the source that says so. Null for what was adopted here.
    async fn adoption_source(&self, ctx: &Context<'_>) -> Option<Result<Source>> {
        to_one::<Source>(session(ctx), self.0.adoption_source_id).await
    }

    /// Whether it is a demonstration, not a text of the council. Never count demonstrations together with real texts.
    async fn is_demo(&self) -> bool {
        self.0.is_demo
    }

    /// Whether it was declared, on publication, that the text holds no personal data on returnees.
    async fn no_personal_data(&self) -> bool {
        self.0.no_personal_data
    }

    /// The body that drafts it. Null only together with an error.
    async fn body(&self, ctx: &Context<'_>) -> Option<Result<Body>> {
        known::<Body>(session(ctx), self.0.body_id).await
    }

    /// The organisation that drafted it. Shown to readers, partners and the secretariat.
    async fn drafted_by(&self, ctx: &Context<'_>) -> Option<Result<Organization>> {
        let session = session(ctx);
        to_one::<Organization>(session, self.0.drafted_by_id.filter(|_| session.sees_drafting())).await
    }

    /// The meeting of adoption; null before, and if you may not see it.
    async fn meeting(&self, ctx: &Context<'_>) -> Option<Result<Meeting>> {
        to_one::<Meeting>(session(ctx), self.0.meeting_id).await
    }

    /// The meeting at which its body agreed; null before, and if you may not see it.
    async fn agreed_at(&self, ctx: &Context<'_>) -> Option<Result<Meeting>> {
        to_one::<Meeting>(session(ctx), self.0.agreed_meeting_id).await
    }

    /// Its operative paragraphs by number; `text` is what they say together. Empty if the text was given as a whole.
    async fn paragraphs(&self) -> Vec<Paragraph> {
        Paragraph::of_text(&self.0)
    }

    /// The addressees, whom it asks to act, in order.
    async fn addressees(&self, ctx: &Context<'_>) -> Result<Vec<Addressee>> {
        parts_of::<Addressee>(session(ctx), self.0.id).await
    }

    /// The themes that it is about, in order.
    async fn themes(&self, ctx: &Context<'_>) -> Result<Vec<Theme>> {
        parts::themes(session(ctx), self.0.id).await
    }

    /// The instruments that it refers to, in order.
    async fn instruments(&self, ctx: &Context<'_>) -> Result<Vec<Instrument>> {
        parts::instruments(session(ctx), self.0.id).await
    }

    /// The revisions of its text that you may see, by number. When a text is published, only its latest revision becomes public.
    async fn revisions(&self, ctx: &Context<'_>) -> Result<Vec<RecommendationRevision>> {
        parts_of::<RecommendationRevision>(session(ctx), self.0.id).await
    }

    /// The consensus procedures on its text that you may see, from the first to the last.
    async fn procedures(&self, ctx: &Context<'_>) -> Result<Vec<ConsensusProcedure>> {
        parts_of::<ConsensusProcedure>(session(ctx), self.0.id).await
    }

    /// The positions of organisations on its text that you may see, from the first to the last. With an adopted text, its interpretative
    /// statements and formal reservations are published.
    async fn positions(&self, ctx: &Context<'_>) -> Result<Vec<Position>> {
        parts_of::<Position>(session(ctx), self.0.id).await
    }

    /// What one revision of its text says otherwise than another one, by paragraph, language and words. Null if one of the two is not there, or not for
    /// you. Costs 20 points for each of the texts.
    async fn diff(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The number of the earlier revision. The one before the later one, unless given.")]
        from: Option<i32>,
        #[graphql(desc = "The number of the later revision. The last one that you may see, unless given.")] to: Option<
            i32,
        >,
    ) -> Option<Result<RevisionDiff>> {
        diff::between(session(ctx), self.0.id, from, to).await.transpose()
    }

    /// What it was at an instant. Null before the first state that is kept, and if it was not for you then. Error, for an instant that has not
    /// come: `INVALID_ARGUMENT`.
    async fn as_of(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The instant.")] at: DateTime,
    ) -> Option<Result<RecommendationState>> {
        RecommendationState::at(session(ctx), self.0.id, at.0).await.transpose()
    }

    /// The earlier recommendation that it replaces.
    async fn supersedes(&self, ctx: &Context<'_>) -> Option<Result<Recommendation>> {
        to_one::<Recommendation>(session(ctx), self.0.supersedes_id).await
    }

    /// The later recommendation that replaces it.
    async fn superseded_by(&self, ctx: &Context<'_>) -> Option<Result<Recommendation>> {
        parts::superseded_by(session(ctx), self.0.id).await.transpose()
    }

    #[graphql(flatten)]
    fn texts(&self) -> RecommendationTexts<'_> {
        RecommendationTexts(&self.0)
    }

    #[graphql(flatten)]
    fn connections(&self) -> RecommendationLists {
        RecommendationLists(self.0.id.uuid())
    }

    #[graphql(flatten)]
    fn external(&self) -> ExternalIds {
        ExternalIds(self.0.id.uuid())
    }

    #[graphql(flatten)]
    fn stamp(&self) -> Stamp {
        Stamp::new(self.0.created_at, self.0.updated_at, self.0.version)
    }
}

#[derive(Default)]
pub struct RecommendationQuery;

#[Object]
impl RecommendationQuery {
    /// A recommendation. Null if there is none that you may see.
    async fn recommendation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one: by exactly one key.")] by: RecommendationBy,
    ) -> Option<Result<Recommendation>> {
        found(service::recommendation::find(&session(ctx).app.databases.read, &session(ctx).viewer, &by).await)
    }

    /// The paragraph that a reference cites. Null if there is none that you may see. Error, for what is no reference: `INVALID_ARGUMENT`.
    async fn paragraph(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The label of an adopted recommendation, `¶`, and a number: `REC/WG-A/2024/3 ¶2`.")] reference: String,
    ) -> Option<Result<Paragraph>> {
        paragraph::cited(session(ctx), &reference).await.transpose()
    }
}

connections! {
    RecommendationLists of Recommendation {
        /// The agenda items that are about it, as far as you may see their meetings.
        agenda_items: AgendaItem, "Which agenda items.", by service::meeting::agenda::of_recommendation;
        /// The documents that belong to it.
        documents: Document, "Which documents.", by service::document::of_recommendation;
    }
}

connections! {
    Recommendations {
        /// The recommendations that you may see. Demonstrations are among them, marked `isDemo`.
        recommendations: Recommendation, "Which recommendations.";
    }
}
