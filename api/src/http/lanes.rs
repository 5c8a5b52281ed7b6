//! Lanes: how many database connections the requests of one client use at once, so that no client holds all of them. Knows
//! clients only, not what they ask.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::rate_limit::Payer;
use crate::database::scope::Lane;

/// After so many new lanes, unused ones are dropped.
const FORGET_EVERY: usize = 1000;

#[derive(Debug)]
pub struct Lanes {
    width: usize,
    lanes: Mutex<HashMap<Payer, Weak<Lane>>>,
}

impl Lanes {
    /// Each client may use a quarter of so many connections to read, and as many to write.
    pub fn over(connections: u32) -> Self {
        let width = usize::try_from(connections / 4).unwrap_or(usize::MAX).max(1);
        Self { width, lanes: Mutex::default() }
    }

    /// The lane of a client; the same one as long as the client has a request.
    pub fn of(&self, payer: &Payer) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get(payer).and_then(Weak::upgrade) {
            return lane;
        }
        if lanes.len() % FORGET_EVERY == FORGET_EVERY - 1 {
            lanes.retain(|_, lane| lane.strong_count() > 0);
        }
        let lane = Arc::new(Lane::new(self.width));
        lanes.insert(payer.clone(), Arc::downgrade(&lane));
        lane
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_one_lane_as_long_as_it_has_a_request() {
        let (lanes, payer) = (Lanes::over(16), Payer::Subject("a".to_owned()));
        let lane = lanes.of(&payer);
        assert!(Arc::ptr_eq(&lane, &lanes.of(&payer)));
        assert!(!Arc::ptr_eq(&lane, &lanes.of(&Payer::Unknown)));
        for number in 0..3 * FORGET_EVERY {
            lanes.of(&Payer::Subject(number.to_string()));
        }
        assert!(lanes.lanes.lock().unwrap().len() < 2 * FORGET_EVERY);
        assert!(Arc::ptr_eq(&lane, &lanes.of(&payer)));
    }
}
