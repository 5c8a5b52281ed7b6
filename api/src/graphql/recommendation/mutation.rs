//! What is done to recommendations.

use async_graphql::{Context, Object, Result};

use super::Recommendation;
use crate::graphql::payload::{changed, created, payload};
use crate::graphql::session::session;
use crate::service::recommendation::moves::{
    self, AdoptRecommendationInput, RecommendationMoveInput, RecordAgreementInput, SupersedeRecommendationInput,
};
use crate::service::recommendation::parts::{self, SetAddresseesInput};
use crate::service::recommendation::text::{self, DraftRecommendationInput, ReviseRecommendationInput};

payload! {
    /// The answer of a mutation of a recommendation.
    RecommendationPayload {
        /// The recommendation after the write; in a conflict, as it is now.
        recommendation: Recommendation
    }
}

#[derive(Default)]
pub struct RecommendationMutation;

#[Object]
impl RecommendationMutation {
    /// Drafts a recommendation in a body. For the secretariat, and for partners whose organisation holds a mandate in the body today.
    async fn draft_recommendation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new draft.")] input: DraftRecommendationInput,
    ) -> Option<Result<RecommendationPayload>> {
        let session = session(ctx);
        created(text::draft(&session.app, &session.viewer, input).await)
    }

    /// Changes a draft or a text under discussion. For the secretariat, the drafting organisation, and the chair and rapporteur of the body.
    async fn revise_recommendation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The recommendation, its version, and what changes.")] input: ReviseRecommendationInput,
    ) -> Option<Result<RecommendationPayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(session, &id, text::revise(&session.app, &session.viewer, input).await).await
    }

    /// Replaces the addressees of a recommendation that is not submitted yet. For those who may revise it.
    async fn set_addressees(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The recommendation, its version, and all addressees.")] input: SetAddresseesInput,
    ) -> Option<Result<RecommendationPayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(session, &id, parts::set_addressees(&session.app, &session.viewer, input).await).await
    }

    /// Puts a draft or a returned text before its body. For those who may revise it.
    async fn open_discussion(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The recommendation and its version.")] input: RecommendationMoveInput,
    ) -> Option<Result<RecommendationPayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(session, &id, moves::open_discussion(&session.app, &session.viewer, input).await).await
    }

    /// Takes a text back that is not agreed yet. For the secretariat and the drafting organisation.
    async fn withdraw_recommendation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The recommendation and its version.")] input: RecommendationMoveInput,
    ) -> Option<Result<RecommendationPayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(session, &id, moves::withdraw(&session.app, &session.viewer, input).await).await
    }

    /// Records that the body has agreed by consensus at a meeting. For the secretariat and the chair of the body.
    async fn record_agreement(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The recommendation, its version and the meeting.")] input: RecordAgreementInput,
    ) -> Option<Result<RecommendationPayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(session, &id, moves::record_agreement(&session.app, &session.viewer, input).await).await
    }

    /// Submits an agreed text to the Executive Committee. For the secretariat and the chair of the body.
    async fn submit_to_executive_committee(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The recommendation and its version.")] input: RecommendationMoveInput,
    ) -> Option<Result<RecommendationPayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(session, &id, moves::submit(&session.app, &session.viewer, input).await).await
    }

    /// Records that the Executive Committee has sent a text back. For the secretariat and the chair of the Executive Committee.
    async fn return_recommendation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The recommendation and its version.")] input: RecommendationMoveInput,
    ) -> Option<Result<RecommendationPayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(session, &id, moves::return_to_group(&session.app, &session.viewer, input).await).await
    }

    /// Records an adoption at a meeting, and gives the text its label. It needs an addressee, and its title and text in English and Russian. For the secretariat and the chair of the Executive Committee.
    async fn adopt_recommendation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The recommendation, its version, the meeting, and the declaration on personal data.")] input: AdoptRecommendationInput,
    ) -> Option<Result<RecommendationPayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(session, &id, moves::adopt(&session.app, &session.viewer, input).await).await
    }

    /// Records that an adopted text was sent to its addressees. For the secretariat and the chair of the Executive Committee.
    async fn transmit_recommendation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The recommendation and its version.")] input: RecommendationMoveInput,
    ) -> Option<Result<RecommendationPayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(session, &id, moves::transmit(&session.app, &session.viewer, input).await).await
    }

    /// Records that a later recommendation takes the place of an earlier one, which is returned. For the secretariat and the chair of the Executive Committee.
    async fn supersede_recommendation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The earlier recommendation, its version, and the later one.")]
        input: SupersedeRecommendationInput,
    ) -> Option<Result<RecommendationPayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(session, &id, moves::supersede(&session.app, &session.viewer, input).await).await
    }
}
