//! What introspection says of the schema as a whole. async-graphql 8.0.0-rc.5 describes every schema with one sentence of its own, and lists
//! every built-in scalar, where section 3.5 of the specification forbids those that a schema does not use.

use std::sync::{Arc, OnceLock};

use async_graphql::async_trait::async_trait;
use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextPrepareRequest, NextResolve, ResolveInfo,
};
use async_graphql::parser::types::Field;
use async_graphql::{Name, Request, ServerResult, Value, Variables};

/// What this API is, as the schema itself says.
pub const DESCRIPTION: &str = "The register of the Central Asia Regional Expert Council on the Rehabilitation and Reintegration of Returnees \
    from Conflict Zones: its organisers, bodies and mandates, its meetings, and the recommendations that they reach by consensus. It has no \
    data on individuals.";

/// The built-in scalar that nothing in this schema has.
const UNUSED: &str = "Float";

/// Corrects what async-graphql answers to introspection. It is called for each field of an answer.
pub struct Introspection;

impl ExtensionFactory for Introspection {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Corrected::default())
    }
}

/// The introspection of one request, and its variables.
#[derive(Default)]
struct Corrected(OnceLock<Variables>);

#[async_trait]
impl Extension for Corrected {
    async fn prepare_request(
        &self,
        ctx: &ExtensionContext<'_>,
        request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        let _ = self.0.set(request.variables.clone());
        next.run(ctx, request).await
    }

    async fn resolve(
        &self,
        ctx: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        match (info.parent_type, info.name) {
            ("__Schema", "description") => Ok(Some(DESCRIPTION.into())),
            ("__Schema", "types") => Ok(next.run(ctx, info).await?.map(|types| without_unused(ctx, types))),
            ("Query", "__type") if self.asks_for_unused(info.field) => Ok(None),
            _ => next.run(ctx, info).await,
        }
    }
}

impl Corrected {
    fn asks_for_unused(&self, field: &Field) -> bool {
        let variable = |name: Name| self.0.get().and_then(|given| given.get(&name)).cloned().ok_or(());
        let named = field.get_argument("name").and_then(|name| name.node.clone().into_const_with(variable).ok());
        named == Some(Value::from(UNUSED))
    }
}

/// Leaves the unused scalar out of all types, which are in the order of their names.
fn without_unused(ctx: &ExtensionContext<'_>, mut types: Value) -> Value {
    let place = ctx.schema_env.registry.types.keys().position(|name| name == UNUSED);
    if let (Value::List(types), Some(place)) = (&mut types, place) {
        types.remove(place);
    }
    types
}
