//! The same statements as the service runs, written by hand and run through sqlx on the same kind of connections. The columns that an
//! answer needs are read into values; no JSON is written.

use chrono::NaiveDate;
use sea_orm::sqlx::postgres::{PgPool, PgPoolOptions, PgRow};
use sea_orm::sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sea_orm::sqlx::types::Json;
use sea_orm::sqlx::{self, Row as _};
use uuid::Uuid;

/// How many connections it has.
pub const CONNECTIONS: u32 = 4;

pub enum ByHand {
    Sqlite(SqlitePool),
    Postgres(PgPool),
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

/// The audience of what everyone reads.
const PUBLIC: i16 = 0;

type Localized = Json<serde_json::Value>;

/// Reads columns of all rows into values.
macro_rules! read {
    ($rows:ident, $($column:ident: $type:ty),*) => {
        for row in &$rows {
            $(std::hint::black_box(row.get::<$type, _>(stringify!($column)));)*
        }
    };
}

/// The distinct ids in a column.
macro_rules! ids {
    ($rows:ident, $column:literal) => {
        distinct($rows.iter().filter_map(|row| row.get::<Option<Uuid>, _>($column)))
    };
}

/// The rows of a table with these ids, and the columns that are read of them.
macro_rules! among {
    ($hand:ident, $table:literal, $columns:ident, $id:literal, $ids:expr, $order:literal, |$rows:ident| $read:expr) => {
        match $hand {
            ByHand::Sqlite(pool) => {
                let sql = format!(
                    "SELECT {} FROM {} WHERE audience = $1 AND {} IN (SELECT unhex(value) FROM json_each($2)) {}",
                    $columns, $table, $id, $order
                );
                let ids: Vec<String> = $ids.iter().map(|id| format!("\"{}\"", id.simple())).collect();
                let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(PUBLIC).bind(format!("[{}]", ids.join(",")));
                let $rows: Vec<SqliteRow> = query.fetch_all(pool).await.unwrap();
                $read
            }
            ByHand::Postgres(pool) => {
                let sql =
                    format!("SELECT {} FROM {} WHERE audience = $1 AND {} = ANY($2) {}", $columns, $table, $id, $order);
                let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(PUBLIC).bind($ids);
                let $rows: Vec<PgRow> = query.fetch_all(pool).await.unwrap();
                $read
            }
        }
    };
}

impl ByHand {
    pub async fn connect(url: &str) -> Self {
        // As in the service, and unlike sqlx's defaults: no ping before each statement, and SQLite need not reach the disk.
        if url.starts_with("sqlite:") {
            let sqlite: SqliteConnectOptions = url.parse().unwrap();
            let sqlite = sqlite.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Normal);
            let options = SqlitePoolOptions::new().max_connections(CONNECTIONS).test_before_acquire(false);
            Self::Sqlite(options.connect_with(sqlite.foreign_keys(true)).await.unwrap())
        } else {
            let options = PgPoolOptions::new().max_connections(CONNECTIONS).test_before_acquire(false);
            Self::Postgres(options.connect(url).await.unwrap())
        }
    }

    /// Returns how many rows a client is shown.
    pub async fn nested_page(&self) -> usize {
        let page = format!("SELECT {RECOMMENDATION} FROM recommendation WHERE audience = $1 ORDER BY id LIMIT $2");
        let shown;
        let (bodies, meetings) = match self {
            Self::Sqlite(pool) => {
                let page = sqlx::query(sqlx::AssertSqlSafe(page)).bind(PUBLIC).bind(21_i64);
                let rows: Vec<SqliteRow> = page.fetch_all(pool).await.unwrap();
                shown = rows.len() - 1;
                read!(rows, label: Option<String>, status: String, title: Localized);
                (ids!(rows, "body_id"), ids!(rows, "meeting_id"))
            }
            Self::Postgres(pool) => {
                let page = sqlx::query(sqlx::AssertSqlSafe(page)).bind(PUBLIC).bind(21_i64);
                let rows: Vec<PgRow> = page.fetch_all(pool).await.unwrap();
                shown = rows.len() - 1;
                read!(rows, label: Option<String>, status: String, title: Localized);
                (ids!(rows, "body_id"), ids!(rows, "meeting_id"))
            }
        };
        among!(self, "body", BODY, "id", &bodies, "", |rows| read!(rows, code: String));
        among!(
            self,
            "meeting",
            MEETING,
            "id",
            &meetings,
            "",
            |rows| read!(rows, title: Localized, starts_on: NaiveDate)
        );
        let organizations: Vec<Uuid>;
        among!(self, "meeting_organizer", ORGANIZER, "meeting_id", &meetings, "ORDER BY position, id", |rows| {
            organizations = ids!(rows, "organization_id");
        });
        among!(
            self,
            "organization",
            ORGANIZATION,
            "id",
            &organizations,
            "",
            |rows| read!(rows, acronym: String, name: Localized)
        );
        shown
    }

    /// Runs statements about one record, `$1`, as far as an audience, `$2`, reads.
    pub async fn read_all(&self, statements: &[&'static str], id: Uuid, audience: i16) {
        for statement in statements {
            match self {
                Self::Sqlite(pool) => {
                    let rows = sqlx::query(*statement).bind(id).bind(audience).fetch_all(pool).await.unwrap();
                    std::hint::black_box(rows);
                }
                Self::Postgres(pool) => {
                    let rows = sqlx::query(*statement).bind(id).bind(audience).fetch_all(pool).await.unwrap();
                    std::hint::black_box(rows);
                }
            }
        }
    }

    pub async fn by_label(&self, label: &str) {
        let one = format!("SELECT {RECOMMENDATION} FROM recommendation WHERE audience = $1 AND label = $2 LIMIT $3");
        match self {
            Self::Sqlite(pool) => {
                let one = sqlx::query(sqlx::AssertSqlSafe(one)).bind(PUBLIC).bind(label).bind(1_i64);
                std::hint::black_box(one.fetch_one(pool).await.unwrap());
            }
            Self::Postgres(pool) => {
                let one = sqlx::query(sqlx::AssertSqlSafe(one)).bind(PUBLIC).bind(label).bind(1_i64);
                std::hint::black_box(one.fetch_one(pool).await.unwrap());
            }
        }
    }
}

fn distinct(ids: impl Iterator<Item = Uuid>) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
