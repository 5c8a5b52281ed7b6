//! One made-up recommendation, built from a few values, for the demonstration and the synthetic volume. Who may read it and its label
//! follow the same rules as for real ones.

use chrono::{Datelike as _, NaiveDate};
use entity::addressee::{AddresseeCategory, AddresseeRole};
use entity::id::{BodyId, CountryId, InstrumentId, MeetingId, OrganizationId, RecommendationId, ThemeId};
use entity::paragraph::{Paragraph, Paragraphs};
use entity::recommendation::{Priority, RecommendationKind, RecommendationStatus};
use entity::text::{Locale, LocalizedText};
use entity::{addressee, recommendation, recommendation_instrument, recommendation_revision, recommendation_theme};

use crate::domain::audience;
use crate::domain::label::Label;
use crate::domain::paragraph::composed;
use crate::error::Error;
use crate::service::recommendation::row::new_row;
use crate::service::tx::Tx;

/// English and Russian.
pub type Pair = (String, String);

/// What a text says: as a whole, or by its paragraphs.
pub enum Wording {
    Whole(Pair),
    Paragraphs(Vec<Pair>),
}

impl Wording {
    fn words(&self, tx: &Tx<'_>) -> (LocalizedText, Paragraphs) {
        let pairs = match self {
            Self::Whole(pair) => return (localized(pair), Paragraphs::default()),
            Self::Paragraphs(pairs) => pairs,
        };
        let paragraphs = pairs.iter().zip(1..).map(|(pair, number)| Paragraph {
            identity: tx.new_id(),
            number,
            text: localized(pair),
            target_date: None,
            addressees: Vec::new(),
            theme_ids: Vec::new(),
        });
        let paragraphs = Paragraphs(paragraphs.collect());
        let text = composed(&paragraphs).unwrap_or_else(|| localized(&Pair::default()));
        (text, paragraphs)
    }
}

pub struct Sample {
    pub body: (BodyId, String),
    pub status: RecommendationStatus,
    pub kind: RecommendationKind,
    pub title: Pair,
    /// The revisions, the last of which is the text.
    pub texts: Vec<Wording>,
    pub priority: Option<Priority>,
    pub drafted_by: Option<OrganizationId>,
    pub agreed_at: Option<MeetingId>,
    /// For adopted ones: where, when, and the serial of the label.
    pub adoption: Option<(MeetingId, NaiveDate, i32)>,
    pub addressees: Vec<Addressed>,
    pub themes: Vec<ThemeId>,
    pub instruments: Vec<InstrumentId>,
}

pub type Addressed = (AddresseeCategory, AddresseeRole, Option<CountryId>, Option<OrganizationId>);

/// Rows that are not written yet, by table.
#[derive(Default)]
pub struct Rows {
    recommendations: Vec<recommendation::Model>,
    revisions: Vec<recommendation_revision::Model>,
    addressees: Vec<addressee::Model>,
    themes: Vec<recommendation_theme::Model>,
    instruments: Vec<recommendation_instrument::Model>,
}

impl Rows {
    /// Adds a sample and its parts; returns its id.
    pub fn add(&mut self, tx: &Tx<'_>, sample: &Sample) -> Result<RecommendationId, Error> {
        let row = recommendation(tx, sample)?;
        let (id, audience, owner) = (row.id, row.audience, row.owner);
        self.add_revisions(tx, sample, &row);
        for ((category, role, country_id, organization_id), position) in sample.addressees.iter().copied().zip(0..) {
            let part = tx.new_id();
            let row = addressee::Model {
                id: part,
                recommendation_id: id,
                category,
                role,
                country_id,
                organization_id,
                position,
                audience,
                owner,
            };
            self.addressees.push(row);
        }
        for (theme_id, position) in sample.themes.iter().copied().zip(0..) {
            let part = tx.new_id();
            self.themes.push(recommendation_theme::Model {
                id: part,
                recommendation_id: id,
                theme_id,
                position,
                audience,
                owner,
            });
        }
        for (instrument_id, position) in sample.instruments.iter().copied().zip(0..) {
            let part = tx.new_id();
            let row = recommendation_instrument::Model {
                id: part,
                recommendation_id: id,
                instrument_id,
                position,
                audience,
                owner,
            };
            self.instruments.push(row);
        }
        self.recommendations.push(row);
        Ok(id)
    }

    /// Adds the revisions of a text, the last of which is the text itself.
    fn add_revisions(&mut self, tx: &Tx<'_>, sample: &Sample, row: &recommendation::Model) {
        let mut texts = sample.texts.iter().zip(1..).peekable();
        while let Some((text, number)) = texts.next() {
            let access = (row.audience, row.owner);
            let is_last = texts.peek().is_none();
            let (audience, owner) = if is_last { access } else { audience::of_earlier_revision(access) };
            let (text, paragraphs) = if is_last { (row.text.clone(), row.paragraphs.clone()) } else { text.words(tx) };
            self.revisions.push(recommendation_revision::Model {
                id: tx.new_id(),
                recommendation_id: row.id,
                number,
                title: row.title.clone(),
                text,
                paragraphs,
                rationale: None,
                change_note: (number > 1).then(|| "Wording after the discussion in the group.".to_owned()),
                created_at: tx.now(),
                audience,
                owner,
            });
        }
    }

    /// Makes the last sample supersede an earlier one.
    pub fn last_supersedes(&mut self, earlier: RecommendationId) {
        if let Some(last) = self.recommendations.last_mut() {
            last.supersedes_id = Some(earlier);
        }
    }

    pub async fn write(self, tx: &mut Tx<'_>) -> Result<(), Error> {
        tx.insert_many::<recommendation::Entity>(self.recommendations).await?;
        tx.insert_parts::<recommendation_revision::Entity>(self.revisions).await?;
        tx.insert_parts::<addressee::Entity>(self.addressees).await?;
        tx.insert_parts::<recommendation_theme::Entity>(self.themes).await?;
        tx.insert_parts::<recommendation_instrument::Entity>(self.instruments).await
    }
}

fn recommendation(tx: &Tx<'_>, sample: &Sample) -> Result<recommendation::Model, Error> {
    let (body_id, code) = &sample.body;
    let label = sample.adoption.map(|(_, day, serial)| Label::next(true, code, day.year(), Some(serial - 1)));
    let (audience, owner) = audience::of_recommendation(sample.status, sample.drafted_by);
    let words = sample.texts.last().map(|text| text.words(tx));
    let (text, paragraphs) = words.ok_or_else(|| Error::internal("a sample without a text"))?;
    Ok(recommendation::Model {
        label: label.as_ref().map(Label::to_string),
        label_year: label.as_ref().map(|label| label.year),
        label_serial: label.as_ref().map(|label| label.serial),
        status: sample.status,
        priority: sample.priority,
        adopted_on: sample.adoption.map(|(_, day, _)| day),
        agreed_meeting_id: sample.agreed_at,
        meeting_id: sample.adoption.map(|(meeting, ..)| meeting),
        drafted_by_id: sample.drafted_by,
        is_demo: true,
        no_personal_data: sample.adoption.is_some(),
        audience,
        owner,
        paragraphs,
        ..new_row(tx, *body_id, sample.kind, localized(&sample.title), text)
    })
}

pub fn localized((english, russian): &Pair) -> LocalizedText {
    LocalizedText::new(Locale::En, english.clone()).with(Locale::Ru, russian.clone())
}
