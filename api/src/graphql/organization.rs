//! Organisations in the schema. Has names and shapes; no SQL and no rules.

use async_graphql::{Context, ID, Object, Result};
use entity::id::RecordId as _;
use entity::organization::OrganizationKind;

use super::bulk::upserts;
use super::connection::connections;
use super::country::Country;
use super::external_id::ExternalIds;
use super::mandate::Mandate;
use super::meeting::{Meeting, Participation};
use super::object::{Stamp, found, object, to_one};
use super::payload::{mutations, payload};
use super::recommendation::Recommendation;
use super::scalar::texts;
use super::session::{Session, session};
use crate::service;
use crate::service::organization::row::{CreateOrganizationInput, UpdateOrganizationInput};
use crate::service::organization::upsert::{UpsertOrganizationsInput, upsert};
use crate::service::organization::{
    DeactivateOrganizationInput, OrganizationBy, OrganizationFilter, OrganizationOrder,
};

object!(Organization: organization, OrganizationFilter, OrganizationOrder);

texts! {
    OrganizationTexts of organization {
        name, name_translations: "The name.";
    }
}

/// An organisation. Organisations speak, not persons.
#[Object]
impl Organization {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The acronym. Unique.
    async fn acronym(&self) -> &str {
        &self.0.acronym
    }

    /// What kind of organisation it is.
    async fn kind(&self) -> OrganizationKind {
        self.0.kind
    }

    /// The town of the seat.
    async fn seat(&self) -> Option<&str> {
        self.0.seat.as_deref()
    }

    /// The web address.
    async fn website(&self) -> Option<&str> {
        self.0.website.as_deref()
    }

    /// Whether it organises the council's meetings.
    async fn organizer(&self) -> bool {
        self.0.organizer
    }

    /// Whether it is active.
    async fn active(&self) -> bool {
        self.0.active
    }

    /// The parent organisation.
    async fn parent(&self, ctx: &Context<'_>) -> Option<Result<Organization>> {
        to_one::<Organization>(session(ctx), self.0.parent_id).await
    }

    /// Its country.
    async fn country(&self, ctx: &Context<'_>) -> Option<Result<Country>> {
        to_one::<Country>(session(ctx), self.0.country_id).await
    }

    #[graphql(flatten)]
    fn texts(&self) -> OrganizationTexts<'_> {
        OrganizationTexts(&self.0)
    }

    #[graphql(flatten)]
    fn connections(&self) -> OrganizationLists {
        OrganizationLists(self.0.id.uuid())
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

connections! {
    OrganizationLists of Organization {
        /// The organisations whose parent it is.
        children: Organization, "Which organisations.", by service::organization::of_parent;
        /// The meetings that it organises.
        meetings_organized: Meeting, "Which meetings.", by service::meeting::of_organizer;
        /// Its participations in meetings, as far as you may see them.
        participations: Participation, "Which participations.", by service::meeting::participation::of_organization;
        /// The mandates that it holds in bodies.
        mandates: Mandate, "Which mandates.", by service::mandate::of_organization;
        /// The recommendations addressed to it.
        recommendations: Recommendation, "Which recommendations.",
            by service::recommendation::of_addressed_organization;
        /// The recommendations that it has drafted, as far as you may see them. Shown to readers, partners and the
        /// secretariat; null for others.
        recommendations_drafted: Recommendation, "Which recommendations.", by service::recommendation::of_drafter,
            for Session::sees_drafting;
    }
}

payload! {
    /// The answer to a mutation of an organisation.
    OrganizationPayload {
        /// The organisation after the write; after a conflict, as it is now.
        organization: Organization
    }
}

#[derive(Default)]
pub struct OrganizationQuery;

#[Object]
impl OrganizationQuery {
    /// An organisation. Null if there is none that you may see.
    async fn organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one: by exactly one key.")] by: OrganizationBy,
    ) -> Option<Result<Organization>> {
        found(service::organization::find(&session(ctx).app.databases.read, &session(ctx).viewer, &by).await)
    }
}

connections! {
    Organizations {
        /// The organisations in the register.
        organizations: Organization, "Which organisations.";
        /// The organisations that organise the council's meetings.
        organizers: Organization, "Which organisations.", where OrganizationFilter::organizers;
    }
}

mutations! {
    OrganizationMutation {
        /// Creates an organisation, with its mandates. For the secretariat. `ALREADY_EXISTS` if another organisation has the
        /// acronym, and if two of the mandates overlap; `INVALID_STATE` for a mandate in a body that is not active.
        create_organization(CreateOrganizationInput, "The new organisation.") -> OrganizationPayload
            = service::organization::create;
        /// Changes an organisation. For the secretariat. `ALREADY_EXISTS` if another organisation has the acronym;
        /// `INVALID` if it would be its own parent, directly or through others.
        update_organization(UpdateOrganizationInput, "The organisation, its version, and what changes.")
            -> OrganizationPayload = service::organization::update, of id;
        /// Deactivates an organisation: it stays in the register, and its tokens are refused. For the secretariat.
        deactivate_organization(DeactivateOrganizationInput, "The organisation and its version.") -> OrganizationPayload
            = service::organization::deactivate, of id;
    }
}

upserts! {
    /// The answer to a bulk write of organisations.
    UpsertOrganizationsPayload of UpsertOrganizationsRow {
        organization: Organization;
        upsert_organizations(UpsertOrganizationsInput, "The rows, and how to write them.") = upsert;
        /// Creates and changes many organisations, up to 500, in one transaction. The rules are those of
        /// `createOrganization` and `updateOrganization`. A row that repeats what is recorded already is `UNCHANGED`. For the secretariat.
        OrganizationUpsert
    }
}
