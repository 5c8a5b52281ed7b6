//! How the two databases spell the same column types. Migrations are written in SQL with these names in braces.

use sea_orm_migration::sea_orm::DbBackend;

/// `{text}` sorts by bytes, so that both databases sort and page alike.
const TYPES: [(&str, &str, &str); 5] = [
    // name, PostgreSQL, SQLite
    ("{uuid}", "uuid", "blob"),
    ("{text}", "text COLLATE \"C\"", "text"),
    ("{json}", "jsonb", "text"),
    ("{time}", "timestamptz", "text"),
    ("{date}", "date", "text"),
];

/// The SQL of `backend` for a script written with the names above.
pub fn spell(script: &str, backend: DbBackend) -> String {
    TYPES.iter().fold(script.to_owned(), |sql, (name, postgres, sqlite)| {
        sql.replace(name, if backend == DbBackend::Postgres { postgres } else { sqlite })
    })
}
