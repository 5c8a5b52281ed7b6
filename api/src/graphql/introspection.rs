//! What introspection says of the schema as a whole. async-graphql 8.0.0-rc.5 describes every schema with one sentence of its own, lists every
//! built-in scalar, where section 3.5 of the specification forbids those that a schema does not use, and has the specification's directives, and
//! what introspection says of directives, as they were in 2021.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use async_graphql::async_trait::async_trait;
use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextPrepareRequest, NextResolve, ResolveInfo,
};
use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Directive, DocumentOperations, Field, Selection, SelectionSet};
use async_graphql::registry::{MetaEnumValue, MetaField, MetaType, Registry};
use async_graphql::{
    ContextDirective, CustomDirective, CustomDirectiveFactory, Name, Positioned, Request, ServerError, ServerResult,
    Value, Variables,
};

/// What this API is, as the schema itself says.
const DESCRIPTION: &str = "The register of the Central Asia Regional Expert Council on the Rehabilitation and Reintegration of Returnees \
    from Conflict Zones: its organisers, bodies and mandates, its meetings, and the recommendations that they reach by consensus. It has no \
    data on individuals.";

/// A directive of the specification that async-graphql leaves out of the text of a schema in which nothing is deprecated.
const DEPRECATED: &str = r#""""
Marks an element of a GraphQL schema as no longer supported.
"""
directive @deprecated(reason: String! = "No longer supported") on FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | ENUM_VALUE"#;

/// The arguments of the specification's directives, and what they mean. async-graphql leaves that out of the text, too.
const ARGUMENTS: [(&str, &str, &str); 4] = [
    ("deprecated", "reason", "Why, and what to use instead, in CommonMark."),
    ("include", "if", "Included when true."),
    ("skip", "if", "Skipped when true."),
    ("specifiedBy", "url", "The address of the specification."),
];

/// The definition of a schema, with its description and all that introspection says of its directives.
pub fn described(definitions: &str) -> String {
    let (types, roots) = definitions.rsplit_once("\nschema ").unwrap_or((definitions, ""));
    let text = format!("{types}\n{DEPRECATED}\n\"\"\"\n{DESCRIPTION}\n\"\"\"\nschema {roots}");
    ARGUMENTS.iter().fold(text, |text, (directive, argument, meaning)| {
        text.replace(
            &format!("directive @{directive}({argument}:"),
            &format!("directive @{directive}(\"{meaning}\" {argument}:"),
        )
    })
}

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
        mut request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        let _ = self.0.set(request.variables.clone());
        let mut document = request.parsed_query()?.clone();
        match &mut document.operations {
            DocumentOperations::Single(operation) => ask_for_kinds(&mut operation.node.selection_set.node),
            DocumentOperations::Multiple(operations) => {
                for operation in operations.values_mut() {
                    ask_for_kinds(&mut operation.node.selection_set.node);
                }
            }
        }
        document.fragments.values_mut().for_each(|fragment| ask_for_kinds(&mut fragment.node.selection_set.node));
        request.set_parsed_query(document);
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
            ("__Schema", "types") => {
                let types = next.run(ctx, info).await?;
                Ok(types.map(|types| with_interfaces(without_unused(ctx, types))))
            }
            ("__Directive", "isDeprecated") => Ok(Some(false.into())),
            ("__Directive", "deprecationReason") => Ok(None),
            ("Query", "__type") if self.asks_for_unused(info.field) => Ok(None),
            _ if info.return_type.contains("__Type") => Ok(next.run(ctx, info).await?.map(with_interfaces)),
            _ => next.run(ctx, info).await,
        }
    }
}

/// Brings the specification's directives, and their introspection, to its edition of September 2026, and describes their arguments. No directive
/// of this schema is deprecated.
pub struct Directives;

impl CustomDirectiveFactory for Directives {
    fn name(&self) -> Cow<'static, str> {
        "deprecated".into()
    }

    fn register(&self, registry: &mut Registry) {
        for (directive, argument, meaning) in ARGUMENTS {
            let known = registry.directives.get_mut(directive).and_then(|known| known.args.get_mut(argument));
            let known = known.expect("a directive of the specification");
            known.description = Some(meaning.to_owned());
            if argument == "reason" {
                "String!".clone_into(&mut known.ty);
            }
        }
        let of_directive = fields_of(registry, "__Directive");
        let include_deprecated = of_directive["args"].args.clone();
        for (name, alike) in [("isDeprecated", "isRepeatable"), ("deprecationReason", "description")] {
            let field = MetaField { name: name.to_owned(), ..of_directive[alike].clone() };
            of_directive.insert(name.to_owned(), field);
        }
        let of_schema = fields_of(registry, "__Schema");
        of_schema["directives"].args = include_deprecated;
        of_schema["description"].description = Some("What the schema is for, in CommonMark.".to_owned());
        "String".clone_into(&mut of_schema["description"].ty);
        if let Some(MetaType::Enum { enum_values, .. }) = registry.types.get_mut("__DirectiveLocation") {
            let name = "DIRECTIVE_DEFINITION".to_owned();
            let description = Some("Location adjacent to a directive definition.".to_owned());
            let value = MetaEnumValue { name: name.clone(), description, ..enum_values["SCHEMA"].clone() };
            enum_values.insert(name, value);
        }
    }

    fn create(&self, _: &ContextDirective<'_>, directive: &Directive) -> ServerResult<Box<dyn CustomDirective>> {
        Err(ServerError::new("@deprecated has no place in a request.", Some(directive.name.pos)))
    }
}

fn fields_of<'a>(registry: &'a mut Registry, name: &str) -> &'a mut IndexMap<String, MetaField> {
    match registry.types.get_mut(name) {
        Some(MetaType::Object { fields, .. }) => fields,
        _ => panic!("{name} is no type of introspection"),
    }
}

impl Corrected {
    fn asks_for_unused(&self, field: &Field) -> bool {
        let variable = |name: Name| self.0.get().and_then(|given| given.get(&name)).cloned().ok_or(());
        let named = field.get_argument("name").and_then(|name| name.node.clone().into_const_with(variable).ok());
        named == Some(Value::from(UNUSED))
    }
}

/// What the response keys of kinds begin with that are asked for beside `interfaces`; the rest is the key of these. No client can write such a key.
const KIND_BESIDE: &str = "kind beside ";

/// Asks for the kind of each type whose interfaces are asked for. Only types have a field of that name.
fn ask_for_kinds(selections: &mut SelectionSet) {
    let mut kinds = Vec::new();
    for selection in &mut selections.items {
        match &mut selection.node {
            Selection::Field(field) => {
                if field.node.name.node == "interfaces" {
                    let kind = Positioned::new(kind_beside(&field.node), field.pos);
                    kinds.push(Positioned::new(Selection::Field(kind), field.pos));
                }
                ask_for_kinds(&mut field.node.selection_set.node);
            }
            Selection::InlineFragment(fragment) => ask_for_kinds(&mut fragment.node.selection_set.node),
            Selection::FragmentSpread(_) => {}
        }
    }
    selections.items.extend(kinds);
}

/// The kind of a type under the conditions under which its interfaces are asked for.
fn kind_beside(interfaces: &Field) -> Field {
    let (name, key) = (&interfaces.name, interfaces.response_key());
    Field {
        alias: Some(Positioned::new(Name::new(format!("{KIND_BESIDE}{}", key.node)), key.pos)),
        name: Positioned::new(Name::new("kind"), name.pos),
        arguments: Vec::new(),
        directives: interfaces.directives.clone(),
        selection_set: Positioned::new(SelectionSet::default(), name.pos),
    }
}

/// Gives types that are interfaces themselves an empty list of interfaces, where async-graphql 8.0.0-rc.5 has null: none of this schema implements
/// another one.
fn with_interfaces(types: Value) -> Value {
    match types {
        Value::List(types) => Value::List(types.into_iter().map(with_interfaces).collect()),
        Value::Object(mut fields) => {
            let kinds: Vec<Name> = fields.keys().filter(|key| key.starts_with(KIND_BESIDE)).cloned().collect();
            for key in kinds {
                let is_interface = fields.shift_remove(&key) == Some(Value::Enum(Name::new("INTERFACE")));
                if let Some(interfaces) = fields.get_mut(&key[KIND_BESIDE.len()..]).filter(|_| is_interface) {
                    *interfaces = Value::List(Vec::new());
                }
            }
            Value::Object(fields)
        }
        other => other,
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
