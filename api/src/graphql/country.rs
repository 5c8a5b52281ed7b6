//! Countries in the schema. Has names and shapes; no SQL and no rules.

use async_graphql::{Context, ID, Object, Result};
use entity::id::RecordId as _;

use super::connection::connections;
use super::external_id::ExternalIds;
use super::mandate::Mandate;
use super::meeting::Meeting;
use super::object::{Stamp, found, object};
use super::organization::Organization;
use super::recommendation::Recommendation;
use super::scalar::texts;
use super::session::session;
use crate::service;
use crate::service::country::{CountryBy, CountryFilter, CountryOrder};

object!(Country: country, CountryFilter, CountryOrder);

texts! {
    CountryTexts of country {
        name, name_translations: "The name.";
    }
}

/// A state. Five take part in the council.
#[Object]
impl Country {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The ISO 3166-1 alpha-2 code.
    async fn iso2(&self) -> &str {
        &self.0.iso2
    }

    /// Whether the state takes part in the council.
    async fn participating(&self) -> bool {
        self.0.participating
    }

    #[graphql(flatten)]
    fn texts(&self) -> CountryTexts<'_> {
        CountryTexts(&self.0)
    }

    #[graphql(flatten)]
    fn connections(&self) -> CountryLists {
        CountryLists(self.0.id.uuid())
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
    CountryLists of Country {
        /// The organisations of the country.
        organizations: Organization, "Which organisations.", by service::organization::of_country;
        /// The meetings held in the country.
        meetings: Meeting, "Which meetings.", by service::meeting::of_country;
        /// The mandates of the state's delegations.
        mandates: Mandate, "Which mandates.", by service::mandate::of_country;
        /// The recommendations addressed to the country, or to an organisation as its authority.
        recommendations: Recommendation, "Which recommendations.", by service::recommendation::of_addressed_country;
    }
}

#[derive(Default)]
pub struct CountryQuery;

#[Object]
impl CountryQuery {
    /// A country. Null if there is none that you may see.
    async fn country(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one: by exactly one key.")] by: CountryBy,
    ) -> Option<Result<Country>> {
        found(service::country::find(&session(ctx).app.databases.read, &session(ctx).viewer, &by).await)
    }
}

connections! {
    Countries {
        /// The countries that the register refers to.
        countries: Country, "Which countries.";
    }
}
