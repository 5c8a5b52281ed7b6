//! Bulk writes: which record each row is about, and what becomes of the row. It knows no topic: the use cases of a type plan each row by
//! the rules of the single mutations, and this module writes all rows of a table at once.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use async_graphql::ID;
use entity::id::RecordId as _;
use entity::{ModelOf, Part, Record, external_id};
use uuid::Uuid;

use super::external_id::{self as external_ids, ExternalIdInput, Systems, claim, of_keys, of_records};
use super::read::{self, Visible};
use super::registry::RecordRef;
use super::retry::retry_on_conflict;
use super::tx::Tx;
use crate::auth::Viewer;
use crate::domain::bulk::{self, ErrorPolicy, MatchBy, Outcome};
use crate::domain::external::{self, ExternalKey};
use crate::domain::fields;
use crate::domain::validation::{Validated, ValidationError, ValidationErrorCode, ensure, none, passed};
use crate::error::Error;
use crate::service::context::AppContext;
use crate::service::context::feed::ChangeCursor;

/// The options of a bulk write.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub match_by: MatchBy,
    pub error_policy: ErrorPolicy,
    pub dry_run: bool,
}

/// How a row names its record.
#[derive(Clone, Copy, Debug)]
pub struct RowKey<'a> {
    pub id: Option<&'a ID>,
    pub external_id: Option<&'a ExternalIdInput>,
    pub expected_version: Option<i32>,
}

/// The input of a bulk write.
pub trait BulkInput: Sized {
    type Row;
    type Record;
    fn new(rows: Vec<Self::Row>, options: Options) -> Self;
    fn write(
        self,
        app: &AppContext,
        viewer: &Viewer,
    ) -> impl Future<Output = Result<Upserted<Self::Record>, Error>> + Send;
}

/// Declares the input of a bulk write: rows that have `id`, `external_id` and `expected_version`, and how to go about them. Expands to
/// `struct UpsertMeetingsInput { rows, match_by, error_policy, dry_run }`;
/// its `keys` and `options`; and
/// `impl BulkInput`, by which an import makes and writes one.
macro_rules! bulk_input {
    ($(#[$meta:meta])* $input:ident of $row:ident, to $table:ident by $upsert:path) => {
        $(#[$meta])*
        #[derive(Clone, Debug, async_graphql::InputObject)]
        pub struct $input {
            /// The rows, at most 500.
            pub rows: Vec<$row>,
            /// How the rows name their records.
            pub match_by: $crate::domain::bulk::MatchBy,
            /// What happens to the other rows if one is refused.
            #[graphql(default_with = "crate::domain::bulk::ErrorPolicy::RejectAll")]
            pub error_policy: $crate::domain::bulk::ErrorPolicy,
            /// Whether to check the rows only, and to write nothing. The records are then returned as they are, and new ones as null.
            #[graphql(default)]
            pub dry_run: bool,
        }

        impl $input {
            fn keys(&self) -> Vec<$crate::service::bulk::RowKey<'_>> {
                let keys = self.rows.iter().map(|row| $crate::service::bulk::RowKey {
                    id: row.id.as_ref(),
                    external_id: row.external_id.as_ref(),
                    expected_version: row.expected_version,
                });
                keys.collect()
            }

            fn options(&self) -> $crate::service::bulk::Options {
                let Self { rows: _, match_by, error_policy, dry_run } = *self;
                $crate::service::bulk::Options { match_by, error_policy, dry_run }
            }
        }

        impl $crate::service::bulk::BulkInput for $input {
            type Row = $row;
            type Record = entity::$table::Model;

            fn new(rows: Vec<$row>, options: $crate::service::bulk::Options) -> Self {
                let $crate::service::bulk::Options { match_by, error_policy, dry_run } = options;
                Self { rows, match_by, error_policy, dry_run }
            }

            async fn write(
                self,
                app: &$crate::service::context::AppContext,
                viewer: &$crate::auth::Viewer,
            ) -> Result<$crate::service::bulk::Upserted<Self::Record>, $crate::error::Error> {
                $upsert(app, viewer, self).await
            }
        }
    };
}
pub(crate) use bulk_input;

/// Parts, grouped by the record that they belong to.
pub type PartsBy<P> = HashMap<<P as Part>::ParentId, Vec<ModelOf<P>>>;

/// The parts of records that exist.
pub async fn parts_of<P: Part + Visible>(tx: &Tx<'_>, parents: &[P::ParentId]) -> Result<PartsBy<P>, Error> {
    let mut parts = PartsBy::<P>::new();
    if !parents.is_empty() {
        for part in read::children::<P>(tx.db(), tx.viewer(), parents).await? {
            parts.entry(P::parent(&part)).or_default().push(part);
        }
    }
    Ok(parts)
}

/// The records that the rows of a bulk write are about, and the systems that its author may use.
pub struct Targets<E: Record> {
    pub rows: Vec<Target<E>>,
    pub systems: Systems,
}

/// What a row is about: an existing record, or a new one; the external id that it gets, if it is new to the record; and what is wrong with
/// its key or version. A row whose record is not found is judged as a new one, so that all that is wrong with it is told at once.
pub struct Target<E: Record> {
    pub before: Option<E::Model>,
    pub external_key: Option<ExternalKey>,
    pub key: Validated<()>,
}

/// What a row leads to. `parts` is what it changes in the parts of the record.
pub struct Plan<E: Record, P> {
    pub before: Option<E::Model>,
    pub after: E::Model,
    pub changed: bool,
    pub parts: P,
    pub external_key: Option<ExternalKey>,
}

impl<E: Record, P> Plan<E, P> {
    fn outcome(&self) -> Outcome {
        match (&self.before, self.changed) {
            (None, _) => Outcome::Created,
            (Some(_), true) => Outcome::Updated,
            (Some(_), false) => Outcome::Unchanged,
        }
    }
}

/// What became of the rows, and where the write stands in the feed. No cursor if nothing changed.
pub struct Upserted<M> {
    pub rows: Vec<UpsertedRow<M>>,
    pub cursor: Option<ChangeCursor>,
    /// How long the transaction was open before its commit.
    pub worked: Duration,
}

/// What became of one row. `record` is the record as it is now, if it exists.
pub struct UpsertedRow<M> {
    pub outcome: Outcome,
    pub record: Option<M>,
    pub refusals: Vec<ValidationError>,
}

/// Refuses more rows than a bulk write takes.
pub fn check_length<T>(rows: &[T]) -> Result<(), Error> {
    if rows.len() <= bulk::ROWS {
        return Ok(());
    }
    Err(Error::InvalidArgument { message: format!("rows: at most {}; {} are given.", bulk::ROWS, rows.len()) })
}

/// Retries on a write conflict: a key that was free has been taken, and the next attempt sees by whom. If that does not help, every one of
/// the `count` rows is refused.
pub async fn persist<M, F: Future<Output = Result<Upserted<M>, Error>>>(
    app: &AppContext,
    count: usize,
    attempt: impl Fn() -> F,
) -> Result<Upserted<M>, Error> {
    let attempt = async || match attempt().await {
        Err(error @ (Error::Refused(_) | Error::Conflict { .. })) => Err(Error::WriteConflict(error.into())),
        outcome => outcome,
    };
    match retry_on_conflict(app, attempt).await {
        Err(Error::Conflict { .. }) => {
            let rows = (0..count).map(|index| failed(index, vec![bulk::write_conflict()]));
            Ok(Upserted { rows: rows.collect(), cursor: None, worked: Duration::ZERO })
        }
        outcome => outcome,
    }
}

/// What a rule says of one row: validation errors belong to the row, faults fail the whole write.
pub fn verdict<T>(outcome: Result<T, Error>) -> Result<Validated<T>, Error> {
    match outcome {
        Err(Error::Forbidden(reason)) => {
            Ok(Err(vec![ValidationError::new(ValidationErrorCode::Forbidden, "", reason)]))
        }
        outcome => Error::validated(outcome),
    }
}

struct Parsed<E: Record> {
    id: Option<E::Id>,
    external: Option<ExternalKey>,
    expected_version: Option<i32>,
    errors: Vec<ValidationError>,
}

impl<E: Record> Parsed<E> {
    /// The existing record that the row names.
    fn named(&self, match_by: MatchBy, linked: &HashMap<ExternalKey, external_id::Model>) -> Option<E::Id> {
        match match_by {
            MatchBy::ExternalId if let Some(external) = &self.external => {
                linked.get(external).map(|row| E::Id::new(row.record_id))
            }
            // A row without the key that it must have is still about the record that it names.
            MatchBy::ExternalId | MatchBy::Id => self.id,
        }
    }
}

fn parse<E: Record>(match_by: MatchBy, key: &RowKey<'_>, what: &str) -> Parsed<E> {
    let mut errors = Vec::new();
    passed(bulk::has_its_key(match_by, key.id.is_some(), key.external_id.is_some()), &mut errors);
    Parsed {
        id: key.id.and_then(|id| passed(fields::id("id", id, what), &mut errors)),
        external: key.external_id.and_then(|key| passed(key.parse(), &mut errors)),
        expected_version: key.expected_version,
        errors,
    }
}

/// The records that the rows are about, locked until the transaction ends. Five statements, however many rows.
pub async fn targets<E: Record + Visible>(
    tx: &Tx<'_>,
    match_by: MatchBy,
    keys: &[RowKey<'_>],
    what: &str,
) -> Result<Targets<E>, Error> {
    let parsed: Vec<Parsed<E>> = keys.iter().map(|key| parse(match_by, key, what)).collect();
    let external: Vec<&ExternalKey> = parsed.iter().filter_map(|key| key.external.as_ref()).collect();
    let systems = claim(tx, &external).await?;
    let linked = of_keys(tx, E::TYPE, &external).await?;
    let named: Vec<Option<E::Id>> = parsed.iter().map(|key| key.named(match_by, &linked)).collect();
    let ids: Vec<E::Id> = named.iter().flatten().copied().collect();
    tx.lock_rows::<E>(&ids).await?;
    let records = tx.by_id::<E>(ids).await?;
    let path = if match_by == MatchBy::Id { "id" } else { "externalId" };
    let (mut seen, mut seen_keys) = (HashSet::new(), HashSet::new());
    let rows = parsed.into_iter().zip(named).map(|(parsed, id)| {
        let Parsed { id: _, external, expected_version, mut errors } = parsed;
        let before = id.and_then(|id| records.get(&id)).cloned();
        let mut check = |outcome| passed(outcome, &mut errors);
        if let Some(external) = &external {
            check(systems.check("externalId", external).and_then(|()| {
                let linked = linked.get(external).map(|row| row.record_id);
                bulk::is_the_first("externalId", seen_keys.insert(external.clone()))?;
                external::names_one("externalId", linked.is_none() || linked == id.map(E::Id::uuid))
            }));
        }
        check(bulk::is_the_first(path, id.is_none_or(|id| seen.insert(id))));
        check(ensure(id.is_none() || before.is_some(), || ValidationError::not_found(path, what)));
        if before.is_some() || errors.is_empty() {
            passed(bulk::is_at(before.as_ref().map(E::version), expected_version), &mut errors);
        }
        // A row whose external id was given before is also about the same record.
        errors.dedup();
        let external_key = external.filter(|external| !linked.contains_key(external));
        Target { before, external_key, key: none(errors) }
    });
    let mut rows: Vec<Target<E>> = rows.collect();
    check_room(tx, &mut rows, &systems).await?;
    Ok(Targets { rows, systems })
}

/// The existing record that gets another external id.
fn named_anew<E: Record>(target: &Target<E>) -> Option<Uuid> {
    Some(E::id(target.before.as_ref().filter(|_| target.external_key.is_some())?).uuid())
}

/// Refuses an external id beyond the limit for an existing record.
async fn check_room<E: Record>(tx: &Tx<'_>, rows: &mut [Target<E>], systems: &Systems) -> Result<(), Error> {
    let ids: Vec<Uuid> = rows.iter().filter_map(named_anew).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let linked = of_records(tx.db(), tx.viewer(), &ids).await?;
    for target in rows.iter_mut().filter(|target| target.key.is_ok()) {
        let owner = target.external_key.as_ref().and_then(|key| systems.owner(key));
        let linked = named_anew(target).and_then(|id| linked.get(&id)).into_iter().flatten();
        target.key = fields::room("externalId", linked.filter(|row| row.owner == owner).count());
    }
    Ok(())
}

/// The rows of a bulk write, planned.
pub struct Batch<E: Record, P> {
    options: Options,
    rows: Vec<Validated<Plan<E, P>>>,
    systems: Systems,
}

impl<E: Record, P> Batch<E, P> {
    pub fn new(options: Options, systems: Systems, rows: Vec<Validated<Plan<E, P>>>) -> Self {
        Self { options, rows, systems }
    }

    /// What is to be written; nothing, if one refused row rejects all of them.
    pub fn plans(&mut self) -> Vec<&mut Plan<E, P>> {
        if self.is_rejected() { Vec::new() } else { self.rows.iter_mut().flatten().collect() }
    }

    fn is_rejected(&self) -> bool {
        self.options.error_policy == ErrorPolicy::RejectAll && self.rows.iter().any(Result::is_err)
    }

    /// Links the external ids, and ends the transaction.
    pub async fn finish(mut self, mut tx: Tx<'_>) -> Result<Upserted<E::Model>, Error> {
        if self.is_rejected() {
            let worked = tx.begun().elapsed();
            tx.rollback().await?;
            let rows = self.rows.into_iter().enumerate().map(rejected).collect();
            return Ok(Upserted { rows, cursor: None, worked });
        }
        let mut links: Vec<external_id::Model> = Vec::new();
        for plan in self.rows.iter_mut().flatten() {
            let record = RecordRef { record: E::TYPE, id: E::id(&plan.after).uuid() };
            links.extend(plan.external_key.take().map(|key| external_ids::row(&tx, record, key, &self.systems)));
        }
        let used = links.iter().map(|link| link.source_system.clone()).collect();
        self.systems.give_back(&mut tx, &used).await?;
        tx.insert_unversioned::<external_id::Entity>(&links).await?;
        let (worked, dry_run) = (tx.begun().elapsed(), self.options.dry_run);
        let cursor = if dry_run {
            tx.rollback().await?;
            None
        } else {
            tx.commit(()).await?.cursor
        };
        let rows = self.rows.into_iter().enumerate().map(|row| written(row, dry_run));
        Ok(Upserted { rows: rows.collect(), cursor, worked })
    }
}

/// Writes the rows of plans that change something: the new ones in one statement, the changed ones in another.
pub async fn write_rows<'a, E: Record, P>(
    tx: &mut Tx<'_>,
    plans: impl Iterator<Item = &'a mut Plan<E, P>>,
) -> Result<(), Error>
where
    P: 'a,
{
    let (new, known): (Vec<_>, Vec<_>) = plans.partition(|plan| plan.before.is_none());
    let rows = tx.insert_many::<E>(new.iter().map(|plan| plan.after.clone()).collect()).await?;
    for (plan, row) in new.into_iter().zip(rows) {
        plan.after = row;
    }
    let mut rows: Vec<(E::Model, E::Model)> =
        known.iter().filter_map(|plan| Some((plan.before.clone()?, plan.after.clone()))).collect();
    tx.touch_many::<E>(&mut rows).await?;
    for (plan, (_, row)) in known.into_iter().zip(rows) {
        plan.after = row;
    }
    Ok(())
}

fn failed<M>(index: usize, refusals: Vec<ValidationError>) -> UpsertedRow<M> {
    let refusals = refusals.into_iter().map(|refusal| refusal.within("rows", index)).collect();
    UpsertedRow { outcome: Outcome::Failed, record: None, refusals }
}

fn rejected<E: Record, P>((index, row): (usize, Validated<Plan<E, P>>)) -> UpsertedRow<E::Model> {
    match row {
        Ok(plan) => UpsertedRow { outcome: Outcome::Failed, record: plan.before, refusals: Vec::new() },
        Err(refusals) => failed(index, refusals),
    }
}

fn written<E: Record, P>((index, row): (usize, Validated<Plan<E, P>>), dry_run: bool) -> UpsertedRow<E::Model> {
    match row {
        Ok(plan) => {
            let outcome = plan.outcome();
            let record = if dry_run { plan.before } else { Some(plan.after) };
            UpsertedRow { outcome, record, refusals: Vec::new() }
        }
        Err(refusals) => failed(index, refusals),
    }
}
