//! Writing many meetings at once. It adds no rules: they are those of scheduling and updating one, and of setting its organisers and
//! sessions.

use std::collections::{HashMap, HashSet};

use entity::id::{BodyId, CountryId, MeetingId, OrganizationId, SourceId};
use entity::meeting::MeetingKind;
use entity::text::LocalizedText;
use entity::{
    ModelOf, alternative_title, body, body_session, consensus_procedure, country, meeting, meeting_organizer,
    meeting_source, organization, recommendation, source,
};
use sea_orm::{Condition, ConnectionTrait as _};

use super::parts::{
    assign_ordinals, keep_organizers, keep_sources, keep_titles, organizer_rows, session_rows, source_rows, title_rows,
    without_ordinal,
};
use super::row::UpsertMeetingRowInput;
use super::wanted::{Names, ParsedOrganizer, ParsedSession, ParsedTitle, Wanted};
use super::{WHAT, cascade_access, reached_at};
use crate::auth::{Act, Viewer};
use crate::clock::{council_day, day_in};
use crate::domain::action::Action;
use crate::domain::lifecycle::{MeetingTransition, next_meeting};
use crate::domain::meeting as rules;
use crate::domain::validation::{Validated, all, combine};
use crate::error::Error;
use crate::service::bulk::{self, Batch, PartsBy, Plan, Target, Upserted, bulk_input, parts_of, targets, write_rows};
use crate::service::consensus;
use crate::service::context::AppContext;
use crate::service::patch::{are_same, given, named, replaced};
use crate::service::read;
use crate::service::tx::Tx;

bulk_input! {
    /// Many meetings at once.
    UpsertMeetingsInput of UpsertMeetingRowInput, to meeting by upsert
}

pub async fn upsert(
    app: &AppContext,
    viewer: &Viewer,
    input: UpsertMeetingsInput,
) -> Result<Upserted<meeting::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    bulk::check_length(&input.rows)?;
    bulk::persist(app, input.rows.len(), || attempt(app, viewer, &input)).await
}

async fn attempt(
    app: &AppContext,
    viewer: &Viewer,
    input: &UpsertMeetingsInput,
) -> Result<Upserted<meeting::Model>, Error> {
    let mut tx = app.begin(viewer, Action::UpsertMeetings).await?;
    let targets = targets::<meeting::Entity>(&tx, input.match_by, &input.keys(), WHAT).await?;
    let applied = input.rows.iter().zip(targets.rows).map(|(row, target)| Applied::of(&tx, row, target));
    let applied: Vec<Applied> = applied.collect();
    let mut known = Known::read(&tx, &applied).await?;
    let plans = applied.into_iter().map(|row| known.plan(&tx, row));
    let mut batch = Batch::new(input.options(), targets.systems, plans.collect());
    write(&mut tx, batch.plans()).await?;
    batch.finish(tx).await
}

/// What a row makes of its meeting, and what it names.
struct Applied {
    target: Target<meeting::Entity>,
    kind: MeetingKind,
    after: Validated<meeting::Model>,
    country: Vec<(String, CountryId)>,
    wanted: Wanted,
    formed: Validated<()>,
}

impl Applied {
    fn of(tx: &Tx<'_>, row: &UpsertMeetingRowInput, target: Target<meeting::Entity>) -> Self {
        let (wanted, formed) = Wanted::parse(
            replaced(&row.organizers).as_deref(),
            replaced(&row.sessions).as_deref(),
            replaced(&row.alternative_titles).as_deref(),
            replaced(&row.source_ids).as_deref(),
        );
        let (after, kind) = (row.applied(tx, target.before.as_ref()), row.kind);
        let country = given("countryId", row.country_id.as_opt_ref().flatten());
        Self { target, kind, after, country, wanted, formed }
    }
}

/// The parts of a meeting before and after; `None` leaves them as they are.
type Replaced<P> = Option<(Vec<ModelOf<P>>, Vec<ModelOf<P>>)>;

/// What a row changes in the parts of its meeting.
struct Parts {
    organizers: Replaced<meeting_organizer::Entity>,
    sessions: Replaced<body_session::Entity>,
    titles: Replaced<alternative_title::Entity>,
    sources: Replaced<meeting_source::Entity>,
}

type MeetingPlan = Plan<meeting::Entity, Parts>;

/// What the rows name, and what belongs to existing meetings: one statement for each table.
struct Known {
    bodies: HashMap<BodyId, body::Model>,
    organizations: HashSet<OrganizationId>,
    sources: HashSet<SourceId>,
    countries: HashSet<CountryId>,
    organizers_of: PartsBy<meeting_organizer::Entity>,
    sessions_of: PartsBy<body_session::Entity>,
    titles_of: PartsBy<alternative_title::Entity>,
    sources_of: PartsBy<meeting_source::Entity>,
    /// What was agreed or adopted at the meetings.
    reached: Vec<recommendation::Model>,
    /// The silences that were opened at the meetings.
    silences: Vec<consensus_procedure::Model>,
    ordinals: Ordinals,
}

/// The ordinals of the sessions of bodies, including those that the rows judged so far will get.
#[derive(Default)]
struct Ordinals {
    taken: HashMap<(BodyId, i32), MeetingId>,
    next: HashMap<BodyId, i32>,
}

impl Ordinals {
    async fn read(tx: &Tx<'_>, bodies: &[BodyId]) -> Result<Self, Error> {
        if bodies.is_empty() {
            return Ok(Self::default());
        }
        tx.lock_rows::<body::Entity>(bodies).await?;
        let of_bodies = read::among(tx.db().get_database_backend(), body_session::Column::BodyId, bodies);
        let mut ordinals = Self { next: bodies.iter().map(|body| (*body, 1)).collect(), ..Self::default() };
        let sessions = read::all::<body_session::Entity>(tx.db(), tx.viewer(), Condition::all().add(of_bodies)).await?;
        for session in sessions {
            ordinals.take(session.meeting_id, session.body_id, session.ordinal);
        }
        Ok(ordinals)
    }

    fn take(&mut self, meeting: MeetingId, body: BodyId, ordinal: i32) {
        self.taken.insert((body, ordinal), meeting);
        if ordinal <= rules::LAST_ORDINAL {
            self.next.entry(body).and_modify(|next| *next = (*next).max(ordinal + 1));
        }
    }

    fn is_free(&self, meeting: MeetingId, body: BodyId, ordinal: i32) -> bool {
        self.taken.get(&(body, ordinal)).is_none_or(|holder| *holder == meeting)
    }
}

impl Known {
    async fn read(tx: &Tx<'_>, rows: &[Applied]) -> Result<Self, Error> {
        let (mut bodies, mut organizations, mut sources) = (Vec::new(), Vec::new(), Vec::new());
        let (mut countries, mut there) = (Vec::new(), Vec::new());
        for Applied { target, country, wanted, .. } in rows {
            countries.extend(country.iter().map(|(_, id)| *id));
            there.extend(target.before.as_ref().map(|row| row.id));
            bodies.extend(wanted.names.bodies.iter().map(|(_, id)| *id));
            organizations.extend(wanted.names.organizations.iter().map(|(_, id)| *id));
            sources.extend(wanted.names.sources.iter().map(|(_, id)| *id));
        }
        let ordinals = Ordinals::read(tx, &bodies).await?;
        let sessions_of = parts_of::<body_session::Entity>(tx, &there).await?;
        bodies.extend(sessions_of.values().flatten().map(|session| session.body_id));
        Ok(Self {
            bodies: tx.by_id::<body::Entity>(bodies).await?,
            organizations: tx.known::<organization::Entity>(organizations).await?,
            sources: tx.known::<source::Entity>(sources).await?,
            countries: tx.known::<country::Entity>(countries).await?,
            organizers_of: parts_of::<meeting_organizer::Entity>(tx, &there).await?,
            sessions_of,
            titles_of: parts_of::<alternative_title::Entity>(tx, &there).await?,
            sources_of: parts_of::<meeting_source::Entity>(tx, &there).await?,
            silences: if there.is_empty() { Vec::new() } else { consensus::silences_at(tx, &there).await? },
            reached: if there.is_empty() { Vec::new() } else { reached_at(tx, &there).await? },
            ordinals,
        })
    }

    fn plan(&mut self, tx: &Tx<'_>, row: Applied) -> Validated<MeetingPlan> {
        let Applied { target: Target { before, external_key, key }, kind, after, country, wanted, formed } = row;
        let sessions = before.as_ref().map_or(0, |before| before_of(&self.sessions_of, before.id).len());
        let sessions = wanted.sessions.as_ref().map_or(sessions, Vec::len);
        let organizers = before.as_ref().map_or(0, |before| before_of(&self.organizers_of, before.id).len());
        combine!(
            () = key,
            () = formed,
            () = named(&country, &self.countries, "country"),
            () = self.check_named(&wanted.names),
            () = rules::sessions(kind, sessions),
            after = after,
        );
        let organizers = wanted.organizers.as_ref().map_or(organizers, Vec::len);
        let today = day_in(tx.now(), &after.timezone);
        let enough = rules::organizers(after.status, organizers);
        let kept = wanted.organizers.filter(|_| enough.is_ok());
        combine!(
            () = enough,
            () = before.as_ref().map_or(Ok(()), |_| rules::still_held(&after, today)),
            organizers = self.organizers(tx, &after, kept),
            sessions = self.sessions(tx, &after, wanted.sessions),
            titles = self.titles(tx, &after, wanted.titles),
            sources = self.sources(tx, &after, wanted.sources),
        );
        let parts = Parts { organizers, sessions, titles, sources };
        let changed = self.validate(before.as_ref(), &after, &parts)?;
        if let Some((_, sessions)) = &parts.sessions {
            for session in sessions {
                self.ordinals.take(after.id, session.body_id, session.ordinal);
            }
        }
        Ok(Plan { before, after, changed, parts, external_key })
    }

    fn check_named(&self, names: &Names) -> Validated<()> {
        let bodies: HashSet<BodyId> = self.bodies.keys().copied().collect();
        all([
            named(&names.organizations, &self.organizations, "organisation"),
            named(&names.bodies, &bodies, "body"),
            named(&names.sources, &self.sources, "source"),
        ])
    }

    /// Whether a row changes anything, and if so, whether it may.
    fn validate(&self, before: Option<&meeting::Model>, after: &meeting::Model, parts: &Parts) -> Validated<bool> {
        let sessions = after_of(parts.sessions.as_ref(), &self.sessions_of, after.id);
        let Some(before) = before else { return Ok(true) };
        let updates =
            before != after || parts.organizers.is_some() || parts.titles.is_some() || parts.sources.is_some();
        if updates {
            next_meeting(before.status, MeetingTransition::Update).map_err(|refusal| vec![refusal])?;
        }
        if parts.sessions.is_some() {
            next_meeting(before.status, MeetingTransition::SetSessions).map_err(|refusal| vec![refusal])?;
        }
        let bodies: Vec<body::Model> =
            sessions.iter().filter_map(|session| self.bodies.get(&session.body_id)).cloned().collect();
        let silences: Vec<_> = self.silences.iter().filter(|row| row.meeting_id == after.id).cloned().collect();
        let mut reached = self.reached.iter().filter(|text| is_reached_at(text, after.id));
        all([
            rules::keeps_reached(
                "startsOn",
                reached.clone().all(|text| rules::rests_on_days(text, after, &silences, council_day)),
            ),
            rules::keeps_reached("sessions", reached.all(|text| rules::rests_on_sessions(text, after.id, &bodies))),
            rules::keeps_silences(&silences, after.sensitivity, &bodies),
        ])?;
        Ok(updates || parts.sessions.is_some())
    }

    fn organizers(
        &self,
        tx: &Tx<'_>,
        row: &meeting::Model,
        wanted: Option<Vec<ParsedOrganizer>>,
    ) -> Validated<Replaced<meeting_organizer::Entity>> {
        let Some(wanted) = wanted else { return Ok(None) };
        let before = before_of(&self.organizers_of, row.id);
        if are_same(before.iter().map(|part| (part.organization_id, part.role)).collect(), wanted.clone()) {
            return Ok(None);
        }
        keep_organizers(row, &before, &wanted)?;
        Ok(Some((before, organizer_rows(tx, row, &wanted))))
    }

    fn sessions(
        &mut self,
        tx: &Tx<'_>,
        row: &meeting::Model,
        wanted: Option<Vec<ParsedSession>>,
    ) -> Validated<Replaced<body_session::Entity>> {
        let Some(wanted) = wanted else { return Ok(None) };
        let before = before_of(&self.sessions_of, row.id);
        let next =
            without_ordinal(&before, &wanted).into_iter().map(|body| (body, self.ordinals.next[&body])).collect();
        let wanted = assign_ordinals(row, &before, &wanted, &next)?;
        let all_free = wanted.iter().all(|(body, ordinal)| self.ordinals.is_free(row.id, *body, *ordinal));
        rules::ordinal_is_free(all_free)?;
        let after = session_rows(tx, row, &wanted);
        let carries = |rows: &[body_session::Model]| -> HashSet<(BodyId, i32)> {
            rows.iter().map(|part| (part.body_id, part.ordinal)).collect()
        };
        Ok((carries(&before) != carries(&after)).then_some((before, after)))
    }

    fn titles(
        &self,
        tx: &Tx<'_>,
        row: &meeting::Model,
        wanted: Option<Vec<ParsedTitle>>,
    ) -> Validated<Replaced<alternative_title::Entity>> {
        let Some(wanted) = wanted else { return Ok(None) };
        let before = before_of(&self.titles_of, row.id);
        keep_titles(row, &before, &wanted)?;
        let after = title_rows(tx, row, &before, wanted);
        let titles = |rows: &[alternative_title::Model]| -> Vec<(SourceId, LocalizedText)> {
            rows.iter().map(|part| (part.source_id, part.title.clone())).collect()
        };
        Ok((!are_same(titles(&before), titles(&after))).then_some((before, after)))
    }

    fn sources(
        &self,
        tx: &Tx<'_>,
        row: &meeting::Model,
        wanted: Option<Vec<SourceId>>,
    ) -> Validated<Replaced<meeting_source::Entity>> {
        let Some(wanted) = wanted else { return Ok(None) };
        let before = before_of(&self.sources_of, row.id);
        if are_same(before.iter().map(|part| part.source_id).collect(), wanted.clone()) {
            return Ok(None);
        }
        keep_sources(row, &before, &wanted)?;
        Ok(Some((before, source_rows(tx, row, &wanted))))
    }
}

fn is_reached_at(text: &recommendation::Model, meeting: MeetingId) -> bool {
    [text.meeting_id, text.agreed_meeting_id].contains(&Some(meeting))
}

fn before_of<P: Clone>(parts: &HashMap<MeetingId, Vec<P>>, meeting: MeetingId) -> Vec<P> {
    parts.get(&meeting).cloned().unwrap_or_default()
}

/// The parts that a meeting has after the write.
fn after_of<'a, P>(
    replaced: Option<&'a (Vec<P>, Vec<P>)>,
    parts: &'a HashMap<MeetingId, Vec<P>>,
    meeting: MeetingId,
) -> &'a [P] {
    match replaced {
        Some((_, after)) => after,
        None => parts.get(&meeting).map(Vec::as_slice).unwrap_or_default(),
    }
}

/// Writes the planned rows; the parts that stay with a meeting get its access.
async fn write(tx: &mut Tx<'_>, plans: Vec<&mut MeetingPlan>) -> Result<(), Error> {
    let mut changed: Vec<&mut MeetingPlan> = plans.into_iter().filter(|plan| plan.changed).collect();
    write_rows(tx, changed.iter_mut().map(|plan| &mut **plan)).await?;
    let (mut organizers, mut sessions) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
    let (mut titles, mut sources) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
    for plan in &mut changed {
        gather(&mut organizers, plan.parts.organizers.take());
        gather(&mut sessions, plan.parts.sessions.take());
        gather(&mut titles, plan.parts.titles.take());
        gather(&mut sources, plan.parts.sources.take());
    }
    tx.replace_parts::<meeting_organizer::Entity>(organizers.0, organizers.1).await?;
    tx.replace_parts::<body_session::Entity>(sessions.0, sessions.1).await?;
    tx.replace_parts::<alternative_title::Entity>(titles.0, titles.1).await?;
    tx.replace_parts::<meeting_source::Entity>(sources.0, sources.1).await?;
    let rows = changed.iter().filter_map(|plan| Some((plan.before.as_ref()?, &plan.after)));
    cascade_access(tx, &rows.collect::<Vec<_>>()).await
}

fn gather<P>((before, after): &mut (Vec<P>, Vec<P>), replaced: Option<(Vec<P>, Vec<P>)>) {
    if let Some((old, new)) = replaced {
        before.extend(old);
        after.extend(new);
    }
}
