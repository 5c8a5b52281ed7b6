//! Who is asking, and the whole policy of who may do what. Which rows a viewer may see is not decided here, but in `service::read`.

pub mod keys;
pub mod seal;
pub mod token;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::Audience;
use entity::client::{self, ClientRole, Scope};
use entity::id::OrganizationId;
use entity::mandate::MandateRole;
use entity::organization;
use uuid::Uuid;

use self::token::Claims;
use crate::config::Introspection;
use crate::domain::audience::Access;
use crate::domain::scope;
use crate::error::Error;

/// What a viewer is to the service. In the order of what they may read.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    async_graphql::Enum,
    clap::ValueEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads the public register. Needs no token.
    Anonymous,
    /// Also reads what participants read, and texts under discussion.
    Reader,
    /// A reader that also acts for its own organisation.
    Partner,
    /// Keeps the council's register and reads all of it.
    Secretariat,
    /// Everything that the secretariat may do, and also clients, tokens, webhooks and settings.
    Admin,
}

impl Role {
    /// Whether this role comes from a token.
    pub fn has_token(self) -> bool {
        self > Self::Anonymous
    }
}

impl From<ClientRole> for Role {
    fn from(role: ClientRole) -> Self {
        match role {
            ClientRole::Reader => Self::Reader,
            ClientRole::Partner => Self::Partner,
            ClientRole::Secretariat => Self::Secretariat,
            ClientRole::Admin => Self::Admin,
        }
    }
}

/// Who is asking, according to the token.
#[derive(Clone, Debug)]
pub struct Viewer {
    pub role: Role,
    /// The token's subject. It stands in the audit line; points and idempotency keys are counted for it.
    pub subject: String,
    /// The organisation that a partner acts for.
    pub organization: Option<Arc<organization::Model>>,
    /// When the token expires, if it does.
    pub expires_at: Option<DateTime<Utc>>,
    /// The id of the token, if it has one.
    pub token: Option<Uuid>,
    /// What the token's client may do. Without scopes only the role counts.
    pub scopes: Option<Vec<Scope>>,
}

/// What a partner's organisation is today in one body. Empty for all other viewers.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    pub roles: Vec<MandateRole>,
}

impl Standing {
    fn chairs(&self) -> bool {
        self.roles.iter().any(|role| matches!(role, MandateRole::Chair | MandateRole::CoChair))
    }

    fn is_officer(&self) -> bool {
        self.chairs() || self.roles.contains(&MandateRole::Rapporteur)
    }
}

/// What a viewer wants to do, with what the answer depends on.
#[derive(Clone, Copy, Debug)]
pub enum Act<'a> {
    /// Keep the council's register: organisations, bodies, mandates, meetings, themes, instruments.
    KeepRegister,
    /// Write any text: checked before anything is read, so that a refusal reveals nothing of the register.
    Write,
    /// Keep clients, tokens and webhooks.
    Administer,
    /// Link an external id to a record that the viewer may see.
    Link,
    /// Record an organisation's part in a meeting. `lets_in`: afterwards it could read who else takes part under the Chatham House Rule.
    RecordParticipation { organization: OrganizationId, lets_in: bool },
    /// State a position in the name of an organisation, and take it back.
    SpeakFor { organization: OrganizationId },
    /// Propose a draft in a body.
    Propose { standing: &'a Standing },
    /// Change a text or its addressees, or put it before its body.
    EditText { standing: &'a Standing, drafted_by: Option<OrganizationId> },
    /// Withdraw a text.
    Withdraw { drafted_by: Option<OrganizationId> },
    /// An act of a chair in the body of this standing.
    Chair { standing: &'a Standing },
}

impl Viewer {
    pub fn anonymous() -> Self {
        Self::without_token(Role::Anonymous, "anonymous".to_owned())
    }

    /// The holder of a token, with the organisation that the token names. A partner must act for an active organisation.
    pub fn of(claims: Claims, organization: Option<Arc<organization::Model>>) -> Result<Self, Error> {
        let organization = organization.filter(|organization| organization.active);
        if claims.role == Role::Partner && organization.is_none() {
            return Err(Error::inactive());
        }
        let expires_at = DateTime::from_timestamp(claims.exp, 0);
        let token = claims.jti.as_deref().and_then(|id| Uuid::try_parse(id).ok());
        let scopes = scope::allowed_by_all(&claims.scopes());
        Ok(Self { role: claims.role, subject: claims.sub, organization, expires_at, token, scopes })
    }

    /// One of our clients, as `subject`; `None` if it is not active, or its organisation is not.
    pub fn of_client(
        client: client::Model,
        organization: Option<organization::Model>,
        subject: String,
    ) -> Option<Self> {
        let organization = organization.filter(|organization| organization.active).map(Arc::new);
        let acts = client.active && client.organization_id.is_some() == organization.is_some();
        let scopes = Some(client.scopes.0);
        acts.then(|| Self { organization, scopes, ..Self::without_token(client.role.into(), subject) })
    }

    pub fn has_token(&self) -> bool {
        self.role.has_token()
    }

    /// Whether the viewer may introspect the schema.
    pub fn may_introspect(&self, whoever: Introspection) -> bool {
        whoever == Introspection::Everyone || self.has_token()
    }

    /// What an answer depends on of its viewer: its role, organisation and scopes. Viewers with the same sight are answered alike, except to
    /// what names the viewer itself.
    pub fn sight(&self) -> String {
        let organization = self.organization.as_ref().map(|organization| organization.id.to_string());
        let scopes = self.scopes.as_ref().map(|scopes| format!("{scopes:?}"));
        [format!("{:?}", self.role), organization.unwrap_or_default(), scopes.unwrap_or_default()].join(":")
    }

    /// Whose idempotency keys these are; `None` without a token. With another sight the viewer counts as another one.
    pub fn identity(&self) -> Option<String> {
        self.has_token().then(|| format!("{}:{}", self.sight(), self.subject))
    }

    /// Whether the viewer may read who wrote a published text, and the notes on its revisions.
    pub fn sees_attribution(&self) -> bool {
        self.has_token() && self.reads()
    }

    /// Whether the viewer's client may read more than everyone.
    fn reads(&self) -> bool {
        self.has(Scope::Read) || self.has(Scope::Sync)
    }

    /// The viewer without the scopes of its client: a write is judged by everything that its role may see.
    #[must_use]
    pub fn unlimited(&self) -> Self {
        Self { scopes: None, ..self.clone() }
    }

    /// The service itself, or a command on its machine.
    pub fn system(command: &str) -> Self {
        Self::without_token(Role::Admin, format!("system:{command}"))
    }

    fn without_token(role: Role, subject: String) -> Self {
        Self { role, subject, organization: None, expires_at: None, token: None, scopes: None }
    }

    /// Whether the viewer's client has a scope.
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| scopes.contains(&scope))
    }

    /// An error if the viewer's client lacks a scope. If no scope is enough, no client may do it.
    pub fn require_scope(&self, scope: Option<Scope>) -> Result<(), Error> {
        match scope {
            Some(scope) if self.has(scope) => Ok(()),
            None if self.scopes.is_none() => Ok(()),
            _ => Err(Error::Forbidden("The client of this token does not have the scope for this.")),
        }
    }

    /// The widest audience that the viewer belongs to.
    pub fn clearance(&self) -> Audience {
        match self.role {
            _ if !self.reads() => Audience::Public,
            Role::Anonymous => Audience::Public,
            Role::Reader | Role::Partner => Audience::Participants,
            Role::Secretariat | Role::Admin => Audience::Confidential,
        }
    }

    /// Whether the viewer may see what has this access.
    pub fn admits(&self, (audience, owner): Access) -> bool {
        audience <= self.clearance() || owner.is_some() && owner == self.sees_for()
    }

    /// The organisation that a partner acts for.
    pub fn acts_for(&self) -> Option<OrganizationId> {
        self.organization.as_ref().filter(|_| self.role == Role::Partner).map(|organization| organization.id)
    }

    /// The organisation whose own rows the viewer sees.
    pub fn sees_for(&self) -> Option<OrganizationId> {
        self.acts_for().filter(|_| self.reads())
    }

    /// How the feed names the author: by the organisation or the role, never by the token's subject.
    pub fn actor(&self) -> String {
        match (&self.organization, self.role) {
            (Some(organization), _) => organization.acronym.clone(),
            (None, Role::Anonymous) => "anonymous".to_owned(),
            (None, Role::Reader) => "reader".to_owned(),
            (None, Role::Partner) => "partner".to_owned(),
            (None, Role::Secretariat) => "secretariat".to_owned(),
            (None, Role::Admin) => "admin".to_owned(),
        }
    }

    /// Whether the viewer keeps the council's record, for all organisations.
    pub fn keeps_record(&self) -> bool {
        self.role >= Role::Secretariat
    }

    /// An error that says who may do it, unless the viewer may.
    pub fn require(&self, act: Act<'_>) -> Result<(), Error> {
        let own = |organization: Option<OrganizationId>| organization.is_some() && organization == self.acts_for();
        let (allowed, who) = match act {
            Act::KeepRegister => (false, "Only the secretariat may do this."),
            Act::Write => (self.acts_for().is_some(), "Only the secretariat and partners write."),
            Act::Administer => {
                let reason = "Only administrators may do this.";
                return if self.role == Role::Admin { self.require_scope(None) } else { Err(Error::Forbidden(reason)) };
            }
            Act::Link => (self.acts_for().is_some(), "Only the secretariat and partners link external ids."),
            Act::RecordParticipation { organization, lets_in } => (
                own(Some(organization)) && !lets_in,
                "Only the secretariat and the organisation itself may record its participation, and under the Chatham \
                 House Rule only the secretariat lets an organisation in, which answers an invitation before the day of the meeting.",
            ),
            Act::SpeakFor { organization } => (
                own(Some(organization)),
                "Only the secretariat and the organisation itself may do this with its position.",
            ),
            Act::Propose { standing } => (
                !standing.roles.is_empty(),
                "Only the secretariat and organisations with a mandate in the body may propose drafts.",
            ),
            Act::EditText { standing, drafted_by } => (
                own(drafted_by) || standing.is_officer(),
                "Only the secretariat, the drafting organisation and the body's chair and rapporteur may do this.",
            ),
            Act::Withdraw { drafted_by } => {
                (own(drafted_by), "Only the secretariat and the drafting organisation may withdraw a text.")
            }
            Act::Chair { standing } => {
                (standing.chairs(), "Only the secretariat and the chair of the body that decides may do this.")
            }
        };
        if allowed || self.keeps_record() { Ok(()) } else { Err(Error::Forbidden(who)) }
    }
}
