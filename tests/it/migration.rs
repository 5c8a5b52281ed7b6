//! The schema's history: it goes up, down and up again, empty and over rows, and its tables are the entities.

mod over_rows;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use migration::{Migrator, MigratorTrait as _};
use rec_tests::{Database, TestApp, on_both_databases, postgres};
use sea_orm::{
    ColumnTrait as _, ColumnType, ConnectionTrait as _, DatabaseConnection, DbBackend, EntityTrait, IdenStatic as _,
    Iterable as _, Statement,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A column: its type as the database names it, and whether it may be null.
type Columns = BTreeMap<String, (String, bool)>;

fn columns_of<E: EntityTrait>(database: Database) -> (String, Columns) {
    let columns = E::Column::iter().map(|column| {
        let definition = column.def();
        let kind = spelled(definition.get_column_type(), database).to_owned();
        (column.as_str().to_owned(), (kind, definition.is_null()))
    });
    (E::default().as_str().to_owned(), columns.collect())
}

fn spelled(kind: &ColumnType, database: Database) -> &'static str {
    let (postgres, sqlite) = match kind {
        ColumnType::Uuid => ("uuid", "blob"),
        ColumnType::Text | ColumnType::String(_) => ("text", "text"),
        ColumnType::Json | ColumnType::JsonBinary => ("jsonb", "text"),
        ColumnType::TimestampWithTimeZone => ("timestamp with time zone", "text"),
        ColumnType::Date => ("date", "text"),
        ColumnType::Integer => ("integer", "integer"),
        ColumnType::SmallInteger => ("smallint", "smallint"),
        ColumnType::BigInteger => ("bigint", "bigint"),
        ColumnType::Boolean => ("boolean", "boolean"),
        other => panic!("no migration has columns of type {other:?}"),
    };
    if database == Database::Postgres { postgres } else { sqlite }
}

/// The table of an entity, and how many rows of it can be read.
fn count_readable<E: EntityTrait>(db: &DatabaseConnection) -> LocalBoxFuture<'_, (String, usize)> {
    async move {
        let table = E::default().as_str().to_owned();
        let rows = E::find().all(db).await.unwrap_or_else(|error| panic!("{table}: {error}"));
        (table, rows.len())
    }
    .boxed_local()
}

/// What a function tells of each entity.
macro_rules! for_each_entity {
    ($function:ident($argument:expr)) => {
        for_each_entity! {
            $function($argument): addressee agenda_item agenda_item_recommendation alternative_title audit body body_session
            change change_head client client_token consensus_procedure country document external_id idempotency_key instrument mandate meeting
            meeting_organizer meeting_source operation_figure organization participation position
            recommendation record_state
                        recommendation_instrument recommendation_revision recommendation_theme repatriation_operation source
            source_system theme webhook webhook_delivery write_probe
        }
    };
    ($function:ident($argument:expr): $($entity:ident)*) => {
        [$($function::<entity::$entity::Entity>($argument)),*]
    };
}

fn entities(database: Database) -> BTreeMap<String, Columns> {
    BTreeMap::from(for_each_entity!(columns_of(database)))
}

/// How many rows of each entity can be read.
async fn count_all_readable(db: &DatabaseConnection) -> BTreeMap<String, usize> {
    let mut read = BTreeMap::new();
    for entity in for_each_entity!(count_readable(db)) {
        let (table, rows) = entity.await;
        read.insert(table, rows);
    }
    read
}

/// A database without tables.
struct EmptyDatabase {
    db: DatabaseConnection,
    url: String,
    _directory: TempDir,
}

impl EmptyDatabase {
    async fn of(database: Database) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let url = match database {
            Database::Sqlite => format!("sqlite://{}?mode=rwc", directory.path().join("empty.db").display()),
            Database::Postgres => postgres::create_empty_database().await.expect("a database"),
        };
        let db = sea_orm::Database::connect(&url).await.expect("a connection");
        Self { db, url, _directory: directory }
    }

    async fn remove(self) {
        let backend = self.db.get_database_backend();
        self.db.close().await.expect("a closed connection");
        if backend == DbBackend::Postgres {
            postgres::drop_database(&self.url).await;
        }
    }
}

async fn tables(app: &TestApp) -> BTreeMap<String, Columns> {
    let sql = match app.database {
        Database::Sqlite => {
            "SELECT m.name AS t, p.name AS c, lower(p.type) AS kind, CASE WHEN p.\"notnull\" = 0 AND p.pk = 0 THEN 'YES' ELSE 'NO' END AS empty \
             FROM sqlite_master m, pragma_table_info(m.name) p WHERE m.type = 'table'"
        }
        Database::Postgres => {
            "SELECT table_name::text AS t, column_name::text AS c, data_type::text AS kind, \
             is_nullable::text AS empty FROM information_schema.columns WHERE table_schema = 'public'"
        }
    };
    let mut tables: BTreeMap<String, Columns> = BTreeMap::new();
    for row in app.rows(sql).await {
        let text = |key: &str| row[key].as_str().unwrap_or_else(|| panic!("{key} in {row}")).to_owned();
        tables.entry(text("t")).or_default().insert(text("c"), (text("kind"), text("empty") == "YES"));
    }
    tables.remove("seaql_migrations");
    tables
}

on_both_databases! {
    every_table_is_an_entity_and_has_its_columns,
    an_empty_database_goes_up_down_and_up_again,
    what_others_than_the_secretariat_have_entered_is_not_confirmed,
}

async fn every_table_is_an_entity_and_has_its_columns(app: TestApp) {
    let (tables, entities) = (tables(&app).await, entities(app.database));
    let names = |map: &BTreeMap<String, Columns>| map.keys().cloned().collect::<BTreeSet<String>>();
    assert_eq!(names(&tables), names(&entities));
    for (table, columns) in &entities {
        assert_eq!(&tables[table], columns, "{table}");
    }
}

async fn an_empty_database_goes_up_down_and_up_again(app: TestApp) {
    let database = EmptyDatabase::of(app.database).await;
    let db = &database.db;
    let empty = objects(db).await;
    Migrator::up(db, None).await.expect("up");
    let first = objects(db).await;
    assert!(first.len() > entities(app.database).len());
    Migrator::up(db, None).await.expect("nothing left to do");
    Migrator::down(db, None).await.expect("down");
    let left: Vec<String> = objects(db).await.into_iter().filter(|name| !name.contains("seaql_migrations")).collect();
    assert_eq!(left, empty, "nothing is left behind");
    Migrator::up(db, None).await.expect("up again");
    assert_eq!(objects(db).await, first);
    database.remove().await;
}

async fn what_others_than_the_secretariat_have_entered_is_not_confirmed(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let query = "query($id: ID!) { meeting(by: { id: $id }) {
        participations { nodes { confirmed organization { acronym } } } } }";
    for acronym in ["ICRC", "EU"] {
        let part = json!({
            "meetingId": meeting["id"], "organizationId": app.organization(acronym).await, "capacity": "DELEGATE",
            "attendance": "CONFIRMED",
        });
        let client = if acronym == "EU" { app.partner("EU") } else { app.secretariat() };
        client.mutate("recordParticipation", part, "id").await;
    }
    let before = app.secretariat().query_with(query, json!({ "id": meeting["id"] })).await;
    let app = app
        .restarted_after(|url| async move {
            let db = sea_orm::Database::connect(&url).await.expect("a connection");
            // The migrations from the one on that knows of confirmation.
            let later = Migrator::migrations().len() - 18;
            Migrator::down(&db, Some(u32::try_from(later).expect("a few"))).await.expect("down");
            Migrator::up(&db, None).await.expect("up");
            db.close().await.expect("a closed connection");
        })
        .await;
    let after = app.secretariat().query_with(query, json!({ "id": meeting["id"] })).await;
    assert_eq!(before, after);
    let mut nodes = after["meeting"]["participations"]["nodes"].as_array().expect("nodes").clone();
    nodes.sort_by_key(Value::to_string);
    let of = |acronym: &str, confirmed: bool| json!({ "confirmed": confirmed, "organization": { "acronym": acronym } });
    assert_eq!(nodes, [of("EU", false), of("ICRC", true)]);
}

/// The names of all tables, indexes, triggers and functions.
async fn objects(db: &DatabaseConnection) -> Vec<String> {
    let backend = db.get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => {
            "SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace UNION ALL \
             SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace UNION ALL \
             SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
        }
        _ => "SELECT type || ' ' || name AS name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY 1",
    };
    let rows = db.query_all_raw(Statement::from_string(backend, sql)).await.expect("the objects");
    rows.iter().map(|row| row.try_get("", "name").expect("a name")).collect()
}
