//! What the router of a federated graph asks of a subgraph: its schema, and records by their keys. A record is found as `node` finds it, with
//! the same visibility.

use std::sync::LazyLock;

use async_graphql::{Any, Context, ID, Object, Result, SDLExportOptions, SimpleObject, Value};
use futures_util::future::join_all;

use super::connection::Items;
use super::federated;
use super::node::{Entity, NodeInterface, node};
use super::session::session;
use crate::error::Error;

/// This API as a part of a federated graph.
#[derive(SimpleObject)]
#[graphql(name = "_Service")]
struct Service {
    /// The schema of the subgraph, for Federation 2: each type with a global id has the key `id`.
    sdl: &'static str,
}

/// The schema of the subgraph. async-graphql writes keys only for the entity look-ups that it makes itself, and these answer an error where a
/// record is not to be seen.
static SUBGRAPH: LazyLock<String> = LazyLock::new(|| {
    let options = SDLExportOptions::new().federation().include_specified_by();
    let sdl = federated().enable_subscription_in_federation().finish().sdl_with_options(options);
    sdl.replace(" implements Node {", " implements Node @key(fields: \"id\") {")
});

/// A record as a router names it.
struct Representation {
    typename: String,
    id: ID,
}

impl Representation {
    fn of(value: &Value) -> Option<Self> {
        let Value::Object(fields) = value else { return None };
        let text = |name: &str| match fields.get(name)? {
            Value::String(text) => Some(text.clone()),
            _ => None,
        };
        Some(Self { typename: text("__typename")?, id: text("id")?.into() })
    }
}

#[derive(Default)]
pub struct FederationQuery;

#[Object]
impl FederationQuery {
    /// This API as a part of a federated graph.
    #[graphql(name = "_service")]
    async fn service(&self) -> Service {
        Service { sdl: &SUBGRAPH }
    }

    /// The records that a router names by `__typename` and `id`, in the same order. Null where there is none that you may see.
    /// Error, for a record that is named otherwise: `INVALID_ARGUMENT`.
    #[graphql(name = "_entities")]
    async fn entities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Objects with the fields `__typename` and `id`.")] representations: Vec<Any>,
    ) -> Items<Option<Result<Entity>>> {
        let entities = representations.iter().map(|Any(value)| entity(ctx, value));
        Items(join_all(entities).await.into_iter().map(Result::transpose).collect())
    }
}

async fn entity(ctx: &Context<'_>, value: &Value) -> Result<Option<Entity>> {
    let Some(Representation { typename, id }) = Representation::of(value) else {
        let message = "A record is named by __typename and id.".to_owned();
        return Err(Error::InvalidArgument { message }.into());
    };
    let record = node(session(ctx), &id).await?;
    Ok(record.filter(|record: &NodeInterface| record.type_name() == typename).map(Entity::from))
}
