//! What every use case works with: the databases, the clock, the keys, the configuration, the feed, and what a process remembers. It names
//! nothing above `service`; `server` makes it.

pub mod cache;
pub mod deadlines;
pub mod feed;
pub mod queues;
pub mod recent;
pub mod replicas;
pub mod sizes;
pub mod tokens;

use std::ops::Deref;
use std::sync::Arc;

use tokio::sync::watch;

use self::cache::Cache;
use self::deadlines::Deadlines;
use self::feed::{Feed, Head};
use self::queues::Queues;
use self::replicas::{Choice, Replicas};
use self::sizes::SizesByAudience;
use self::tokens::Tokens;
use super::webhook_sender::WebhookSender;
use crate::auth::keys::KeyRing;
use crate::clock::Clock;
use crate::config::{Config, TrustedDocuments};
use crate::database::{Databases, Transaction};
use crate::telemetry::traces::Traces;

/// Derefs to what does not depend on the current transaction. Clones share it.
#[derive(Clone)]
pub struct AppContext {
    pub databases: Databases,
    /// The replica that reads go to; `None`: to the primary.
    reads_from: Option<Choice>,
    parts: Arc<Parts>,
}

pub struct Parts {
    pub config: Config,
    pub keys: KeyRing,
    pub clock: Clock,
    pub feed: Feed,
    pub replicas: Replicas,
    pub cache: Cache,
    pub sizes: SizesByAudience,
    pub tokens: Tokens,
    pub deadlines: Deadlines,
    /// Where requests with the same idempotency key wait for each other.
    pub queues: Queues,
    pub webhook_sender: WebhookSender,
    pub trusted_documents: TrustedDocuments,
    pub traces: Traces,
    /// Turns true when the service stops.
    pub stopping: watch::Sender<bool>,
}

impl Deref for AppContext {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl AppContext {
    pub fn new(databases: Databases, parts: Parts) -> Self {
        Self { databases, reads_from: None, parts: Arc::new(parts) }
    }

    /// The same context, with every statement inside a transaction.
    #[must_use]
    pub fn within(&self, txn: &Arc<Transaction>) -> Self {
        Self { databases: self.databases.within(txn), reads_from: None, parts: Arc::clone(&self.parts) }
    }

    /// The same context, with reads that go to a replica.
    #[must_use]
    pub fn reading_from(&self, choice: Choice) -> Self {
        let databases = self.databases.reading_from(self.replicas.replica(choice.number), choice.generation);
        Self { databases, reads_from: Some(choice), parts: Arc::clone(&self.parts) }
    }

    /// Whether what is read from now on has all changes up to a head that the primary has.
    pub fn reads_up_to(&self, head: Head) -> bool {
        self.reads_from.is_none_or(|choice| {
            let position = self.replicas.position(choice.number);
            position.is_some_and(|position| position.generation == choice.generation && position.head.includes(head))
        })
    }

    /// Closes all connections.
    pub async fn close(self) {
        let _ = self.databases.close().await;
    }
}
