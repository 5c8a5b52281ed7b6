//! Calls the addresses of webhooks: signed, with a timeout, without following redirects, and only into the public network unless the
//! configuration allows others. It knows neither the feed nor the database.

use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::time::Duration;

use chrono::{DateTime, Utc};
use entity::webhook;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Url, redirect};

use crate::auth::seal::{SEALED, Seal};
use crate::domain::webhook::{Fate, fate, is_public, signature};
use crate::error::Error;
use crate::telemetry;

/// The timeout: a receiver that has not answered by then has failed.
const TIME_LIMIT: Duration = Duration::from_secs(8);
/// The longest text of an error, in characters.
const ERROR: usize = 300;

/// The result of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Posted {
    pub status: Option<i32>,
    pub error: Option<String>,
    /// How many seconds the receiver asks to wait.
    pub retry_after: Option<i64>,
}

impl Posted {
    pub fn is_delivered(&self) -> bool {
        fate(self.status, 0, 0, None) == Fate::Delivered
    }

    fn failed(error: &str) -> Self {
        Self { error: Some(error.chars().take(ERROR).collect()), ..Self::default() }
    }
}

/// Calls the addresses of webhooks. The HTTP client is made when it is first used.
#[derive(Debug)]
pub struct WebhookSender {
    private_allowed: bool,
    seal: Seal,
    client: OnceLock<Option<Client>>,
}

impl WebhookSender {
    pub fn new(private_allowed: bool, seal: Seal) -> Self {
        Self { private_allowed, seal, client: OnceLock::new() }
    }

    fn client(&self) -> Option<&Client> {
        let client = self.client.get_or_init(|| {
            let _ = rustls::crypto::ring::default_provider().install_default();
            let client = Client::builder().timeout(TIME_LIMIT).redirect(redirect::Policy::none()).no_proxy();
            let client = if self.private_allowed { client } else { client.dns_resolver(PublicNetwork) };
            client.user_agent("rec-webhooks").build().ok()
        });
        client.as_ref()
    }

    /// The secret of a webhook as its receiver has it.
    fn opened(&self, row: &webhook::Model, secret: &str) -> Option<String> {
        let is_sealed = secret.starts_with(SEALED);
        if is_sealed { self.seal.open(secret, &row.id.to_string()) } else { Some(secret.to_owned()) }
    }

    /// Sends a message with the signatures of all secrets that are valid.
    pub async fn post(&self, row: &webhook::Model, id: &str, at: DateTime<Utc>, body: &str) -> Posted {
        let Some(client) = self.client() else { return Posted::failed("no client of HTTP") };
        // A numeric address is not resolved, so it is checked here.
        let numeric = Url::parse(&row.url).ok().and_then(|url| numeric_host(&url));
        if numeric.is_some_and(|address| !self.private_allowed && !is_public(address)) {
            return Posted::failed(NOT_PUBLIC);
        }
        let timestamp = at.timestamp();
        let valid = row.secrets.0.iter().filter(|secret| secret.until.is_none_or(|until| until > at));
        let opened = valid.filter_map(|secret| self.opened(row, &secret.secret));
        let signatures: Vec<String> = opened.filter_map(|secret| signature(&secret, id, timestamp, body)).collect();
        if signatures.is_empty() {
            tracing::warn!(webhook = row.id.to_string(), reason = OTHER_KEY, "a message to a webhook cannot be signed");
            return Posted::failed(OTHER_KEY);
        }
        let request = client
            .post(&row.url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signatures.join(" "))
            .body(body.to_owned());
        match request.send().await {
            Ok(response) => {
                let status = response.status();
                let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
                Posted {
                    status: Some(i32::from(status.as_u16())),
                    error: (!status.is_success()).then(|| format!("The receiver has answered {status}.")),
                    retry_after: asked.and_then(|asked| wait_of(asked, at)),
                }
            }
            Err(error) => Posted::failed(&telemetry::chain(&Error::Internal(error.without_url().into()))),
        }
    }
}

/// `Retry-After` is a number of seconds or a date.
fn wait_of(asked: &str, now: DateTime<Utc>) -> Option<i64> {
    let date = || DateTime::parse_from_rfc2822(asked).ok().map(|date| (date.to_utc() - now).num_seconds());
    asked.parse().ok().or_else(date).filter(|seconds| *seconds >= 0)
}

fn numeric_host(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

const OTHER_KEY: &str = "The secret was sealed with another key of the service. Rotate it: rotateWebhookSecret.";
const NOT_PUBLIC: &str = "The address is not one of the public network.";

/// Resolves a name when a connection is made, to public addresses only: an earlier resolution does not count.
struct PublicNetwork;

impl Resolve for PublicNetwork {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = addresses.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(NOT_PUBLIC.into());
            }
            let public: Addrs = Box::new(public.into_iter());
            Ok(public)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::wait_of;

    #[test]
    fn a_receiver_asks_for_seconds_or_a_date() {
        let now = "2026-01-15T04:00:00Z".parse().unwrap();
        assert_eq!(wait_of("120", now), Some(120));
        assert_eq!(wait_of("Thu, 15 Jan 2026 04:01:00 GMT", now), Some(60));
        assert_eq!(wait_of("Thu, 15 Jan 2026 03:00:00 GMT", now), None);
        assert_eq!(wait_of("soon", now), None);
    }
}
