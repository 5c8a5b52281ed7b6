//! Each migration meets rows: a data file of its name stands for what an installation wrote while it was the last one. Nothing is lost on
//! the way up, all that was written can be read at its end, and what the migrations before have made is kept on the way down.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use entity::{change, change_head, instrument, meeting, recommendation_theme, theme, webhook};
use migration::{Migrator, MigratorTrait as _};
use rec_tests::{TestApp, on_both_databases};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, EntityTrait, Statement};
use uuid::Uuid;

use super::{EmptyDatabase, count_all_readable};

const TABLES_POSTGRES: &str = "SELECT table_name::text AS name, \
     'ROW(' || string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position) || ')::text' AS held \
     FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'seaql_migrations' GROUP BY table_name";
const TABLES_SQLITE: &str = "SELECT t.name AS name, group_concat('quote(\"' || c.name || '\")', ' || '','' || ') AS held \
     FROM sqlite_schema t, pragma_table_info(t.name) c \
     WHERE t.type = 'table' AND t.name <> 'seaql_migrations' AND t.name NOT LIKE 'sqlite%' GROUP BY t.name";

/// The columns, with a question mark at those that may be empty.
const COLUMNS_POSTGRES: &str = "SELECT table_name::text AS name, \
     column_name || CASE is_nullable WHEN 'YES' THEN '?' ELSE '' END AS held FROM information_schema.columns \
     WHERE table_schema = 'public'";
const COLUMNS_SQLITE: &str = "SELECT t.name AS name, c.name || CASE WHEN c.\"notnull\" = 0 AND c.pk = 0 THEN '?' ELSE '' END AS held \
     FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table'";

/// The table of each row, and what the row holds as a text.
type Rows = BTreeSet<(String, String)>;

/// The tables of a database, each with the expression of the columns that it has at this time.
struct Tables(Vec<(String, String)>);

impl Tables {
    async fn of(db: &DatabaseConnection) -> Self {
        let postgres = db.get_database_backend() == DbBackend::Postgres;
        Self(pairs(db, if postgres { TABLES_POSTGRES } else { TABLES_SQLITE }).await)
    }

    /// What the rows hold in these columns, whatever columns they have besides.
    async fn rows(&self, db: &DatabaseConnection) -> Rows {
        let select = |(name, held): &(String, String)| format!("SELECT '{name}' AS name, {held} AS held FROM {name}");
        let selects: Vec<String> = self.0.iter().map(select).collect();
        if selects.is_empty() {
            return Rows::new();
        }
        pairs(db, &selects.join(" UNION ALL ")).await.into_iter().collect()
    }

    /// Takes a step of the history, after which the rows hold what they held before.
    async fn assert_kept_by(&self, db: &DatabaseConnection, step: impl Future<Output = Result<(), DbErr>>, what: &str) {
        let before = self.rows(db).await;
        step.await.unwrap_or_else(|error| panic!("{what}: {error}"));
        let after = self.rows(db).await;
        let lost: Vec<_> = before.difference(&after).collect();
        assert!(lost.is_empty(), "{what} loses or changes {lost:#?}");
    }
}

async fn pairs(db: &DatabaseConnection, sql: &str) -> Vec<(String, String)> {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let rows = db.query_all_raw(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.iter().map(|row| (row.try_get("", "name").unwrap(), row.try_get("", "held").unwrap())).collect()
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("it/migration")
}

/// The id that data files write as its prefix and a number, such as `{mtg:1}`. Nothing else in braces is one.
fn id(name: &str) -> Option<Uuid> {
    let (prefix, number) = name.split_once(':')?;
    let prefix: [u8; 3] = prefix.as_bytes().try_into().ok()?;
    let number: u128 = number.parse().ok()?;
    let id = prefix.iter().fold(0x0193_0000_0000_7000_8000, |id: u128, letter| (id << 8) | u128::from(*letter));
    Some(Uuid::from_u128((id << 24) | number))
}

/// The SQL of `backend` for a data file: the databases spell ids differently, and all else alike.
fn spell(script: &str, backend: DbBackend) -> String {
    let mut pieces = script.split('{');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |sql, piece| {
        let named = piece.split_once('}').and_then(|(name, rest)| Some((id(name)?, rest)));
        match named {
            Some((id, rest)) if backend == DbBackend::Postgres => format!("{sql}'{id}'::uuid{rest}"),
            Some((id, rest)) => format!("{sql}X'{}'{rest}", id.simple()),
            None => format!("{sql}{{{piece}"),
        }
    })
}

async fn columns(db: &DatabaseConnection) -> Rows {
    let postgres = db.get_database_backend() == DbBackend::Postgres;
    pairs(db, if postgres { COLUMNS_POSTGRES } else { COLUMNS_SQLITE }).await.into_iter().collect()
}

/// Loads what an installation wrote under a migration. Every table has rows from then on, so that the next migration meets some. Only a
/// migration that adds columns that may be empty goes without a file: the rows of before have them.
async fn load_data_file(db: &DatabaseConnection, migration: &str, columns_before: &Rows) {
    let file = directory().join(format!("{migration}.sql"));
    if !file.is_file() {
        let new: Vec<_> = columns(db).await.difference(columns_before).cloned().collect();
        let are_optional = !new.is_empty() && new.iter().all(|(_, column)| column.ends_with('?'));
        assert!(are_optional, "no rows in {}, for new columns {new:?}", file.display());
        return;
    }
    let script = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let tables = Tables::of(db).await;
    let before = tables.rows(db).await;
    let script = spell(&script, db.get_database_backend());
    db.execute_unprepared(&script).await.unwrap_or_else(|error| panic!("{migration}.sql: {error}"));
    let after = tables.rows(db).await;
    assert!(before != after, "{migration}.sql writes nothing");
    let filled: BTreeSet<&String> = after.iter().map(|(table, _)| table).collect();
    let empty: Vec<&String> = tables.0.iter().map(|(table, _)| table).filter(|table| !filled.contains(table)).collect();
    assert!(empty.is_empty(), "{migration}.sql leaves {empty:?} empty");
}

#[test]
fn every_data_file_belongs_to_a_migration() {
    let migrations: BTreeSet<String> = Migrator::migrations().iter().map(|one| one.name().to_owned()).collect();
    let files = std::fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|end| end == "sql"));
    let files: BTreeSet<String> = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    let others: Vec<&String> = files.difference(&migrations).collect();
    assert!(others.is_empty(), "no migrations: {others:?}");
}

on_both_databases! {
    each_migration_is_applied_over_rows_of_its_day,
}

async fn each_migration_is_applied_over_rows_of_its_day(app: TestApp) {
    let database = EmptyDatabase::of(app.database).await;
    let db = &database.db;
    let mut history = Vec::new();
    for migration in Migrator::migrations() {
        let (name, before, columns) = (migration.name().to_owned(), Tables::of(db).await, columns(db).await);
        before.assert_kept_by(db, Migrator::up(db, Some(1)), &name).await;
        load_data_file(db, &name, &columns).await;
        history.push((name, before));
    }
    assert_every_row_decodes(db).await;
    assert_migrated_values(db).await;
    for (name, before) in history.iter().skip(1).rev() {
        before.assert_kept_by(db, Migrator::down(db, Some(1)), &format!("{name}, down,")).await;
    }
    Tables::of(db).await.assert_kept_by(db, Migrator::up(db, None), "the way up again").await;
    assert_eq!(demo_meetings(db).await, ids(["mtg:2", "mtg:4"]), "meetings are marked anew");
    Migrator::down(db, None).await.expect("down");
    assert!(Tables::of(db).await.0.is_empty(), "nothing is left behind");
    database.remove().await;
}

async fn assert_every_row_decodes(db: &DatabaseConnection) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (table, _) in Tables::of(db).await.rows(db).await {
        *counts.entry(table).or_default() += 1;
    }
    assert_eq!(count_all_readable(db).await, counts);
}

fn uuid_of(name: &str) -> Uuid {
    id(name).expect("a name of an id")
}

fn ids<const N: usize>(names: [&str; N]) -> BTreeSet<Uuid> {
    names.into_iter().map(uuid_of).collect()
}

async fn all<E: EntityTrait>(db: &DatabaseConnection) -> Vec<E::Model> {
    E::find().all(db).await.expect("rows")
}

async fn demo_meetings(db: &DatabaseConnection) -> BTreeSet<Uuid> {
    let meetings = all::<meeting::Entity>(db).await.into_iter();
    meetings.filter(|meeting| meeting.is_demo).map(|meeting| meeting.id.0).collect()
}

/// What migrations wrote on rows that were there, and what the data files could do once they allowed it.
async fn assert_migrated_values(db: &DatabaseConnection) {
    assert_eq!(demo_meetings(db).await, ids(["mtg:2", "mtg:4"]), "volume is a demonstration, by its sessions");
    let head = all::<change_head::Entity>(db).await.remove(0);
    assert_eq!((head.seq, head.floor, head.first_version), (12, 2, 28_641_600));
    let told: BTreeMap<Uuid, Option<Uuid>> =
        all::<webhook::Entity>(db).await.into_iter().map(|webhook| (webhook.id.0, webhook.epoch)).collect();
    let epoch = Some(head.epoch);
    let expected = [("whk:1", epoch), ("whk:2", epoch), ("whk:3", epoch), ("whk:4", None)];
    let expected = BTreeMap::from(expected.map(|(name, epoch)| (uuid_of(name), epoch)));
    assert_eq!(told, expected, "webhooks know of which feed they were told");
    assert_theme_is_merged(db).await;
    assert_symbols_are_folded(db).await;
}

/// Of two symbols that differ in case only, the second one keeps itself apart.
async fn assert_symbols_are_folded(db: &DatabaseConnection) {
    let folded: BTreeMap<Uuid, String> =
        all::<instrument::Entity>(db).await.into_iter().map(|row| (row.id.0, row.symbol_folded)).collect();
    for (name, expected) in
        [("ins:8", "A/RES/60/288/ADD.1"), ("ins:9", "A/RES/60/288/ADD.1 A/RES/60/288/ADD.1"), ("ins:10", "S/RES/2396")]
    {
        assert_eq!(folded[&uuid_of(name)], expected, "{name}");
    }
}

async fn assert_theme_is_merged(db: &DatabaseConnection) {
    let themes = all::<theme::Entity>(db).await.into_iter();
    assert_eq!(themes.map(|theme| theme.id.0).collect::<BTreeSet<_>>(), ids(["thm:1", "thm:2", "thm:4"]));
    let links = all::<recommendation_theme::Entity>(db).await.into_iter();
    let with_it = links.filter(|link| link.theme_id.0 == uuid_of("thm:1")).map(|link| link.recommendation_id.0);
    let with_it: BTreeSet<Uuid> = with_it.collect();
    assert_eq!(with_it, ids(["rec:1", "rec:4", "rec:5", "rec:6", "rec:7"]), "adopted recommendations among them");
    let changes = all::<change::Entity>(db).await.into_iter();
    let replaced: BTreeMap<Uuid, Uuid> =
        changes.filter_map(|change| Some((change.subject_id, change.replaced_by?))).collect();
    let expected = [("thm:9", "thm:2"), ("thm:3", "thm:1")];
    assert_eq!(replaced, BTreeMap::from(expected.map(|(one, other)| (uuid_of(one), uuid_of(other)))));
}
