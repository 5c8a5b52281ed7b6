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
use crate::domain::validation::{Validated, combine};
use crate::error::Error;
use crate::service::bulk::{self, Batch, Plan, Target, Upserted, bulk_input, targets, write_rows};
use crate::service::context::AppContext;
use crate::service::patch::{given, named};
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
    let applied = input.rows.iter().zip(targets.rows).map(|(row, target)| Applied::of(&tx, row, target));
    let applied: Vec<Applied> = applied.collect();
    let mut known = Known::read(&tx, &applied).await?;
    let plans = applied.into_iter().map(|row| known.plan(row));
    let mut batch = Batch::new(input.options(), targets.systems, plans.collect());
    write_rows(&mut tx, batch.plans().into_iter().filter(|plan| plan.changed)).await?;
    batch.finish(tx).await
}

type OrganizationPlan = Plan<organization::Entity, ()>;

/// What a row makes of its organisation, and what it names.
struct Applied {
    target: Target<organization::Entity>,
    after: Validated<organization::Model>,
    parent: Vec<(String, OrganizationId)>,
    country: Vec<(String, CountryId)>,
}

impl Applied {
    fn of(tx: &Tx<'_>, row: &UpsertOrganizationRowInput, target: Target<organization::Entity>) -> Self {
        Self {
            after: row.applied(tx, target.before.as_ref()),
            target,
            parent: given("parentId", row.parent_id.as_opt_ref().flatten()),
            country: given("countryId", row.country_id.as_opt_ref().flatten()),
        }
    }
}

/// What the rows name, and which organisations have their acronyms.
struct Known {
    organizations: HashSet<OrganizationId>,
    countries: HashSet<CountryId>,
    acronyms: HashMap<String, OrganizationId>,
    /// The parent of each organisation, including what the rows judged so far change; empty if no row changes a parent.
    parents: HashMap<OrganizationId, Option<OrganizationId>>,
}

impl Known {
    async fn read(tx: &Tx<'_>, rows: &[Applied]) -> Result<Self, Error> {
        let (mut organizations, mut countries, mut acronyms, mut moves) = (Vec::new(), Vec::new(), Vec::new(), false);
        for Applied { target, after, parent, country } in rows {
            organizations.extend(parent.iter().map(|(_, id)| *id));
            countries.extend(country.iter().map(|(_, id)| *id));
            let Ok(after) = after else { continue };
            acronyms.push(after.acronym.clone());
            moves |= target.before.as_ref().is_some_and(|before| before.parent_id != after.parent_id);
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

    fn plan(&mut self, row: Applied) -> Validated<OrganizationPlan> {
        let Applied { target: Target { before, external_key, key }, after, parent, country } = row;
        let is_free =
            |row: &organization::Model| self.acronyms.get(&row.acronym).is_none_or(|holder| *holder == row.id);
        combine!(
            () = key,
            () = named(&parent, &self.organizations, WHAT),
            () = named(&country, &self.countries, "country"),
            () = after.as_ref().map_or(Ok(()), |row| council::acronym_is_free(is_free(row))),
            after = after,
        );
        if before.as_ref().is_some_and(|before| before.parent_id != after.parent_id) {
            council::no_cycle("parentId", after.id, &self.ancestors(after.parent_id))?;
            self.parents.insert(after.id, after.parent_id);
        }
        self.acronyms.insert(after.acronym.clone(), after.id);
        let changed = before.as_ref() != Some(&after);
        Ok(Plan { before, after, changed, parts: (), external_key })
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
