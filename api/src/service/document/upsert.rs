//! Writing many documents at once. It adds no rules: they are those of creating and updating one.

use std::collections::HashMap;

use entity::document;
use entity::id::DocumentId;
use sea_orm::{Condition, ConnectionTrait as _};

use super::WHAT;
use super::parents::{KnownParents, Named};
use super::row::{UpsertDocumentRowInput, apply, build};
use crate::auth::{Act, Viewer};
use crate::domain::action::Action;
use crate::domain::document as rules;
use crate::domain::validation::{Validated, combine};
use crate::error::Error;
use crate::service::bulk::{self, Batch, Plan, Target, Upserted, bulk_input, targets, write_rows};
use crate::service::context::AppContext;
use crate::service::read;
use crate::service::tx::Tx;

bulk_input! {
    /// Many documents at once.
    UpsertDocumentsInput of UpsertDocumentRowInput, to document by upsert
}

pub async fn upsert(
    app: &AppContext,
    viewer: &Viewer,
    input: UpsertDocumentsInput,
) -> Result<Upserted<document::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    bulk::check_length(&input.rows)?;
    bulk::persist(app, input.rows.len(), || attempt(app, viewer, &input)).await
}

async fn attempt(
    app: &AppContext,
    viewer: &Viewer,
    input: &UpsertDocumentsInput,
) -> Result<Upserted<document::Model>, Error> {
    let mut tx = app.begin(viewer, Action::UpsertDocuments).await?;
    let targets = targets::<document::Entity>(&tx, input.match_by, &input.keys(), WHAT).await?;
    let named = input.rows.iter().zip(&targets.rows).map(|(row, target)| match &target.before {
        Some(before) => Named::after(&row.change(before), before),
        None => Named::of_new(&row.creation()),
    });
    let named: Vec<Named> = named.collect();
    let parents = KnownParents::read(&tx, &named).await?;
    let applied = input.rows.iter().zip(targets.rows).zip(&named);
    let applied = applied.map(|((row, target), named)| Applied::of(&tx, row, target, parents.of(named)));
    let applied: Vec<Applied> = applied.collect();
    let mut holders = holders(&tx, &applied).await?;
    let plans = applied.into_iter().map(|row| row.plan(&mut holders));
    let mut batch = Batch::new(input.options(), targets.systems, plans.collect());
    write_rows(&mut tx, batch.plans().into_iter().filter(|plan| plan.changed)).await?;
    batch.finish(tx).await
}

/// Which documents have which symbols.
type Holders = HashMap<String, DocumentId>;

/// What a row makes of its document.
struct Applied {
    target: Target<document::Entity>,
    after: Validated<document::Model>,
}

impl Applied {
    fn of(
        tx: &Tx<'_>,
        row: &UpsertDocumentRowInput,
        target: Target<document::Entity>,
        parents: Validated<super::Parents>,
    ) -> Self {
        let after = match &target.before {
            Some(before) => apply(tx, before, row.change(before), parents),
            None => build(tx, row.creation(), parents),
        };
        Self { target, after }
    }

    fn plan(self, holders: &mut Holders) -> Validated<Plan<document::Entity, ()>> {
        let Self { target: Target { before, external_key, key }, after } = self;
        let is_free = |row: &document::Model| {
            let holder = row.symbol_folded.as_ref().and_then(|symbol| holders.get(symbol));
            holder.is_none_or(|holder| *holder == row.id)
        };
        combine!(
            () = key,
            () = after.as_ref().map_or(Ok(()), |row| rules::symbol_is_free(is_free(row))),
            after = after,
        );
        if let Some(symbol) = &after.symbol_folded {
            holders.insert(symbol.clone(), after.id);
        }
        let changed = before.as_ref() != Some(&after);
        Ok(Plan { before, after, changed, parts: (), external_key })
    }
}

/// The documents that have the symbols of the rows.
async fn holders(tx: &Tx<'_>, rows: &[Applied]) -> Result<Holders, Error> {
    let symbols = rows.iter().filter_map(|row| row.after.as_ref().ok()?.symbol_folded.as_deref());
    let named = read::among_texts(tx.db().get_database_backend(), document::Column::SymbolFolded, symbols);
    let holders = read::all::<document::Entity>(tx.db(), tx.viewer(), Condition::all().add(named)).await?;
    Ok(holders.into_iter().filter_map(|row| Some((row.symbol_folded?, row.id))).collect())
}
