//! Turns what a client asks into what may be executed: the viewer has the points for it, and may ask for it. Or into its answer, if that is
//! known. Executes nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_graphql::Variables;
use async_graphql::parser::types::OperationType;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use entity::text::Locale;
use serde_json::Value;

use super::access_log::{LogEntry, Method};
use super::admission::persisted::DocumentRef;
use super::admission::{Admitted, Document, Hash, Inadmissible, hash};
use super::answer::{Answer, status_of};
use super::conditional::takes_cached;
use super::idempotency::{Idempotency, IdempotencyKey};
use super::language;
use super::lifetime::Credential;
use super::listener::PeerAddress;
use super::operation::Operation;
use super::rate_limit::{Allowance, Payer};
use super::request::GraphqlRequest;
use super::response_cache::{CacheStatus, Charge, Key, Question, Vacancy, Wants};
use super::state::Service;
use crate::auth::Viewer;
use crate::config::Switch;
use crate::error::Error;
use crate::graphql::fetch::Start;
use crate::service::change::{catch_up, reach};
use crate::service::context::feed::Head;
use crate::service::idempotency::Open;
use crate::service::recommendation::silence::settle;
use crate::service::replica;

/// A request with this header is told its cost in `extensions.cost`.
pub const WANTS_COST: HeaderName = HeaderName::from_static("x-cost");

/// A request with this header is told in `extensions.dataVersion` up to which change its answer is.
pub const WANTS_DATA_VERSION: HeaderName = HeaderName::from_static("x-data-version");

/// A request with this header, a cursor of the feed, is answered with all changes up to there: those that its client made by way of
/// another process, for example.
pub const AFTER: HeaderName = HeaderName::from_static("x-rec-after");

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

/// A request whose viewer is known, has the points, and may ask for it.
pub enum Prepared {
    /// Its answer is known: from the cache, or from an earlier request with its idempotency key.
    Answered(Answer),
    Executes(Box<Execution>),
    Subscribes(Box<Subscription>),
}

/// A query or a mutation that is to be executed.
pub struct Execution {
    pub operation: Operation,
    /// Whether the document asks for the schema.
    pub introspects: bool,
    pub kind: OperationType,
    /// What the client is told of the request.
    pub told: Told,
    /// The open transaction of the request's idempotency key.
    pub open: Option<Open>,
    /// The answer's place in the cache.
    pub vacancy: Option<Vacancy>,
}

/// A subscription that is to be executed, again and again.
pub struct Subscription {
    pub operation: Operation,
    pub start: Start,
    /// What its results depend on beside the feed; `None` if other clients are not answered alike.
    pub key: Option<Key>,
    pub told: Told,
    /// Until when the viewer is admitted.
    pub credential: Credential,
    /// Who pays for the results after the first one, and how many points for each.
    pub payer: Payer,
    pub cost: u64,
}

/// What a client is told beside the data.
#[derive(Clone, Debug, Default)]
pub struct Told {
    pub cost: Option<u64>,
    pub data_version: Option<String>,
}

impl Prepared {
    /// Whether it is a subscription, which does not end by itself.
    pub fn goes_on(&self) -> bool {
        matches!(self, Self::Subscribes(_))
    }

    /// Of a subscription: until when its viewer is admitted.
    pub fn follower(&self) -> Option<Credential> {
        match self {
            Self::Subscribes(subscription) => Some(subscription.credential),
            _ => None,
        }
    }

    /// Whether it was answered before, under its idempotency key.
    pub fn is_again(&self) -> bool {
        matches!(self, Self::Answered(answer) if answer.is_again)
    }
}

/// Who asks, and how.
pub struct RequestContext {
    viewer: Viewer,
    payer: Payer,
    languages: Vec<Locale>,
    method: Method,
    wants: Wants,
    /// Whether the answer may come from the cache.
    takes_cached: bool,
    last_event: Option<String>,
    /// What the answer must include: a cursor in each.
    after: Vec<HeaderValue>,
    /// Whether the process knows what a replica must have.
    may_read_replica: bool,
}

impl RequestContext {
    pub fn of(service: &Service, viewer: Viewer, caller: Caller<'_>) -> Self {
        let Caller { headers, method, .. } = caller;
        let (payer, languages) = (caller.payer(service, &viewer), language::accepted(headers));
        let wants =
            Wants { cost: headers.contains_key(WANTS_COST), data_version: headers.contains_key(WANTS_DATA_VERSION) };
        let last_event = headers.get(LAST_EVENT).filter(|_| !matches!(method, Method::Socket));
        let last_event = last_event.and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty()).map(str::to_owned);
        // Browsers open every socket with `Cache-Control: no-cache`.
        let takes_cached = matches!(method, Method::Socket) || takes_cached(headers);
        let after = headers.get_all(AFTER).iter().cloned().collect();
        Self { viewer, payer, languages, method, wants, takes_cached, last_event, after, may_read_replica: true }
    }

    /// What the answer to a request depends on.
    fn key(&self, resolved: &Resolved) -> Option<Key> {
        self.key_of(resolved, &resolved.variables, Some(resolved.head))
    }

    /// What the results of an operation with these variables depend on. Without a head: those at any one.
    fn key_of(&self, resolved: &Resolved, variables: &Variables, head: Option<Head>) -> Option<Key> {
        let Resolved { hash, operation, .. } = resolved;
        let (operation, languages, sight) = (operation.as_deref(), self.languages.as_slice(), self.viewer.sight());
        let head = head.map(|head| head.cursor().to_string());
        Key::of(&Question { document: hash, operation, variables, languages, sight, wants: self.wants, head })
    }
}

/// A request with the text of its document.
struct Resolved {
    text: Arc<str>,
    hash: Hash,
    operation: Option<String>,
    variables: Variables,
    idempotency_key: Option<IdempotencyKey>,
    /// What the request reads is not older than this.
    since: Instant,
    /// The last change that the process knew of when the request came.
    head: Head,
}

pub async fn prepare(
    service: &Service,
    mut context: RequestContext,
    asked: GraphqlRequest,
    entry: &mut LogEntry,
) -> Result<Prepared, Answer> {
    take(service, &context.payer, 1, entry)?;
    if !context.takes_cached {
        // Cached rows are as new as what the process has heard of. Boxed: it is rare, and should not reserve memory.
        context.may_read_replica = Box::pin(catch_up(&service.app)).await;
    }
    for after in &context.after {
        let reached = Box::pin(reach(&service.app, after.to_str().unwrap_or_default())).await;
        reached.map_err(|error| unreached(&error, entry.request_id()))?;
    }
    settle(&service.app).await;
    let resolved = resolve(service, &context, asked)?;
    if context.takes_cached
        && service.responses.is_on()
        && service.admission.is_cacheable(&resolved.hash)
        && let Some(key) = context.key(&resolved)
        && let Some(cached) = service.responses.get(&key).await
    {
        charge(service, &context.payer, &cached.charge, entry)?;
        service.metrics.response(CacheStatus::Hit.name());
        entry.admitted();
        return Ok(Prepared::Answered(cached.answer.clone()));
    }
    admit(service, context, resolved, entry).await
}

/// The answer to a request that names a change which cannot be found.
fn unreached(error: &Error, request_id: &str) -> Answer {
    let message = match error {
        Error::CursorExpired => {
            "The feed has no change with the cursor in X-Rec-After, or is another one. Ask without it."
        }
        Error::InvalidFeedCursor => {
            "X-Rec-After is no cursor of the feed, such as the payload of a mutation has in change.cursor."
        }
        error => return Answer::of_error(error, request_id),
    };
    Answer::refused(status_of(error), error.code(), message)
}

fn resolve(service: &Service, context: &RequestContext, asked: GraphqlRequest) -> Result<Resolved, Answer> {
    let (head, keep) = (service.app.feed.head(), Duration::from_secs(service.app.config.keep_seconds));
    let since = service.app.cache.since(head, keep);
    let (query, document_id) = (asked.query.as_deref(), asked.document_id.as_deref());
    let named = DocumentRef { query, document_id, extensions: asked.extensions.as_ref() };
    let text = service.texts.resolve(named, context.viewer.has_token());
    let text = text.map_err(|refusal| Answer::inadmissible(&refusal))?;
    let hash = hash(&text);
    let GraphqlRequest { operation_name: operation, variables, idempotency_key, .. } = asked;
    let operation = operation.filter(|name| !name.is_empty());
    let variables = variables.map(|variables| Variables::from_json(Value::Object(variables))).unwrap_or_default();
    Ok(Resolved { text, hash, operation, variables, idempotency_key, since, head })
}

/// Admits a request whose answer is not known.
async fn admit(
    service: &Service,
    context: RequestContext,
    resolved: Resolved,
    entry: &mut LogEntry,
) -> Result<Prepared, Answer> {
    let (name, variables) = (resolved.operation.as_deref(), &resolved.variables);
    let sizes = service.app.sizes.read_by(context.viewer.clearance());
    let admitted = service.admission.admit(&resolved.text, resolved.hash, name, variables, sizes).await;
    let (viewer, payer) = (&context.viewer, &context.payer);
    let shows_schema = viewer.may_introspect(service.app.config.introspection);
    let admitted =
        admitted.map_err(|refusal| Answer::inadmissible(&if shows_schema { refusal } else { vague(refusal) }))?;
    let Admitted { document, kind, known, cost } = admitted;
    service.metrics.document(known.name());
    let (operation, short_hash) = (document.operation_name(name), document.short_hash());
    let to_charge = Charge { cost: cost.paid(), operation, document: short_hash };
    charge(service, payer, &to_charge, entry)?;
    let introspects = document.introspects();
    permit(context.method, kind, introspects && !shows_schema)?;
    entry.admitted();
    if kind == OperationType::Subscription {
        return Ok(subscription(service, context, resolved, document, to_charge.cost));
    }
    let reads_register = document.is_cacheable(variables);
    let reads_replica = reads_register && context.may_read_replica;
    let key = if reads_register { context.key(&resolved) } else { None };
    let RequestContext { viewer, languages, wants, takes_cached, .. } = context;
    let Resolved { operation: name, variables, idempotency_key, since, head, .. } = resolved;
    let keyed = idempotency_key.filter(|_| kind == OperationType::Mutation);
    let (app, open) = match Idempotency::of(service, keyed, &viewer, entry.request_id()).await? {
        (_, Idempotency::Again(body)) => {
            // Another process may have done it. Boxed, as above.
            Box::pin(catch_up(&service.app)).await;
            return Ok(Prepared::Answered(Answer::again(body)));
        }
        (app, Idempotency::First(open)) => (app, Some(open)),
        (app, Idempotency::NoKey) => (app, None),
    };
    let app = if reads_replica { replica::reading(&service.app, head).await } else { app };
    let told = Told {
        cost: wants.cost.then_some(to_charge.cost),
        data_version: (wants.data_version && kind == OperationType::Query).then(|| head.cursor().to_string()),
    };
    let vacancy = key.map(|key| Vacancy { key, since, charge: to_charge, takes_cached });
    let variables = document.declared(name.as_deref(), variables);
    let operation = Operation { app, viewer: Arc::new(viewer), languages, document, name, variables };
    Ok(Prepared::Executes(Box::new(Execution { operation, introspects, kind, told, open, vacancy })))
}

/// A subscription that is admitted.
fn subscription(
    service: &Service,
    context: RequestContext,
    mut resolved: Resolved,
    document: Arc<Document>,
    cost: u64,
) -> Prepared {
    let variables = document.declared(resolved.operation.as_deref(), std::mem::take(&mut resolved.variables));
    // What an operation costs depends on when it was admitted.
    let is_shared = document.is_cacheable(&variables) && !context.wants.cost;
    let start_variable = document.start_variable(resolved.operation.as_deref());
    let key = is_shared.then(|| {
        let mut lasting = variables.clone();
        lasting.retain(|name, _| Some(name.as_str()) != start_variable);
        context.key_of(&resolved, &lasting, None)
    });
    let after = start_variable.and_then(|name| match variables.get(name) {
        Some(async_graphql::Value::String(after)) => Some(after.as_str()),
        _ => None,
    });
    let start = start(resolved.head, context.last_event.clone(), after);
    let RequestContext { viewer, payer, languages, wants, .. } = context;
    let (credential, told) = (Credential::from(&viewer), Told { cost: wants.cost.then_some(cost), data_version: None });
    let (app, viewer, name) = (Arc::clone(&service.app), Arc::new(viewer), resolved.operation);
    let operation = Operation { app, viewer, languages, document, name, variables };
    let key = key.flatten();
    Prepared::Subscribes(Box::new(Subscription { operation, start, key, told, credential, payer, cost }))
}

/// Where a subscription begins: after the client's last event, or else after a cursor. One of this feed is known at once, so that all who come back
/// together share what they have missed.
fn start(head: Head, last_event: Option<String>, after: Option<&str>) -> Start {
    match last_event.as_deref().or(after).and_then(|cursor| head.identity.open(cursor).ok()) {
        Some(cursor) => Start::Cursor(cursor),
        None => last_event.map_or(Start::Arguments, Start::LastEvent),
    }
}

/// Charges a client for a request, of which one point is paid, and names it in the log.
fn charge(service: &Service, payer: &Payer, charge: &Charge, entry: &mut LogEntry) -> Result<(), Answer> {
    let Charge { cost, operation, document } = charge;
    entry.cost = Some(*cost);
    take(service, payer, cost.saturating_sub(1), entry)?;
    entry.operation.clone_from(operation);
    entry.document = Some(document.clone());
    Ok(())
}

/// Refuses an operation of a kind that this method does not allow, and a schema that the viewer may not see.
fn permit(method: Method, kind: OperationType, is_hidden: bool) -> Result<(), Answer> {
    if !method.allows(kind) {
        let message = "GET and QUERY only read. Send mutations by POST.";
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
    let message = match refusal.code {
        "INVALID_ARGUMENT" => "An argument or a variable is not what its type says.",
        "GRAPHQL_VALIDATION_FAILED" => "The document does not fit the schema.",
        _ => return refusal,
    };
    Inadmissible::new(refusal.code, message)
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
