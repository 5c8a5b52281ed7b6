//! What an input wants the parts of a recommendation to be: parsed, and checked to exist. Writes nothing.

use async_graphql::ID;
use entity::addressee::{Addressed, AddresseeCategory};
use entity::id::{CountryId, InstrumentId, OrganizationId, ThemeId};
use entity::{country, instrument, organization, theme};

use super::parts::AddresseeInput;
use crate::domain::validation::{Validated, all, combine, each, none, passed};
use crate::domain::{fields, recommendation as rules};
use crate::error::Error;
use crate::service::patch::given_in;
use crate::service::tx::Tx;

/// The parts of a recommendation as an input wants them. What is `None` stays.
pub(super) struct Wanted {
    pub themes: Option<Vec<ThemeId>>,
    pub instruments: Option<Vec<InstrumentId>>,
    pub addressees: Option<Vec<Addressed>>,
    pub names: Names,
}

/// The records that an input names in its lists, each with its place, also in lists that are not well formed.
#[derive(Clone)]
pub(super) struct Names {
    pub themes: Vec<(String, ThemeId)>,
    pub instruments: Vec<(String, InstrumentId)>,
    pub countries: Vec<(String, CountryId)>,
    pub organizations: Vec<(String, OrganizationId)>,
}

impl Wanted {
    /// The lists that are well formed, and what is wrong in the others.
    pub fn parse(
        themes: Option<&[ID]>,
        instruments: Option<&[ID]>,
        addressees: Option<&[AddresseeInput]>,
    ) -> (Self, Validated<()>) {
        let whom = addressees.unwrap_or_default();
        let names = Names {
            themes: given_in("themeIds", "", themes.into_iter().flatten().map(Some)),
            instruments: given_in("instrumentIds", "", instruments.into_iter().flatten().map(Some)),
            countries: given_in("addressees", ".countryId", whom.iter().map(|one| one.country_id.as_ref())),
            organizations: given_in(
                "addressees",
                ".organizationId",
                whom.iter().map(|one| one.organization_id.as_ref()),
            ),
        };
        let mut errors = Vec::new();
        let wanted = Self {
            names,
            themes: themes.and_then(|list| passed(theme_ids(list), &mut errors)),
            instruments: instruments.and_then(|list| passed(instrument_ids(list), &mut errors)),
            addressees: addressees.and_then(|list| passed(addressed(list), &mut errors)),
        };
        (wanted, none(errors))
    }

    /// Checks that all records that the parts name exist.
    pub async fn check_named(&self, tx: &Tx<'_>) -> Result<Validated<()>, Error> {
        let Names { themes, instruments, countries, organizations } = self.names.clone();
        Ok(all([
            tx.check_named::<theme::Entity>(themes, "theme").await?,
            tx.check_named::<instrument::Entity>(instruments, "instrument").await?,
            tx.check_named::<country::Entity>(countries, "country").await?,
            tx.check_named::<organization::Entity>(organizations, "organisation").await?,
        ]))
    }
}

fn whom(one: &AddresseeInput) -> (AddresseeCategory, Option<&str>, Option<&str>) {
    let AddresseeInput { category, role: _, country_id, organization_id } = one;
    (*category, country_id.as_ref().map(|id| id.as_str()), organization_id.as_ref().map(|id| id.as_str()))
}

pub(super) fn addressed(wanted: &[AddresseeInput]) -> Validated<Vec<Addressed>> {
    let parsed: Vec<_> = wanted.iter().enumerate().map(|(index, one)| addressed_one(index, one)).collect();
    combine!(() = fields::distinct("addressees", &wanted.iter().map(whom).collect::<Vec<_>>()), parsed = each(parsed));
    Ok(parsed)
}

fn addressed_one(index: usize, one: &AddresseeInput) -> Validated<Addressed> {
    let (path, AddresseeInput { category, role, country_id, organization_id }) = (format!("addressees.{index}"), one);
    let (category, role, names) = (*category, *role, (country_id.is_some(), organization_id.is_some()));
    combine!(
        country_id = country_id.as_ref().map(|id| fields::id(&format!("{path}.countryId"), id, "country")).transpose(),
        organization_id = organization_id
            .as_ref()
            .map(|id| fields::id(&format!("{path}.organizationId"), id, "organisation"))
            .transpose(),
        () = rules::addressee(&path, category, names.0, names.1),
    );
    Ok(Addressed { category, country_id, organization_id, role })
}

pub(super) fn theme_ids(wanted: &[ID]) -> Validated<Vec<ThemeId>> {
    fields::ids("themeIds", None, wanted.iter().map(|id| id.as_str()), "theme")
}

fn instrument_ids(wanted: &[ID]) -> Validated<Vec<InstrumentId>> {
    fields::ids("instrumentIds", None, wanted.iter().map(|id| id.as_str()), "instrument")
}
