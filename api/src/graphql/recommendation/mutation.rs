//! The mutations of recommendations. Has names and shapes; no SQL and no rules.

use super::Recommendation;
use crate::graphql::bulk::upserts;
use crate::graphql::payload::{mutations, payload};
use crate::service::recommendation::parts::{self, SetAddresseesInput};
use crate::service::recommendation::past::{self, RecordAdoptionInput};
use crate::service::recommendation::row::{DraftRecommendationInput, ReviseRecommendationInput};
use crate::service::recommendation::silence::{self, OpenSilenceInput};
use crate::service::recommendation::text;
use crate::service::recommendation::transitions::{
    self, AdoptRecommendationInput, RecommendationMoveInput, RecordAgreementInput, ReturnRecommendationInput,
    SupersedeRecommendationInput,
};
use crate::service::recommendation::upsert::{UpsertRecommendationsInput, upsert};

payload! {
    /// The answer to a mutation of a recommendation.
    RecommendationPayload {
        /// The recommendation after the write; after a conflict, as it is now.
        recommendation: Recommendation
    }
}

mutations! {
    RecommendationMutation {
        /// Drafts a recommendation in an active body. For the secretariat, and for partners whose organisation holds a
        /// mandate in the body today. `INVALID_STATE` if the body is not active.
        draft_recommendation(DraftRecommendationInput, "The new draft.") -> RecommendationPayload = text::draft;
        /// Changes a draft or a text under discussion. A text without consensus comes under discussion again once its
        /// title, text or rationale is changed. For the secretariat, the drafting organisation, and the chair, co-chair and
        /// rapporteur of its body. `INVALID_STATE` in any other state, and for a text without consensus if none of these is changed.
        revise_recommendation(ReviseRecommendationInput, "The recommendation, its version, and what changes.")
            -> RecommendationPayload = text::revise, of id;
        /// Replaces the addressees of a text that is a draft, under discussion, without consensus, agreed in its body, or
        /// returned. For the secretariat, the drafting organisation, and the chair, co-chair and rapporteur of its body.
        /// `INVALID_STATE` in any other state, including under silence.
        set_addressees(SetAddresseesInput, "The recommendation, its version, and all addressees.")
            -> RecommendationPayload = parts::set_addressees, of id;
        /// Opens the discussion of a draft or a returned text in its body. For the secretariat, the drafting organisation,
        /// and the chair, co-chair and rapporteur of its body. `INVALID_STATE` in any other state; a text without consensus
        /// is revised instead.
        open_discussion(RecommendationMoveInput, "The recommendation and its version.") -> RecommendationPayload
            = transitions::open_discussion, of id;
        /// Withdraws a draft, a text under discussion, or one without consensus. For the secretariat and the drafting
        /// organisation. `INVALID_STATE` in any other state, including under silence and when it is returned.
        withdraw_recommendation(RecommendationMoveInput, "The recommendation and its version.") -> RecommendationPayload
            = transitions::withdraw, of id;
        /// Opens a silence on a text under discussion: if nobody objects before the deadline, its body has agreed at the
        /// deadline. Or on a submitted text: the Executive Committee, or the plenary, has then adopted it, and it is published
        /// with its label. Until then the text cannot be changed. For the secretariat and the chair and co-chair of its body;
        /// once it is submitted, of the Executive Committee. `INVALID_STATE` in any other state, and if a silence is open; if
        /// the meeting is neither in session nor concluded, carries no session of the body that seeks consensus (of the Executive
        /// Committee, or else of the plenary), ended before the body of a submitted text agreed, or is
        /// confidential; if that body is not active; while an objection or an amendment to the latest revision stands; and if a
        /// submitted text has no addressee, or lacks its title or text in English or Russian. `REQUIRED` for a submitted text
        /// without the declaration on personal data; `INVALID` for a deadline that is not 24 hours away; `TOO_LONG` if the text
        /// has had 100 procedures.
        open_silence(OpenSilenceInput, "The recommendation, its version, the meeting and the deadline.")
            -> RecommendationPayload = silence::open, of id;
        /// Ends the silence on a text before its deadline, without a result; the text is under discussion again, or stays
        /// submitted. For the secretariat and the chair and co-chair of its body; of the Executive Committee, if the text is
        /// submitted. `INVALID_STATE` if no silence on it is open.
        withdraw_silence(RecommendationMoveInput, "The recommendation and its version.") -> RecommendationPayload
            = silence::withdraw, of id;
        /// Records that the body has agreed by consensus, in the room of a meeting, on a text under discussion. For
        /// the secretariat and the chair and co-chair of its body. `INVALID_STATE` in any other state, also under silence;
        /// if the meeting is neither in session nor concluded, or carries no session of the body; and while an objection or an
        /// amendment to the latest revision stands. Of what was stated in the room: `FORBIDDEN` for another organisation than the partner's own; `INVALID` for an objection or an amendment, and for two
        /// positions of one organisation, and `INVALID_STATE` for an organisation that is not active, or holds no mandate in the body on one of the
        /// meeting's days; so for the other mutations that record what a body came to at a meeting.
        record_agreement(RecordAgreementInput, "The recommendation, its version and the meeting.")
            -> RecommendationPayload = transitions::record_agreement, of id;
        /// Records that the body has found no consensus, in the room of a meeting, on a text under discussion as it is: a
        /// changed one opens the discussion again. For the secretariat and the chair and co-chair of its body.
        /// `INVALID_STATE` in any other state, if the meeting is neither in session nor concluded, or carries no
        /// session of the body, and if an organisation objected and no mandate lets it.
        record_no_consensus(RecordAgreementInput, "The recommendation, its version and the meeting.")
            -> RecommendationPayload = transitions::record_no_consensus, of id;
        /// Submits a text that its body has agreed on to the Executive Committee. For the secretariat and the chair and
        /// co-chair of its body. `INVALID_STATE` in any other state.
        submit_to_executive_committee(RecommendationMoveInput, "The recommendation and its version.")
            -> RecommendationPayload = transitions::submit, of id;
        /// Records that the Executive Committee has sent a submitted text back to its body, in the room of a meeting if one is named; the body's agreement then no
        /// longer holds. For the secretariat and the chair and co-chair of the Executive Committee. `INVALID_STATE` in any
        /// other state, while a silence on it is open, and if the meeting is neither in session nor concluded, carries no
        /// session of the Executive Committee or the plenary, or ended before the body agreed; `INVALID` for a demonstration meeting of a real text.
        return_recommendation(ReturnRecommendationInput, "The recommendation, its version, and the meeting.") -> RecommendationPayload
            = transitions::return_to_group, of id;
        /// Records the adoption of a submitted text at a meeting, publishes it and gives it its label. For the secretariat
        /// and the chair and co-chair of the Executive Committee. `INVALID_STATE` in any other state, and while a silence on it is
        /// open; if the meeting is neither in session nor concluded, or carries no session of the Executive Committee or the
        /// plenary; while an objection or an amendment to the latest revision stands; and if the text has no addressee, or
        /// lacks its title or text in English or Russian. `REQUIRED` without the declaration on personal data; `INVALID`
        /// for a day on which the meeting is not held, that is to come, or on which the silence of its body was not over.
        adopt_recommendation(
            AdoptRecommendationInput, "The recommendation, its version, the meeting, and the declaration on personal data."
        ) -> RecommendationPayload = transitions::adopt, of id;
        /// Records, for the historical record, that a draft was adopted before the council worked with the service, as a source says; publishes it
        /// and gives it the next label of its body in that year. A consensus procedure is recorded only with `positions`. For the secretariat.
        /// `INVALID_STATE` unless it is a draft; if an organisation that stated something held no mandate in the adopting body then; if the meeting is neither in session nor concluded, or carries no session of the Executive
        /// Committee or the plenary; if the source is not public; and if the text has no addressee, or lacks its title or text in English or
        /// Russian. `REQUIRED` without the declaration on personal data, and for positions without a meeting; `INVALID` for an objection or an amendment, for a day
        /// on which the meeting is not held, or that is not before the draft, for a target date before it, and for a demonstration meeting. A source of figures is not public.
        record_adoption(
            RecordAdoptionInput, "The recommendation, its version, the source, the day, and the declaration on personal data."
        ) -> RecommendationPayload = past::record, of id;
        /// Records that an adopted text was sent to its addressees. For the secretariat and the chair and co-chair of
        /// the Executive Committee. `INVALID_STATE` in any other state.
        transmit_recommendation(RecommendationMoveInput, "The recommendation and its version.") -> RecommendationPayload
            = transitions::transmit, of id;
        /// Records that a later recommendation replaces an earlier one; the earlier one is returned. For the secretariat
        /// and the chair and co-chair of the Executive Committee. `INVALID_STATE` unless both are adopted or transmitted
        /// and the later one replaces no other one; `INVALID` if they are the same, or if only one is a demonstration.
        supersede_recommendation(
            SupersedeRecommendationInput, "The earlier recommendation, its version, and the later one."
        ) -> RecommendationPayload = transitions::supersede, of id;
    }
}

upserts! {
    /// The answer to a bulk write of recommendations.
    UpsertRecommendationsPayload of UpsertRecommendationsRow {
        recommendation: Recommendation;
        upsert_recommendations(UpsertRecommendationsInput, "The rows, and how to write them.") = upsert;
        /// Drafts, revises and addresses many recommendations, up to 500, in one transaction. The rules are those of
        /// `draftRecommendation`, `reviseRecommendation` and `setAddressees`; a row for which you may not use these is
        /// refused with `FORBIDDEN`. A row that repeats what is recorded already is `UNCHANGED`, in any state. For the
        /// secretariat and partners.
        RecommendationUpsert
    }
}
