//! Documents in the schema. Has names and shapes; no SQL and no rules.

use async_graphql::{Context, ID, Object, Result};
use entity::date::{Date, DateTime};
use entity::document::{DocumentKind, Version, VersionState};
use entity::meeting::Sensitivity;
use entity::text::Locale;

use super::body::Body;
use super::bulk::upserts;
use super::connection::connections;
use super::external_id::ExternalIds;
use super::meeting::{AgendaItem, Meeting};
use super::object::{Stamp, found, object, to_one};
use super::payload::{mutations, payload};
use super::recommendation::Recommendation;
use super::scalar::texts;
use super::session::session;
use crate::domain::document::is_outdated;
use crate::service;
use crate::service::document::upsert::{UpsertDocumentsInput, upsert};
use crate::service::document::{CreateDocumentInput, DocumentBy, DocumentFilter, DocumentOrder, UpdateDocumentInput};

object!(Document: document, DocumentFilter, DocumentOrder);

texts! {
    DocumentTexts of document {
        title, title_translations: "The title.";
    }
}

/// A document of the council. It is kept elsewhere: the record says where, in which languages, and what it belongs to. Visible to those who may
/// see all that it belongs to, as far as its sensitivity goes.
#[Object]
impl Document {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The symbol, as its issuer writes it. Unique in all its spellings.
    async fn symbol(&self) -> Option<&str> {
        self.0.symbol.as_deref()
    }

    /// What kind of document it is.
    async fn kind(&self) -> DocumentKind {
        self.0.kind
    }

    /// Who may read it, at most.
    async fn sensitivity(&self) -> Sensitivity {
        self.0.sensitivity
    }

    /// The day on which it was issued.
    async fn issued_on(&self) -> Option<Date> {
        self.0.issued_on.map(Date)
    }

    /// Whether it is declared to hold no personal data on returnees. True of every public document.
    async fn no_personal_data(&self) -> bool {
        self.0.no_personal_data
    }

    /// Its language versions, in the order in which they were given.
    async fn versions(&self) -> Vec<DocumentVersion> {
        let all = &self.0.versions.0;
        let version = |one: &Version| DocumentVersion { outdated: is_outdated(one, all), version: one.clone() };
        all.iter().map(version).collect()
    }

    /// The meeting to which it belongs.
    async fn meeting(&self, ctx: &Context<'_>) -> Option<Result<Meeting>> {
        to_one::<Meeting>(session(ctx), self.0.meeting_id).await
    }

    /// The agenda item to which it belongs.
    async fn agenda_item(&self, ctx: &Context<'_>) -> Option<Result<AgendaItem>> {
        to_one::<AgendaItem>(session(ctx), self.0.agenda_item_id).await
    }

    /// The body to which it belongs.
    async fn body(&self, ctx: &Context<'_>) -> Option<Result<Body>> {
        to_one::<Body>(session(ctx), self.0.body_id).await
    }

    /// The recommendation to which it belongs.
    async fn recommendation(&self, ctx: &Context<'_>) -> Option<Result<Recommendation>> {
        to_one::<Recommendation>(session(ctx), self.0.recommendation_id).await
    }

    #[graphql(flatten)]
    fn texts(&self) -> DocumentTexts<'_> {
        DocumentTexts(&self.0)
    }

    #[graphql(flatten)]
    fn external(&self) -> ExternalIds {
        ExternalIds(entity::id::RecordId::uuid(self.0.id))
    }

    #[graphql(flatten)]
    fn stamp(&self) -> Stamp {
        Stamp::new(self.0.created_at, self.0.updated_at, self.0.version)
    }
}

pub struct DocumentVersion {
    version: Version,
    outdated: bool,
}

/// A document in one language.
#[Object]
impl DocumentVersion {
    /// The language.
    async fn locale(&self) -> Locale {
        self.version.locale
    }

    /// Where the file is.
    async fn url(&self) -> &str {
        &self.version.url
    }

    /// The SHA-256 of the file, in 64 small hexadecimal digits.
    async fn sha256(&self) -> Option<&str> {
        self.version.sha256.as_deref()
    }

    /// How it came about.
    async fn state(&self) -> VersionState {
        self.version.state
    }

    /// Whether it is a translation, and the original's file was recorded, or replaced by another one, later than its own. A file that moves to another address is the same
    /// as long as its digest is; one that gets a digest is the same at its address.
    async fn outdated(&self) -> bool {
        self.outdated
    }

    /// When the file was recorded, or last replaced by another one.
    async fn changed_at(&self) -> DateTime {
        DateTime(self.version.changed_at)
    }
}

payload! {
    /// The answer to a mutation of a document.
    DocumentPayload {
        /// The document after the write; after a conflict, as it is now.
        document: Document
    }
}

#[derive(Default)]
pub struct DocumentQuery;

#[Object]
impl DocumentQuery {
    /// A document. Null if there is none that you may see.
    async fn document(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one: by exactly one key.")] by: DocumentBy,
    ) -> Option<Result<Document>> {
        found(service::document::find(&session(ctx).app.databases.read, &session(ctx).viewer, &by).await)
    }
}

connections! {
    Documents {
        /// The documents of the council that you may see.
        documents: Document, "Which documents.";
    }
}

mutations! {
    DocumentMutation {
        /// Records a document. For the secretariat. `ALREADY_EXISTS` if another document has the symbol; `REQUIRED` without a
        /// version, and for a public one without the declaration on personal data; `INVALID` for two versions in a language, two
        /// originals, a digest that is none, and an item on another meeting's agenda.
        create_document(CreateDocumentInput, "The new document.") -> DocumentPayload = service::document::create;
        /// Changes a document. For the secretariat. `ALREADY_EXISTS` if another document has the symbol; `REQUIRED` without a
        /// version, and without the declaration on personal data for a public one that has other files or was not public;
        /// `INVALID` for two versions in a language, two originals, a digest that is none, and an item on another meeting's
        /// agenda.
        update_document(UpdateDocumentInput, "The document, its version, and what changes.") -> DocumentPayload
            = service::document::update, of id;
    }
}

upserts! {
    /// The answer to a bulk write of documents.
    UpsertDocumentsPayload of UpsertDocumentsRow {
        document: Document;
        upsert_documents(UpsertDocumentsInput, "The rows, and how to write them.") = upsert;
        /// Records and changes many documents, up to 500, in one transaction. The rules are those of `createDocument` and
        /// `updateDocument`. A row that repeats what is recorded already is `UNCHANGED`. For the secretariat.
        DocumentUpsert
    }
}
