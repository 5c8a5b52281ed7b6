//! Writing many recommendations at once: new drafts, and texts that are not agreed yet. It adds no rules: they are those of drafting,
//! revising and setting addressees.

use std::collections::{HashMap, HashSet};

use entity::addressee::Addressed;
use entity::id::{BodyId, CountryId, InstrumentId, OrganizationId, RecommendationId, ThemeId};
use entity::{
    addressee, body, country, instrument, organization, recommendation, recommendation_instrument,
    recommendation_revision, recommendation_theme, theme,
};

use super::WHAT;
use super::parts::{addressee_rows, instrument_rows, revision, theme_rows};
use super::row::{UpsertRecommendationRowInput, apply_revision, build_row};
use super::text::{is_new_text, may_draft, reopen};
use super::wanted::{Names, Wanted};
use crate::auth::{Act, Standing, Viewer};
use crate::domain::action::Action;
use crate::domain::lifecycle::{Transition, next};
use crate::domain::validation::{Validated, ValidationError, all, combine};
use crate::domain::{fields, paragraph, recommendation as rules};
use crate::error::Error;
use crate::service::bulk::{
    self, Batch, PartsBy, Plan, Target, Upserted, bulk_input, parts_of, targets, verdict, write_rows,
};
use crate::service::context::AppContext;
use crate::service::patch::{are_same, named, replaced};
use crate::service::tx::Tx;

bulk_input! {
    /// Many recommendations at once.
    UpsertRecommendationsInput of UpsertRecommendationRowInput, to recommendation by upsert
}

pub async fn upsert(
    app: &AppContext,
    viewer: &Viewer,
    input: UpsertRecommendationsInput,
) -> Result<Upserted<recommendation::Model>, Error> {
    viewer.require(Act::Write)?;
    bulk::check_length(&input.rows)?;
    bulk::persist(app, input.rows.len(), || attempt(app, viewer, &input)).await
}

async fn attempt(
    app: &AppContext,
    viewer: &Viewer,
    input: &UpsertRecommendationsInput,
) -> Result<Upserted<recommendation::Model>, Error> {
    let mut tx = app.begin(viewer, Action::UpsertRecommendations).await?;
    let targets = targets::<recommendation::Entity>(&tx, input.match_by, &input.keys(), WHAT).await?;
    let said: Vec<Said> = input.rows.iter().map(Said::parse).collect();
    let known = Known::read(&tx, &targets.rows, &said).await?;
    let plans = input.rows.iter().zip(targets.rows).zip(said);
    let plans = plans.map(|((row, target), said)| verdict(known.plan(&tx, row, target, said)));
    let mut batch = Batch::new(input.options(), targets.systems, plans.collect::<Result<_, Error>>()?);
    write(&mut tx, batch.plans()).await?;
    batch.finish(tx).await
}

/// What a row says of other records.
struct Said {
    body: Validated<BodyId>,
    wanted: Wanted,
    formed: Validated<()>,
}

impl Said {
    fn parse(row: &UpsertRecommendationRowInput) -> Self {
        let (wanted, formed) = Wanted::parse(
            replaced(&row.theme_ids).as_deref(),
            replaced(&row.instrument_ids).as_deref(),
            replaced(&row.addressees).as_deref(),
        );
        Self { body: fields::id("bodyId", &row.body_id, "body"), wanted, formed }
    }
}

/// What a row changes in the parts of its recommendation: the parts before, and the wanted ones. `None` leaves them as they are.
#[derive(Default)]
struct Parts {
    /// The number of the last revision, if the text is new.
    revision_after: Option<i32>,
    themes: Option<(Vec<recommendation_theme::Model>, Vec<ThemeId>)>,
    instruments: Option<(Vec<recommendation_instrument::Model>, Vec<InstrumentId>)>,
    addressees: Option<(Vec<addressee::Model>, Vec<Addressed>)>,
}

type RecommendationPlan = Plan<recommendation::Entity, Parts>;

/// What the rows name, and what belongs to existing recommendations: one statement for each table.
struct Known {
    bodies: HashMap<BodyId, body::Model>,
    standings: HashMap<BodyId, Standing>,
    themes: HashSet<ThemeId>,
    instruments: HashSet<InstrumentId>,
    countries: HashSet<CountryId>,
    organizations: HashSet<OrganizationId>,
    revisions: HashMap<RecommendationId, i32>,
    themes_of: PartsBy<recommendation_theme::Entity>,
    instruments_of: PartsBy<recommendation_instrument::Entity>,
    addressees_of: PartsBy<addressee::Entity>,
}

impl Known {
    async fn read(tx: &Tx<'_>, targets: &[Target<recommendation::Entity>], said: &[Said]) -> Result<Self, Error> {
        let there = targets.iter().filter_map(|target| target.before.as_ref());
        let there: Vec<RecommendationId> = there.map(|row| row.id).collect();
        let (mut bodies, mut themes, mut instruments) = (Vec::new(), Vec::new(), Vec::new());
        let (mut countries, mut organizations) = (Vec::new(), Vec::new());
        for Said { body, wanted, .. } in said {
            bodies.extend(body);
            themes.extend(wanted.names.themes.iter().map(|(_, id)| *id));
            instruments.extend(wanted.names.instruments.iter().map(|(_, id)| *id));
            countries.extend(wanted.names.countries.iter().map(|(_, id)| *id));
            organizations.extend(wanted.names.organizations.iter().map(|(_, id)| *id));
        }
        Ok(Self {
            bodies: tx.by_id::<body::Entity>(bodies).await?,
            standings: tx.standings().await?,
            themes: tx.known::<theme::Entity>(themes).await?,
            instruments: tx.known::<instrument::Entity>(instruments).await?,
            countries: tx.known::<country::Entity>(countries).await?,
            organizations: tx.known::<organization::Entity>(organizations).await?,
            revisions: tx
                .highest_of::<recommendation_revision::Entity>(recommendation_revision::Column::Number, &there)
                .await?,
            themes_of: parts_of::<recommendation_theme::Entity>(tx, &there).await?,
            instruments_of: parts_of::<recommendation_instrument::Entity>(tx, &there).await?,
            addressees_of: parts_of::<addressee::Entity>(tx, &there).await?,
        })
    }

    fn plan(
        &self,
        tx: &Tx<'_>,
        row: &UpsertRecommendationRowInput,
        target: Target<recommendation::Entity>,
        said: Said,
    ) -> Result<RecommendationPlan, Error> {
        match target.before {
            None => self.plan_draft(tx, row, target, said),
            Some(_) => self.plan_revision(tx, row, target, said),
        }
    }

    fn plan_draft(
        &self,
        tx: &Tx<'_>,
        row: &UpsertRecommendationRowInput,
        target: Target<recommendation::Entity>,
        Said { body, wanted, formed }: Said,
    ) -> Result<RecommendationPlan, Error> {
        let missing = || vec![ValidationError::not_found("bodyId", "body")];
        let body = body.and_then(|id| self.bodies.get(&id).ok_or_else(missing));
        let drafts = match (&target.key, &body) {
            (Ok(()), Ok(body)) => may_draft(tx.viewer(), &self.standing(body.id), body)?,
            _ => Ok(()),
        };
        combine!(
            () = target.key,
            () = drafts,
            () = formed,
            () = self.check_named(&wanted.names),
            after = build_row(tx, body.map(|body| body.id), row.draft()),
        );
        self.check_paragraphs(&after, &wanted, true)?;
        let parts = Parts {
            revision_after: Some(0),
            themes: wanted.themes.map(|ids| (Vec::new(), ids)),
            instruments: wanted.instruments.map(|ids| (Vec::new(), ids)),
            addressees: wanted.addressees.map(|addressed| (Vec::new(), addressed)),
        };
        Ok(Plan { before: None, after, changed: true, parts, external_key: target.external_key })
    }

    /// A row that changes nothing needs no permission.
    fn plan_revision(
        &self,
        tx: &Tx<'_>,
        row: &UpsertRecommendationRowInput,
        Target { before, external_key, key }: Target<recommendation::Entity>,
        Said { body, wanted, formed }: Said,
    ) -> Result<RecommendationPlan, Error> {
        let before = before.ok_or_else(|| Error::internal("a revision of nothing"))?;
        let themes = differing(&self.themes_of, before.id, wanted.themes.as_ref(), |part| part.theme_id);
        let instruments =
            differing(&self.instruments_of, before.id, wanted.instruments.as_ref(), |part| part.instrument_id);
        let addressees = differing(&self.addressees_of, before.id, wanted.addressees.as_ref(), Addressed::of);
        let after = apply_revision(tx, &before, row.revision(&before));
        let is_same = after.as_ref().is_ok_and(|after| *after == before) && formed.is_ok();
        let is_revised = !is_same || themes.is_some() || instruments.is_some();
        let standing = self.standing(before.body_id);
        if is_revised || addressees.is_some() {
            tx.viewer().require(Act::EditText { standing: &standing, drafted_by: before.drafted_by_id })?;
        }
        combine!(
            () = key,
            () = body.and_then(|body| rules::stays_with_its_body(before.body_id == body)),
            mut after = after,
            () = formed,
            () = self.check_named(&wanted.names),
        );
        self.check_paragraphs(&after, &wanted, !row.paragraphs.is_undefined())?;
        if is_revised {
            reopen(&before, &mut after)?;
        }
        if addressees.is_some() {
            next(before.status, Transition::SetAddressees)?;
        }
        let new_text = is_new_text(&before, &after);
        let revision_after = new_text.then(|| self.revisions.get(&before.id).copied().unwrap_or(0));
        revision_after.map(|last| fields::room("text", usize::try_from(last).unwrap_or_default())).transpose()?;
        let changed = is_revised || addressees.is_some();
        let parts = Parts { revision_after, themes, instruments, addressees };
        Ok(Plan { before: Some(before), after, changed, parts, external_key })
    }

    fn standing(&self, body: BodyId) -> Standing {
        self.standings.get(&body).cloned().unwrap_or_default()
    }

    fn check_paragraphs(&self, row: &recommendation::Model, wanted: &Wanted, given: bool) -> Validated<()> {
        let addressees = self.addressees_of.get(&row.id).into_iter().flatten().map(Addressed::of).collect();
        let themes = self.themes_of.get(&row.id).into_iter().flatten().map(|part| part.theme_id).collect();
        let addressees: Vec<Addressed> = wanted.addressees.clone().unwrap_or(addressees);
        let themes: Vec<ThemeId> = wanted.themes.clone().unwrap_or(themes);
        paragraph::fit(&row.paragraphs, &addressees, &themes, given)
    }

    fn check_named(&self, names: &Names) -> Validated<()> {
        all([
            named(&names.themes, &self.themes, "theme"),
            named(&names.instruments, &self.instruments, "instrument"),
            named(&names.countries, &self.countries, "country"),
            named(&names.organizations, &self.organizations, "organisation"),
        ])
    }
}

/// The parts before and the wanted ones, if they differ.
fn differing<P: Clone, W: Clone + PartialEq>(
    parts: &HashMap<RecommendationId, Vec<P>>,
    id: RecommendationId,
    wanted: Option<&Vec<W>>,
    of: impl Fn(&P) -> W,
) -> Option<(Vec<P>, Vec<W>)> {
    let before = parts.get(&id).map(Vec::as_slice).unwrap_or_default();
    let wanted = wanted?;
    let is_same = are_same(before.iter().map(of).collect(), wanted.clone());
    (!is_same).then(|| (before.to_vec(), wanted.clone()))
}

/// Writes the planned rows. A revision changes nobody's access, so the parts that stay keep theirs.
async fn write(tx: &mut Tx<'_>, plans: Vec<&mut RecommendationPlan>) -> Result<(), Error> {
    let mut changed: Vec<&mut RecommendationPlan> = plans.into_iter().filter(|plan| plan.changed).collect();
    write_rows(tx, changed.iter_mut().map(|plan| &mut **plan)).await?;
    let (mut revisions, mut themes, mut instruments, mut addressees) =
        (Vec::new(), (Vec::new(), Vec::new()), (Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
    for plan in changed {
        let (row, parts) = (&plan.after, std::mem::take(&mut plan.parts));
        if let Some(last) = parts.revision_after {
            revisions.push(revision(tx, row, Some(last), None)?);
        }
        if let Some((before, ids)) = parts.themes {
            themes.0.extend(before);
            themes.1.extend(theme_rows(tx, row, &ids));
        }
        if let Some((before, ids)) = parts.instruments {
            instruments.0.extend(before);
            instruments.1.extend(instrument_rows(tx, row, &ids));
        }
        if let Some((before, wanted)) = parts.addressees {
            addressees.0.extend(before);
            addressees.1.extend(addressee_rows(tx, row, &wanted));
        }
    }
    tx.insert_parts::<recommendation_revision::Entity>(revisions).await?;
    tx.replace_parts::<recommendation_theme::Entity>(themes.0, themes.1).await?;
    tx.replace_parts::<recommendation_instrument::Entity>(instruments.0, instruments.1).await?;
    tx.replace_parts::<addressee::Entity>(addressees.0, addressees.1).await?;
    Ok(())
}
