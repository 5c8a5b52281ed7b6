//! Validation errors: why an input was refused, in words that its author can act on, and where in the input the reason stands. It has no
//! rules.

/// The kind of a validation error. Stable: clients branch on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
#[graphql(name = "UserErrorCode")]
pub enum ValidationErrorCode {
    /// A value is not acceptable: out of range, wrong form, impossible date, forbidden character.
    Invalid,
    /// A required value is empty or missing.
    Required,
    /// A text or a list is longer than allowed.
    TooLong,
    /// No such record, or none that you may see.
    NotFound,
    /// Another record already has this key.
    AlreadyExists,
    /// The record's state does not allow this.
    InvalidState,
    /// The record has changed since it was read. The payload holds its current state.
    Conflict,
    /// You may not do this to this record. Only in bulk writes; elsewhere it is the error `FORBIDDEN`.
    Forbidden,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidationError {
    pub code: ValidationErrorCode,
    pub message: String,
    /// From the outer field of the input to the inner one; list positions count from 0.
    pub path: Vec<String>,
}

impl ValidationError {
    /// `path` is written with dots: `title.0.text`.
    pub fn new(code: ValidationErrorCode, path: &str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            path: path.split('.').filter(|p| !p.is_empty()).map(str::to_owned).collect(),
        }
    }

    pub fn invalid(path: &str, message: impl Into<String>) -> Self {
        Self::new(ValidationErrorCode::Invalid, path, message)
    }

    pub fn required(path: &str, message: impl Into<String>) -> Self {
        Self::new(ValidationErrorCode::Required, path, message)
    }

    pub fn not_found(path: &str, what: &str) -> Self {
        Self::new(ValidationErrorCode::NotFound, path, format!("There is no such {what}."))
    }

    pub fn conflict(path: &str, message: impl Into<String>) -> Self {
        Self::new(ValidationErrorCode::Conflict, path, message)
    }

    pub fn state(path: &str, message: impl Into<String>) -> Self {
        Self::new(ValidationErrorCode::InvalidState, path, message)
    }

    /// The same error, for an input that stands in a list.
    #[must_use]
    pub fn within(mut self, list: &str, index: usize) -> Self {
        self.path.splice(0..0, [list.to_owned(), index.to_string()]);
        self
    }

    /// The same error, for an input that names the record by another field.
    #[must_use]
    pub fn at(self, path: &str) -> Self {
        Self::new(self.code, path, self.message)
    }
}

/// The result of checking one or more values.
pub type Validated<T> = Result<T, Vec<ValidationError>>;

/// Succeeds if the rule holds.
pub fn ensure(holds: bool, refusal: impl FnOnce() -> ValidationError) -> Validated<()> {
    if holds { Ok(()) } else { Err(vec![refusal()]) }
}

/// Binds a name to what each check gives, or returns the errors of all of them: an author sees every mistake at once.
///
/// `combine!(a = x, () = y);` expands to the checks one after the other, whose errors are put together,
/// to `return Err(errors.into())` if there are some,
/// and to `let (a, ()) = …` with their values.
macro_rules! combine {
    ($($value:pat = $check:expr),+ $(,)?) => {
        let mut errors = Vec::new();
        let checked = ($($check.map_err(|more: Vec<$crate::domain::validation::ValidationError>| errors.extend(more)),)+);
        let ($(Ok($value),)+) = checked else { return Err(errors.into()) };
    };
}
pub(crate) use combine;

/// Two values, or the errors of both.
pub fn both<A, B>(one: Validated<A>, other: Validated<B>) -> Validated<(A, B)> {
    combine!(one = one, other = other);
    Ok((one, other))
}

/// A rule that joins two values. It says nothing if one of them is refused already.
pub fn across<A, B>(
    one: &Validated<A>,
    other: &Validated<B>,
    rule: impl FnOnce(&A, &B) -> Validated<()>,
) -> Validated<()> {
    match (one, other) {
        (Ok(one), Ok(other)) => rule(one, other),
        _ => Ok(()),
    }
}

/// What passed a check; otherwise nothing, and its errors are added to those so far.
pub fn passed<T>(check: Validated<T>, errors: &mut Vec<ValidationError>) -> Option<T> {
    check.map_err(|more| errors.extend(more)).ok()
}

/// Succeeds if there are no errors.
pub fn none(errors: Vec<ValidationError>) -> Validated<()> {
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Succeeds if all checks do. Otherwise the errors of all of them.
pub fn all<const N: usize>(checks: [Validated<()>; N]) -> Validated<()> {
    each(checks).map(drop)
}

/// The values of a list of checks, or the errors of all that failed.
pub fn each<T>(checks: impl IntoIterator<Item = Validated<T>>) -> Validated<Vec<T>> {
    let (mut values, mut refusals) = (Vec::new(), Vec::new());
    for check in checks {
        match check {
            Ok(value) => values.push(value),
            Err(mut more) => refusals.append(&mut more),
        }
    }
    none(refusals).map(|()| values)
}

#[cfg(test)]
mod tests {
    use super::{Validated, ValidationError, across, all, each};

    fn checked(second: Validated<u8>, third: Validated<()>) -> Validated<(u8, u8)> {
        combine!(one = Ok(1), two = second, () = third);
        Ok((one, two))
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let bad = |path: &str| vec![ValidationError::invalid(path, "no")];
        let refusals = checked(Err(bad("a")), Err(bad("b.0"))).unwrap_err();
        assert_eq!(refusals.iter().map(|r| r.path.join(".")).collect::<Vec<_>>(), ["a", "b.0"]);
        assert_eq!(checked(Ok(2), Ok(())), Ok((1, 2)));
        assert_eq!(across(&Ok(1), &Err::<u8, _>(bad("b")), |_, _| Err(bad("c"))), Ok(()));
        assert_eq!(across(&Ok(1), &Ok(2), |_, _| Err(bad("c"))).unwrap_err().len(), 1);
        assert_eq!(each([Ok(1), Err(bad("a")), Err(bad("b"))]).unwrap_err().len(), 2);
        assert_eq!(all([Ok(()), Err(bad("a")), Err(bad("b"))]).unwrap_err().len(), 2);
    }
}
