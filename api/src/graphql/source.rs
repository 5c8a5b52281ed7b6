//! Sources in the schema. Has names and shapes; no SQL and no rules.

use async_graphql::{Context, ID, Object, Result};
use entity::date::Date;
use entity::id::RecordId as _;

use super::connection::connections;
use super::external_id::ExternalIds;
use super::meeting::Meeting;
use super::object::{Stamp, found, object};
use super::payload::{mutations, payload};
use super::session::session;
use crate::service;
use crate::service::source::{CreateSourceInput, SourceBy};

object!(Source: source);

/// A published source of a fact.
#[Object]
impl Source {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The title.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// Who published it.
    async fn publisher(&self) -> Option<&str> {
        self.0.publisher.as_deref()
    }

    /// The web address.
    async fn url(&self) -> Option<&str> {
        self.0.url.as_deref()
    }

    /// The date of publication.
    async fn published_on(&self) -> Option<Date> {
        self.0.published_on.map(Date)
    }

    /// The ISO 639-1 code of its language.
    async fn language(&self) -> Option<&str> {
        self.0.language.as_deref()
    }

    #[graphql(flatten)]
    fn connections(&self) -> SourceLists {
        SourceLists(self.0.id.uuid())
    }

    #[graphql(flatten)]
    fn external(&self) -> ExternalIds {
        ExternalIds(self.0.id.uuid())
    }

    #[graphql(flatten)]
    fn stamp(&self) -> Stamp {
        Stamp::new(self.0.created_at, self.0.updated_at, self.0.version)
    }
}

connections! {
    SourceLists of Source {
        /// The meetings for which it is a source.
        meetings: Meeting, "Which meetings.", by service::meeting::of_source;
    }
}

payload! {
    /// The answer to a mutation of a source.
    SourcePayload {
        /// The source after the write; after a conflict, as it is now.
        source: Source
    }
}

#[derive(Default)]
pub struct SourceQuery;

#[Object]
impl SourceQuery {
    /// A source. Null if there is none that you may see.
    async fn source(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one: by exactly one key.")] by: SourceBy,
    ) -> Option<Result<Source>> {
        found(service::source::find(&session(ctx).app.databases.read, &session(ctx).viewer, &by).await)
    }
}

mutations! {
    SourceMutation {
        /// Creates a source, which everyone may read: a publication, not a person. For the secretariat. `ALREADY_EXISTS` if
        /// another source has the address.
        create_source(CreateSourceInput, "The new source.") -> SourcePayload = service::source::create;
    }
}
