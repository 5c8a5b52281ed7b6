//! Comparisons with one column, by the type of its values. It knows no table and no viewer.

use async_graphql::{ID, InputObject, InputType};
use chrono::Datelike as _;
use entity::date::{Date, DateTime};
use entity::id::RecordId;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Func, LikeExpr};
use sea_orm::{ActiveEnum, Value};

use crate::domain::fields::YEARS;
use crate::domain::symbol::folded;
use crate::error::Error;

/// The longest text to compare with, in characters.
const LONGEST_TEXT: usize = 2000;

/// A set of comparisons with one column, all of which must hold.
pub trait Compare {
    fn compare(&self, column: &Expr) -> Result<Condition, Error>;

    /// What an index of the column can find by them.
    fn sought(&self) -> Sought {
        Sought::Nothing
    }
}

/// What an index of a column can find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sought {
    /// One value.
    One,
    /// Several values.
    Several,
    /// The values between two bounds.
    Range,
    Nothing,
}

impl Sought {
    fn of(one: bool, several: bool, range: bool) -> Self {
        match (one, several, range) {
            (true, ..) => Self::One,
            (_, true, _) => Self::Several,
            (.., true) => Self::Range,
            _ => Self::Nothing,
        }
    }
}

fn and_some<V>(all: Condition, value: Option<V>, compare: impl FnOnce(V) -> Expr) -> Condition {
    match value {
        Some(value) => all.add(compare(value)),
        None => all,
    }
}

/// `notIn` and `ne` also match rows without a value, for which SQL's comparison would be unknown.
fn differs(column: &Expr, differs: Expr) -> Expr {
    differs.or(column.clone().is_null())
}

fn null_or_not(column: &Expr, is_null: bool) -> Expr {
    if is_null { column.clone().is_null() } else { column.clone().is_not_null() }
}

/// Whether both databases can store a value: PostgreSQL takes no NUL character, and neither takes every year.
pub fn is_storable(value: &Value) -> bool {
    match value {
        Value::String(Some(text)) => !text.contains('\0'),
        Value::ChronoDate(Some(day)) => YEARS.contains(&day.year()),
        Value::ChronoDateTimeUtc(Some(at)) => YEARS.contains(&at.year()),
        _ => true,
    }
}

/// A time as rows have it, to the microsecond: with what is finer, and with a leap second, the one database would compare and the other not.
pub fn as_stored(value: Value) -> Value {
    match value {
        Value::ChronoDateTimeUtc(Some(at)) => {
            Value::ChronoDateTimeUtc(chrono::DateTime::from_timestamp_micros(at.timestamp_micros()))
        }
        value => value,
    }
}

/// Refuses a text that no row can hold, and one that is longer than a pattern may be.
fn storable<'a>(texts: impl IntoIterator<Item = &'a String>) -> Result<(), Error> {
    for text in texts {
        if text.contains('\0') {
            return Err(Error::InvalidArgument { message: "filter: a text holds a NUL character.".to_owned() });
        }
        if text.chars().count() > LONGEST_TEXT {
            let message = format!("filter: a text is longer than {LONGEST_TEXT} characters.");
            return Err(Error::InvalidArgument { message });
        }
    }
    Ok(())
}

/// Escapes `%`, `_` and the escape character itself.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

fn like(column: Expr, pattern: String) -> Expr {
    column.like(LikeExpr::new(pattern).escape('\\'))
}

/// Comparisons with a plain text.
#[derive(Clone, Debug, Default, InputObject)]
pub struct StringFilter {
    /// Equal, to the letter; a code, an acronym or a label in upper or lower case, a symbol in any spelling.
    pub eq: Option<String>,
    /// Not equal; also matches where there is no value.
    pub ne: Option<String>,
    /// One of these.
    #[graphql(validator(max_items = 100))]
    pub r#in: Option<Vec<String>>,
    /// None of these; also matches where there is no value.
    #[graphql(validator(max_items = 100))]
    pub not_in: Option<Vec<String>>,
    /// Before, by code points.
    pub lt: Option<String>,
    /// Before or equal, by code points.
    pub lte: Option<String>,
    /// After, by code points.
    pub gt: Option<String>,
    /// After or equal, by code points.
    pub gte: Option<String>,
    /// Contains; the case of Latin letters does not matter.
    pub contains: Option<String>,
    /// Starts with; the case of Latin letters does not matter.
    pub starts_with: Option<String>,
    /// Has no value, or has one.
    pub is_null: Option<bool>,
}

impl StringFilter {
    /// The same comparisons with a code, an acronym or a label, which have no small letters.
    #[must_use]
    pub fn with_codes(&self) -> Self {
        let large = |text: &Option<String>| text.as_ref().map(|text| text.to_ascii_uppercase());
        let all = |texts: &Option<Vec<String>>| {
            texts.as_ref().map(|texts| texts.iter().map(|text| text.to_ascii_uppercase()).collect())
        };
        Self {
            eq: large(&self.eq),
            ne: large(&self.ne),
            r#in: all(&self.r#in),
            not_in: all(&self.not_in),
            lt: large(&self.lt),
            lte: large(&self.lte),
            gt: large(&self.gt),
            gte: large(&self.gte),
            ..self.clone()
        }
    }

    /// The comparisons with a whole symbol, which mean all its spellings; `None` if there are none.
    #[must_use]
    pub fn in_any_spelling(&self) -> Option<Self> {
        let one = |text: &Option<String>| text.as_deref().map(folded);
        let all =
            |texts: &Option<Vec<String>>| texts.as_ref().map(|texts| texts.iter().map(|text| folded(text)).collect());
        let filter = Self {
            eq: one(&self.eq),
            ne: one(&self.ne),
            r#in: all(&self.r#in),
            not_in: all(&self.not_in),
            ..Self::default()
        };
        let is_asked = filter.eq.is_some() || filter.ne.is_some() || filter.r#in.is_some() || filter.not_in.is_some();
        is_asked.then_some(filter)
    }

    /// All other comparisons with a symbol; `None` if there are none.
    #[must_use]
    pub fn as_written(&self) -> Option<Self> {
        let filter = Self { eq: None, ne: None, r#in: None, not_in: None, ..self.clone() };
        let texts = [&filter.lt, &filter.lte, &filter.gt, &filter.gte, &filter.contains, &filter.starts_with];
        (filter.is_null.is_some() || texts.into_iter().any(Option::is_some)).then_some(filter)
    }
}

impl Compare for StringFilter {
    fn compare(&self, column: &Expr) -> Result<Condition, Error> {
        let single = [&self.eq, &self.ne, &self.lt, &self.lte, &self.gt, &self.gte, &self.contains, &self.starts_with];
        storable(single.into_iter().flatten().chain(self.r#in.iter().flatten()).chain(self.not_in.iter().flatten()))?;
        let own = || column.clone();
        let folded = || Expr::from(Func::lower(column.clone()));
        let mut all = Condition::all();
        all = and_some(all, self.eq.as_ref(), |v| own().eq(v.as_str()));
        all = and_some(all, self.ne.as_ref(), |v| differs(column, own().ne(v.as_str())));
        all = and_some(all, self.r#in.as_ref(), |v| own().is_in(v.iter().map(String::as_str)));
        all = and_some(all, self.not_in.as_ref(), |v| differs(column, own().is_not_in(v.iter().map(String::as_str))));
        all = and_some(all, self.lt.as_ref(), |v| own().lt(v.as_str()));
        all = and_some(all, self.lte.as_ref(), |v| own().lte(v.as_str()));
        all = and_some(all, self.gt.as_ref(), |v| own().gt(v.as_str()));
        all = and_some(all, self.gte.as_ref(), |v| own().gte(v.as_str()));
        all = and_some(all, self.contains.as_ref(), |v| {
            like(folded(), format!("%{}%", escaped(&v.to_ascii_lowercase())))
        });
        all = and_some(all, self.starts_with.as_ref(), |v| {
            like(folded(), format!("{}%", escaped(&v.to_ascii_lowercase())))
        });
        Ok(and_some(all, self.is_null, |v| null_or_not(column, v)))
    }

    fn sought(&self) -> Sought {
        let range = self.lt.is_some() || self.lte.is_some() || self.gt.is_some() || self.gte.is_some();
        Sought::of(self.eq.is_some(), self.r#in.is_some(), range)
    }
}

/// Comparisons with a localised text. All languages are searched; case does not matter.
#[derive(Clone, Debug, Default, InputObject)]
pub struct TextFilter {
    /// Contains, in any language.
    pub contains: Option<String>,
    /// Starts with, in any language.
    pub starts_with: Option<String>,
}

impl Compare for TextFilter {
    /// `column` is the folded one, with a line for each language.
    fn compare(&self, column: &Expr) -> Result<Condition, Error> {
        storable(self.contains.iter().chain(&self.starts_with))?;
        let mut all = Condition::all();
        all = and_some(all, self.contains.as_ref(), |v| {
            like(column.clone(), format!("%{}%", escaped(&v.to_lowercase())))
        });
        Ok(and_some(all, self.starts_with.as_ref(), |v| {
            let start = escaped(&v.to_lowercase());
            like(column.clone(), format!("{start}%")).or(like(column.clone(), format!("%\n{start}%")))
        }))
    }
}

/// Comparisons with an id. Error, for what is no id of the type: `INVALID_ARGUMENT`.
#[derive(Clone, Debug, Default, InputObject)]
pub struct IdFilter {
    /// This id.
    pub eq: Option<ID>,
    /// Another id, or none.
    pub ne: Option<ID>,
    /// One of these ids.
    #[graphql(validator(max_items = 100))]
    pub r#in: Option<Vec<ID>>,
    /// None of these ids; also matches where there is none.
    #[graphql(validator(max_items = 100))]
    pub not_in: Option<Vec<ID>>,
}

/// An `IdFilter` on ids of one kind. What is no id of the kind is refused.
pub struct Typed<'a, I>(pub &'a IdFilter, pub std::marker::PhantomData<I>);

impl IdFilter {
    pub fn one(id: ID) -> Self {
        Self { eq: Some(id), ..Self::default() }
    }

    pub fn of<I: RecordId>(&self) -> Typed<'_, I> {
        Typed(self, std::marker::PhantomData)
    }
}

impl<I: RecordId> Compare for Typed<'_, I> {
    fn compare(&self, column: &Expr) -> Result<Condition, Error> {
        let read = |id: &ID| id.parse::<I>().map_err(|error| Error::no_id(id, error));
        let one = |id: &Option<ID>| id.as_ref().map(read).transpose();
        let many = |ids: &Option<Vec<ID>>| -> Result<Option<Vec<I>>, Error> {
            ids.as_ref().map(|ids| ids.iter().map(read).collect()).transpose()
        };
        let mut all = Condition::all();
        all = and_some(all, one(&self.0.eq)?, |id| column.clone().eq(id));
        all = and_some(all, one(&self.0.ne)?, |id| differs(column, column.clone().ne(id)));
        all = and_some(all, many(&self.0.r#in)?, |ids| column.clone().is_in(ids));
        Ok(and_some(all, many(&self.0.not_in)?, |ids| differs(column, column.clone().is_not_in(ids))))
    }

    fn sought(&self) -> Sought {
        Sought::of(self.0.eq.is_some(), self.0.r#in.is_some(), false)
    }
}

/// Comparisons with a truth value.
#[derive(Clone, Debug, Default, InputObject)]
pub struct BooleanFilter {
    /// Is this.
    pub eq: Option<bool>,
    /// Is not this.
    pub ne: Option<bool>,
}

impl Compare for BooleanFilter {
    fn compare(&self, column: &Expr) -> Result<Condition, Error> {
        let all = and_some(Condition::all(), self.eq, |v| column.clone().eq(v));
        Ok(and_some(all, self.ne, |v| column.clone().ne(v)))
    }
}

/// From one value to another, both included.
#[derive(Clone, Debug, InputObject)]
#[graphql(concrete(name = "IntRange", params(i32)))]
#[graphql(concrete(name = "DateRange", params(Date)))]
#[graphql(concrete(name = "DateTimeRange", params(DateTime)))]
pub struct Range<T: InputType> {
    /// The least value.
    pub from: T,
    /// The greatest value.
    pub to: T,
}

/// Comparisons with a value that has an order.
#[derive(Clone, Debug, InputObject)]
#[graphql(concrete(name = "IntFilter", params(i32)))]
#[graphql(concrete(name = "DateFilter", params(Date)))]
#[graphql(concrete(name = "DateTimeFilter", params(DateTime)))]
pub struct OrderedFilter<T: InputType>
where
    Range<T>: InputType,
{
    /// Equal.
    pub eq: Option<T>,
    /// Not equal; also matches where there is no value.
    pub ne: Option<T>,
    /// One of these.
    #[graphql(validator(max_items = 100))]
    pub r#in: Option<Vec<T>>,
    /// None of these; also matches where there is no value.
    #[graphql(validator(max_items = 100))]
    pub not_in: Option<Vec<T>>,
    /// Less, or earlier.
    pub lt: Option<T>,
    /// At most, or not later.
    pub lte: Option<T>,
    /// More, or later.
    pub gt: Option<T>,
    /// At least, or not earlier.
    pub gte: Option<T>,
    /// In a range, its ends included.
    pub between: Option<Range<T>>,
    /// Has no value, or has one.
    pub is_null: Option<bool>,
}

impl<T: InputType + Clone + Into<Value>> Compare for OrderedFilter<T>
where
    Range<T>: InputType,
{
    fn compare(&self, column: &Expr) -> Result<Condition, Error> {
        let own = || column.clone();
        let value = |v: &T| -> Value { as_stored(v.clone().into()) };
        let values = |v: &Vec<T>| -> Vec<Value> { v.iter().map(value).collect() };
        let single = [&self.eq, &self.ne, &self.lt, &self.lte, &self.gt, &self.gte].into_iter().flatten();
        let listed = self.r#in.iter().chain(&self.not_in).flatten();
        let ends = self.between.iter().flat_map(|range| [&range.from, &range.to]);
        if !single.chain(listed).chain(ends).all(|v| is_storable(&value(v))) {
            return Err(Error::InvalidArgument { message: "filter: a year has four digits, from 1000 on.".to_owned() });
        }
        let mut all = Condition::all();
        all = and_some(all, self.eq.as_ref(), |v| own().eq(value(v)));
        all = and_some(all, self.ne.as_ref(), |v| differs(column, own().ne(value(v))));
        all = and_some(all, self.r#in.as_ref(), |v| own().is_in(values(v)));
        all = and_some(all, self.not_in.as_ref(), |v| differs(column, own().is_not_in(values(v))));
        all = and_some(all, self.lt.as_ref(), |v| own().lt(value(v)));
        all = and_some(all, self.lte.as_ref(), |v| own().lte(value(v)));
        all = and_some(all, self.gt.as_ref(), |v| own().gt(value(v)));
        all = and_some(all, self.gte.as_ref(), |v| own().gte(value(v)));
        all = and_some(all, self.between.as_ref(), |range| own().between(value(&range.from), value(&range.to)));
        Ok(and_some(all, self.is_null, |v| null_or_not(column, v)))
    }

    fn sought(&self) -> Sought {
        let range = self.lt.is_some() || self.lte.is_some() || self.gt.is_some() || self.gte.is_some();
        Sought::of(self.eq.is_some(), self.r#in.is_some(), range || self.between.is_some())
    }
}

impl<T: InputType> OrderedFilter<T>
where
    Range<T>: InputType,
{
    const NOTHING: Self = Self {
        eq: None,
        ne: None,
        r#in: None,
        not_in: None,
        lt: None,
        lte: None,
        gt: None,
        gte: None,
        between: None,
        is_null: None,
    };

    pub fn at_most(value: T) -> Self {
        Self { lte: Some(value), ..Self::NOTHING }
    }

    pub fn at_least(value: T) -> Self {
        Self { gte: Some(value), ..Self::NOTHING }
    }
}

/// A comparison that a row without a value matches, too.
pub struct OrNone<C>(pub C);

impl<C: Compare> Compare for OrNone<C> {
    fn compare(&self, column: &Expr) -> Result<Condition, Error> {
        Ok(Condition::any().add(self.0.compare(column)?).add(column.clone().is_null()))
    }
}

/// Comparisons with an enum.
#[derive(Clone, Debug, InputObject)]
#[graphql(concrete(name = "OrganizationKindFilter", params(entity::organization::OrganizationKind)))]
#[graphql(concrete(name = "BodyKindFilter", params(entity::body::BodyKind)))]
#[graphql(concrete(name = "MandateRoleFilter", params(entity::mandate::MandateRole)))]
#[graphql(concrete(name = "MeetingKindFilter", params(entity::meeting::MeetingKind)))]
#[graphql(concrete(name = "ModalityFilter", params(entity::meeting::Modality)))]
#[graphql(concrete(name = "MeetingStatusFilter", params(entity::meeting::MeetingStatus)))]
#[graphql(concrete(name = "SensitivityFilter", params(entity::meeting::Sensitivity)))]
#[graphql(concrete(name = "ThemeKindFilter", params(entity::theme::ThemeKind)))]
#[graphql(concrete(name = "RecommendationKindFilter", params(entity::recommendation::RecommendationKind)))]
#[graphql(concrete(name = "RecommendationStatusFilter", params(entity::recommendation::RecommendationStatus)))]
#[graphql(concrete(name = "PriorityFilter", params(entity::recommendation::Priority)))]
#[graphql(concrete(name = "AgendaItemKindFilter", params(entity::agenda_item::AgendaItemKind)))]
#[graphql(concrete(name = "DocumentKindFilter", params(entity::document::DocumentKind)))]
#[graphql(concrete(name = "ConsensusModeFilter", params(entity::consensus_procedure::ConsensusMode)))]
#[graphql(concrete(name = "ConsensusOutcomeFilter", params(entity::consensus_procedure::ConsensusOutcome)))]
#[graphql(concrete(name = "CapacityFilter", params(entity::participation::Capacity)))]
#[graphql(concrete(name = "AttendanceFilter", params(entity::participation::Attendance)))]
pub struct EnumFilter<T: InputType> {
    /// Is this.
    pub eq: Option<T>,
    /// Is not this; also matches where there is no value.
    pub ne: Option<T>,
    /// One of these.
    #[graphql(validator(max_items = 100))]
    pub r#in: Option<Vec<T>>,
    /// None of these; also matches where there is no value.
    #[graphql(validator(max_items = 100))]
    pub not_in: Option<Vec<T>>,
    /// Has no value, or has one.
    pub is_null: Option<bool>,
}

impl<T: InputType> EnumFilter<T> {
    pub fn equal(value: T) -> Self {
        Self { eq: Some(value), ne: None, r#in: None, not_in: None, is_null: None }
    }

    pub fn among(values: Vec<T>) -> Self {
        Self { eq: None, ne: None, r#in: Some(values), not_in: None, is_null: None }
    }
}

impl<T: InputType + ActiveEnum<Value = String>> Compare for EnumFilter<T> {
    fn compare(&self, column: &Expr) -> Result<Condition, Error> {
        let names = |v: &[T]| -> Vec<String> { v.iter().map(ActiveEnum::to_value).collect() };
        let mut all = Condition::all();
        all = and_some(all, self.eq.as_ref(), |v| column.clone().eq(ActiveEnum::to_value(v)));
        all = and_some(all, self.ne.as_ref(), |v| differs(column, column.clone().ne(ActiveEnum::to_value(v))));
        all = and_some(all, self.r#in.as_ref(), |v| column.clone().is_in(names(v)));
        all = and_some(all, self.not_in.as_ref(), |v| differs(column, column.clone().is_not_in(names(v))));
        Ok(and_some(all, self.is_null, |v| null_or_not(column, v)))
    }

    fn sought(&self) -> Sought {
        Sought::of(self.eq.is_some(), self.r#in.is_some(), false)
    }
}
