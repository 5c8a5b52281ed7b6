//! How much each client may ask for: cost points a minute. A client is the subject of a token, else an address.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use crate::auth::{Role, Viewer};

const SECONDS: u32 = 60;
/// After so many requests, clients whose points are whole again are forgotten.
const FORGET_EVERY: u32 = 10_000;
const FORWARDED_FOR: &str = "x-forwarded-for";

type Limiter = RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>;

pub struct Rates {
    /// None if nobody is limited.
    limiter: Option<(Limiter, NonZeroU32)>,
    asked: AtomicU32,
}

/// What a client has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    limit: u32,
    remaining: u32,
    /// In how many seconds a request of that cost is answered; nothing if it is.
    retry_after: Option<u64>,
}

impl Rates {
    /// So many points a minute for each client; 0 limits nobody.
    pub fn new(points: u32) -> Self {
        let limiter = NonZeroU32::new(points).map(|points| {
            // A minute's points may be spent at once, and come back evenly.
            let quota = Quota::per_minute(points).allow_burst(points);
            (RateLimiter::keyed(quota).with_middleware::<StateInformationMiddleware>(), points)
        });
        Self { limiter, asked: AtomicU32::new(0) }
    }

    /// Takes points from a client; `Err` if it has not so many left. Nothing is taken then.
    pub fn take(&self, client: &str, points: u64) -> Result<Option<Allowance>, Allowance> {
        let Some((limiter, limit)) = &self.limiter else { return Ok(None) };
        if self.asked.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            limiter.retain_recent();
        }
        // What costs more than all points is answered to whoever has them all.
        let points = u32::try_from(points).unwrap_or(u32::MAX).min(limit.get());
        let Some(points) = NonZeroU32::new(points) else { return Ok(None) };
        let allowance = |remaining, retry_after| Allowance { limit: limit.get(), remaining, retry_after };
        match limiter.check_key_n(&client.to_owned(), points) {
            Ok(Ok(state)) => Ok(Some(allowance(state.remaining_burst_capacity(), None))),
            Ok(Err(until)) => {
                let wait = until.wait_time_from(limiter.clock().now());
                Err(allowance(0, Some(wait.as_secs().saturating_add(1))))
            }
            Err(_) => Err(allowance(0, Some(u64::from(SECONDS)))),
        }
    }
}

impl Allowance {
    pub fn is_exhausted(self) -> bool {
        self.retry_after.is_some()
    }

    /// Tells the client: its points, those that are left, and in how many seconds all are there again.
    pub fn write(self, headers: &mut HeaderMap) {
        let missing = u64::from(self.limit - self.remaining.min(self.limit));
        let reset = (missing * u64::from(SECONDS)).div_ceil(u64::from(self.limit));
        let told = [
            ("ratelimit-limit", Some(u64::from(self.limit))),
            ("ratelimit-remaining", Some(u64::from(self.remaining))),
            ("ratelimit-reset", Some(reset)),
            ("retry-after", self.retry_after),
        ];
        for (name, value) in told {
            if let Some(value) = value {
                headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
            }
        }
    }
}

/// Whose points are taken. Behind a proxy that is trusted, the address that it has forwarded last.
pub fn client(viewer: &Viewer, headers: &HeaderMap, extensions: &Extensions, trusts_proxy: bool) -> String {
    if viewer.role > Role::Anonymous {
        return format!("subject {}", viewer.subject);
    }
    let forwarded = headers.get_all(FORWARDED_FOR).iter().next_back().filter(|_| trusts_proxy);
    let forwarded = forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse::<IpAddr>().ok());
    let connected = || extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
    forwarded.or_else(connected).map_or_else(|| "unknown".to_owned(), network)
}

/// An address; of the newer protocol the network, since each has many.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::extract::ConnectInfo;
    use axum::http::{Extensions, HeaderMap, HeaderValue};

    use super::{Rates, client};
    use crate::auth::Viewer;

    #[test]
    fn a_client_spends_its_points_and_no_others() {
        let rates = Rates::new(100);
        assert_eq!(rates.take("a", 60).unwrap().unwrap().remaining, 40);
        let refused = rates.take("a", 60).unwrap_err();
        assert!(refused.retry_after.is_some_and(|seconds| (10..=13).contains(&seconds)), "{refused:?}");
        assert_eq!(rates.take("a", 40).unwrap().unwrap().remaining, 0, "a refused request has taken nothing");
        assert_eq!(rates.take("b", 1_000).unwrap().unwrap().remaining, 0, "all of them at most");
        let mut headers = HeaderMap::new();
        rates.take("a", 50).unwrap_err().write(&mut headers);
        assert_eq!((&headers["ratelimit-limit"], &headers["ratelimit-remaining"]), (&100.into(), &0.into()));
        assert!(headers.contains_key("retry-after"));
        assert!(Rates::new(0).take("a", u64::MAX).unwrap().is_none());
    }

    #[test]
    fn an_address_is_forwarded_only_by_a_proxy_that_is_trusted() {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 9))));
        let forwarded = HeaderValue::from_static("198.51.100.7, 203.0.113.9");
        let headers = HeaderMap::from_iter([(axum::http::HeaderName::from_static("x-forwarded-for"), forwarded)]);
        let viewer = Viewer::anonymous();
        assert_eq!(client(&viewer, &headers, &extensions, false), "10.0.0.1");
        assert_eq!(client(&viewer, &headers, &extensions, true), "203.0.113.9");
        assert_eq!(client(&viewer, &HeaderMap::new(), &extensions, true), "10.0.0.1");
        assert_eq!(client(&Viewer::system("x"), &headers, &extensions, true), "subject system:x");
    }
}
