//! Clients by role: a test says who asks and what, and headers are made here. They assert only that an answer has the expected kind.

use crate::mutations::{Mutation, mutation};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::response::Parts;
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// Someone who sends GraphQL requests.
#[derive(Clone)]
pub struct Client {
    router: Router,
    authorization: Option<String>,
    language: Option<String>,
    key: Option<String>,
    after: Option<String>,
}

/// An answer: its status, headers and JSON body.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
    /// The body as it was sent.
    pub text: String,
}

impl Client {
    pub(crate) fn new(router: Router, authorization: Option<String>) -> Self {
        Self { router, authorization, language: None, key: None, after: None }
    }

    /// The same client with an `Accept-Language` header.
    #[must_use]
    pub fn reading(mut self, language: &str) -> Self {
        self.language = Some(language.to_owned());
        self
    }

    /// The same client with an `Idempotency-Key` header.
    #[must_use]
    pub fn keyed(&self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self.clone() }
    }

    /// The same client with an `X-Rec-After` header.
    #[must_use]
    pub fn after(&self, cursor: &str) -> Self {
        Self { after: Some(cursor.to_owned()), ..self.clone() }
    }

    pub async fn send(&self, query: &str, variables: Value) -> Answer {
        let (parts, bytes) = self.post(json!({ "query": query, "variables": variables }).to_string()).await;
        let body =
            serde_json::from_slice(&bytes).unwrap_or_else(|_| panic!("not JSON: {}", String::from_utf8_lossy(&bytes)));
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status, headers: parts.headers, body, text }
    }

    /// The answer's bytes to a request's bytes.
    pub async fn post(&self, body: impl Into<Body>) -> (Parts, Bytes) {
        // The newer form of answers says by its status what was not executed.
        let mut request = Request::post("/graphql")
            .header("content-type", "application/json")
            .header("accept", "application/graphql-response+json, application/json;q=0.9");
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        if let Some(language) = &self.language {
            request = request.header("accept-language", language);
        }
        if let Some(key) = &self.key {
            request = request.header("idempotency-key", key);
        }
        if let Some(after) = &self.after {
            request = request.header("x-rec-after", after);
        }
        let request = request.body(body.into()).expect("a request");
        let (parts, body) = self.router.clone().oneshot(request).await.expect("an answer").into_parts();
        (parts, axum::body::to_bytes(body, usize::MAX).await.expect("a body"))
    }

    /// The answer's bytes to a GET.
    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> (Parts, Bytes) {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let request = request.body(Body::empty()).expect("a request");
        let (parts, body) = self.router.clone().oneshot(request).await.expect("an answer").into_parts();
        (parts, axum::body::to_bytes(body, usize::MAX).await.expect("a body"))
    }

    /// The lines of an export that must succeed; `query` is what follows its path.
    pub async fn export(&self, query: &str) -> Vec<Value> {
        let (parts, body) = self.get(&format!("/export.ndjson{query}"), &[]).await;
        let text = String::from_utf8_lossy(&body);
        assert_eq!(parts.status, StatusCode::OK, "{text}");
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// The data of a query that must succeed.
    pub async fn query(&self, query: &str) -> Value {
        self.query_with(query, json!({})).await
    }

    pub async fn query_with(&self, query: &str, variables: Value) -> Value {
        let answer = self.send(query, variables).await;
        assert!(answer.body.get("errors").is_none(), "{query}\n{}", answer.body);
        answer.body["data"].clone()
    }

    /// The code of the first top-level error of a request that must fail.
    pub async fn error(&self, query: &str) -> String {
        self.error_with(query, json!({})).await
    }

    pub async fn error_with(&self, query: &str, variables: Value) -> String {
        let answer = self.send(query, variables).await;
        let code = answer.body["errors"][0]["extensions"]["code"].as_str();
        code.unwrap_or_else(|| panic!("no error for {query}\n{}", answer.body)).to_owned()
    }

    /// A recommendation, as far as this client sees it.
    pub async fn recommendation(&self, id: &Value, selection: &str) -> Value {
        let query = format!("query($id: ID!) {{ recommendation(by: {{ id: $id }}) {{ {selection} }} }}");
        self.query_with(&query, json!({ "id": id })).await["recommendation"].take()
    }

    /// The payload of a mutation, whatever it says. `mutation` is its name, `selection` what is selected of its record.
    pub async fn payload(&self, mutation: &str, input: Value, selection: &str) -> Value {
        let mut data = self.query_with(&mutation_text(mutation, selection), json!({ "input": input })).await;
        data[mutation].take()
    }

    /// The record of a mutation that must succeed.
    pub async fn mutate(&self, mutation: &str, input: Value, selection: &str) -> Value {
        let mut payload = self.payload(mutation, input, selection).await;
        assert_eq!(payload["userErrors"], json!([]), "{mutation}");
        payload["record"].take()
    }

    /// The payload of a bulk write.
    pub async fn upsert(&self, mutation: &str, input: Value, selection: &str) -> Value {
        let mut data = self.query_with(&upsert_text(mutation, selection), json!({ "input": input })).await;
        data[mutation].take()
    }

    /// The validation errors of a mutation, each as `CODE path.to.field`.
    pub async fn refusals(&self, mutation: &str, input: Value) -> Vec<String> {
        let payload = self.payload(mutation, input, "id").await;
        assert_eq!(payload["change"], Value::Null, "a refused {mutation} is no change");
        let errors = payload["userErrors"].as_array().expect("user errors");
        let shown = errors.iter().map(|error| {
            let path: Vec<&str> = error["path"].as_array().expect("a path").iter().filter_map(Value::as_str).collect();
            assert!(!error["message"].as_str().unwrap_or_default().is_empty());
            format!("{} {}", error["code"].as_str().unwrap_or_default(), path.join("."))
        });
        shown.collect()
    }

    /// The payload of a mutation, or the code of its top-level error.
    pub async fn payload_or_error(&self, mutation: &str, input: Value) -> Result<Value, String> {
        let mut answer = self.send(&mutation_text(mutation, "version"), json!({ "input": input })).await;
        match answer.body["errors"][0]["extensions"]["code"].as_str() {
            Some(code) => Err(code.to_owned()),
            None => Ok(answer.body["data"][mutation].take()),
        }
    }

    /// The code of the top-level error of a mutation that must fail.
    pub async fn mutation_error(&self, mutation: &str, input: Value) -> String {
        self.error_with(&mutation_text(mutation, "id"), json!({ "input": input })).await
    }
}

/// A bulk write as a document; the record of a row is called `record` whatever its type.
pub fn upsert_text(name: &str, selection: &str) -> String {
    let Mutation { input, record } = mutation(name);
    format!(
        "mutation($input: {input}!) {{ {name}(input: $input) {{ rows {{ index outcome record: {record} {{ {selection} }} \
         userErrors {{ code message path }} }} change {{ cursor }} }} }}"
    )
}

/// A mutation as a document; its record is called `record` whatever its type.
fn mutation_text(name: &str, selection: &str) -> String {
    let Mutation { input, record } = mutation(name);
    format!(
        "mutation($input: {input}!) {{ {name}(input: $input) {{ record: {record} {{ {selection} }} \
         userErrors {{ code message path }} change {{ cursor }} }} }}"
    )
}
