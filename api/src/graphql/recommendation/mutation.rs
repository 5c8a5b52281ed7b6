//! What is done to recommendations.

use super::Recommendation;
use crate::graphql::payload::{mutations, payload};
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

mutations! {
    RecommendationMutation {
        /// Drafts a recommendation in a body. For the secretariat, and for partners whose organisation holds a mandate in the body today.
        draft_recommendation(DraftRecommendationInput, "The new draft.") -> RecommendationPayload = text::draft;
        /// Changes a draft or a text under discussion. For the secretariat, the drafting organisation, and the chair and rapporteur of the body.
        revise_recommendation(ReviseRecommendationInput, "The recommendation, its version, and what changes.") -> RecommendationPayload
            = text::revise, of id;
        /// Replaces the addressees of a recommendation that is not submitted yet. For those who may revise it.
        set_addressees(SetAddresseesInput, "The recommendation, its version, and all addressees.") -> RecommendationPayload
            = parts::set_addressees, of id;
        /// Puts a draft or a returned text before its body. For those who may revise it.
        open_discussion(RecommendationMoveInput, "The recommendation and its version.") -> RecommendationPayload
            = moves::open_discussion, of id;
        /// Takes a text back that is not agreed yet. For the secretariat and the drafting organisation.
        withdraw_recommendation(RecommendationMoveInput, "The recommendation and its version.") -> RecommendationPayload
            = moves::withdraw, of id;
        /// Records that the body has agreed by consensus at a meeting. For the secretariat and the chair of the body.
        record_agreement(RecordAgreementInput, "The recommendation, its version and the meeting.") -> RecommendationPayload
            = moves::record_agreement, of id;
        /// Submits an agreed text to the Executive Committee. For the secretariat and the chair of the body.
        submit_to_executive_committee(RecommendationMoveInput, "The recommendation and its version.") -> RecommendationPayload
            = moves::submit, of id;
        /// Records that the Executive Committee has sent a text back. For the secretariat and the chair of the Executive Committee.
        return_recommendation(RecommendationMoveInput, "The recommendation and its version.") -> RecommendationPayload
            = moves::return_to_group, of id;
        /// Records an adoption at a meeting, and gives the text its label. It needs an addressee, and its title and text in English and Russian. For the secretariat and the chair of the Executive Committee.
        adopt_recommendation(AdoptRecommendationInput, "The recommendation, its version, the meeting, and the declaration on personal data.") -> RecommendationPayload
            = moves::adopt, of id;
        /// Records that an adopted text was sent to its addressees. For the secretariat and the chair of the Executive Committee.
        transmit_recommendation(RecommendationMoveInput, "The recommendation and its version.") -> RecommendationPayload
            = moves::transmit, of id;
        /// Records that a later recommendation takes the place of an earlier one, which is returned. For the secretariat and the chair of the Executive Committee.
        supersede_recommendation(SupersedeRecommendationInput, "The earlier recommendation, its version, and the later one.") -> RecommendationPayload
            = moves::supersede, of id;
    }
}
