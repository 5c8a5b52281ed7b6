//! An operation that is admitted, with everything that its results depend on. Makes requests of it, and executes none.

use std::sync::Arc;

use async_graphql::{Request, Variables};
use entity::text::Locale;

use super::admission::Document;
use crate::auth::Viewer;
use crate::graphql::batch::Batches;
use crate::graphql::fetch::Fetch;
use crate::graphql::session::Session;
use crate::service::context::AppContext;

#[derive(Clone)]
pub struct Operation {
    pub app: Arc<AppContext>,
    pub viewer: Arc<Viewer>,
    /// The languages that the client reads, best first.
    pub languages: Vec<Locale>,
    pub document: Arc<Document>,
    /// The name of the operation, if the client gives one.
    pub name: Option<String>,
    pub variables: Variables,
}

impl Operation {
    /// A request to execute it, with the batches of the request's loaders. `fetch` says what a subscription reads.
    pub fn request(self, fetch: Arc<Fetch>) -> (Request, Batches) {
        let Self { app, viewer, languages, document, name, variables } = self;
        let batches = Batches::default();
        let session = Session::new(app, viewer, languages, &batches).fetching(fetch);
        // The text was parsed at its admission.
        let mut request = Request::new(String::new()).data(session).variables(variables);
        request.operation_name = name;
        request.set_parsed_query(Arc::unwrap_or_clone(document).parsed);
        (request, batches)
    }
}
