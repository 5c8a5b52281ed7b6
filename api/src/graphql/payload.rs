//! What mutations answer: the record, what was refused, and where the write stands in the feed.

use std::sync::Arc;

use async_graphql::{Result, SimpleObject};
use entity::ModelOf;

use super::connection::Node;
use super::session::Session;
use crate::domain::refusal::{Refusal, RefusalCode};
use crate::error::Error;
use crate::service::read;
use crate::service::tx::Written;

/// Why an input was refused. Nothing was changed.
#[derive(SimpleObject)]
pub struct UserError {
    /// What kind of refusal it is. Stable.
    code: RefusalCode,
    /// What is wrong, in words for people.
    message: String,
    /// Where in the input it stands, from the outside in. List positions count from 0.
    path: Vec<String>,
}

impl From<Refusal> for UserError {
    fn from(Refusal { code, message, path }: Refusal) -> Self {
        Self { code, message, path }
    }
}

/// Where a write stands in the change feed.
#[derive(SimpleObject)]
pub struct ChangeReference {
    /// The cursor of the write's last change.
    cursor: String,
}

/// The answer of a mutation.
pub trait Payload {
    type Object: Node;
    fn new(object: Option<Self::Object>, user_errors: Vec<UserError>, change: Option<ChangeReference>) -> Self;
}

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

/// The payload of a use case that creates a record.
pub fn created<P: Payload>(outcome: Result<Written<RowOf<P>>, Error>) -> Option<Result<P>> {
    Some(match outcome {
        Ok(written) => Ok(done(written)),
        Err(error) => refused(error, None).map_err(Into::into),
    })
}

/// The payload of a use case on a record; a conflict shows its current state.
pub async fn changed<P: Payload>(
    session: &Session,
    id: &str,
    outcome: Result<Written<RowOf<P>>, Error>,
) -> Option<Result<P>> {
    let error = match outcome {
        Ok(written) => return Some(Ok(done(written))),
        Err(error) => error,
    };
    let current = match &error {
        Error::Conflict { .. } => {
            let read =
                read::by_text_id::<<P::Object as Node>::Entity>(&session.app.databases.read, &session.viewer, id).await;
            match read {
                Ok(row) => row,
                Err(error) => return Some(Err(error.into())),
            }
        }
        _ => None,
    };
    Some(refused(error, current).map_err(Into::into))
}

fn done<P: Payload>(written: Written<RowOf<P>>) -> P {
    let change = written.cursor.map(|cursor| ChangeReference { cursor: cursor.to_string() });
    P::new(Some(P::Object::new(Arc::new(written.record))), Vec::new(), change)
}

/// Refusals and conflicts are answers; everything else is an error.
pub fn refused<P: Payload>(error: Error, current: Option<RowOf<P>>) -> Result<P, Error> {
    let refusals = match error {
        Error::Refused(refusals) => refusals,
        Error::Conflict { ref path } => {
            vec![Refusal { code: RefusalCode::Conflict, message: error.to_string(), path: path.clone() }]
        }
        other => return Err(other),
    };
    let current = current.map(|row| P::Object::new(Arc::new(row)));
    Ok(P::new(current, refusals.into_iter().map(UserError::from).collect(), None))
}
