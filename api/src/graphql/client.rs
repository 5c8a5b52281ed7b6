//! API clients and their tokens in the schema, for administrators. Has names and shapes; no SQL and no rules.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use entity::client::{ClientRole, Scope};
use entity::date::DateTime;

use super::object::{object, parts, to_one};
use super::organization::Organization;
use super::payload::{ChangeReference, UserError, mutations, payload};
use super::session::session;
use crate::error::Error;
use crate::service::client::{
    self, DeactivateClientInput, IssueTokenInput, Issued, RegisterClientInput, RevokeTokenInput, clients,
};
use crate::service::retry::retry_on_conflict;
use crate::service::tx::Written;

object!(Client: client);

/// A system that uses the API, or the command line, which issues tokens for a role. For administrators.
#[Object]
impl Client {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// What the client is for.
    async fn purpose(&self) -> &str {
        &self.0.purpose
    }

    /// The role of the client.
    async fn role(&self) -> ClientRole {
        self.0.role
    }

    /// What it may do, within what its role may do.
    async fn scopes(&self) -> &[Scope] {
        &self.0.scopes.0
    }

    /// The organisation that it acts for, if it is a partner.
    async fn organization(&self, ctx: &Context<'_>) -> Option<Result<Organization>> {
        to_one::<Organization>(session(ctx), self.0.organization_id).await
    }

    /// Whether it is active. The tokens of an inactive client are revoked.
    async fn active(&self) -> bool {
        self.0.active
    }

    /// Whether it stands for the command line (`rec token`), which issues its tokens: then it has no scopes, nothing narrows its role, and it was
    /// made with the first token. One is active for each role and organisation.
    async fn local(&self) -> bool {
        self.0.local
    }

    /// When it was registered.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// The tokens that were issued to it, oldest first. A token is deleted 90 days after it has expired.
    async fn tokens(&self, ctx: &Context<'_>) -> Result<Vec<ClientToken>> {
        parts::<ClientToken>(session(ctx), self.0.id).await
    }
}

object!(ClientToken: client_token);

/// A token that was issued to a client. The token itself is not stored. For administrators.
#[Object]
impl ClientToken {
    /// The token's id: its `jti`.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// When it was issued.
    async fn issued_at(&self) -> DateTime {
        DateTime(self.0.issued_at)
    }

    /// When it expires.
    async fn expires_at(&self) -> DateTime {
        DateTime(self.0.expires_at)
    }

    /// When it was revoked, if it was.
    async fn revoked_at(&self) -> Option<DateTime> {
        self.0.revoked_at.map(DateTime)
    }

    /// When it was last used, to within some seconds; null if it was not used.
    async fn used_at(&self) -> Option<DateTime> {
        self.0.used_at.map(DateTime)
    }
}

#[derive(Default)]
pub struct ClientQuery;

#[Object]
impl ClientQuery {
    /// The API clients, newest first: the active ones, then others; at most 500 in all. For administrators.
    async fn clients(&self, ctx: &Context<'_>) -> Option<Result<Vec<Client>>> {
        let session = session(ctx);
        let rows = clients(&session.app.databases.read, &session.viewer).await;
        let rows = rows.map(|rows| rows.into_iter().map(|row| Client(std::sync::Arc::new(row))).collect());
        Some(rows.map_err(Into::into))
    }
}

payload! {
    /// The answer to a mutation of a client.
    ClientPayload {
        /// The client after the write.
        client: Client
    }
}

payload! {
    /// The answer to the revocation of a token.
    RevokeTokenPayload {
        /// The token after the write.
        token: ClientToken
    }
}

/// The answer to the issue of a token.
#[derive(SimpleObject)]
pub struct IssueTokenPayload {
    /// The token, to be sent as `Authorization: Bearer …`. It is shown once, and not stored.
    bearer: Option<String>,
    /// What is stored of it.
    token: Option<ClientToken>,
    /// Why the input was refused; empty if it was accepted.
    user_errors: Vec<UserError>,
    /// Always null: tokens are not in the feed.
    change: Option<ChangeReference>,
}

impl IssueTokenPayload {
    fn of(outcome: Result<Written<Issued>, Error>) -> Result<Self> {
        let (issued, refusals) = match outcome {
            Ok(Written { record, .. }) => (Some(record), Vec::new()),
            Err(error) => (None, error.refusals()?),
        };
        let (bearer, token) = issued.map(|Issued { token, row }| (token, ClientToken(Arc::new(row)))).unzip();
        Ok(Self { bearer, token, user_errors: refusals.into_iter().map(UserError::from).collect(), change: None })
    }
}

mutations! {
    ClientMutation {
        /// Registers an API client. For administrators. `REQUIRED` for a partner without an organisation, `NOT_FOUND` if
        /// the organisation does not exist, `INVALID_STATE` if it is not active, `TOO_LONG` if 500 clients are active already.
        register_client(RegisterClientInput, "The new client.") -> ClientPayload = client::register;
        /// Deactivates a client, and revokes its tokens. For administrators.
        deactivate_client(DeactivateClientInput, "The client.") -> ClientPayload = client::deactivate;
        /// Revokes a token: within a second every process refuses it, and closes the sockets and streams that were opened
        /// with it. For administrators.
        revoke_token(RevokeTokenInput, "The token.") -> RevokeTokenPayload = client::revoke;
    }
}

#[derive(Default)]
pub struct TokenMutation;

#[Object]
impl TokenMutation {
    /// Issues a token for an active client. For administrators; not with an `Idempotency-Key`, since the answer holds the
    /// token. `INVALID_STATE` if the client is not active; `TOO_LONG` if it has 100 valid tokens.
    async fn issue_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The client, and how long the token is valid.")] input: IssueTokenInput,
    ) -> Option<Result<IssueTokenPayload>> {
        let session = session(ctx);
        let issued =
            retry_on_conflict(&session.app, || client::issue_token(&session.app, &session.viewer, input.clone())).await;
        session.loaders.forget();
        Some(IssueTokenPayload::of(issued))
    }
}
