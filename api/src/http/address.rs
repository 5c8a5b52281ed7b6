//! Client addresses: which network a connection or request belongs to, and how many things that network has open. Does not
//! decide whether a proxy is trusted.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, HeaderName};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The last address that a proxy has forwarded.
pub fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let value = headers.get_all(FORWARDED_FOR).iter().next_back()?;
    let last = value.to_str().ok()?.rsplit(',').next()?.trim();
    // Some proxies also write the port.
    last.parse().ok().or_else(|| last.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// An IPv4 address as it is; of an IPv6 address the first half, which names the network: a network has many addresses.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// How many of something each network may have at once.
#[derive(Debug)]
pub struct Shares {
    most: usize,
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// One of them, given back when it is dropped.
#[derive(Debug)]
pub struct Share {
    shares: Arc<Shares>,
    network: IpAddr,
}

impl Shares {
    pub fn of(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: Mutex::default() })
    }

    /// One for the network of an address, if it may have another one.
    pub fn take(self: &Arc<Self>, address: IpAddr) -> Option<Share> {
        let network = network(address);
        let mut taken = self.taken();
        let count = taken.entry(network).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Share { shares: Arc::clone(self), network })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut taken = self.shares.taken();
        if let Some(count) = taken.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> IpAddr {
        address.parse().unwrap()
    }

    #[test]
    fn a_network_has_its_share_and_no_more() {
        let shares = Shares::of(2);
        let (first, second) = (shares.take(at("2001:db8:1:2:3::4")), shares.take(at("2001:db8:1:2::9")));
        assert!(first.is_some() && second.is_some());
        assert!(shares.take(at("2001:db8:1:2:7::")).is_none());
        assert!(shares.take(at("2001:db8:1:3::9")).is_some());
        drop(first);
        assert!(shares.take(at("2001:db8:1:2:7::")).is_some());
        drop(second);
        assert!(shares.taken().is_empty(), "who has nothing is forgotten");
    }
}
