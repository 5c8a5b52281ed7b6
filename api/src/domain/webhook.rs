//! The rules of webhooks (Standard Webhooks 1.0.0, <https://github.com/standard-webhooks/standard-webhooks>): how a message is
//! signed, when a failed one is tried again, and which addresses may be called. They call none.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use entity::client;
use entity::client::Scope;
use entity::webhook::Secret;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::client::is_active;
use super::fields;
use super::validation::{Validated, ValidationError, ensure};

/// The prefix of every secret.
pub const SECRET_PREFIX: &str = "whsec_";
/// How long the previous secret also signs after a rotation.
const ROTATION_HOURS: i64 = 24;

/// How long after the first failure, the second, and so on, a message is tried again, in seconds: the schedule that the specification
/// recommends. After the last one the webhook is disabled.
const SCHEDULE: [i64; 10] = [5, 30, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// The longest time that a receiver may ask us to wait, in seconds.
const LONGEST_WAIT: i64 = 86_400;

/// The most active webhooks.
pub const ACTIVE: usize = 100;

/// What happens to a webhook after a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The message has arrived.
    Delivered,
    /// It is sent again after this time.
    Again(TimeDelta),
    /// The receiver wants no more messages.
    Gone,
    /// It has failed too often.
    Exhausted,
}

/// What happens to a webhook after its receiver answered with a status, or not at all; `failures` counts this one too.
pub fn fate(status: Option<i32>, failures: i32, chance: u8, retry_after: Option<i64>) -> Fate {
    match status {
        Some(200..300) => Fate::Delivered,
        Some(410) => Fate::Gone,
        _ => patience(failures, chance, retry_after).map_or(Fate::Exhausted, Fate::Again),
    }
}

/// The secrets after a rotation: the new one, and for a while the previous one.
pub fn rotated(before: &[Secret], new: String, at: DateTime<Utc>) -> Vec<Secret> {
    let until = Some(at + TimeDelta::hours(ROTATION_HOURS));
    let current = before.iter().filter(|one| one.until.is_none());
    let before = current.map(|one| Secret { until, ..one.clone() });
    std::iter::once(Secret { secret: new, until: None }).chain(before).collect()
}

/// Where a webhook continues that stood at `position`: there, or at the head if the feed no longer goes back that far.
pub fn goes_on_at(position: i64, floor: i64, head: i64) -> i64 {
    if position < floor { head } else { position }
}

/// A webhook sees what an active client sees that may follow the feed.
pub fn may_see_with(client: &client::Model) -> Validated<()> {
    is_active("clientId", client.active)?;
    ensure(!client.local, || {
        ValidationError::state("clientId", "This client stands for the command line. Register one for the webhook.")
    })?;
    ensure(client.scopes.0.contains(&Scope::Sync), || {
        ValidationError::state("clientId", "The client has no scope for the change feed.")
    })
}

/// One more may be active.
pub fn has_room(path: &str, active: usize) -> Validated<()> {
    ensure(active < ACTIVE, || ValidationError::state(path, format!("{ACTIVE} webhooks are active already.")))
}

/// The signature of a message with a secret, as in its header: `v1,` and base64. `None` if the secret is malformed.
pub fn signature(secret: &str, id: &str, timestamp: i64, body: &str) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix(SECRET_PREFIX)?).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

/// How long to wait after so many failures: up to a fifth longer by `chance` from 0 to 255, and not less than the receiver asks for.
/// `None`: do not try again.
fn patience(failures: i32, chance: u8, retry_after: Option<i64>) -> Option<TimeDelta> {
    let index = usize::try_from(failures - 1).ok()?;
    let planned = *SCHEDULE.get(index)?;
    let jittered = TimeDelta::milliseconds(planned * 1000 + planned * 200 * i64::from(chance) / 255);
    let asked = TimeDelta::seconds(retry_after.unwrap_or(0).clamp(0, LONGEST_WAIT));
    Some(jittered.max(asked))
}

/// The address of a webhook: https, or http where private addresses are allowed; without user information and fragment.
pub fn address(path: &str, url: &str, private_allowed: bool) -> Validated<String> {
    let url = fields::url(path, url)?;
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    ensure(private_allowed || url.starts_with("https://"), || {
        ValidationError::invalid(path, "Webhooks are called over https.")
    })?;
    ensure(!authority.contains('@') && !rest.contains('#'), || {
        ValidationError::invalid(path, "The address has neither a user nor a fragment.")
    })?;
    Ok(url)
}

/// Whether an address belongs to the public network: not this machine, a private network, or a reserved range. (IANA special-purpose
/// address registries.)
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let reserved = a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19));
    !(reserved
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let segments = address.segments();
    let embedded = |first: usize| {
        let ([one, two], [three, four]) = (segments[first].to_be_bytes(), segments[first + 1].to_be_bytes());
        is_public_v4(Ipv4Addr::new(one, two, three, four))
    };
    match segments {
        // Translated to IPv4: the embedded address is in the last bits, or after the prefix.
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => embedded(6),
        [0x2002, ..] => embedded(1),
        // Only 2000::/3 is global unicast; some of it is not public.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::{Fate, address, fate, goes_on_at, is_public, patience, rotated, signature};
    use chrono::TimeDelta;

    /// The test vector that the specification publishes.
    #[test]
    fn a_message_is_signed_as_the_specification_says() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let signed = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
        assert_eq!(signature("no secret", "msg_1", 0, ""), None);
    }

    #[test]
    fn a_failed_message_is_tried_again_later_and_later_and_then_no_more() {
        let seconds = |failures, chance, asked| patience(failures, chance, asked).map(|wait| wait.num_seconds());
        assert_eq!(seconds(1, 0, None), Some(5));
        assert_eq!(seconds(1, 255, None), Some(6));
        assert_eq!(seconds(1, 0, Some(60)), Some(60));
        assert_eq!(seconds(5, 0, Some(60)), Some(7200));
        assert_eq!(seconds(1, 0, Some(i64::MAX)), Some(86_400));
        assert_eq!(seconds(10, 0, None), Some(86_400));
        assert_eq!(patience(11, 0, None), None);
        assert!(patience(1, 128, None).unwrap() > TimeDelta::milliseconds(5400));
    }

    #[test]
    fn a_receiver_decides_what_becomes_of_a_webhook() {
        assert_eq!(fate(Some(204), 1, 0, None), Fate::Delivered);
        assert_eq!(fate(Some(302), 1, 0, None), Fate::Again(TimeDelta::seconds(5)));
        assert_eq!(fate(None, 2, 0, None), Fate::Again(TimeDelta::seconds(30)));
        assert_eq!(fate(Some(410), 1, 0, None), Fate::Gone);
        assert_eq!(fate(Some(500), 11, 0, None), Fate::Exhausted);
    }

    #[test]
    fn a_rotation_keeps_the_secret_before_and_no_older_one() {
        let at = "2026-01-15T04:00:00Z".parse().unwrap();
        let one = rotated(&[], "one".to_owned(), at);
        let three = rotated(&rotated(&one, "two".to_owned(), at), "three".to_owned(), at);
        let names: Vec<&str> = three.iter().map(|one| one.secret.as_str()).collect();
        assert_eq!((names, three[0].until), (vec!["three", "two"], None));
        assert_eq!(three[1].until, Some(at + TimeDelta::hours(24)));
    }

    #[test]
    fn a_webhook_goes_on_where_it_stood_if_the_feed_goes_back_so_far() {
        assert_eq!((goes_on_at(5, 5, 9), goes_on_at(4, 5, 9)), (5, 9));
    }

    #[test]
    fn only_the_public_network_is_called() {
        for public in ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "192.0.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "::1",
            "::",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }

    #[test]
    fn an_address_is_called_over_https() {
        assert!(address("url", "https://a.example/hook?x=1", false).is_ok());
        for wrong in ["http://a.example", "https://user@a.example", "https://a.example/#x", "ftp://a", "https://"] {
            assert!(address("url", wrong, false).is_err(), "{wrong}");
        }
        assert!(address("url", "http://127.0.0.1:1/", true).is_ok());
    }
}
