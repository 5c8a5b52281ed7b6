//! The answers of bulk mutations: what became of each row, and the position of the write in the feed. Declares their shape;
//! what becomes of a row is decided by the service.

/// Declares a bulk mutation and its answer, with the record of each row in the field that is named. Expands to
/// `struct UpsertMeetingRow`, what became of a row;
/// `struct UpsertMeetingsPayload`, the rows and the position of the write in the feed; and
/// `struct MeetingUpserts`, an `#[Object]` with the mutation.
macro_rules! upserts {
    ($(#[$meta:meta])* $payload:ident of $row:ident {
        $field:ident: $object:ident;
        $mutation:ident($input:ident, $what:tt) = $act:path;
        $(#[$mutations_meta:meta])* $mutations:ident
    }) => {
        /// What became of a row.
        #[derive(async_graphql::SimpleObject)]
        pub struct $row {
            /// The index of the row in the input, from 0.
            index: i32,
            /// What became of it.
            outcome: $crate::domain::bulk::Outcome,
            /// The record after the write; null if the row was refused, if a dry run would create it, or if you may not read it.
            $field: Option<$object>,
            /// Why the row was refused. Paths begin with `rows` and the row's index.
            user_errors: Vec<$crate::graphql::payload::UserError>,
        }

        $(#[$meta])*
        #[derive(async_graphql::SimpleObject)]
        pub struct $payload {
            /// What became of each row, in the order of the input.
            rows: Vec<$row>,
            /// The position of the write in the change feed; null if nothing changed.
            change: Option<$crate::graphql::payload::ChangeReference>,
        }

        #[derive(Default)]
        pub struct $mutations;

        #[async_graphql::Object]
        impl $mutations {
            $(#[$mutations_meta])*
            async fn $mutation(
                &self,
                ctx: &async_graphql::Context<'_>,
                #[graphql(desc = $what)] input: $input,
            ) -> Option<async_graphql::Result<$payload>> {
                let session = $crate::graphql::session::session(ctx);
                let upserted = $act(&session.app, &session.viewer, input).await;
                session.loaders.forget();
                let answer = upserted.map(|upserted| {
                    let rows = upserted.rows.into_iter().zip(0..).map(|(row, index)| $row {
                        index,
                        outcome: row.outcome,
                        $field: row.record.and_then(|row| $crate::graphql::payload::shown(session, row)),
                        user_errors: row.refusals.into_iter().map(Into::into).collect(),
                    });
                    $payload { rows: rows.collect(), change: upserted.cursor.map(Into::into) }
                });
                Some(answer.map_err(Into::into))
            }
        }
    };
}
pub(crate) use upserts;
