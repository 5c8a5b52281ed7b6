//! Writing many organisations at once. It adds no rules: they are those of creating and updating one.

use std::collections::{HashMap, HashSet};

use entity::id::{CountryId, OrganizationId};
use entity::{country, organization};
use sea_orm::{Condition, ConnectionTrait as _};

use super::WHAT;
use super::row::UpsertOrganizationRowInput;
use crate::auth::{Act, Viewer};
use crate::domain::action::Action;
use crate::domain::council;
use crate::domain::validation::{Validated, all};
use crate::error::Error;
use crate::service::bulk::{self, Batch, Plan, Target, Upserted, bulk_input, targets, write_rows};
use crate::service::context::AppContext;
use crate::service::patch::named;
use crate::service::read;
use crate::service::tx::Tx;

bulk_input! {
    /// Many organisations at once.
    UpsertOrganizationsInput of UpsertOrganizationRowInput, to organization by upsert
}

pub async fn upsert(
    app: &AppContext,
    viewer: &Viewer,
    input: UpsertOrganizationsInput,
) -> Result<Upserted<organization::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    bulk::check_length(&input.rows)?;
    bulk::persist(app, input.rows.len(), || attempt(app, viewer, &input)).await
}

async fn attempt(
    app: &AppContext,
    viewer: &Viewer,
    input: &UpsertOrganizationsInput,
) -> Result<Upserted<organization::Model>, Error> {
    let mut tx = app.begin(viewer, Action::UpsertOrganizations).await?;
    let targets = targets::<organization::Entity>(&tx, input.match_by, &input.keys(), WHAT).await?;
    let applied = input.rows.iter().zip(targets.rows).map(|(row, target)| {
        let Target { before, external_key } = target?;
        let after = row.applied(&tx, before.as_ref())?;
        let changed = before.as_ref() != Some(&after);
        Ok(Plan { before, after, changed, parts: (), external_key })
    });
    let applied: Vec<Validated<OrganizationPlan>> = applied.collect();
    let mut known = Known::read(&tx, &applied).await?;
    let plans = applied.into_iter().map(|plan| plan.and_then(|plan| known.validate(plan)));
    let mut batch = Batch::new(input.options(), targets.systems, plans.collect());
    write_rows(&mut tx, batch.plans().into_iter().filter(|plan| plan.changed)).await?;
    batch.finish(tx).await
}

type OrganizationPlan = Plan<organization::Entity, ()>;

/// What the rows name, and which organisations have their acronyms.
struct Known {
    organizations: HashSet<OrganizationId>,
    countries: HashSet<CountryId>,
    acronyms: HashMap<String, OrganizationId>,
    /// The parent of each organisation, including what the rows judged so far change; empty if no row changes a parent.
    parents: HashMap<OrganizationId, Option<OrganizationId>>,
}

impl Known {
    async fn read(tx: &Tx<'_>, plans: &[Validated<OrganizationPlan>]) -> Result<Self, Error> {
        let (mut organizations, mut countries, mut acronyms, mut moves) = (Vec::new(), Vec::new(), Vec::new(), false);
        for plan in plans.iter().flatten() {
            organizations.extend(plan.after.parent_id);
            countries.extend(plan.after.country_id);
            acronyms.push(plan.after.acronym.clone());
            moves |= plan.before.as_ref().is_some_and(|before| before.parent_id != plan.after.parent_id);
        }
        let named = read::among_texts(
            tx.db().get_database_backend(),
            organization::Column::Acronym,
            acronyms.iter().map(String::as_str),
        );
        let holders = read::all::<organization::Entity>(tx.db(), tx.viewer(), Condition::all().add(named)).await?;
        Ok(Self {
            organizations: tx.known::<organization::Entity>(organizations).await?,
            countries: tx.known::<country::Entity>(countries).await?,
            acronyms: holders.into_iter().map(|row| (row.acronym, row.id)).collect(),
            parents: if moves { parents(tx).await? } else { HashMap::new() },
        })
    }

    fn validate(&mut self, plan: OrganizationPlan) -> Validated<OrganizationPlan> {
        let row = &plan.after;
        let before = plan.before.as_ref();
        all([
            named(row.parent_id.map(|id| ("parentId".to_owned(), id)).as_slice(), &self.organizations, WHAT),
            named(row.country_id.map(|id| ("countryId".to_owned(), id)).as_slice(), &self.countries, "country"),
            council::acronym_is_free(self.acronyms.get(&row.acronym).is_none_or(|holder| *holder == row.id)),
        ])?;
        if before.is_some_and(|before| before.parent_id != row.parent_id) {
            council::no_cycle("parentId", row.id, &self.ancestors(row.parent_id))?;
            self.parents.insert(row.id, row.parent_id);
        }
        self.acronyms.insert(row.acronym.clone(), row.id);
        Ok(plan)
    }

    /// The wanted parent and all organisations above it.
    fn ancestors(&self, parent: Option<OrganizationId>) -> Vec<OrganizationId> {
        let (mut chain, mut next) = (Vec::new(), parent);
        while let Some(id) = next.filter(|id| !chain.contains(id)) {
            chain.push(id);
            next = self.parents.get(&id).copied().flatten();
        }
        chain
    }
}

/// The parent of each organisation. A concurrent change of a parent waits until the transaction ends.
async fn parents(tx: &Tx<'_>) -> Result<HashMap<OrganizationId, Option<OrganizationId>>, Error> {
    tx.advisory_lock("organization").await?;
    let all = read::all::<organization::Entity>(tx.db(), tx.viewer(), Condition::all()).await?;
    Ok(all.into_iter().map(|row| (row.id, row.parent_id)).collect())
}
