//! A receiver of webhooks that remembers what it received.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse as _;
use chrono::TimeDelta;
use rec_api::service::context::AppContext;
use rec_tests::TestApp;
use rec_tests::wait::until;
use serde_json::Value;
use tokio::sync::Semaphore;

/// A receiver, and its answers to the next calls; 200 to all others.
#[derive(Clone, Default)]
pub(crate) struct Receiver {
    heard: Arc<Mutex<Vec<(HeaderMap, Value)>>>,
    answers: Arc<Mutex<VecDeque<Planned>>>,
    /// How long it takes to answer.
    pause: Arc<Mutex<Duration>>,
    /// How many calls it answers; all, if `None`.
    answered: Option<Arc<Semaphore>>,
    /// How far the service's clock advances before it has answered.
    later: Arc<Mutex<Option<Later>>>,
}

/// The status and the headers of an answer.
type Planned = (u16, Vec<(&'static str, &'static str)>);

/// A service, and by how much its clock advances.
type Later = (Arc<AppContext>, TimeDelta);

impl Receiver {
    /// Listens; returns the address.
    pub(crate) async fn listen(&self) -> String {
        let receiver = self.clone();
        let hear = async move |headers: HeaderMap, body: Bytes| {
            let body = serde_json::from_slice(&body).expect("JSON");
            receiver.heard.lock().unwrap().push((headers, body));
            let pause = *receiver.pause.lock().unwrap();
            tokio::time::sleep(pause).await;
            if let Some(answered) = &receiver.answered {
                answered.acquire().await.unwrap().forget();
            }
            if let Some((app, later)) = &*receiver.later.lock().unwrap() {
                app.clock.advance(*later);
            }
            let (status, headers) = receiver.answers.lock().unwrap().pop_front().unwrap_or((200, Vec::new()));
            let mut response = StatusCode::from_u16(status).unwrap().into_response();
            for (name, value) in headers {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            response
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let router = Router::new().fallback(hear);
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://127.0.0.1:{port}/hook")
    }

    pub(super) fn slow(pause: Duration) -> Self {
        let receiver = Self::default();
        receiver.pauses(pause);
        receiver
    }

    /// A receiver that answers so many calls, and more when it is told to.
    pub(super) fn that_answers(calls: usize) -> Self {
        Self { answered: Some(Arc::new(Semaphore::new(calls))), ..Self::default() }
    }

    pub(super) fn answers_all(&self) {
        self.answered.as_ref().unwrap().add_permits(1000);
    }

    pub(super) fn pauses(&self, pause: Duration) {
        *self.pause.lock().unwrap() = pause;
    }

    pub(super) fn count(&self) -> usize {
        self.heard.lock().unwrap().len()
    }

    pub(super) fn takes(&self, app: &TestApp, time: TimeDelta) {
        *self.later.lock().unwrap() = Some((Arc::clone(&app.app), time));
    }

    pub(super) async fn has_heard(&self, count: usize) {
        until("so many calls", async || self.count() >= count).await;
    }

    pub(super) fn answers(&self, status: u16, headers: Vec<(&'static str, &'static str)>) {
        self.answers.lock().unwrap().push_back((status, headers));
    }

    pub(crate) fn take(&self) -> Vec<(HeaderMap, Value)> {
        std::mem::take(&mut self.heard.lock().unwrap())
    }

    /// The received messages, as `type TYPE version`.
    pub(super) fn told(&self) -> Vec<String> {
        let told = self.take().into_iter().map(|(_, body)| {
            let data = &body["data"];
            format!("{} {} {}", body["type"].as_str().unwrap(), data["type"].as_str().unwrap_or("-"), data["version"])
        });
        told.collect()
    }
}
