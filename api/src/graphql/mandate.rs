//! Mandates in the schema. Has names and shapes; no SQL and no rules.

use async_graphql::{Context, ID, Object, Result};
use entity::date::Date;
use entity::id::RecordId as _;
use entity::mandate::MandateRole;

use super::body::Body;
use super::connection::connections;
use super::country::Country;
use super::external_id::ExternalIds;
use super::object::{Stamp, found, known, object, to_one};
use super::organization::Organization;
use super::payload::{mutations, payload};
use super::session::session;
use crate::service;
use crate::service::mandate::{EndMandateInput, GrantMandateInput, MandateBy, MandateFilter, MandateOrder};

object!(Mandate: mandate, MandateFilter, MandateOrder);

/// What an organisation is in a body, and from when to when.
#[Object]
impl Mandate {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The organisation that holds it. Null only together with an error.
    async fn organization(&self, ctx: &Context<'_>) -> Option<Result<Organization>> {
        known::<Organization>(session(ctx), self.0.organization_id).await
    }

    /// The body. Null only together with an error.
    async fn body(&self, ctx: &Context<'_>) -> Option<Result<Body>> {
        known::<Body>(session(ctx), self.0.body_id).await
    }

    /// The state whose delegation it is.
    async fn country(&self, ctx: &Context<'_>) -> Option<Result<Country>> {
        to_one::<Country>(session(ctx), self.0.country_id).await
    }

    /// The role of the organisation in the body.
    async fn role(&self) -> MandateRole {
        self.0.role
    }

    /// Whether its holder can object to a consensus.
    async fn can_object(&self) -> bool {
        self.0.can_object
    }

    /// The first day.
    async fn valid_from(&self) -> Date {
        Date(self.0.valid_from)
    }

    /// The last day; null if no end is set.
    async fn valid_to(&self) -> Option<Date> {
        self.0.valid_to.map(Date)
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

payload! {
    /// The answer to a mutation of a mandate.
    MandatePayload {
        /// The mandate after the write; after a conflict, as it is now.
        mandate: Mandate
    }
}

#[derive(Default)]
pub struct MandateQuery;

#[Object]
impl MandateQuery {
    /// A mandate. Null if there is none.
    async fn mandate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one: by exactly one key.")] by: MandateBy,
    ) -> Option<Result<Mandate>> {
        found(service::mandate::find(&session(ctx).app.databases.read, &session(ctx).viewer, &by).await)
    }
}

connections! {
    Mandates {
        /// The mandates that organisations hold in bodies.
        mandates: Mandate, "Which mandates.";
    }
}

mutations! {
    MandateMutation {
        /// Grants a mandate. For the secretariat. `ALREADY_EXISTS` if the organisation holds this role in this body for
        /// part of that time; `INVALID_STATE` unless both the organisation and the body are active.
        grant_mandate(GrantMandateInput, "The new mandate.") -> MandatePayload = service::mandate::grant;
        /// Ends a mandate on a day earlier than agreed. For the secretariat. `INVALID` if that day is before its first or
        /// after its last day.
        end_mandate(EndMandateInput, "The mandate, its version and its last day.") -> MandatePayload
            = service::mandate::end, of id;
    }
}
