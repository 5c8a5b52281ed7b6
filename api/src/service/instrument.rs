//! Legal instruments and resolutions that recommendations refer to. The rules of their fields stand in `domain/fields.rs`.

use async_graphql::{ID, InputObject, MaybeUndefined, OneofObject};
use entity::date::{Date, DateTime};
use entity::id::InstrumentId;
use entity::instrument;
use sea_orm::ConnectionTrait;

use super::external_id::{self, ExternalIdInput};
use super::filter::{IdFilter, OrderedFilter, StringFilter, TextFilter, filter};
use super::page::sort;
use super::patch::{LocalizedTextInput, localized, patch, patch_required, patch_text};
use super::read::{self, Visible};
use super::tx::Written;
use crate::auth::{Act, Viewer};
use crate::clock::Clock;
use crate::domain::action::Action;
use crate::domain::symbol::{Symbol, folded};
use crate::domain::validation::{Validated, combine};
use crate::domain::{audience, fields};
use crate::error::Error;
use crate::service::context::AppContext;

impl Visible for instrument::Entity {
    const CACHED: bool = true;
}

/// Names one instrument.
#[derive(Clone, Debug, OneofObject)]
pub enum InstrumentBy {
    /// Its id. Error, for what is no id of this type: `INVALID_ARGUMENT`.
    Id(ID),
    /// Its symbol, in any spelling: `S/RES/2396 (2017)`, `s/res/2396(2017)` and `S/RES/2396` are one.
    Symbol(String),
    /// What a system of yours calls it.
    ExternalId(ExternalIdInput),
}

/// Which instruments.
#[derive(Clone, Debug, Default, InputObject)]
pub struct InstrumentFilter {
    /// By id.
    pub id: Option<IdFilter>,
    /// By symbol, to which `eq`, `ne`, `in` and `notIn` compare in any spelling.
    pub symbol: Option<StringFilter>,
    /// By title, in any language.
    pub title: Option<TextFilter>,
    /// By the date of adoption.
    pub adopted_on: Option<OrderedFilter<Date>>,
    /// By the time of the last change.
    pub updated_at: Option<OrderedFilter<DateTime>>,
    /// All of these must match.
    pub and: Option<Vec<InstrumentFilter>>,
    /// At least one of these must match.
    pub or: Option<Vec<InstrumentFilter>>,
    /// This must not match.
    pub not: Option<Box<InstrumentFilter>>,
}

filter!(InstrumentFilter => instrument::Entity, unique [id, symbol], |this, scope| [
    scope.field(this.id.as_ref().map(IdFilter::of::<InstrumentId>).as_ref(), instrument::Column::Id),
    scope.field(this.symbol.as_ref().and_then(StringFilter::in_any_spelling).as_ref(), instrument::Column::SymbolFolded),
    scope.field(this.symbol.as_ref().and_then(StringFilter::as_written).as_ref(), instrument::Column::Symbol),
    scope.field(this.title.as_ref(), instrument::Column::TitleFolded),
    scope.field(this.adopted_on.as_ref(), instrument::Column::AdoptedOn),
    scope.field(this.updated_at.as_ref(), instrument::Column::UpdatedAt),
]);

sort! {
    /// What instruments can be sorted by.
    InstrumentOrderField, InstrumentOrder => instrument {
        /// The symbol.
        Symbol => Symbol,
        /// The date of adoption.
        AdoptedOn => AdoptedOn,
        /// The time of the last change.
        UpdatedAt => UpdatedAt,
    }
}

pub async fn find(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    by: &InstrumentBy,
) -> Result<Option<instrument::Model>, Error> {
    match by {
        InstrumentBy::Id(id) => read::by_text_id::<instrument::Entity>(db, viewer, id).await,
        InstrumentBy::Symbol(symbol) => {
            let folded = folded(symbol);
            let found =
                read::by_key::<instrument::Entity>(db, viewer, instrument::Column::SymbolFolded, &folded).await?;
            // Of two that an older version took, each is found as it is written.
            if found.as_ref().is_none_or(|found| found.symbol == *symbol) {
                return Ok(found);
            }
            let written = read::by_key::<instrument::Entity>(db, viewer, instrument::Column::Symbol, symbol).await?;
            Ok(written.or(found))
        }
        InstrumentBy::ExternalId(by) => external_id::find::<instrument::Entity>(db, viewer, by).await,
    }
}

/// A new instrument.
#[derive(Clone, Debug, InputObject)]
pub struct CreateInstrumentInput {
    /// The symbol, such as `S/RES/2396 (2017)`, as its issuer writes it. Unique in all its spellings.
    pub symbol: String,
    /// The title.
    pub title: Vec<LocalizedTextInput>,
    /// The date of adoption.
    pub adopted_on: Option<Date>,
}

/// A change of an instrument. What is omitted stays; `null` clears.
#[derive(Clone, Debug, InputObject)]
pub struct UpdateInstrumentInput {
    /// The instrument.
    pub id: ID,
    /// The version that you have read.
    pub expected_version: i32,
    /// The symbol. Unique.
    pub symbol: MaybeUndefined<String>,
    /// The title; replaces all languages.
    pub title: MaybeUndefined<Vec<LocalizedTextInput>>,
    /// The date of adoption.
    pub adopted_on: MaybeUndefined<Date>,
}

pub async fn create(
    app: &AppContext,
    viewer: &Viewer,
    input: CreateInstrumentInput,
) -> Result<Written<instrument::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    let row = build_row(&app.clock, input)?;
    let mut tx = app.begin(viewer, Action::CreateInstrument).await?;
    let row = tx.insert::<instrument::Entity>(row).await?;
    tx.commit(row).await
}

fn build_row(clock: &Clock, input: CreateInstrumentInput) -> Validated<instrument::Model> {
    let CreateInstrumentInput { symbol, title, adopted_on } = input;
    combine!(
        symbol = Symbol::parse("symbol", &symbol),
        title = localized("title", &title, fields::NAME),
        adopted_on = fields::optional_day("adoptedOn", adopted_on),
    );
    let ((audience, owner), at) = (audience::OPEN, clock.now());
    Ok(instrument::Model {
        id: clock.new_id(),
        symbol: symbol.written,
        symbol_folded: symbol.folded,
        title_folded: title.folded(),
        title,
        adopted_on,
        audience,
        owner,
        created_at: at,
        updated_at: at,
        version: 1,
    })
}

pub async fn update(
    app: &AppContext,
    viewer: &Viewer,
    input: UpdateInstrumentInput,
) -> Result<Written<instrument::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    let id = fields::id::<InstrumentId>("id", &input.id, "instrument")?;
    let mut tx = app.begin(viewer, Action::UpdateInstrument).await?;
    let before = tx.get_at::<instrument::Entity>(id, input.expected_version, "instrument").await?;
    let after = apply_update(&before, input)?;
    let row = tx.update::<instrument::Entity>(&before, after).await?;
    tx.commit(row).await
}

fn apply_update(before: &instrument::Model, input: UpdateInstrumentInput) -> Validated<instrument::Model> {
    let UpdateInstrumentInput { id: _, expected_version: _, symbol, title, adopted_on } = input;
    let before = before.clone();
    let is = Symbol { written: before.symbol, folded: before.symbol_folded };
    combine!(
        symbol =
            patch_required("symbol", symbol, is.clone(), |symbol| Symbol::parse_unless_same(&is, "symbol", &symbol)),
        title = patch_text("title", title, before.title, fields::NAME),
        adopted_on = patch(adopted_on, before.adopted_on, |day| fields::day("adoptedOn", day)),
    );
    Ok(instrument::Model {
        id: before.id,
        symbol: symbol.written,
        symbol_folded: symbol.folded,
        title_folded: title.folded(),
        title,
        adopted_on,
        audience: before.audience,
        owner: before.owner,
        created_at: before.created_at,
        updated_at: before.updated_at,
        version: before.version,
    })
}
