//! Turns what a client asks into what may be executed: the viewer has the points for it, and may ask for it. Executes nothing.

use async_graphql::parser::types::OperationType;
use async_graphql::{Request, Variables};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use entity::text::Locale;
use serde_json::Value;

use super::access_log::{LogEntry, Method};
use super::admission::persisted::DocumentRef;
use super::admission::{Admitted, Hash, Inadmissible};
use super::answer::Answer;
use super::idempotency::Idempotency;
use super::language;
use super::lifetime::Credential;
use super::listener::PeerAddress;
use super::rate_limit::{Allowance, Payer};
use super::request::GraphqlRequest;
use super::state::Service;
use crate::auth::Viewer;
use crate::config::Switch;
use crate::graphql::batch::Batches;
use crate::graphql::session::Session;

/// A request with this header is told its cost in `extensions.cost`.
pub const WANTS_COST: HeaderName = HeaderName::from_static("x-cost");

/// Where a client that lost an event stream continues: the id of the last event that it received.
pub const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");

/// How a request arrived.
#[derive(Clone, Copy)]
pub struct Caller<'a> {
    pub headers: &'a HeaderMap,
    /// The peer address of its connection.
    pub peer: Option<&'a PeerAddress>,
    pub method: Method,
}

impl Caller<'_> {
    /// Whose points are taken.
    pub fn payer(self, service: &Service, viewer: &Viewer) -> Payer {
        Payer::of(
            viewer,
            self.headers,
            self.peer.map(PeerAddress::address),
            service.app.config.trust_proxy == Switch::On,
        )
    }
}

/// A request that may be executed: its viewer is known, has the points, and may ask for it.
pub struct Prepared {
    pub request: Request,
    /// The hash of a document that is not yet known to fit the schema.
    pub unproven: Option<Hash>,
    /// Whether the document asks for the schema.
    pub introspects: bool,
    pub batches: Batches,
    /// Until when the viewer is admitted.
    pub credential: Credential,
    /// The kind of the operation; `None` if the document does not have the operation that is named, which the execution reports.
    pub kind: Option<OperationType>,
    /// The cost, if the client asks for it.
    pub cost_header: Option<u64>,
    /// Who pays for the results of a subscription after the first one, and how many points for each.
    pub payer: Payer,
    pub cost: u64,
    /// What is known of the request's idempotency key.
    pub idempotency: Idempotency,
}

impl Prepared {
    /// Whether the document is validated when it is executed: a new one, and one that asks for the schema.
    pub fn is_validated(&self) -> bool {
        self.unproven.is_some() || self.introspects
    }

    /// Whether it was answered before, under its idempotency key.
    pub fn is_again(&self) -> bool {
        matches!(self.idempotency, Idempotency::Again(_))
    }

    /// Whether it is a subscription, which does not end by itself.
    pub fn goes_on(&self) -> bool {
        self.kind == Some(OperationType::Subscription)
    }
}

/// Who asks, and how.
pub struct RequestContext {
    viewer: Viewer,
    payer: Payer,
    languages: Vec<Locale>,
    method: Method,
    wants_cost: bool,
    last_event: Option<String>,
}

impl RequestContext {
    pub fn of(service: &Service, viewer: Viewer, caller: Caller<'_>) -> Self {
        let Caller { headers, method, .. } = caller;
        let payer = caller.payer(service, &viewer);
        let (languages, wants_cost) = (language::accepted(headers), headers.contains_key(WANTS_COST));
        let last_event = headers.get(LAST_EVENT).filter(|_| !matches!(method, Method::Socket));
        let last_event = last_event.and_then(|id| id.to_str().ok()).map(str::to_owned);
        Self { viewer, payer, languages, method, wants_cost, last_event }
    }
}

pub async fn prepare(
    service: &Service,
    context: RequestContext,
    asked: GraphqlRequest,
    entry: &mut LogEntry,
) -> Result<Prepared, Answer> {
    let RequestContext { viewer, payer, languages, method, wants_cost, last_event } = context;
    take(service, &payer, 1, entry)?;
    let variables = asked.variables.map(|variables| Variables::from_json(Value::Object(variables))).unwrap_or_default();
    let (query, document_id) = (asked.query.as_deref(), asked.document_id.as_deref());
    let named = DocumentRef { query, document_id, extensions: asked.extensions.as_ref() };
    let text = service.texts.resolve(named, viewer.has_token());
    let text = text.map_err(|refusal| Answer::inadmissible(&refusal))?;
    let admitted =
        service.admission.admit(&text, asked.operation_name.as_deref(), &variables, &service.app.sizes).await;
    let shows_schema = viewer.may_introspect(service.app.config.introspection);
    let admitted =
        admitted.map_err(|refusal| Answer::inadmissible(&if shows_schema { refusal } else { vague(refusal) }))?;
    let unproven = admitted.unproven();
    let Admitted { document, known, cost } = admitted;
    let cost = cost.paid();
    service.metrics.document(known.name());
    entry.cost = Some(cost);
    let kind = document.operation_type(asked.operation_name.as_deref());
    take(service, &payer, cost.saturating_sub(1), entry)?;
    entry.operation = document.operation_name(asked.operation_name.as_deref());
    entry.document = Some(document.short_hash());
    let introspects = document.introspects();
    permit(method, kind, introspects && !shows_schema)?;
    entry.admitted();
    let batches = Batches::default();
    let (cost_header, credential) = (wants_cost.then_some(cost), Credential::from(&viewer));
    let keyed = asked.idempotency_key.filter(|_| kind == Some(OperationType::Mutation));
    let (app, idempotency) = Idempotency::of(service, keyed, &viewer, entry.request_id()).await?;
    let session = Session::new(app, viewer, languages, &batches).resuming(last_event);
    let variables = document.declared(asked.operation_name.as_deref(), variables);
    let mut request = Request::new(&*text).data(session).variables(variables);
    request.operation_name = asked.operation_name;
    request.set_parsed_query(document.parsed);
    Ok(Prepared { request, unproven, introspects, batches, credential, kind, cost_header, payer, cost, idempotency })
}

/// Refuses an operation of a kind that this method does not allow, and a schema that the viewer may not see.
fn permit(method: Method, kind: Option<OperationType>, is_hidden: bool) -> Result<(), Answer> {
    if !kind.is_none_or(|kind| method.allows(kind)) {
        let message = "A GET only reads. Send mutations by POST.";
        return Err(Answer::refused(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message));
    }
    if is_hidden {
        let message = "The schema is shown to whoever has a token.";
        return Err(Answer::refused(StatusCode::FORBIDDEN, "INTROSPECTION_DISABLED", message));
    }
    Ok(())
}

/// A refusal that says nothing about the types of the schema.
fn vague(refusal: Inadmissible) -> Inadmissible {
    match refusal.code {
        "INVALID_ARGUMENT" => {
            let message = "An argument or a variable is not what its type says.".to_owned();
            Inadmissible { message, ..refusal }
        }
        _ => refusal,
    }
}

/// Takes points from a payer; `Err` if it has too few.
pub fn take(service: &Service, payer: &Payer, points: u64, entry: &mut LogEntry) -> Result<(), Answer> {
    entry.goes_by(payer);
    let (Ok(allowance) | Err(allowance)) = service.rates.take(payer, points).map_err(Some);
    entry.allowance = allowance.or(entry.allowance);
    match allowance.and_then(Allowance::retry_after) {
        Some(seconds) => Err(Answer::rate_limited(seconds)),
        None => Ok(()),
    }
}
