//! What mutations answer: the record, what was refused, and where the write stands in the feed.

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

/// Why an input was refused. Nothing was changed. Every mutation may answer `INVALID`, `REQUIRED` and `TOO_LONG` of a
/// value, `NOT_FOUND` of an id and `CONFLICT` of a version; its description names what else it is refused for.
#[derive(SimpleObject)]
pub struct UserError {
    /// What kind of refusal it is. Stable.
    code: ValidationErrorCode,
    /// What is wrong, in words for people.
    message: String,
    /// Where in the input it stands, from the outside in. List positions count from 0.
    path: Vec<String>,
}

impl From<ValidationError> for UserError {
    fn from(ValidationError { code, message, path }: ValidationError) -> Self {
        Self { code, message, path }
    }
}

/// Where a write stands in the change feed.
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

/// The answer of a mutation.
pub trait Payload {
    type Object: Node;
    fn new(object: Option<Self::Object>, user_errors: Vec<UserError>, change: Option<ChangeReference>) -> Self;
}

/// Declares the answer of mutations of a record. `payload! { BodyPayload { body: Body } }` expands to
/// `struct BodyPayload { body, user_errors, change }`, an object of the schema, and
/// `impl Payload`, by which `answer` makes one.
macro_rules! payload {
    ($(#[$meta:meta])* $payload:ident { $(#[$field_meta:meta])* $field:ident: $object:ty }) => {
        $(#[$meta])*
        #[derive(async_graphql::SimpleObject)]
        pub struct $payload {
            $(#[$field_meta])*
            $field: Option<$object>,
            /// Why the input was refused; empty if it was not.
            user_errors: Vec<$crate::graphql::payload::UserError>,
            /// Where the write stands in the feed; null if nothing changed.
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

/// Declares mutations. Each is a line: its name, its input and what that holds, its payload, and the use case. A
/// conflict shows the record as it is now: the one that the input has the id `of`, or the one that is found `in
/// conflict`. Expands to
/// `struct BodyMutation`, and an `#[Object]` with a field for each line, which
/// calls the use case, up to three times if other writers cross it,
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

/// The record that a conflict shows; read only if there is one. Expands to a future of
/// nothing;
/// the record with the id `of` a field of the input; or
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

/// The object of a row that was written, if the viewer may read it as well.
pub fn shown<N: Node>(session: &Session, row: ModelOf<N::Entity>) -> Option<N> {
    read::shown::<N::Entity>(&session.viewer, row).map(|row| N::new(Arc::new(row)))
}

/// The payload of a use case. Refusals and conflicts are answers; everything else is an error.
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
