//! Bodies and working groups in the schema. Has names and shapes; no SQL and no rules.

use async_graphql::{Context, ID, Object, Result};
use entity::body::{self as body_row, BodyKind, ParticipantCategory};
use entity::date::Date;
use entity::id::RecordId as _;

use super::connection::connections;
use super::consensus::{ConsensusProcedure, may_object};
use super::document::Document;
use super::external_id::ExternalIds;
use super::mandate::Mandate;
use super::meeting::{AgendaItem, BodySession, Meeting};
use super::object::{Stamp, found, object, to_one};
use super::payload::{mutations, payload};
use super::recommendation::Recommendation;
use super::scalar::texts;
use super::session::session;
use crate::service;
use crate::service::body::{BodyBy, BodyFilter, BodyOrder, CreateBodyInput, UpdateBodyInput};

object!(Body: body, BodyFilter, BodyOrder);

texts! {
    BodyTexts of body {
        name, name_translations: "The name.";
    } maybe {
        mandate_text, mandate_text_translations: "What the body is for.";
    }
}

/// The plenary, the Executive Committee or a working group.
#[Object]
impl Body {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The code, such as `WG-A`. Unique; never changed.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// What kind of body it is.
    async fn kind(&self) -> BodyKind {
        self.0.kind
    }

    /// The date of establishment.
    async fn established_on(&self) -> Option<Date> {
        self.0.established_on.map(Date)
    }

    /// Whether it is active.
    async fn active(&self) -> bool {
        self.0.active
    }

    /// How many delegations of each category are to be present at its sessions; empty if it has no quorum. Nothing is refused without one.
    async fn quorum(&self) -> Vec<QuorumPart> {
        self.0.quorum.0.iter().map(|part| QuorumPart(*part)).collect()
    }

    /// The body that it reports to.
    async fn reports_to(&self, ctx: &Context<'_>) -> Option<Result<Body>> {
        to_one::<Body>(session(ctx), self.0.reports_to_id).await
    }

    /// Who may object in it on a day: the mandates that are valid then and let their holders object, from the first to begin.
    async fn can_object(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The day, in the council's time zone.")] as_of: Date,
    ) -> Result<Vec<Mandate>> {
        may_object(session(ctx), self.0.id, (as_of.0, as_of.0)).await
    }

    #[graphql(flatten)]
    fn texts(&self) -> BodyTexts<'_> {
        BodyTexts(&self.0)
    }

    #[graphql(flatten)]
    fn connections(&self) -> BodyLists {
        BodyLists(self.0.id.uuid())
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

pub struct QuorumPart(body_row::QuorumPart);

/// How many delegations of a category are to be present at a session.
#[Object]
impl QuorumPart {
    /// The category.
    async fn category(&self) -> ParticipantCategory {
        self.0.category
    }

    /// How many.
    async fn delegations(&self) -> i32 {
        self.0.delegations
    }
}

connections! {
    BodyLists of Body {
        /// The bodies that report to it.
        subsidiaries: Body, "Which bodies.", by service::body::of_superior;
        /// Its sessions, each in a meeting. Ordinals count from 1.
        sessions: BodySession, "Which sessions.", by service::meeting::parts::of_body;
        /// The meetings that carry a session of it.
        meetings: Meeting, "Which meetings.", by service::meeting::of_body;
        /// The mandates that organisations hold in it.
        mandates: Mandate, "Which mandates.", by service::mandate::of_body;
        /// The agenda items that belong to it.
        agenda_items: AgendaItem, "Which agenda items.", by service::meeting::agenda::of_body;
        /// The recommendations that it drafts.
        recommendations: Recommendation, "Which recommendations.", by service::recommendation::of_body;
        /// The documents that belong to it.
        documents: Document, "Which documents.", by service::document::of_body;
        /// The consensus procedures by which it came, or may come, to its texts.
        consensus_procedures: ConsensusProcedure, "Which procedures.", by service::consensus::of_body;
    }
}

payload! {
    /// The answer to a mutation of a body.
    BodyPayload {
        /// The body after the write; after a conflict, as it is now.
        body: Body
    }
}

#[derive(Default)]
pub struct BodyQuery;

#[Object]
impl BodyQuery {
    /// A body of any kind. Null if there is none that you may see.
    async fn body(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one: by exactly one key.")] by: BodyBy,
    ) -> Option<Result<Body>> {
        found(service::body::find(&session(ctx).app.databases.read, &session(ctx).viewer, &by).await)
    }

    /// A working group. Null if there is none that you may see.
    async fn working_group(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one: by exactly one key.")] by: BodyBy,
    ) -> Option<Result<Body>> {
        found(service::body::find_working_group(&session(ctx).app.databases.read, &session(ctx).viewer, &by).await)
    }
}

connections! {
    Bodies {
        /// The bodies of the council.
        bodies: Body, "Which bodies.";
        /// The working groups of the council.
        working_groups: Body, "Which bodies.", where BodyFilter::working_groups;
    }
}

mutations! {
    BodyMutation {
        /// Creates a body, with the mandates in it. For the secretariat. `ALREADY_EXISTS` if another body has the code, for a
        /// second active plenary or Executive Committee, and if two of the mandates overlap; `INVALID_STATE` for a mandate of
        /// an organisation that is not active.
        create_body(CreateBodyInput, "The new body.") -> BodyPayload = service::body::create;
        /// Changes a body. For the secretariat. `ALREADY_EXISTS` for a second active plenary or Executive Committee;
        /// `INVALID_STATE` if the active plenary or Executive Committee would be deactivated; `INVALID` if the body would
        /// report to itself, and for a quorum that names a category twice.
        update_body(UpdateBodyInput, "The body, its version, and what changes.") -> BodyPayload
            = service::body::update, of id;
    }
}
