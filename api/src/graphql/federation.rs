//! What the router of a federated graph asks of a subgraph: its schema, and records by their keys. A record is found as `node` finds it, with
//! the same visibility.

use std::sync::LazyLock;

use async_graphql::{
    Context, ID, InputValueResult, Object, Result, SDLExportOptions, Scalar, ScalarType, SimpleObject, Value,
};
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

struct Representation(Value);

/// A record as a router names it: an object with the fields `__typename` and `id`.
#[Scalar(
    name = "_Any",
    specified_by_url = "https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/subgraph-spec"
)]
impl ScalarType for Representation {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(value))
    }

    fn to_value(&self) -> Value {
        self.0.clone()
    }
}

impl Representation {
    /// The type and the id of the record.
    fn named(&self) -> Option<(&str, ID)> {
        let Value::Object(fields) = &self.0 else { return None };
        let text = |name: &str| match fields.get(name)? {
            Value::String(text) => Some(text.as_str()),
            _ => None,
        };
        Some((text("__typename")?, text("id")?.into()))
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
        #[graphql(desc = "The records.")] representations: Vec<Representation>,
    ) -> Items<Option<Result<Entity>>> {
        let entities = representations.iter().map(|one| entity(ctx, one));
        Items(join_all(entities).await.into_iter().map(Result::transpose).collect())
    }
}

async fn entity(ctx: &Context<'_>, representation: &Representation) -> Result<Option<Entity>> {
    let Some((typename, id)) = representation.named() else {
        let message = "A record is named by __typename and id.".to_owned();
        return Err(Error::InvalidArgument { message }.into());
    };
    let record = node(session(ctx), &id).await?;
    Ok(record.filter(|record: &NodeInterface| record.type_name() == typename).map(Entity::from))
}
