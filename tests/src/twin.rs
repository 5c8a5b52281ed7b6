//! The same rows in another database: ids, times, the feed and its identity as well, so that two services give the same answers.

use entity::change_head;
use migration::{Migrator, MigratorTrait as _};
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, Database, EntityTrait, IntoActiveModel, Iterable as _};

/// The most values of a statement, on PostgreSQL.
const VALUES: usize = 60_000;

/// Copies the tables of these entities, in this order.
macro_rules! copy {
    ($from:ident, $to:ident: $($table:ident)*) => { $(copy_table::<entity::$table::Entity>($from, $to).await;)* };
}

/// Empties a PostgreSQL database, and gives it all rows of another one.
pub async fn copy_into(url: &str, from: &impl ConnectionTrait) {
    let connected = Database::connect(url).await.expect("the database");
    let to = &connected;
    to.execute_unprepared("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await.expect("an empty database");
    Migrator::up(to, None).await.expect("its tables");
    change_head::Entity::delete_many().exec(to).await.expect("no feed of its own");
    // A table after those that it refers to.
    copy! { from, to:
        country source organization body mandate meeting body_session meeting_organizer alternative_title meeting_source agenda_item
        participation theme instrument recommendation recommendation_revision recommendation_theme recommendation_instrument addressee
        consensus_procedure position document record_state
        agenda_item_recommendation repatriation_operation operation_figure source_system external_id client client_token webhook
        webhook_delivery idempotency_key change change_head audit
    }
    // It is at home where it is now: otherwise its feed would be given an identity of its own.
    let nowhere = Expr::value(Option::<String>::None);
    let heads = change_head::Entity::update_many().col_expr(change_head::Column::Home, nowhere);
    heads.exec(to).await.expect("the feed's head");
    connected.close().await.expect("an end");
}

async fn copy_table<E>(from: &impl ConnectionTrait, to: &impl ConnectionTrait)
where
    E: EntityTrait<Model: IntoActiveModel<E::ActiveModel>>,
{
    let rows = E::find().all(from).await.expect("rows");
    // Rows of a table that refer to each other go together: they are looked for at the end of a statement.
    for some in rows.chunks(VALUES / E::Column::iter().count()) {
        let some = some.iter().cloned().map(IntoActiveModel::into_active_model);
        E::insert_many(some).exec_without_returning(to).await.expect("their copies");
    }
}
