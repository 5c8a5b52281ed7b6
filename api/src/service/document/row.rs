//! The fields of a document as inputs give them, and the row that they make.

use async_graphql::{ID, InputObject, MaybeUndefined};
use entity::date::Date;
use entity::document::{self, DocumentKind, Version, VersionState, Versions};
use entity::id::{AgendaItemId, BodyId, RecommendationId};
use entity::meeting::Sensitivity;
use entity::text::Locale;

use super::parents::Parents;
use crate::domain::document::{self as rules, Before, GivenVersion};
use crate::domain::symbol::Symbol;
use crate::domain::validation::{Validated, combine};
use crate::domain::{audience, fields};
use crate::service::external_id::ExternalIdInput;
use crate::service::patch::{LocalizedTextInput, localized, patch, patch_required, patch_text};
use crate::service::tx::Tx;

/// A document in one language.
#[derive(Clone, Debug, InputObject)]
pub struct DocumentVersionInput {
    /// The language. A document has one version in each.
    pub locale: Locale,
    /// Where the file is: an `http` or `https` address.
    pub url: String,
    /// The SHA-256 of the file, in 64 hexadecimal digits.
    pub sha256: Option<String>,
    /// How it came about. A document has one original at most.
    pub state: VersionState,
}

/// A new document.
#[derive(Clone, Debug, InputObject)]
pub struct CreateDocumentInput {
    /// The symbol, such as `A/70/674` or `SEC.DOC/2/00/Rev.1`, as its issuer writes it. Unique in all its spellings.
    pub symbol: Option<String>,
    /// What kind of document it is.
    pub kind: DocumentKind,
    /// The title.
    pub title: Vec<LocalizedTextInput>,
    /// Who may read it, at most: nobody reads it who does not read all that it belongs to.
    pub sensitivity: Sensitivity,
    /// The day on which it was issued, not one to come.
    pub issued_on: Option<Date>,
    /// Its language versions, at least one.
    pub versions: Vec<DocumentVersionInput>,
    /// The meeting to which it belongs; that of its agenda item unless given.
    pub meeting_id: Option<ID>,
    /// The agenda item to which it belongs.
    pub agenda_item_id: Option<ID>,
    /// The body to which it belongs.
    pub body_id: Option<ID>,
    /// The recommendation to which it belongs.
    pub recommendation_id: Option<ID>,
    /// That it holds no personal data on returnees. Must be true of a public document.
    #[graphql(default)]
    pub no_personal_data: bool,
}

/// A change of a document. What is omitted stays; `null` clears.
#[derive(Clone, Debug, InputObject)]
pub struct UpdateDocumentInput {
    /// The document.
    pub id: ID,
    /// The version of the record that you have read.
    pub expected_version: i32,
    /// The symbol. Unique in all its spellings.
    pub symbol: MaybeUndefined<String>,
    /// What kind of document it is.
    pub kind: MaybeUndefined<DocumentKind>,
    /// The title; replaces all languages.
    pub title: MaybeUndefined<Vec<LocalizedTextInput>>,
    /// Who may read it, at most.
    pub sensitivity: MaybeUndefined<Sensitivity>,
    /// The day on which it was issued, not one to come.
    pub issued_on: MaybeUndefined<Date>,
    /// Its language versions; replaces all of them. A translation is outdated if only the original's file is another one than before.
    pub versions: MaybeUndefined<Vec<DocumentVersionInput>>,
    /// The meeting to which it belongs. Cleared, or omitted with another agenda item, it is that of its agenda item.
    pub meeting_id: MaybeUndefined<ID>,
    /// The agenda item to which it belongs.
    pub agenda_item_id: MaybeUndefined<ID>,
    /// The body to which it belongs.
    pub body_id: MaybeUndefined<ID>,
    /// The recommendation to which it belongs.
    pub recommendation_id: MaybeUndefined<ID>,
    /// That it holds no personal data on returnees. Must be true, again, for a public document with other files, and for one that becomes public.
    #[graphql(default)]
    pub no_personal_data: bool,
}

/// A document as another system describes it. In a row for an existing document, what is omitted stays and `null` clears.
#[derive(Clone, Debug, InputObject)]
pub struct UpsertDocumentRowInput {
    /// What your system calls it.
    pub external_id: Option<ExternalIdInput>,
    /// The document, if rows are matched by `ID`.
    pub id: Option<ID>,
    /// The version of the record that you have read. If it is given, the row is refused with `CONFLICT` at any other version.
    pub expected_version: Option<i32>,
    /// The symbol. Unique in all its spellings.
    pub symbol: MaybeUndefined<String>,
    /// What kind of document it is.
    pub kind: DocumentKind,
    /// The title.
    pub title: Vec<LocalizedTextInput>,
    /// Who may read it, at most.
    pub sensitivity: Sensitivity,
    /// The day on which it was issued, not one to come.
    pub issued_on: MaybeUndefined<Date>,
    /// Its language versions, all of them, at least one.
    pub versions: Vec<DocumentVersionInput>,
    /// The meeting to which it belongs. Cleared, or omitted with another agenda item, it is that of its agenda item.
    pub meeting_id: MaybeUndefined<ID>,
    /// The agenda item to which it belongs.
    pub agenda_item_id: MaybeUndefined<ID>,
    /// The body to which it belongs.
    pub body_id: MaybeUndefined<ID>,
    /// The recommendation to which it belongs.
    pub recommendation_id: MaybeUndefined<ID>,
    /// That it holds no personal data on returnees. Must be true of a new public document, of one with other files, and of one that becomes
    /// public.
    #[graphql(default)]
    pub no_personal_data: bool,
}

impl UpsertDocumentRowInput {
    pub(super) fn creation(&self) -> CreateDocumentInput {
        let Self {
            external_id: _,
            id: _,
            expected_version: _,
            symbol,
            kind,
            title,
            sensitivity,
            issued_on,
            versions,
            meeting_id,
            agenda_item_id,
            body_id,
            recommendation_id,
            no_personal_data,
        } = self.clone();
        CreateDocumentInput {
            symbol: symbol.take(),
            kind,
            title,
            sensitivity,
            issued_on: issued_on.take(),
            versions,
            meeting_id: meeting_id.take(),
            agenda_item_id: agenda_item_id.take(),
            body_id: body_id.take(),
            recommendation_id: recommendation_id.take(),
            no_personal_data,
        }
    }

    pub(super) fn change(&self, before: &document::Model) -> UpdateDocumentInput {
        let Self {
            external_id: _,
            id: _,
            expected_version: _,
            symbol,
            kind,
            title,
            sensitivity,
            issued_on,
            versions,
            meeting_id,
            agenda_item_id,
            body_id,
            recommendation_id,
            no_personal_data,
        } = self.clone();
        UpdateDocumentInput {
            id: before.id.to_string().into(),
            expected_version: before.version,
            symbol,
            kind: MaybeUndefined::Value(kind),
            title: MaybeUndefined::Value(title),
            sensitivity: MaybeUndefined::Value(sensitivity),
            issued_on,
            versions: MaybeUndefined::Value(versions),
            meeting_id,
            agenda_item_id,
            body_id,
            recommendation_id,
            no_personal_data,
        }
    }
}

fn versions(given: &[DocumentVersionInput], before: &[Version], tx: &Tx<'_>) -> Validated<Versions> {
    let given: Vec<GivenVersion<'_>> = given
        .iter()
        .map(|one| GivenVersion { locale: one.locale, url: &one.url, sha256: one.sha256.as_deref(), state: one.state })
        .collect();
    rules::versions(&given, before, tx.now())
}

fn ids(parents: &Parents) -> (Option<AgendaItemId>, Option<BodyId>, Option<RecommendationId>) {
    let item = parents.agenda_item.as_ref().map(|item| item.id);
    (item, parents.body.as_ref().map(|body| body.id), parents.recommendation.as_ref().map(|text| text.id))
}

/// The row of a new document, which belongs to `parents`.
pub fn build(tx: &Tx<'_>, input: CreateDocumentInput, parents: Validated<Parents>) -> Validated<document::Model> {
    let CreateDocumentInput { symbol, kind, title, sensitivity, issued_on, versions: given, no_personal_data, .. } =
        input;
    combine!(
        symbol = symbol.map(|symbol| Symbol::parse("symbol", &symbol)).transpose(),
        title = localized("title", &title, fields::NAME),
        issued_on = issued_on.map(|Date(day)| rules::issued_on(day, tx.today())).transpose(),
        versions = versions(&given, &[], tx),
        no_personal_data = rules::declared(sensitivity, no_personal_data, None),
        (parents, meeting_id) = parents.and_then(Parents::with_meeting),
    );
    let (agenda_item_id, body_id, recommendation_id) = ids(&parents);
    let (audience, owner) = audience::of_document(sensitivity, parents.access());
    let (symbol, symbol_folded) = symbol.map(|symbol| (symbol.written, symbol.folded)).unzip();
    Ok(document::Model {
        id: tx.new_id(),
        symbol,
        symbol_folded,
        kind,
        title_folded: title.folded(),
        title,
        sensitivity,
        issued_on,
        versions,
        meeting_id,
        agenda_item_id,
        body_id,
        recommendation_id,
        no_personal_data,
        audience,
        owner,
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
    })
}

fn was(before: &document::Model, versions: &Versions) -> Before {
    let same_files = rules::has_same_files(&versions.0, &before.versions.0);
    Before { sensitivity: before.sensitivity, declared: before.no_personal_data, same_files }
}

/// The row of a document after a change, which belongs to `parents`.
pub fn apply(
    tx: &Tx<'_>,
    before: &document::Model,
    input: UpdateDocumentInput,
    parents: Validated<Parents>,
) -> Validated<document::Model> {
    let UpdateDocumentInput { symbol, kind, title, sensitivity, issued_on, versions: given, no_personal_data, .. } =
        input;
    let files = before.versions.clone();
    let versions = patch_required("versions", given, files.clone(), |given| versions(&given, &files.0, tx));
    let sensitivity = patch_required("sensitivity", sensitivity, before.sensitivity, Ok);
    let no_personal_data = match (&sensitivity, &versions) {
        (Ok(sensitivity), Ok(versions)) => rules::declared(*sensitivity, no_personal_data, Some(was(before, versions))),
        _ => Ok(no_personal_data),
    };
    combine!(
        symbol = patch(symbol, before.symbol.clone(), |symbol| Symbol::parse("symbol", &symbol).map(|one| one.written)),
        kind = patch_required("kind", kind, before.kind, Ok),
        title = patch_text("title", title, before.title.clone(), fields::NAME),
        sensitivity = sensitivity,
        issued_on = patch(issued_on, before.issued_on, |Date(day)| rules::issued_on(day, tx.today())),
        versions = versions,
        no_personal_data = no_personal_data,
        (parents, meeting_id) = parents.and_then(Parents::with_meeting),
    );
    let (agenda_item_id, body_id, recommendation_id) = ids(&parents);
    let (audience, owner) = audience::of_document(sensitivity, parents.access());
    Ok(document::Model {
        id: before.id,
        symbol_folded: symbol.as_deref().map(crate::domain::symbol::folded),
        symbol,
        kind,
        title_folded: title.folded(),
        title,
        sensitivity,
        issued_on,
        versions,
        meeting_id,
        agenda_item_id,
        body_id,
        recommendation_id,
        no_personal_data,
        audience,
        owner,
        created_at: before.created_at,
        updated_at: before.updated_at,
        version: before.version,
    })
}
