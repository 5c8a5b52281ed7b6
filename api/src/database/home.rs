//! The home of a database: where it stands. A PostgreSQL database that was restored, copied or promoted has another home than before; for a
//! SQLite file its high-water mark shows this.

use sea_orm::DbBackend;
use sea_orm::sea_query::Expr;

/// Notes the identifier of the server for as long as the connection lasts: it does not change while the server runs, and PostgreSQL reads it
/// from a file each time.
pub const NOTE_SERVER: &str =
    "SELECT set_config('rec.server', CAST(system_identifier AS text), false) FROM pg_control_system()";

/// The server, its timeline (another one after a promotion or a point-in-time recovery), the database and the table. `NULL` on a standby
/// server.
const OF_POSTGRES: &str = "CASE WHEN pg_is_in_recovery() THEN NULL ELSE concat_ws('/', \
     coalesce(nullif(current_setting('rec.server', true), ''), \
              (SELECT CAST(system_identifier AS text) FROM pg_control_system())), \
     substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), \
     (SELECT oid FROM pg_database WHERE datname = current_database()), \
     CAST('change_head' AS regclass)::oid) END";

/// The home of the database that runs the statement.
pub fn here(backend: DbBackend) -> Expr {
    match backend {
        DbBackend::Postgres => Expr::cust(OF_POSTGRES),
        _ => Expr::value("file"),
    }
}
