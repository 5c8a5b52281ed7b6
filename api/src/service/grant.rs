//! Mandates that are asked for: one alone, those of a new organisation, or those in a new body. It writes nothing, and knows none that are held
//! already.

use std::collections::HashMap;

use async_graphql::{ID, InputObject};
use entity::date::Date;
use entity::id::{BodyId, CountryId, OrganizationId, RecordId};
use entity::mandate::MandateRole;
use entity::{body, country, mandate, organization};

use super::tx::Tx;
use crate::domain::validation::{Validated, ValidationError, all, combine, each};
use crate::domain::{audience, council, fields};
use crate::error::Error;

/// What a mandate is, besides who holds it and in which body.
#[derive(Clone, Debug, InputObject)]
pub struct MandateTermsInput {
    /// What the organisation is in the body.
    pub role: MandateRole,
    /// The state whose delegation it is.
    pub country_id: Option<ID>,
    /// Whether its holder can object to a consensus. Unless given, state delegations can.
    pub can_object: Option<bool>,
    /// The first day.
    pub valid_from: Date,
    /// The last day. Open unless given.
    pub valid_to: Option<Date>,
}

/// A mandate of a new organisation.
#[derive(Clone, Debug, InputObject)]
pub struct NewOrganizationMandateInput {
    /// In which body.
    pub body_id: ID,
    #[graphql(flatten)]
    pub terms: MandateTermsInput,
}

/// A mandate in a new body.
#[derive(Clone, Debug, InputObject)]
pub struct NewBodyMandateInput {
    /// Who holds it.
    pub organization_id: ID,
    #[graphql(flatten)]
    pub terms: MandateTermsInput,
}

/// A holder or a body of a mandate.
enum Party<'a, I> {
    New(I),
    Named(&'a ID),
}

impl<I: RecordId> Party<'_, I> {
    fn named(&self) -> Option<I> {
        match self {
            Self::New(_) => None,
            Self::Named(id) => id.parse().ok(),
        }
    }

    /// Its id, and its row if it is there already.
    fn among<'b, M>(&self, known: &'b HashMap<I, M>, path: &str, what: &str) -> Validated<(I, Option<&'b M>)> {
        match self {
            Self::New(id) => Ok((*id, None)),
            Self::Named(id) => {
                let id = fields::id::<I>(path, id, what)?;
                let row = known.get(&id).ok_or_else(|| vec![ValidationError::not_found(path, what)])?;
                Ok((id, Some(row)))
            }
        }
    }
}

/// A mandate that is asked for.
pub(super) struct Asked<'a> {
    organization: Party<'a, OrganizationId>,
    body: Party<'a, BodyId>,
    terms: &'a MandateTermsInput,
}

impl<'a> Asked<'a> {
    pub fn of(organization: &'a ID, body: &'a ID, terms: &'a MandateTermsInput) -> Self {
        Self { organization: Party::Named(organization), body: Party::Named(body), terms }
    }

    pub fn of_new_organization(id: OrganizationId, wanted: &'a NewOrganizationMandateInput) -> Self {
        Self { organization: Party::New(id), body: Party::Named(&wanted.body_id), terms: &wanted.terms }
    }

    pub fn in_new_body(id: BodyId, wanted: &'a NewBodyMandateInput) -> Self {
        Self { organization: Party::Named(&wanted.organization_id), body: Party::New(id), terms: &wanted.terms }
    }

    fn row(&self, tx: &Tx<'_>, known: &Known) -> Validated<mandate::Model> {
        let MandateTermsInput { role, country_id, can_object, valid_from: Date(valid_from), valid_to } = self.terms;
        let (valid_from, valid_to) = (*valid_from, valid_to.map(|Date(day)| day));
        let holder = self.organization.among(&known.organizations, "organizationId", "organisation");
        let body = self.body.among(&known.bodies, "bodyId", "body");
        let country = country_id.as_ref().map(|id| Party::Named(id).among(&known.countries, "countryId", "country"));
        combine!(
            () = council::may_hold(
                holder.iter().filter_map(|(_, row)| *row).all(|row| row.active),
                body.iter().filter_map(|(_, row)| *row).all(|row| row.active),
            ),
            (organization_id, _) = holder,
            (body_id, _) = body,
            country = country.transpose(),
            () = council::mandate_period(valid_from, valid_to),
        );
        let ((audience, owner), at) = (audience::OPEN, tx.now());
        let delegation_of = country.and_then(|(_, row)| row);
        Ok(mandate::Model {
            id: tx.new_id(),
            organization_id,
            body_id,
            country_id: country.map(|(id, _)| id),
            role: *role,
            can_object: can_object.unwrap_or_else(|| council::objects_by_default(delegation_of)),
            valid_from,
            valid_to,
            audience,
            owner,
            created_at: at,
            updated_at: at,
            version: 1,
        })
    }
}

/// What mandates name, in one statement for each table.
struct Known {
    organizations: HashMap<OrganizationId, organization::Model>,
    bodies: HashMap<BodyId, body::Model>,
    countries: HashMap<CountryId, country::Model>,
}

impl Known {
    async fn read(tx: &Tx<'_>, asked: &[Asked<'_>]) -> Result<Self, Error> {
        let countries = asked.iter().filter_map(|one| one.terms.country_id.as_ref()?.parse().ok());
        Ok(Self {
            organizations: tx.by_id::<organization::Entity>(named(asked, |one| one.organization.named())).await?,
            bodies: tx.by_id::<body::Entity>(named(asked, |one| one.body.named())).await?,
            countries: tx.by_id::<country::Entity>(countries.collect()).await?,
        })
    }
}

fn named<I>(asked: &[Asked<'_>], which: impl Fn(&Asked<'_>) -> Option<I>) -> Vec<I> {
    asked.iter().filter_map(which).collect()
}

/// The row of a mandate that stands alone.
pub(super) async fn alone(tx: &Tx<'_>, asked: Asked<'_>) -> Result<Validated<mandate::Model>, Error> {
    let known = Known::read(tx, std::slice::from_ref(&asked)).await?;
    Ok(asked.row(tx, &known))
}

/// The rows of the mandates of a new organisation, or in a new body, which stand in a list of its input.
pub(super) async fn of_new_record(tx: &Tx<'_>, asked: &[Asked<'_>]) -> Result<Validated<Vec<mandate::Model>>, Error> {
    let known = Known::read(tx, asked).await?;
    let mut held: Vec<mandate::Model> = Vec::new();
    let rows = asked.iter().enumerate().map(|(index, one)| {
        let row = one.row(tx, &known).and_then(|row| {
            let key = |one: &mandate::Model| (one.organization_id, one.body_id, one.role);
            let same: Vec<mandate::Model> = held.iter().filter(|one| key(one) == key(&row)).cloned().collect();
            council::no_overlap(&same, row.valid_from, row.valid_to)?;
            held.push(row.clone());
            Ok(row)
        });
        row.map_err(|refusals| refusals.into_iter().map(|one| one.within("mandates", index)).collect())
    });
    let rows: Vec<Validated<mandate::Model>> = rows.collect();
    Ok(all([fields::short("mandates", asked), each(rows).map(drop)]).map(|()| held))
}
