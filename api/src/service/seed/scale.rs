//! Synthetic volume for measurements: the same numbers give the same rows, marked `isDemo`. Each chunk is one transaction, so that memory
//! stays bounded, and others write in between.

use std::ops::Range;

use chrono::{Datelike as _, Days, NaiveDate};
use entity::addressee::{AddresseeCategory, AddresseeRole};
use entity::id::{BodyId, CountryId, MeetingId, OrganizationId, ThemeId};
use entity::meeting::{CountQualifier, MeetingKind, MeetingStatus, Modality};
use entity::meeting_organizer::OrganizerRole;
use entity::recommendation::{Priority, RecommendationKind, RecommendationStatus};
use entity::{body, body_session, country, meeting, meeting_organizer, organization, theme};
use sea_orm::{ColumnTrait as _, Condition};

use super::factory::{Rows, Sample, Wording, localized};
use crate::auth::Viewer;
use crate::domain::action::Action;
use crate::error::Error;
use crate::service::context::AppContext;
use crate::service::meeting::row::new_row;
use crate::service::pace::Pace;
use crate::service::read;
use crate::service::recommendation::transitions::last_serial;
use crate::service::tx::Tx;

/// The fewest and the most records of one transaction.
const FEWEST: usize = 200;
const CHUNK: usize = 1000;
/// Synthetic sessions are numbered from here, beyond `LAST_ORDINAL`, so that they use up no ordinal of the council's.
const FIRST_ORDINAL: i32 = 1_000_001;
/// Organisers of each meeting.
const ORGANIZERS: u32 = 4;

pub async fn load(app: &AppContext, recommendations: u32, meetings: u32) -> Result<(), Error> {
    let viewer = Viewer::system("seed");
    let mut context = Context::read(app, &viewer).await?;
    in_chunks(app, &viewer, meetings, async |tx, numbers| context.write_meetings(tx, numbers).await).await?;
    in_chunks(app, &viewer, recommendations, async |tx, numbers| {
        let mut rows = Rows::default();
        for number in numbers {
            rows.add(tx, &context.sample(number))?;
        }
        rows.write(tx).await
    })
    .await?;
    Ok(app.databases.refresh_statistics().await?)
}

/// Writes the records with the numbers below `count`, in as many transactions as it takes.
async fn in_chunks(
    app: &AppContext,
    viewer: &Viewer,
    count: u32,
    mut write: impl AsyncFnMut(&mut Tx<'_>, Range<u32>) -> Result<(), Error>,
) -> Result<(), Error> {
    let (mut pace, mut done) = (Pace::between(FEWEST, CHUNK), 0);
    while done < count {
        let rows = Ord::min(u32::try_from(pace.rows()).unwrap_or(count), count - done);
        pace.yields(app).await;
        let mut tx = app.begin(viewer, Action::SeedScale).await?;
        write(&mut tx, done..done + rows).await?;
        pace.learn(rows as usize, tx.begun().elapsed());
        tx.commit(()).await?;
        done += rows;
    }
    Ok(())
}

/// What the volume refers to, and the numbers that it continues from.
struct Context {
    groups: Vec<Group>,
    countries: Vec<CountryId>,
    organizations: Vec<OrganizationId>,
    themes: Vec<ThemeId>,
    meetings: Vec<(MeetingId, NaiveDate)>,
}

struct Group {
    id: BodyId,
    code: String,
    ordinal: i32,
    /// The last serial of a demonstration's label in each year.
    serials: std::collections::HashMap<i32, i32>,
}

impl Context {
    async fn read(app: &AppContext, viewer: &Viewer) -> Result<Self, Error> {
        let tx = app.begin(viewer, Action::SeedScale).await?;
        let working_groups = Condition::all().add(body::Column::Kind.eq(body::BodyKind::WorkingGroup));
        let mut bodies = read::all::<body::Entity>(tx.db(), tx.viewer(), working_groups).await?;
        bodies.sort_by(|one, other| one.code.cmp(&other.code));
        let mut groups = Vec::new();
        for body in bodies {
            groups.push(Group::read(&tx, body).await?);
        }
        let mut countries = read::all::<country::Entity>(tx.db(), tx.viewer(), Condition::all()).await?;
        countries.sort_by(|one, other| one.iso2.cmp(&other.iso2));
        let mut organizations = read::all::<organization::Entity>(tx.db(), tx.viewer(), Condition::all()).await?;
        organizations.sort_by(|one, other| one.acronym.cmp(&other.acronym));
        let mut themes = read::all::<theme::Entity>(tx.db(), tx.viewer(), Condition::all()).await?;
        themes.sort_by(|one, other| one.code.cmp(&other.code));
        tx.commit(()).await?;
        Ok(Self {
            groups,
            countries: countries.into_iter().map(|row| row.id).collect(),
            organizations: organizations.into_iter().map(|row| row.id).collect(),
            themes: themes.into_iter().map(|row| row.id).collect(),
            meetings: Vec::new(),
        })
    }

    async fn write_meetings(&mut self, tx: &mut Tx<'_>, numbers: Range<u32>) -> Result<(), Error> {
        let (mut meetings, mut sessions, mut organizers) = (Vec::new(), Vec::new(), Vec::new());
        // Far enough apart that the organisers of one meeting are different organisations.
        let step = u32::try_from(self.organizations.len()).unwrap_or(ORGANIZERS) / ORGANIZERS;
        for number in numbers {
            let row = meeting(tx, number, pick(&self.countries, number));
            let group = number as usize % self.groups.len();
            let group = &mut self.groups[group];
            let (audience, owner) = (row.audience, row.owner);
            let id = tx.new_id();
            sessions.push(body_session::Model {
                id,
                meeting_id: row.id,
                body_id: group.id,
                ordinal: group.ordinal,
                audience,
                owner,
            });
            group.ordinal += 1;
            for (offset, position) in (0..ORGANIZERS).zip(0..) {
                organizers.push(meeting_organizer::Model {
                    id: tx.new_id(),
                    meeting_id: row.id,
                    organization_id: pick(&self.organizations, number.wrapping_add(offset * step)),
                    role: if offset == 0 { OrganizerRole::Host } else { OrganizerRole::Organizer },
                    position,
                    audience,
                    owner,
                });
            }
            self.meetings.push((row.id, row.ends_on));
            meetings.push(row);
        }
        tx.insert_many::<meeting::Entity>(meetings).await?;
        tx.insert_parts::<body_session::Entity>(sessions).await?;
        tx.insert_parts::<meeting_organizer::Entity>(organizers).await
    }

    fn sample(&mut self, number: u32) -> Sample {
        let status = STATUSES[number as usize % STATUSES.len()];
        let (meeting, day) = pick(&self.meetings, number);
        let group = number as usize / STATUSES.len() % self.groups.len();
        let group = &mut self.groups[group];
        let adopted = matches!(status, RecommendationStatus::Adopted | RecommendationStatus::Transmitted);
        let adoption = adopted.then(|| {
            let serial = group.serials.entry(day.year()).or_insert(0);
            *serial += 1;
            (meeting, day, *serial)
        });
        Sample {
            body: (group.id, group.code.clone()),
            status,
            kind: if number.is_multiple_of(7) {
                RecommendationKind::ProposedSolution
            } else {
                RecommendationKind::Recommendation
            },
            title: (format!("Synthetic recommendation {number}"), format!("Синтетическая рекомендация {number}")),
            texts: vec![Wording::Whole((
                format!("Synthetic text {number}, written to measure the service and not a text of the council."),
                format!("Синтетический текст {number}, созданный для измерений и не являющийся текстом совета."),
            ))],
            priority: [Some(Priority::Low), Some(Priority::Medium), Some(Priority::High), None][number as usize % 4],
            drafted_by: (status == RecommendationStatus::Draft).then(|| pick(&self.organizations, number)),
            agreed_at: adopted.then_some(meeting),
            adoption,
            addressees: vec![
                (AddresseeCategory::Government, AddresseeRole::Lead, Some(pick(&self.countries, number)), None),
                (
                    AddresseeCategory::InternationalOrganization,
                    AddresseeRole::Supporting,
                    None,
                    Some(pick(&self.organizations, number / 3)),
                ),
            ],
            themes: (!self.themes.is_empty()).then(|| pick(&self.themes, number / 30)).into_iter().collect(),
            instruments: Vec::new(),
        }
    }
}

impl Group {
    async fn read(tx: &Tx<'_>, body: body::Model) -> Result<Self, Error> {
        let of_body = Condition::all().add(body_session::Column::BodyId.eq(body.id));
        let highest = tx.highest::<body_session::Entity>(body_session::Column::Ordinal, of_body).await?;
        let mut serials = std::collections::HashMap::new();
        for year in FIRST_YEAR..FIRST_YEAR + YEARS {
            serials.insert(year, last_serial(tx, body.id, true, year).await?.unwrap_or(0));
        }
        let ordinal = highest.map_or(FIRST_ORDINAL, |ordinal| FIRST_ORDINAL.max(ordinal + 1));
        Ok(Self { id: body.id, code: body.code, ordinal, serials })
    }
}

/// Three in five are adopted, as in a council that has worked for a long time.
const STATUSES: [RecommendationStatus; 10] = {
    use RecommendationStatus::{Adopted, AgreedInGroup, Draft, SubmittedToExcom, Transmitted, UnderDiscussion};
    [
        Adopted,
        Transmitted,
        UnderDiscussion,
        Adopted,
        AgreedInGroup,
        Transmitted,
        Adopted,
        Draft,
        SubmittedToExcom,
        Transmitted,
    ]
};
const FIRST_YEAR: i32 = 2024;
const YEARS: i32 = 2;

/// A concluded meeting; the days of all are spread over two years.
fn meeting(tx: &Tx<'_>, number: u32, country: CountryId) -> meeting::Model {
    let first = NaiveDate::from_ymd_opt(FIRST_YEAR, 1, 1).unwrap_or_default();
    let day = first + Days::new(u64::from(number) % (365 * 2));
    let title = localized(&(format!("Synthetic meeting {number}"), format!("Синтетическое заседание {number}")));
    meeting::Model {
        status: MeetingStatus::Concluded,
        city: Some("Tashkent".to_owned()),
        participant_count: Some(i32::try_from(20 + number % 80).unwrap_or(20)),
        count_qualifier: Some(CountQualifier::About),
        country_id: Some(country),
        is_demo: true,
        ..new_row(tx, title, MeetingKind::WorkingGroup, Modality::InPerson, day)
    }
}

fn pick<T: Copy>(from: &[T], number: u32) -> T {
    from[number as usize % from.len()]
}
