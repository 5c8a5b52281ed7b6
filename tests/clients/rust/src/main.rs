//! `cargo run -- http://127.0.0.1:8080/graphql TOKEN`: reads pages, looks a record up, writes and is refused, and hears of a change.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use cynic::http::ReqwestExt as _;
use cynic::{GraphQlResponse, MutationBuilder as _, QueryBuilder as _, StreamingOperation, SubscriptionBuilder as _};
use futures_util::StreamExt as _;
use graphql_ws_client::{Client, Subscription};
use reqwest::header::AUTHORIZATION;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

#[cynic::schema("council")]
mod schema {}

// How the scalars of the schema are read.
cynic::impl_scalar!(NaiveDate, schema::Date);
cynic::impl_scalar!(DateTime<Utc>, schema::DateTime);

type Failure = Box<dyn std::error::Error>;

#[derive(cynic::QueryVariables)]
struct Page {
    after: Option<String>,
}

#[derive(cynic::QueryFragment)]
#[cynic(graphql_type = "Query", variables = "Page")]
struct Meetings {
    #[arguments(first: 2, after: $after)]
    meetings: Option<MeetingConnection>,
}

#[derive(cynic::QueryFragment)]
struct MeetingConnection {
    edges: Vec<MeetingEdge>,
    page_info: PageInfo,
}

#[derive(cynic::QueryFragment)]
struct MeetingEdge {
    node: Meeting,
}

#[derive(cynic::QueryFragment)]
struct Meeting {
    id: cynic::Id,
    starts_on: NaiveDate,
    created_at: DateTime<Utc>,
}

#[derive(cynic::QueryFragment)]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

/// Names one body, in exactly one way.
#[derive(cynic::InputObject)]
#[cynic(graphql_type = "BodyBy")]
enum BodyBy {
    Code(String),
}

#[derive(cynic::QueryVariables)]
struct Which {
    by: BodyBy,
}

#[derive(cynic::QueryFragment)]
#[cynic(graphql_type = "Query", variables = "Which")]
struct Lookup {
    #[arguments(by: $by)]
    body: Option<Body>,
    feed_head: String,
}

#[derive(cynic::QueryFragment)]
struct Body {
    id: cynic::Id,
    code: String,
}

#[derive(cynic::Enum, Clone, Copy)]
enum Locale {
    En,
    Ru,
    Uz,
    Kk,
    Ky,
    Tg,
    Tk,
    UzCyrl,
}

#[derive(cynic::Enum, Clone, Copy)]
enum RecommendationKind {
    Recommendation,
    ProposedSolution,
}

#[derive(cynic::InputObject, Clone)]
struct LocalizedTextInput {
    locale: Locale,
    text: String,
}

/// A new draft. The fields that this client does not set are not sent.
#[derive(cynic::InputObject)]
struct DraftRecommendationInput {
    body_id: cynic::Id,
    kind: RecommendationKind,
    title: Vec<LocalizedTextInput>,
    text: Vec<LocalizedTextInput>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    target_date: Option<NaiveDate>,
}

#[derive(cynic::QueryVariables)]
struct Draft {
    input: DraftRecommendationInput,
}

#[derive(cynic::QueryFragment)]
#[cynic(graphql_type = "Mutation", variables = "Draft")]
struct DraftRecommendation {
    #[arguments(input: $input)]
    draft_recommendation: Option<RecommendationPayload>,
}

#[derive(cynic::QueryFragment)]
struct RecommendationPayload {
    recommendation: Option<Recommendation>,
    user_errors: Vec<UserError>,
}

#[derive(cynic::QueryFragment)]
struct Recommendation {
    id: cynic::Id,
}

#[derive(cynic::QueryFragment)]
struct UserError {
    message: String,
    path: Vec<String>,
}

#[derive(cynic::QueryVariables)]
struct After {
    after: String,
}

#[derive(cynic::QueryFragment)]
#[cynic(graphql_type = "Subscription", variables = "After")]
struct Follow {
    #[arguments(after: $after)]
    changes: ChangeEdge,
}

#[derive(cynic::QueryFragment)]
struct ChangeEdge {
    record_id: cynic::Id,
    version: Option<i32>,
}

#[derive(Clone)]
struct Council {
    url: String,
    authorization: String,
    http: reqwest::Client,
}

impl Council {
    async fn ask<D, V>(&self, operation: cynic::Operation<D, V>) -> Result<D, Failure>
    where
        D: DeserializeOwned + 'static,
        V: Serialize,
    {
        let request = self.http.post(&self.url).header(AUTHORIZATION, &self.authorization);
        let GraphQlResponse { data, errors, .. } = request.run_graphql(operation).await?;
        match data {
            Some(data) if errors.is_none() => Ok(data),
            _ => Err(format!("{errors:?}").into()),
        }
    }

    /// The changes after a cursor, and those to come.
    async fn follow(&self, after: String) -> Result<Subscription<StreamingOperation<Follow, After>>, Failure> {
        let mut request = self.url.replace("http", "ws").into_client_request()?;
        request.headers_mut().insert("Sec-WebSocket-Protocol", "graphql-transport-ws".parse()?);
        let (connection, _) = tokio_tungstenite::connect_async(request).await?;
        let client = Client::build(connection).payload(json!({ "Authorization": self.authorization }))?;
        Ok(client.subscribe(Follow::build(After { after })).await?)
    }
}

fn draft(body: &Body, title: &[LocalizedTextInput], target_date: Option<NaiveDate>) -> Draft {
    let text = vec![LocalizedTextInput { locale: Locale::En, text: "A text".to_owned() }];
    let kind = RecommendationKind::Recommendation;
    Draft { input: DraftRecommendationInput { body_id: body.id.clone(), kind, title: title.to_vec(), text, target_date } }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(token)) = (arguments.next(), arguments.next()) else { return Err("URL TOKEN".into()) };
    let council = Council { url, authorization: format!("Bearer {token}"), http: reqwest::Client::new() };

    let (mut meetings, mut after) = (Vec::new(), None);
    loop {
        let page = council.ask(Meetings::build(Page { after })).await?.meetings.ok_or("no page")?;
        meetings.extend(page.edges.into_iter().map(|edge| edge.node));
        if !page.page_info.has_next_page {
            break;
        }
        after = page.page_info.end_cursor;
    }
    assert!(meetings.len() > 2 && meetings.iter().all(|meeting| !meeting.id.inner().is_empty()));
    assert!(meetings.iter().all(|meeting| meeting.starts_on < meeting.created_at.date_naive()));

    let found = council.ask(Lookup::build(Which { by: BodyBy::Code("WG-A".to_owned()) })).await?;
    let body = found.body.ok_or("no body")?;
    assert_eq!(body.code, "WG-A");

    let refused = council.ask(DraftRecommendation::build(draft(&body, &[], NaiveDate::from_ymd_opt(2020, 1, 1)))).await?;
    let errors = refused.draft_recommendation.ok_or("no payload")?.user_errors;
    let mut places: Vec<String> = errors.iter().map(|error| error.path.join(".")).collect();
    places.sort_unstable();
    assert_eq!(places, ["targetDate", "title"]);
    assert!(errors.iter().all(|error| !error.message.is_empty()));

    let stranger = Council { authorization: "Bearer a.b.c".to_owned(), ..council.clone() };
    let failure = stranger.ask(Meetings::build(Page { after: None })).await.err().ok_or("a wrong token is taken")?;
    assert!(failure.to_string().contains("token"), "{failure}");

    let mut changes = council.follow(found.feed_head).await?;
    let title = [LocalizedTextInput { locale: Locale::En, text: "From Rust".to_owned() }];
    let written = council.ask(DraftRecommendation::build(draft(&body, &title, None))).await?;
    let recommendation = written.draft_recommendation.and_then(|payload| payload.recommendation).ok_or("refused")?;
    let result = tokio::time::timeout(Duration::from_secs(10), changes.next()).await?.ok_or("the subscription has ended")??;
    let change = result.data.ok_or("no change")?.changes;
    assert_eq!((change.record_id, change.version), (recommendation.id, Some(1)));
    println!("Rust: cynic 3 and graphql-ws-client 0.13 read, write, are refused and follow.");
    Ok(())
}
