//! The one error type of the service, its stable codes, and what a client may read of it. Knows no HTTP status and no GraphQL.

use std::fmt;

use entity::id::NotAnId;

use crate::domain::validation::{Validated, ValidationError, ValidationErrorCode};

/// The cause of an error.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a request was not done. Clients see the code and `Display`, never the cause.
#[derive(Debug)]
pub enum Error {
    /// The input is invalid, or the state of the record does not allow it: one `userErrors` entry for each validation error.
    Refused(Vec<ValidationError>),
    /// The record is not at the version that `path` expects. Without a path: every retry met another write conflict.
    Conflict { path: Vec<String> },
    /// A write conflict with another use case. Nothing was written; a retry may succeed.
    WriteConflict(Cause),
    /// The viewer may not do this. Only said of what the viewer can see.
    Forbidden(&'static str),
    /// A token is present but not valid.
    Unauthenticated(&'static str),
    /// The cursor of another list, filter or order, or no cursor at all.
    InvalidCursor,
    /// No cursor of a feed at all.
    InvalidFeedCursor,
    /// A feed cursor of another database, or one that is older than the feed goes back.
    CursorExpired,
    /// The idempotency key belongs to a request with another body.
    IdempotencyKeyReused,
    /// `first` or `last` is out of bounds, or both are given.
    InvalidPage(String),
    /// An argument of a query does not fit its type.
    InvalidArgument { message: String },
    /// The database does not answer now. The chain of causes is logged, once.
    Unavailable(Cause),
    /// A fault of the service. The chain of causes is logged, once.
    Internal(Cause),
}

impl Error {
    /// The stable code of a top-level error, as `docs/errors.md` lists it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(_) => "REFUSED",
            Self::Conflict { .. } => "CONFLICT",
            Self::Forbidden(_) => "FORBIDDEN",
            Self::Unauthenticated(_) => "UNAUTHENTICATED",
            Self::InvalidCursor | Self::InvalidFeedCursor => "INVALID_CURSOR",
            Self::CursorExpired => "CURSOR_EXPIRED",
            Self::IdempotencyKeyReused => "IDEMPOTENCY_KEY_REUSED",
            Self::InvalidPage(_) => "INVALID_PAGE",
            Self::InvalidArgument { .. } => "INVALID_ARGUMENT",
            Self::WriteConflict(_) | Self::Unavailable(_) => "UNAVAILABLE",
            Self::Internal(_) => "INTERNAL",
        }
    }

    /// The record is not at the version that the author of an input has read.
    pub fn stale() -> Self {
        Self::Conflict { path: vec!["expectedVersion".to_owned()] }
    }

    /// A write conflict: another writer has changed the record in the meantime.
    pub fn write_conflict() -> Self {
        Self::WriteConflict("the record was written meanwhile".into())
    }

    /// A token whose organisation is not known, or not active.
    pub fn inactive() -> Self {
        Self::Unauthenticated("The token's organisation is not known, or not active.")
    }

    /// An error that several callers wait for.
    pub fn shared(error: std::sync::Arc<Self>) -> Self {
        match *error {
            Self::Unavailable(_) => Self::Unavailable(error.into()),
            _ => Self::Internal(error.into()),
        }
    }

    pub fn internal(text: impl Into<String>) -> Self {
        Self::Internal(text.into().into())
    }

    /// The validation errors that the answer of a mutation shows; any other error fails the request.
    pub fn refusals(self) -> Result<Vec<ValidationError>, Self> {
        match self {
            Self::Refused(refusals) => Ok(refusals),
            Self::Conflict { ref path } => Ok(vec![ValidationError {
                code: ValidationErrorCode::Conflict,
                message: self.to_string(),
                path: path.clone(),
            }]),
            error => Err(error),
        }
    }

    /// A value of a filter that is no id. Which of its values that is, the message says.
    pub fn no_id(given: &str, error: NotAnId) -> Self {
        let given = &given[..given.floor_char_boundary(LONGEST_QUOTED)];
        Self::InvalidArgument { message: format!("\"{given}\" is no id. {error} {NO_ID}") }
    }

    /// Parts validation errors, which may be put together with others, from errors that end the use case.
    pub fn validated<T>(outcome: Result<T, Self>) -> Result<Validated<T>, Self> {
        match outcome {
            Ok(value) => Ok(Ok(value)),
            Err(Self::Refused(refusals)) => Ok(Err(refusals)),
            Err(error) => Err(error),
        }
    }

    /// Whether the service is to blame, not the client. The client is told the request's id, and the chain of causes is logged.
    pub fn is_fault(&self) -> bool {
        matches!(self, Self::WriteConflict(_) | Self::Unavailable(_) | Self::Internal(_))
    }
}

/// How much of a value is quoted in a message, in bytes.
const LONGEST_QUOTED: usize = 64;
const NO_ID: &str = "A code, an acronym or a label is none.";
const WRITE_CONFLICT: &str = "Another write was on its way at the same time. Repeat yours.";

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusals) => {
                let texts: Vec<&str> = refusals.iter().map(|refusal| refusal.message.as_str()).collect();
                f.write_str(&texts.join(" "))
            }
            Self::Conflict { path } if path.is_empty() => f.write_str(WRITE_CONFLICT),
            Self::Conflict { .. } => f.write_str("The record has changed since it was read. Read it again and repeat."),
            Self::WriteConflict(_) => f.write_str(WRITE_CONFLICT),
            Self::Forbidden(reason) | Self::Unauthenticated(reason) => f.write_str(reason),
            Self::InvalidFeedCursor => f.write_str("The cursor is none of a change feed."),
            Self::InvalidCursor => f.write_str("The cursor does not belong to this list with this filter and order."),
            Self::CursorExpired => f.write_str(
                "The feed does not go back so far, or is another one. Read everything again, from feedHead on.",
            ),
            Self::IdempotencyKeyReused => {
                f.write_str("The Idempotency-Key belongs to a request with another body. Take a new key.")
            }
            Self::InvalidPage(message) | Self::InvalidArgument { message } => f.write_str(message),
            Self::Unavailable(_) => f.write_str("The database does not answer now. Ask again in a moment."),
            Self::Internal(_) => f.write_str("The service has failed. Quote the request id when you report it."),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::WriteConflict(cause) | Self::Unavailable(cause) | Self::Internal(cause) => Some(cause.as_ref()),
            _ => None,
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(error.into())
    }
}

/// An id that an argument gives. (What an input gives is judged with the rest of the input, by `fields::id`.)
impl From<NotAnId> for Error {
    fn from(error: NotAnId) -> Self {
        let message = format!("{error} {NO_ID}");
        Self::InvalidArgument { message }
    }
}

impl From<Vec<ValidationError>> for Error {
    fn from(refusals: Vec<ValidationError>) -> Self {
        Self::Refused(refusals)
    }
}

impl From<ValidationError> for Error {
    fn from(refusal: ValidationError) -> Self {
        Self::Refused(vec![refusal])
    }
}
