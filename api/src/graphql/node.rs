//! Records by their global ids; a new record type is one line here. Reads through the loaders, and has no SQL and no rules.

use std::borrow::Cow;

use async_graphql::{Context, ID, Interface, Object, OutputType, Result, Union};
use entity::RecordType;
use entity::id::is_id;
use futures_util::future::join_all;

use super::body::Body;
use super::consensus::{ConsensusProcedure, Position};
use super::country::Country;
use super::document::Document;
use super::instrument::Instrument;
use super::mandate::Mandate;
use super::meeting::{AgendaItem, AlternativeTitle, BodySession, Meeting, MeetingOrganizer, Participation};
use super::object::Node;
use super::organization::Organization;
use super::recommendation::{Addressee, Recommendation, RecommendationRevision};
use super::session::{Session, session};
use super::source::Source;
use super::theme::Theme;
use crate::error::Error;
use crate::service::external_id::{self, ExternalIdInput};

const NO_ID: &str = "An id of a record is a prefix such as org_ and 32 digits, 0 to 9 and a to f. A code, an acronym or a label is none.";

/// The most ids of one `nodes`.
const MOST_IDS: usize = 100;

/// Of the objects that have a global id. Expands to
/// `enum NodeInterface`, the interface `Node` of the schema, with a variant for each object,
/// `enum Entity`, the union of the same objects for the router of a federated graph, and
/// `fn node`, which looks an id up among the rows of the one object whose ids have its prefix.
macro_rules! nodes {
    ($($object:ident,)*) => {
        /// A record with a global id.
        #[derive(Interface)]
        #[graphql(name = "Node", field(name = "id", ty = "ID", desc = "The global id."))]
        pub enum NodeInterface {
            $($object($object),)*
        }

        impl NodeInterface {
            /// The name of the record's type in the schema.
            pub fn type_name(&self) -> Cow<'static, str> {
                match self {
                    $(Self::$object(_) => <$object as OutputType>::type_name(),)*
                }
            }
        }

        /// A record that a router may name: every type with a global id.
        #[derive(Union)]
        #[graphql(name = "_Entity")]
        pub enum Entity {
            $($object($object),)*
        }

        impl From<NodeInterface> for Entity {
            fn from(record: NodeInterface) -> Self {
                match record {
                    $(NodeInterface::$object(record) => Self::$object(record),)*
                }
            }
        }

        /// The record with an id; `None` if there is none that the viewer may see. Error for a text that is no id of a record.
        pub async fn node(session: &Session, id: &str) -> Result<Option<NodeInterface>> {
            $(
                if let Ok(id) = id.parse::<<<$object as Node>::Entity as entity::Row>::Id>() {
                    let row = session.row::<<$object as Node>::Entity>(id).await?;
                    return Ok(row.map(|row| NodeInterface::$object($object::new(row))));
                }
            )*
            if is_id(id) { Ok(None) } else { Err(Error::InvalidArgument { message: NO_ID.to_owned() }.into()) }
        }
    };
}

nodes! {
    Addressee,
    AgendaItem,
    AlternativeTitle,
    Body,
    BodySession,
    ConsensusProcedure,
    Country,
    Document,
    Instrument,
    Mandate,
    Meeting,
    MeetingOrganizer,
    Organization,
    Participation,
    Position,
    Recommendation,
    RecommendationRevision,
    Source,
    Theme,
}

#[derive(Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// The record with this id. Null if there is none that you may see. Error, for what is no id of a record: `INVALID_ARGUMENT`.
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "A global id.")] id: ID) -> Option<Result<NodeInterface>> {
        node(session(ctx), &id).await.transpose()
    }

    /// The record of this type that a system of yours calls by this external id: for every type, what the look-ups by
    /// `externalId` find. Null if there is none that you may see.
    async fn node_by_external_id(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "type", desc = "The record's type.")] record: RecordType,
        #[graphql(desc = "What the system calls it.")] external_id: ExternalIdInput,
    ) -> Option<Result<NodeInterface>> {
        let session = session(ctx);
        let id = external_id::named_by(&session.app.databases.read, &session.viewer, record, &external_id).await;
        match id {
            Ok(id) => node(session, &id?).await.transpose(),
            Err(error) => Some(Err(error.into())),
        }
    }

    /// The records with these ids, in the same order. Null where there is none that you may see; the list itself is null
    /// only together with an error. Error, in the place of what is no id of a record: `INVALID_ARGUMENT`.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Global ids, at most 100.")] ids: Vec<ID>,
    ) -> Option<Result<Vec<Option<Result<NodeInterface>>>>> {
        if ids.len() > MOST_IDS {
            return Some(Err(Error::InvalidArgument { message: format!("ids: at most {MOST_IDS}.") }.into()));
        }
        let nodes = join_all(ids.iter().map(|id| node(session(ctx), id))).await;
        Some(Ok(nodes.into_iter().map(Result::transpose).collect()))
    }
}
