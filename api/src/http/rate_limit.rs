//! The rate limit: how many cost points each client may spend per minute. Counts the points, and does not know what they are for.
//!
//! The payer, whose points are taken, is the subject of a token, or else an address.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use super::address::{forwarded, network};
use crate::auth::Viewer;

const SECONDS: u32 = 60;
/// After so many requests, payers who have all their points again are dropped.
const FORGET_EVERY: u32 = 10_000;
pub const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
pub const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
pub const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
pub const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
pub const STATE: HeaderName = HeaderName::from_static("ratelimit");

/// Whose points are taken.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Payer {
    /// The subject of a token.
    Subject(String),
    /// An address; for IPv6 its network, because one network has many addresses.
    Network(IpAddr),
    Unknown,
}

type Limiter = RateLimiter<Payer, DefaultKeyedStateStore<Payer>, DefaultClock, StateInformationMiddleware>;

pub struct Rates {
    /// `None` if nobody is limited.
    limiter: Option<(Limiter, NonZeroU32)>,
    asked: AtomicU32,
}

/// The points that a payer has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    limit: u32,
    remaining: u32,
    /// After how many seconds a request of that cost is accepted; `None` if it is accepted now.
    retry_after: Option<u64>,
}

impl Rates {
    /// So many points per minute for each payer; 0 means no limit.
    pub fn new(points: u32) -> Self {
        let limiter = NonZeroU32::new(points).map(|points| {
            // The points of a minute may be spent at once, and come back evenly.
            let quota = Quota::per_minute(points).allow_burst(points);
            (RateLimiter::keyed(quota).with_middleware::<StateInformationMiddleware>(), points)
        });
        Self { limiter, asked: AtomicU32::new(0) }
    }

    /// Takes points from a payer. `Err` if it has too few left; then nothing is taken.
    pub fn take(&self, payer: &Payer, points: u64) -> Result<Option<Allowance>, Allowance> {
        let Some((limiter, limit)) = &self.limiter else { return Ok(None) };
        if self.asked.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            limiter.retain_recent();
        }
        // A request that costs more than all points is accepted from a payer who has them all.
        let points = u32::try_from(points).unwrap_or(u32::MAX).min(limit.get());
        let Some(points) = NonZeroU32::new(points) else { return Ok(None) };
        let allowance = |remaining, retry_after| Allowance { limit: limit.get(), remaining, retry_after };
        match limiter.check_key_n(payer, points) {
            Ok(Ok(state)) => Ok(Some(allowance(state.remaining_burst_capacity(), None))),
            Ok(Err(until)) => {
                // Each request pays a point before it is read: so will the one that comes after the wait.
                let wait =
                    until.wait_time_from(limiter.clock().now()) + Duration::from_secs(SECONDS.into()) / limit.get();
                Err(allowance(0, Some(wait.as_secs().saturating_add(1))))
            }
            Err(_) => Err(allowance(0, Some(u64::from(SECONDS)))),
        }
    }
}

impl Allowance {
    /// After how many seconds a refused request is accepted.
    pub fn retry_after(self) -> Option<u64> {
        self.retry_after
    }

    /// Writes the fields of draft-ietf-httpapi-ratelimit-headers-11, structured ones, and the three of earlier drafts: the limit, the points
    /// that are left, and after how many seconds all are back.
    pub fn write(self, headers: &mut HeaderMap) {
        let Self { limit, remaining, retry_after } = self;
        let missing = u64::from(limit - remaining.min(limit));
        let reset = (missing * u64::from(SECONDS)).div_ceil(u64::from(limit));
        let fields = [
            (LIMIT, limit.to_string()),
            (REMAINING, remaining.to_string()),
            (RESET, reset.to_string()),
            (POLICY, format!("\"points\";q={limit};w={SECONDS}")),
            (STATE, format!("\"points\";r={remaining};t={reset}")),
        ];
        let values = fields.into_iter().filter_map(|(name, value)| Some((name, HeaderValue::try_from(value).ok()?)));
        headers.extend(values);
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
}

impl Payer {
    /// Who pays for a viewer: the subject of its token; without a token the address that has connected, or the last address
    /// that a trusted proxy has forwarded.
    pub fn of(viewer: &Viewer, headers: &HeaderMap, connected: Option<IpAddr>, trusts_proxy: bool) -> Self {
        if viewer.has_token() {
            return Self::Subject(viewer.subject.clone());
        }
        let forwarded = if trusts_proxy { forwarded(headers) } else { None };
        forwarded.or(connected).map_or(Self::Unknown, |address| Self::Network(network(address)))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::{Payer, Rates};
    use crate::auth::Viewer;

    #[test]
    fn a_payer_spends_its_points_and_no_others() {
        let (rates, [a, b]) = (Rates::new(100), ["a", "b"].map(|name| Payer::Subject(name.to_owned())));
        assert_eq!(rates.take(&a, 60).unwrap().unwrap().remaining, 40);
        let refused = rates.take(&a, 60).unwrap_err();
        assert!(refused.retry_after.is_some_and(|seconds| (10..=13).contains(&seconds)), "{refused:?}");
        let slow = Rates::new(60);
        assert!(slow.take(&a, 60).is_ok());
        let refused = slow.take(&a, 9).unwrap_err();
        assert!(refused.retry_after >= Some(10), "nine points, and the one that is paid before: {refused:?}");
        assert_eq!(rates.take(&a, 40).unwrap().unwrap().remaining, 0, "a refused request has taken nothing");
        assert_eq!(rates.take(&b, 1_000).unwrap().unwrap().remaining, 0, "all of them at most");
        let mut headers = HeaderMap::new();
        rates.take(&a, 50).unwrap_err().write(&mut headers);
        assert_eq!((&headers["ratelimit-limit"], &headers["ratelimit-remaining"]), (&100.into(), &0.into()));
        assert_eq!(headers["ratelimit-policy"], "\"points\";q=100;w=60");
        assert_eq!(headers["ratelimit"], "\"points\";r=0;t=60");
        assert!(headers.contains_key("retry-after"));
        assert!(Rates::new(0).take(&a, u64::MAX).unwrap().is_none());
    }

    #[test]
    fn an_address_is_forwarded_only_by_a_proxy_that_is_trusted() {
        let connected = Some("10.0.0.1".parse().unwrap());
        let forwarded = HeaderValue::from_static("198.51.100.7, 203.0.113.9");
        let headers = HeaderMap::from_iter([(axum::http::HeaderName::from_static("x-forwarded-for"), forwarded)]);
        let viewer = Viewer::anonymous();
        let at = |address: &str| Payer::Network(address.parse().unwrap());
        assert_eq!(Payer::of(&viewer, &headers, connected, false), at("10.0.0.1"));
        assert_eq!(Payer::of(&viewer, &headers, connected, true), at("203.0.113.9"));
        assert_eq!(Payer::of(&viewer, &HeaderMap::new(), connected, true), at("10.0.0.1"));
        assert_eq!(Payer::of(&viewer, &HeaderMap::new(), None, true), Payer::Unknown);
        let subject = Payer::Subject("system:x".to_owned());
        assert_eq!(Payer::of(&Viewer::system("x"), &headers, connected, true), subject);
    }

    #[test]
    fn addresses_of_one_network_pay_as_one() {
        let at = |address: &str| Payer::of(&Viewer::anonymous(), &HeaderMap::new(), address.parse().ok(), false);
        assert_eq!(at("2001:db8:1:2:3::4"), at("2001:db8:1:2::9"));
        assert_ne!(at("2001:db8:1:2::9"), at("2001:db8:1:3::9"));
        assert_eq!(at("::ffff:10.0.0.1"), at("10.0.0.1"));
        assert_ne!(at("10.0.0.1"), at("10.0.0.2"));
    }
}
