//! A day, as the schema and the rows of inputs write it.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::NaiveDate;

const FORMAT: &str = "%Y-%m-%d";

/// A calendar day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub NaiveDate);

impl Date {
    /// The day that a text is; `None` if it is written otherwise, or does not exist.
    pub fn read(text: &str) -> Option<Self> {
        let day = NaiveDate::parse_from_str(text, FORMAT).ok()?;
        // The library takes blanks, signs and single digits too.
        (day.format(FORMAT).to_string() == text).then_some(Self(day))
    }
}

impl From<Date> for NaiveDate {
    fn from(Date(day): Date) -> Self {
        day
    }
}

impl From<NaiveDate> for Date {
    fn from(day: NaiveDate) -> Self {
        Self(day)
    }
}

impl From<Date> for sea_orm::Value {
    fn from(Date(day): Date) -> Self {
        day.into()
    }
}

/// A calendar day, as `2024-02-29` (ISO 8601, `YYYY-MM-DD`), without a time and a time zone. The years are 1000 to 9999.
#[Scalar(specified_by_url = "https://scalars.graphql.org/andimarek/local-date")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => Self::read(text).ok_or_else(|| InputValueError::expected_type(value)),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.format(FORMAT).to_string())
    }
}
