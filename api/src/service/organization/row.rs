//! What is written of an organisation: the inputs, and the rows that they build and change. A new field of an organisation is added here. Holds
//! no use case.

use async_graphql::{ID, InputObject, MaybeUndefined};
use entity::id::OrganizationId;
use entity::organization;
use entity::organization::OrganizationKind;
use entity::text::LocalizedText;

use super::WHAT;
use crate::domain::validation::{Validated, combine};
use crate::domain::{audience, fields};
use crate::service::external_id::ExternalIdInput;
use crate::service::grant::NewOrganizationMandateInput;
use crate::service::patch::{LocalizedTextInput, localized, patch, patch_required, patch_text};
use crate::service::tx::Tx;

/// A new organisation.
#[derive(Clone, Debug, InputObject)]
pub struct CreateOrganizationInput {
    /// Upper-case Latin letters, digits and hyphens. Unique.
    pub acronym: String,
    /// The name.
    pub name: Vec<LocalizedTextInput>,
    /// What kind of organisation it is.
    pub kind: OrganizationKind,
    /// The town of the seat.
    pub seat: Option<String>,
    /// The web address, with https://.
    pub website: Option<String>,
    /// Whether it organises the council's meetings.
    #[graphql(default)]
    pub organizer: bool,
    /// The organisation above.
    pub parent_id: Option<ID>,
    /// Its country.
    pub country_id: Option<ID>,
    /// The mandates that it holds from the beginning, at most 100.
    #[graphql(default)]
    pub mandates: Vec<NewOrganizationMandateInput>,
}

/// A change of an organisation. What is omitted stays; `null` clears.
#[derive(Clone, Debug, InputObject)]
pub struct UpdateOrganizationInput {
    /// The organisation.
    pub id: ID,
    /// The version that you have read.
    pub expected_version: i32,
    /// The acronym. Unique.
    pub acronym: MaybeUndefined<String>,
    /// The name; replaces all languages.
    pub name: MaybeUndefined<Vec<LocalizedTextInput>>,
    /// What kind of organisation it is.
    pub kind: MaybeUndefined<OrganizationKind>,
    /// The town of the seat.
    pub seat: MaybeUndefined<String>,
    /// The web address, with https://.
    pub website: MaybeUndefined<String>,
    /// Whether it organises the council's meetings.
    pub organizer: MaybeUndefined<bool>,
    /// Whether it is active. `true` undoes a deactivation.
    pub active: MaybeUndefined<bool>,
    /// The organisation above.
    pub parent_id: MaybeUndefined<ID>,
    /// Its country.
    pub country_id: MaybeUndefined<ID>,
}

/// An organisation as another system describes it. In a row for an existing organisation, what is omitted stays and `null` clears.
#[derive(Clone, Debug, InputObject)]
pub struct UpsertOrganizationRowInput {
    /// What your system calls it.
    pub external_id: Option<ExternalIdInput>,
    /// The organisation, if rows are matched by `ID`.
    pub id: Option<ID>,
    /// The version that you have read. If it is given, the row is refused with `CONFLICT` at any other version.
    pub expected_version: Option<i32>,
    /// Upper-case Latin letters, digits and hyphens. Unique.
    pub acronym: String,
    /// The name.
    pub name: Vec<LocalizedTextInput>,
    /// What kind of organisation it is.
    pub kind: OrganizationKind,
    /// The town of the seat.
    pub seat: MaybeUndefined<String>,
    /// The web address, with https://.
    pub website: MaybeUndefined<String>,
    /// Whether it organises the council's meetings. For a new organisation, `false` unless given.
    pub organizer: MaybeUndefined<bool>,
    /// Whether it is active. For a new organisation, `true` unless given.
    pub active: MaybeUndefined<bool>,
    /// The organisation above. It must exist already.
    pub parent_id: MaybeUndefined<ID>,
    /// Its country.
    pub country_id: MaybeUndefined<ID>,
}

impl UpsertOrganizationRowInput {
    fn creation(&self) -> CreateOrganizationInput {
        let Self {
            external_id: _,
            id: _,
            expected_version: _,
            acronym,
            name,
            kind,
            seat,
            website,
            organizer,
            active: _,
            parent_id,
            country_id,
        } = self.clone();
        CreateOrganizationInput {
            acronym,
            name,
            kind,
            seat: seat.take(),
            website: website.take(),
            organizer: organizer.take().unwrap_or(false),
            parent_id: parent_id.take(),
            country_id: country_id.take(),
            mandates: Vec::new(),
        }
    }

    fn update(&self, before: &organization::Model) -> UpdateOrganizationInput {
        let Self {
            external_id: _,
            id: _,
            expected_version: _,
            acronym,
            name,
            kind,
            seat,
            website,
            organizer,
            active,
            parent_id,
            country_id,
        } = self.clone();
        UpdateOrganizationInput {
            id: before.id.to_string().into(),
            expected_version: before.version,
            acronym: MaybeUndefined::Value(acronym),
            name: MaybeUndefined::Value(name),
            kind: MaybeUndefined::Value(kind),
            seat,
            website,
            organizer,
            active,
            parent_id,
            country_id,
        }
    }

    /// The organisation as it would be after the write.
    pub(super) fn applied(&self, tx: &Tx<'_>, before: Option<&organization::Model>) -> Validated<organization::Model> {
        if let Some(before) = before {
            return apply_update(before, self.update(before));
        }
        let row = build_row(tx, tx.new_id(), self.creation())?;
        Ok(organization::Model { active: self.active.as_opt_ref().flatten().copied().unwrap_or(true), ..row })
    }
}

/// An active organisation of which nothing else is known. For seeds.
pub fn new_row(tx: &Tx<'_>, acronym: String, name: LocalizedText, kind: OrganizationKind) -> organization::Model {
    let (audience, owner) = audience::OPEN;
    organization::Model {
        id: tx.new_id(),
        acronym,
        name_folded: name.folded(),
        name,
        kind,
        seat: None,
        website: None,
        organizer: false,
        active: true,
        parent_id: None,
        country_id: None,
        audience,
        owner,
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
    }
}

pub(super) fn build_row(
    tx: &Tx<'_>,
    id: OrganizationId,
    input: CreateOrganizationInput,
) -> Validated<organization::Model> {
    let CreateOrganizationInput { acronym, name, kind, seat, website, organizer, parent_id, country_id, mandates: _ } =
        input;
    combine!(
        acronym = fields::code("acronym", &acronym),
        name = localized("name", &name, fields::NAME),
        seat = fields::optional_text("seat", seat.as_deref(), fields::NAME),
        website = website.map(|website| fields::url("website", &website)).transpose(),
        parent_id = parent_id.map(|id| fields::id("parentId", &id, WHAT)).transpose(),
        country_id = country_id.map(|id| fields::id("countryId", &id, "country")).transpose(),
    );
    let (audience, owner) = audience::OPEN;
    Ok(organization::Model {
        id,
        acronym,
        name_folded: name.folded(),
        name,
        kind,
        seat,
        website,
        organizer,
        active: true,
        parent_id,
        country_id,
        audience,
        owner,
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
    })
}

pub(super) fn apply_update(
    before: &organization::Model,
    input: UpdateOrganizationInput,
) -> Validated<organization::Model> {
    let UpdateOrganizationInput {
        id: _,
        expected_version: _,
        acronym,
        name,
        kind,
        seat,
        website,
        organizer,
        active,
        parent_id,
        country_id,
    } = input;
    let before = before.clone();
    combine!(
        acronym = patch_required("acronym", acronym, before.acronym, |acronym| fields::code("acronym", &acronym)),
        name = patch_text("name", name, before.name, fields::NAME),
        kind = patch_required("kind", kind, before.kind, Ok),
        seat = patch(seat, before.seat, |seat| fields::text("seat", &seat, fields::NAME)),
        website = patch(website, before.website, |website| fields::url("website", &website)),
        organizer = patch_required("organizer", organizer, before.organizer, Ok),
        active = patch_required("active", active, before.active, Ok),
        parent_id = patch(parent_id, before.parent_id, |id| fields::id("parentId", &id, WHAT)),
        country_id = patch(country_id, before.country_id, |id| fields::id("countryId", &id, "country")),
    );
    Ok(organization::Model {
        id: before.id,
        acronym,
        name_folded: name.folded(),
        name,
        kind,
        seat,
        website,
        organizer,
        active,
        parent_id,
        country_id,
        audience: before.audience,
        owner: before.owner,
        created_at: before.created_at,
        updated_at: before.updated_at,
        version: before.version,
    })
}
