//! A day and a point in time, as the schema and the rows of inputs write them.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{NaiveDate, SecondsFormat, Utc};

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

/// A point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DateTime(pub chrono::DateTime<Utc>);

impl DateTime {
    /// The time that a text is; `None` if it is written otherwise, or does not exist.
    pub fn read(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

impl From<chrono::DateTime<Utc>> for DateTime {
    fn from(time: chrono::DateTime<Utc>) -> Self {
        Self(time)
    }
}

impl From<DateTime> for sea_orm::Value {
    fn from(DateTime(time): DateTime) -> Self {
        time.into()
    }
}

// Always six digits: text has the order of time, and there are clients that take `.5` for five microseconds (sgqlc 18).
/// A point in time, as `2024-02-29T09:30:00.000000+00:00` (RFC 3339). Answers are in UTC and have six digits of a second; a value may have
/// another offset, and fewer digits. The years are 1000 to 9999.
#[Scalar(specified_by_url = "https://datatracker.ietf.org/doc/html/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => Self::read(text).ok_or_else(|| InputValueError::expected_type(value)),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339_opts(SecondsFormat::Micros, false))
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{ScalarType as _, Value};

    use super::DateTime;

    #[test]
    fn a_time_has_six_digits_of_a_second() {
        for (text, written) in [
            ("2024-02-29T09:30:00Z", "2024-02-29T09:30:00.000000+00:00"),
            ("2024-02-29T14:30:00.5+05:00", "2024-02-29T09:30:00.500000+00:00"),
            ("2024-02-29T09:30:00.123456Z", "2024-02-29T09:30:00.123456+00:00"),
        ] {
            assert_eq!(DateTime::read(text).map(|time| time.to_value()), Some(Value::from(written)));
        }
        assert_eq!(DateTime::read("2024-02-30T09:30:00Z"), None);
    }
}
