//! A demonstration: recommendations in every state with addressees, themes and revisions, all marked `isDemo`. The texts are made up; no
//! recommendation of the council has been published.

use std::collections::{BTreeSet, HashMap};

use chrono::{Datelike as _, NaiveDate, TimeDelta};
use entity::addressee::{AddresseeCategory, AddresseeRole};
use entity::document::{DocumentKind, Version, VersionState, Versions};
use entity::id::{BodyId, CountryId, InstrumentId, OrganizationId, RecommendationId, ThemeId};
use entity::meeting::{MeetingKind, Sensitivity};
use entity::recommendation::{Priority, RecommendationKind, RecommendationStatus};
use entity::text::Locale;
use entity::theme::ThemeKind;
use entity::{body, country, document, instrument, meeting, organization, recommendation, theme};
use sea_orm::{ColumnTrait as _, Condition};

use super::factory::{Pair, Rows, Sample, Wording, localized};
use super::lives::{self, LIVES, Scene};
use crate::auth::Viewer;
use crate::domain::action::Action;
use crate::domain::audience;
use crate::domain::consensus::USUAL;
use crate::domain::symbol::{Symbol, folded};
use crate::error::Error;
use crate::service::context::AppContext;
use crate::service::read;
use crate::service::recommendation::transitions::{adopting_body, last_serial};
use crate::service::tx::Tx;

/// Code, kind, English and Russian name.
const THEMES: [(&str, ThemeKind, &str, &str); 6] = [
    ("LEGAL-FRAMEWORKS", ThemeKind::Subject, "Legal frameworks", "Правовая база"),
    ("PSYCHOSOCIAL-SUPPORT", ThemeKind::Subject, "Psychosocial support", "Психосоциальная поддержка"),
    ("EDUCATION", ThemeKind::Subject, "Education", "Образование"),
    (
        "COUNTER-NARRATIVES",
        ThemeKind::Subject,
        "Countering terrorist narratives",
        "Противодействие террористической пропаганде",
    ),
    ("CHILDREN", ThemeKind::AffectedGroup, "Children", "Дети"),
    ("SDG-16", ThemeKind::Sdg, "Peace, justice and strong institutions", "Мир, правосудие и эффективные институты"),
];

/// Symbol, English and Russian title, year, month and day of adoption.
const INSTRUMENTS: [(&str, &str, &str, i32, u32, u32); 2] = [
    ("S/RES/2178", "Security Council resolution 2178 (2014)", "Резолюция 2178 (2014) Совета Безопасности", 2014, 9, 24),
    (
        "S/RES/2396",
        "Security Council resolution 2396 (2017)",
        "Резолюция 2396 (2017) Совета Безопасности",
        2017,
        12,
        21,
    ),
];

/// Body, state, theme, English and Russian subject: one for each state.
const TEXTS: [(&str, RecommendationStatus, &str, &str, &str); 11] = {
    use RecommendationStatus::{
        Adopted, AgreedInGroup, Draft, NoConsensus, Returned, SubmittedToExcom, Superseded, Transmitted,
        UnderDiscussion, UnderSilence, Withdrawn,
    };
    [
        ("WG-A", Superseded, "LEGAL-FRAMEWORKS", "mutual legal assistance", "взаимная правовая помощь"),
        (
            "WG-A",
            Adopted,
            "LEGAL-FRAMEWORKS",
            "mutual legal assistance and exchange of good practice",
            "взаимная правовая помощь и обмен опытом",
        ),
        (
            "WG-B",
            Transmitted,
            "PSYCHOSOCIAL-SUPPORT",
            "continuous psychosocial support",
            "непрерывная психосоциальная поддержка",
        ),
        ("WG-B", SubmittedToExcom, "EDUCATION", "recognition of schooling", "признание обучения"),
        ("WG-B", Returned, "CHILDREN", "child-friendly services", "услуги, ориентированные на детей"),
        ("WG-C", AgreedInGroup, "COUNTER-NARRATIVES", "community dialogue", "диалог в общинах"),
        ("WG-C", UnderSilence, "COUNTER-NARRATIVES", "media literacy", "медиаграмотность"),
        ("WG-C", NoConsensus, "COUNTER-NARRATIVES", "a regional media platform", "региональная медиаплатформа"),
        ("WG-D", UnderDiscussion, "SDG-16", "civil society partnerships", "партнёрство с гражданским обществом"),
        ("WG-D", Draft, "SDG-16", "youth networks", "молодёжные сети"),
        ("WG-D", Withdrawn, "SDG-16", "a regional directory of services", "региональный справочник услуг"),
    ]
};

/// Loads the demonstration once; returns how many records were added.
pub async fn load(app: &AppContext) -> Result<usize, Error> {
    let viewer = Viewer::system("seed");
    let mut tx = app.begin(&viewer, Action::SeedDemo).await?;
    tx.advisory_lock("seed demo").await?;
    let first = localized(&title(TEXTS[0].3, TEXTS[0].4));
    let demo = Condition::all()
        .add(recommendation::Column::IsDemo.eq(true))
        .add(recommendation::Column::TitleFolded.eq(first.folded()));
    if read::count::<recommendation::Entity>(tx.db(), &viewer, demo).await? > 0 {
        return tx.commit(0).await.map(|written| written.record);
    }
    let (themes, instruments) = (themes(&mut tx).await?, instruments(&mut tx).await?);
    let context = Context::read(&tx, themes, instruments).await?;
    let mut rows = Rows::default();
    let (mut superseded, mut ids) = (None, Vec::new());
    for (index, text) in TEXTS.iter().enumerate() {
        let id = rows.add(&tx, &context.sample(index, text)?)?;
        ids.push(id);
        match text.1 {
            RecommendationStatus::Superseded => superseded = Some(id),
            RecommendationStatus::Adopted => {
                if let Some(earlier) = superseded.take() {
                    rows.last_supersedes(earlier);
                }
            }
            _ => {}
        }
    }
    rows.write(&mut tx).await?;
    let lived = live(&mut tx, &context, &ids).await?;
    let deadline = tx.now() + USUAL;
    let written = tx.commit(TEXTS.len() + lived + THEMES.len() + INSTRUMENTS.len()).await?;
    app.deadlines.open(deadline);
    Ok(written.record)
}

/// Adds what has led each text to its state, and its paper; returns how many records that is.
async fn live(tx: &mut Tx<'_>, context: &Context, ids: &[RecommendationId]) -> Result<usize, Error> {
    let drafting = TEXTS.iter().filter_map(|text| context.bodies.get(text.0)).map(|(id, _)| *id);
    let bodies: BTreeSet<BodyId> = drafting.chain([context.adopted_by]).collect();
    let bodies: Vec<BodyId> = bodies.into_iter().collect();
    let delegations = lives::delegations(tx, &bodies, &context.agreed_at).await?;
    let scene = Scene {
        agreed_at: &context.agreed_at,
        adopted_at: &context.adopted_at,
        adopted_by: context.adopted_by,
        delegations: &delegations,
    };
    let mut records = delegations.len() * (1 + bodies.len());
    for ((id, life), number) in ids.iter().zip(LIVES).zip(1..) {
        let text = tx.get::<recommendation::Entity>("id", *id, "recommendation").await?;
        tx.insert::<document::Entity>(paper(tx, &text, number)?).await?;
        records += 1 + lives::add(tx, &text, life, &scene).await?;
    }
    Ok(records)
}

/// The paper in which a text was put before its body: in English, with a translation of an earlier version.
fn paper(tx: &Tx<'_>, text: &recommendation::Model, number: usize) -> Result<document::Model, Error> {
    let symbol = Symbol::parse("symbol", &format!("DEMO.DOC/{number}"))?;
    let (audience, owner) = audience::of_document(Sensitivity::Public, [(text.audience, text.owner)]);
    let version = |locale, state, days| Version {
        locale,
        url: format!("https://example.org/demonstration/{number}"),
        sha256: None,
        state,
        changed_at: tx.now() - TimeDelta::days(days),
    };
    let versions = vec![version(Locale::En, VersionState::Original, 0), version(Locale::Ru, VersionState::Official, 1)];
    Ok(document::Model {
        id: tx.new_id(),
        symbol: Some(symbol.written),
        symbol_folded: Some(symbol.folded),
        kind: DocumentKind::DraftRecommendation,
        title: text.title.clone(),
        title_folded: text.title_folded.clone(),
        sensitivity: Sensitivity::Public,
        issued_on: None,
        versions: Versions(versions),
        meeting_id: None,
        agenda_item_id: None,
        body_id: Some(text.body_id),
        recommendation_id: Some(text.id),
        no_personal_data: true,
        audience,
        owner,
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
    })
}

async fn themes(tx: &mut Tx<'_>) -> Result<HashMap<String, ThemeId>, Error> {
    let known = read::all::<theme::Entity>(tx.db(), tx.viewer(), Condition::all()).await?;
    let mut ids: HashMap<String, ThemeId> = known.into_iter().map(|row| (row.code, row.id)).collect();
    for (code, kind, english, russian) in THEMES {
        if ids.contains_key(code) {
            continue;
        }
        let (audience, owner) = audience::OPEN;
        let name = localized(&(english.to_owned(), russian.to_owned()));
        let row = theme::Model {
            id: tx.new_id(),
            code: code.to_owned(),
            name_folded: name.folded(),
            name,
            kind,
            parent_id: None,
            audience,
            owner,
            created_at: tx.now(),
            updated_at: tx.now(),
            version: 1,
            merged_into_id: None,
        };
        let row = tx.insert::<theme::Entity>(row).await?;
        ids.insert(row.code, row.id);
    }
    Ok(ids)
}

async fn instruments(tx: &mut Tx<'_>) -> Result<Vec<InstrumentId>, Error> {
    let known = read::all::<instrument::Entity>(tx.db(), tx.viewer(), Condition::all()).await?;
    let mut ids = Vec::new();
    for (symbol, english, russian, year, month, day) in INSTRUMENTS {
        if let Some(row) = known.iter().find(|row| row.symbol_folded == folded(symbol)) {
            ids.push(row.id);
            continue;
        }
        let (audience, owner) = audience::OPEN;
        let symbol = Symbol::parse("symbol", symbol)?;
        let title = localized(&(english.to_owned(), russian.to_owned()));
        let row = instrument::Model {
            id: tx.new_id(),
            symbol: symbol.written,
            symbol_folded: symbol.folded,
            title_folded: title.folded(),
            title,
            adopted_on: NaiveDate::from_ymd_opt(year, month, day),
            audience,
            owner,
            created_at: tx.now(),
            updated_at: tx.now(),
            version: 1,
        };
        ids.push(tx.insert::<instrument::Entity>(row).await?.id);
    }
    Ok(ids)
}

fn title(english: &str, russian: &str) -> Pair {
    (format!("Demonstration: {english}"), format!("Демонстрация: {russian}"))
}

/// The second paragraph of each revised text.
fn reporting() -> Pair {
    (
        "Demonstration: they are invited to report to the council once a year on what has been done.".to_owned(),
        "Демонстрация: им предлагается раз в год сообщать совету о том, что сделано.".to_owned(),
    )
}

/// What the demonstration refers to in the public register.
struct Context {
    /// Each with the last serial of a demonstration's label in the year of adoption.
    bodies: HashMap<String, (BodyId, i32)>,
    countries: Vec<CountryId>,
    organizations: HashMap<String, OrganizationId>,
    agreed_at: meeting::Model,
    adopted_at: meeting::Model,
    adopted_by: BodyId,
    themes: HashMap<String, ThemeId>,
    instruments: Vec<InstrumentId>,
}

impl Context {
    async fn read(
        tx: &Tx<'_>,
        themes: HashMap<String, ThemeId>,
        instruments: Vec<InstrumentId>,
    ) -> Result<Self, Error> {
        let (db, viewer) = (tx.db(), tx.viewer());
        let bodies = read::all::<body::Entity>(db, viewer, Condition::all()).await?;
        let participating = Condition::all().add(country::Column::Participating.eq(true));
        let mut countries = read::all::<country::Entity>(db, viewer, participating).await?;
        countries.sort_by(|one, other| one.iso2.cmp(&other.iso2));
        let organizations = read::all::<organization::Entity>(db, viewer, Condition::all()).await?;
        let mut meetings = read::all::<meeting::Entity>(db, viewer, Condition::all()).await?;
        meetings.sort_by_key(|row| row.starts_on);
        let agreed_at = meetings.iter().find(|row| row.kind == MeetingKind::JointWorkingGroups).cloned();
        let adopted_at = meetings.into_iter().filter(|row| row.kind == MeetingKind::Plenary).nth(1);
        let missing = || Error::internal("the public register is not loaded");
        let adopted_at = adopted_at.ok_or_else(missing)?;
        let adopted_by = adopting_body(tx, adopted_at.id).await?.ok_or_else(missing)?;
        let mut by_code = HashMap::new();
        for body in bodies {
            let last = last_serial(tx, body.id, true, adopted_at.ends_on.year()).await?;
            by_code.insert(body.code, (body.id, last.unwrap_or(0)));
        }
        Ok(Self {
            bodies: by_code,
            countries: countries.into_iter().map(|row| row.id).collect(),
            organizations: organizations.into_iter().map(|row| (row.acronym, row.id)).collect(),
            agreed_at: agreed_at.ok_or_else(missing)?,
            adopted_at,
            adopted_by,
            themes,
            instruments,
        })
    }

    fn sample(
        &self,
        index: usize,
        (code, status, theme, english, russian): &(&str, RecommendationStatus, &str, &str, &str),
    ) -> Result<Sample, Error> {
        use RecommendationStatus::{
            Adopted, AgreedInGroup, Draft, SubmittedToExcom, Superseded, Transmitted, Withdrawn,
        };
        let missing = || Error::internal("the public register is not loaded");
        let (body, last) = *self.bodies.get(*code).ok_or_else(missing)?;
        let serial = last + if *status == Adopted { 2 } else { 1 };
        let adopted = matches!(status, Adopted | Transmitted | Superseded);
        let agreed = adopted || matches!(status, AgreedInGroup | SubmittedToExcom);
        let revised = !matches!(status, Draft | Withdrawn);
        let first = (
            format!("Demonstration: the states of the region are invited to consider {english}."),
            format!("Демонстрация: государствам региона предлагается рассмотреть следующее: {russian}."),
        );
        let second = (
            format!("Demonstration: the states of the region and their partners are invited to strengthen {english}."),
            format!("Демонстрация: государствам региона и их партнёрам предлагается укреплять следующее: {russian}."),
        );
        Ok(Sample {
            body: (body, (*code).to_owned()),
            status: *status,
            kind: if index % 4 == 3 {
                RecommendationKind::ProposedSolution
            } else {
                RecommendationKind::Recommendation
            },
            title: title(english, russian),
            texts: if revised {
                vec![Wording::Whole(first), Wording::Paragraphs(vec![second, reporting()])]
            } else {
                vec![Wording::Whole(first)]
            },
            priority: [Some(Priority::High), Some(Priority::Medium), None][index % 3],
            drafted_by: None,
            agreed_at: agreed.then_some(self.agreed_at.id),
            adoption: adopted.then_some((self.adopted_at.id, lives::adopted_on(index, &self.adopted_at), serial)),
            addressees: vec![
                (AddresseeCategory::Government, AddresseeRole::Lead, self.countries.get(index % 5).copied(), None),
                (
                    AddresseeCategory::InternationalOrganization,
                    AddresseeRole::Supporting,
                    None,
                    self.organizations.get(["UNICEF", "UNODC", "OSCE"][index % 3]).copied(),
                ),
            ],
            themes: self.themes.get(*theme).copied().into_iter().collect(),
            instruments: self.instruments.iter().copied().take(index % 3).collect(),
        })
    }
}
