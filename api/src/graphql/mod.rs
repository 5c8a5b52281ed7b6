//! The schema: its names, shapes and nullability, with the topics of `service` under the same names. Has no SQL and no rules.
//!
//! Whatever needs a statement of its own is nullable, `Option<Result<T>>`, so that a fault loses one field and not the page
//! around it. (async-graphql treats an error in a `Result<Option<T>>` as a fault of the parent.) The short lists that are
//! parts of a record are not nullable: a meeting without its organisers would be a wrong meeting.

pub mod batch;
pub mod body;
pub mod bulk;
pub mod change;
pub mod client;
pub mod connection;
pub mod consensus;
pub mod country;
pub mod document;
pub mod external_id;
pub mod federation;
pub mod fetch;
pub mod instrument;
mod introspection;
pub mod loader;
pub mod mandate;
pub mod meeting;
pub mod node;
pub mod object;
pub mod organization;
pub mod own_agenda;
pub mod payload;
pub mod recommendation;
pub mod scalar;
pub mod session;
pub mod source;
pub mod status;
pub mod theme;
pub mod viewer;
pub mod webhook;

use async_graphql::{
    MergedObject, MergedSubscription, ObjectType, Request, Response, SDLExportOptions, SchemaBuilder, ValidationMode,
};
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;

use self::introspection::{Directives, Introspection, described};

/// What a query asks of the register.
#[derive(MergedObject, Default)]
pub struct Reading(
    node::NodeQuery,
    viewer::ViewerQuery,
    own_agenda::OwnAgendaQuery,
    change::ChangeQuery,
    client::ClientQuery,
    webhook::WebhookQuery,
    country::CountryQuery,
    country::Countries,
    organization::OrganizationQuery,
    organization::Organizations,
    body::BodyQuery,
    body::Bodies,
    mandate::MandateQuery,
    mandate::Mandates,
    meeting::MeetingQuery,
    meeting::Meetings,
    recommendation::RecommendationQuery,
    recommendation::Recommendations,
    consensus::ConsensusQuery,
    consensus::ConsensusProcedures,
    document::DocumentQuery,
    document::Documents,
    theme::ThemeQuery,
    theme::Themes,
    instrument::InstrumentQuery,
    instrument::Instruments,
    source::SourceQuery,
);

/// Everything that can be read.
#[derive(MergedObject, Default)]
pub struct Query(Reading);

/// Everything that can be read.
#[derive(MergedObject, Default)]
#[graphql(name = "Query")]
pub struct FederatedQuery(Reading, federation::FederationQuery);

/// Everything that can be changed.
#[derive(MergedObject, Default)]
pub struct Mutation(
    organization::OrganizationMutation,
    body::BodyMutation,
    mandate::MandateMutation,
    meeting::MeetingMutation,
    recommendation::RecommendationMutation,
    consensus::PositionMutation,
    document::DocumentMutation,
    theme::ThemeMutation,
    instrument::InstrumentMutation,
    source::SourceMutation,
    external_id::ExternalIdMutation,
    client::ClientMutation,
    client::TokenMutation,
    webhook::WebhookMutation,
    webhook::WebhookSecretMutation,
    organization::OrganizationUpsert,
    meeting::MeetingUpsert,
    recommendation::RecommendationUpsert,
    document::DocumentUpsert,
);

/// Everything that can be subscribed to.
#[derive(MergedSubscription, Default)]
pub struct Subscription(status::StatusSubscription, change::ChangeSubscription);

type SchemaOf<Q> = async_graphql::Schema<Q, Mutation, Subscription>;
type BuilderOf<Q> = SchemaBuilder<Q, Mutation, Subscription>;

/// What executes documents: the schema by itself, or as a part of a federated graph.
#[derive(Clone)]
pub enum Schema {
    Whole(SchemaOf<Query>),
    Federated(SchemaOf<FederatedQuery>),
}

impl Schema {
    pub async fn execute(&self, request: Request) -> Response {
        match self {
            Self::Whole(schema) => Box::pin(schema.execute(request)).await,
            Self::Federated(schema) => Box::pin(schema.execute(request)).await,
        }
    }

    /// The results of a subscription.
    pub fn execute_stream(&self, request: Request) -> BoxStream<'static, Response> {
        match self {
            Self::Whole(schema) => schema.execute_stream(request).boxed(),
            Self::Federated(schema) => schema.execute_stream(request).boxed(),
        }
    }

    /// The definitions of the schema as async-graphql writes them, without a description of the whole, which bluejay-parser 0.5 does not read.
    pub fn definitions(&self) -> String {
        let options = SDLExportOptions::new().include_specified_by();
        match self {
            Self::Whole(schema) => schema.sdl_with_options(options),
            Self::Federated(schema) => schema.sdl_with_options(options),
        }
    }

    /// The schema in the definition language.
    pub fn sdl(&self) -> String {
        described(&self.definitions())
    }
}

/// Deeper than the lexical limits allow by default: these say what is too deep.
const DEEPEST: usize = 256;

fn builder<Q: ObjectType + 'static>(query: Q) -> BuilderOf<Q> {
    let builder = SchemaOf::build(query, Mutation::default(), Subscription::default());
    builder.directive(Directives).limit_recursive_depth(DEEPEST)
}

/// The schema as async-graphql builds it, which validates again what it executes.
pub fn build() -> BuilderOf<Query> {
    builder(Query::default())
}

/// The same as a part of a federated graph.
fn federated() -> BuilderOf<FederatedQuery> {
    builder(FederatedQuery::default())
}

/// The schema for documents that are known to fit it, and may ask for it.
pub fn schema() -> Schema {
    Schema::Whole(build().validation_mode(ValidationMode::Fast).extension(Introspection).finish())
}

/// The schema for documents that are known to fit it and do not ask for it. async-graphql's own federation is enabled, which these documents do
/// not ask for either, so that it does not search all types for entities at every root field.
pub fn trusting_schema() -> Schema {
    Schema::Whole(build().validation_mode(ValidationMode::Fast).enable_federation().finish())
}

/// The schema as a part of a federated graph, for documents that are known to fit it, and may ask for it.
pub fn federated_schema() -> Schema {
    Schema::Federated(federated().validation_mode(ValidationMode::Fast).extension(Introspection).finish())
}

/// The same for documents that do not ask for it.
pub fn trusting_federated_schema() -> Schema {
    Schema::Federated(federated().validation_mode(ValidationMode::Fast).finish())
}

/// The schema in the definition language, as `api/schema.graphql` has it.
pub fn sdl() -> String {
    schema().sdl()
}
