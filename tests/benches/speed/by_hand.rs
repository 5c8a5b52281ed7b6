//! The same statements as the service runs, written by hand and run through sqlx on a connection of their own.

use rec_tests::TestApp;
use sea_orm::sqlx::postgres::{PgPool, PgRow};
use sea_orm::sqlx::sqlite::{SqlitePool, SqliteRow};
use sea_orm::sqlx::{self, Row as _};
use sea_orm::{ConnectionTrait as _, DbBackend};
use uuid::Uuid;

pub enum ByHand {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Lets the planner see the rows, as autovacuum would.
pub async fn analyze(app: &TestApp) {
    app.app.databases.write.execute_unprepared("ANALYZE").await.unwrap();
}

const RECOMMENDATION: &str = "id, body_id, label, label_year, label_serial, kind, status, title, title_folded, text, rationale, priority, \
    target_date, adopted_on, agreed_meeting_id, meeting_id, drafted_by_id, supersedes_id, is_demo, no_personal_data, audience, owner, \
    created_at, updated_at, version";
const BODY: &str = "id, code, kind, name, name_folded, mandate_text, established_on, active, reports_to_id, audience, owner, created_at, \
    updated_at, version";
const MEETING: &str = "id, title, title_folded, kind, modality, status, starts_on, ends_on, timezone, city, venue, theme, \
    participant_count, count_qualifier, chatham_house, sensitivity, country_id, audience, owner, created_at, updated_at, version";
const ORGANIZER: &str = "id, meeting_id, organization_id, role, position, audience, owner";
const ORGANIZATION: &str = "id, acronym, name, name_folded, kind, seat, website, organizer, active, parent_id, country_id, audience, owner, \
    created_at, updated_at, version";

impl ByHand {
    pub async fn connect(url: &str) -> Self {
        if url.starts_with("sqlite:") {
            Self::Sqlite(SqlitePool::connect(url).await.unwrap())
        } else {
            Self::Postgres(PgPool::connect(url).await.unwrap())
        }
    }

    fn backend(&self) -> DbBackend {
        match self {
            Self::Sqlite(_) => DbBackend::Sqlite,
            Self::Postgres(_) => DbBackend::Postgres,
        }
    }

    pub async fn nested_page(&self) {
        let page = format!("SELECT {RECOMMENDATION} FROM recommendation WHERE audience = 0 ORDER BY id LIMIT 21");
        let (bodies, meetings) = match self {
            Self::Sqlite(pool) => {
                let rows: Vec<SqliteRow> = sqlx::query(sqlx::AssertSqlSafe(page)).fetch_all(pool).await.unwrap();
                (column(&rows, "body_id"), column(&rows, "meeting_id"))
            }
            Self::Postgres(pool) => {
                let rows: Vec<PgRow> = sqlx::query(sqlx::AssertSqlSafe(page)).fetch_all(pool).await.unwrap();
                (pg_column(&rows, "body_id"), pg_column(&rows, "meeting_id"))
            }
        };
        self.among("body", BODY, "id", &bodies, "").await;
        self.among("meeting", MEETING, "id", &meetings, "").await;
        let organizations =
            self.among("meeting_organizer", ORGANIZER, "meeting_id", &meetings, "ORDER BY position, id").await;
        self.among("organization", ORGANIZATION, "id", &organizations, "").await;
    }

    pub async fn by_label(&self, label: &str) {
        let one = format!("SELECT {RECOMMENDATION} FROM recommendation WHERE audience = 0 AND label = $1 LIMIT 1");
        match self {
            Self::Sqlite(pool) => {
                drop(sqlx::query(sqlx::AssertSqlSafe(one)).bind(label).fetch_one(pool).await.unwrap())
            }
            Self::Postgres(pool) => {
                drop(sqlx::query(sqlx::AssertSqlSafe(one)).bind(label).fetch_one(pool).await.unwrap())
            }
        }
    }

    /// The rows whose id is among some, and the organisations that they name.
    async fn among(&self, table: &str, columns: &str, id: &str, ids: &[Uuid], order: &str) -> Vec<Uuid> {
        let wanted = match self.backend() {
            DbBackend::Postgres => format!("{id} = ANY($1)"),
            _ => format!("{id} IN (SELECT unhex(value) FROM json_each($1))"),
        };
        let sql = sqlx::AssertSqlSafe(format!("SELECT {columns} FROM {table} WHERE audience = 0 AND {wanted} {order}"));
        let names_organizations = columns.contains("organization_id");
        match self {
            Self::Sqlite(pool) => {
                let ids: Vec<String> = ids.iter().map(|id| format!("\"{}\"", id.simple())).collect();
                let rows = sqlx::query(sql).bind(format!("[{}]", ids.join(","))).fetch_all(pool).await.unwrap();
                if names_organizations { column(&rows, "organization_id") } else { Vec::new() }
            }
            Self::Postgres(pool) => {
                let rows = sqlx::query(sql).bind(ids).fetch_all(pool).await.unwrap();
                if names_organizations { pg_column(&rows, "organization_id") } else { Vec::new() }
            }
        }
    }
}

fn column(rows: &[SqliteRow], name: &str) -> Vec<Uuid> {
    distinct(rows.iter().filter_map(|row| row.get::<Option<Uuid>, _>(name)))
}

fn pg_column(rows: &[PgRow], name: &str) -> Vec<Uuid> {
    distinct(rows.iter().filter_map(|row| row.get::<Option<Uuid>, _>(name)))
}

fn distinct(ids: impl Iterator<Item = Uuid>) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
