//! The answers of mutations: the record, why the input was refused, and the position of the write in the feed. Decides
//! nothing: the use cases do.

use std::sync::Arc;

use async_graphql::SimpleObject;
use entity::ModelOf;

use super::object::Node;
use super::session::Session;
use crate::domain::validation::{ValidationError, ValidationErrorCode};
use crate::error::Error;
use crate::service::context::feed::ChangeCursor;
use crate::service::read;
use crate::service::tx::Written;

/// Why an input was refused. Nothing was changed. Every mutation may answer `INVALID`, `REQUIRED` and `TOO_LONG` for a
/// value, `NOT_FOUND` for an id and `CONFLICT` for a version; its description names its other refusals.
#[derive(SimpleObject)]
pub struct UserError {
    /// The kind of refusal. Stable.
    code: ValidationErrorCode,
    /// What is wrong, in words for people.
    message: String,
    /// The place in the input, from the outside in. List positions count from 0.
    path: Vec<String>,
}

impl From<ValidationError> for UserError {
    fn from(ValidationError { code, message, path }: ValidationError) -> Self {
        Self { code, message, path }
    }
}

/// The position of a write in the change feed.
#[derive(SimpleObject)]
pub struct ChangeReference {
    /// The cursor of the write's last change.
    cursor: String,
}

impl From<ChangeCursor> for ChangeReference {
    fn from(cursor: ChangeCursor) -> Self {
        Self { cursor: cursor.to_string() }
    }
}

/// The answer to a mutation.
pub trait Payload {
    type Object: Node;
    fn new(object: Option<Self::Object>, user_errors: Vec<UserError>, change: Option<ChangeReference>) -> Self;
}

/// Declares the answer to mutations of a record. `payload! { BodyPayload { body: Body } }` expands to
/// `struct BodyPayload { body, user_errors, change }`, an object of the schema, and
/// `impl Payload`, by which `answer` makes one.
macro_rules! payload {
    ($(#[$meta:meta])* $payload:ident { $(#[$field_meta:meta])* $field:ident: $object:ty }) => {
        $(#[$meta])*
        #[derive(async_graphql::SimpleObject)]
        pub struct $payload {
            $(#[$field_meta])*
            $field: Option<$object>,
            /// Why the input was refused; empty if it was accepted.
            user_errors: Vec<$crate::graphql::payload::UserError>,
            /// The position of the write in the change feed; null if nothing changed.
            change: Option<$crate::graphql::payload::ChangeReference>,
        }

        impl $crate::graphql::payload::Payload for $payload {
            type Object = $object;
            fn new(
                object: Option<$object>,
                user_errors: Vec<$crate::graphql::payload::UserError>,
                change: Option<$crate::graphql::payload::ChangeReference>,
            ) -> Self {
                Self { $field: object, user_errors, change }
            }
        }
    };
}
pub(crate) use payload;

type RowOf<P> = ModelOf<<<P as Payload>::Object as Node>::Entity>;

/// Declares mutations. Each is a line: its name, its input and how that is described, its payload, and the use case. After
/// a conflict it shows the record as it is now: the one whose id the input has in the field after `of`, or the one that is
/// found `in conflict`. Expands to
/// `struct BodyMutation`, and an `#[Object]` with a field for each line, which
/// calls the use case, up to three times on write conflicts,
/// and makes its payload (`answer`).
macro_rules! mutations {
    ($mutations:ident { $(
        $(#[$meta:meta])*
        $name:ident($input:ident, $what:tt) -> $payload:ident
            = $act:path $(, of $id:ident)? $(, in conflict $current:path)?;
    )* }) => {
        #[derive(Default)]
        pub struct $mutations;

        #[async_graphql::Object]
        impl $mutations {
            $(
                $(#[$meta])*
                async fn $name(
                    &self,
                    ctx: &async_graphql::Context<'_>,
                    #[graphql(desc = $what)] input: $input,
                ) -> Option<async_graphql::Result<$payload>> {
                    use $crate::graphql::payload;
                    use $crate::service::retry::retry_on_conflict;
                    let session = $crate::graphql::session::session(ctx);
                    let current = payload::current!($payload, session, input $(, of $id)? $(, in conflict $current)?);
                    let outcome = retry_on_conflict(&session.app, || $act(&session.app, &session.viewer, input.clone())).await;
                    Some(payload::answer(session, outcome, current).await.map_err(Into::into))
                }
            )*
        }
    };
}
pub(crate) use mutations;

/// The record that is shown after a conflict, and read only then. Expands to a future of
/// nothing;
/// the record with the id in the field of the input after `of`; or
/// what a function finds `in conflict`.
macro_rules! current {
    ($payload:ident, $session:ident, $input:ident) => {
        std::future::ready(Ok(None))
    };
    ($payload:ident, $session:ident, $input:ident, of $id:ident) => {{
        let id = $input.$id.clone();
        async move { $crate::graphql::payload::by_id::<$payload>($session, &id).await }
    }};
    ($payload:ident, $session:ident, $input:ident, in conflict $current:path) => {{
        let input = $input.clone();
        async move { $current(&$session.app, &$session.viewer, &input).await }
    }};
}
pub(crate) use current;

/// The record of a payload's type with this id.
pub async fn by_id<P: Payload>(session: &Session, id: &str) -> Result<Option<RowOf<P>>, Error> {
    read::by_text_id::<<P::Object as Node>::Entity>(&session.app.databases.read, &session.viewer, id).await
}

/// The object of a row that was written, if the viewer may also read it.
pub fn shown<N: Node>(session: &Session, row: ModelOf<N::Entity>) -> Option<N> {
    read::shown::<N::Entity>(&session.viewer, row).map(|row| N::new(Arc::new(row)))
}

/// The payload of a use case. Validation errors and conflicts are part of the answer; everything else is an error.
pub async fn answer<P: Payload>(
    session: &Session,
    outcome: Result<Written<RowOf<P>>, Error>,
    current: impl Future<Output = Result<Option<RowOf<P>>, Error>>,
) -> Result<P, Error> {
    session.loaders.forget();
    let (row, refusals, change) = match outcome {
        Ok(Written { record, cursor }) => (Some(record), Vec::new(), cursor),
        Err(error @ Error::Conflict { .. }) => (current.await?, error.refusals()?, None),
        Err(error) => (None, error.refusals()?, None),
    };
    Ok(P::new(
        row.and_then(|row| shown(session, row)),
        refusals.into_iter().map(UserError::from).collect(),
        change.map(ChangeReference::from),
    ))
}
