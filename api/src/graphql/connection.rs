//! Relay connections, once for all types. Computes `totalCount` only when it is selected, and has no SQL.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{
    Context, ContextSelectionSet, Object, OutputType, Positioned, Result, ServerResult, TypeName, Value,
};
use entity::ModelOf;
use futures_util::future::try_join_all;
use uuid::Uuid;

use super::loader::{ChildrenOf, CountOf, PageOf};
use super::object::{Listed, Node};
use super::session::session;
use crate::service::list;
use crate::service::page::{Listing, Page, Window};
use crate::service::read;
use crate::service::relation::Relation;

/// A list that can grow, a page at a time.
pub struct Connection<N: Node> {
    page: Arc<Page<Arc<ModelOf<N::Entity>>>>,
    listing: Arc<Listing<N::Entity>>,
    /// The parent whose children these are.
    parent: Option<(Uuid, Relation)>,
}

/// A row and its position in its list.
pub struct Edge<N: Node> {
    row: Arc<ModelOf<N::Entity>>,
    cursor: String,
}

/// The position of a page in its list.
pub struct PageInfo {
    has_next_page: bool,
    has_previous_page: bool,
    start_cursor: Option<String>,
    end_cursor: Option<String>,
}

/// The items of a page. `Vec` cuts the path of an error off at the item; these keep it whole.
pub struct Items<T>(pub Vec<T>);

impl<T: OutputType> OutputType for Items<T> {
    fn type_name() -> Cow<'static, str> {
        Vec::<T>::type_name()
    }

    fn qualified_type_name() -> String {
        Vec::<T>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Vec::<T>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let items = self.0.iter().enumerate();
        let items = items.map(|(index, item)| async move { item.resolve(&ctx.with_index(index), field).await });
        Ok(Value::List(try_join_all(items).await?))
    }
}

impl<N: Node> TypeName for Connection<N> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", N::type_name()).into()
    }
}

impl<N: Node> TypeName for Edge<N> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", N::type_name()).into()
    }
}

/// A page of a list, in the order of the list. If a list is null, an error says why.
#[Object(name_type)]
impl<N: Node> Connection<N> {
    /// The records of this page, each with its cursor.
    async fn edges(&self) -> Items<Edge<N>> {
        let edges = self.page.rows.iter().map(|(row, cursor)| Edge { row: Arc::clone(row), cursor: cursor.clone() });
        Items(edges.collect())
    }

    /// The records of this page.
    async fn nodes(&self) -> Items<N> {
        Items(self.page.rows.iter().map(|(row, _)| N::new(Arc::clone(row))).collect())
    }

    /// The position of this page in the list.
    async fn page_info(&self) -> PageInfo {
        let cursor = |row: Option<&(_, String)>| row.map(|(_, cursor)| cursor.clone());
        PageInfo {
            has_next_page: self.page.has_next,
            has_previous_page: self.page.has_previous,
            start_cursor: cursor(self.page.rows.first()),
            end_cursor: cursor(self.page.rows.last()),
        }
    }

    /// How many records the whole list has that you may see. Counted only when it is selected. Null only together with an error.
    async fn total_count(&self, ctx: &Context<'_>) -> Option<Result<i64>> {
        let session = session(ctx);
        let condition = self.listing.condition.clone();
        Some(match &self.parent {
            None => {
                let count = read::count::<N::Entity>(&session.app.databases.read, &session.viewer, condition).await;
                count.map_err(Into::into)
            }
            Some((parent, relation)) => {
                let children =
                    ChildrenOf { parent: *parent, relation: relation.clone(), listing: Arc::clone(&self.listing) };
                let count = session.loaders.one(CountOf(children)).await;
                count.map(Option::unwrap_or_default).map_err(Into::into)
            }
        })
    }
}

/// A record of a page and its position in the list.
#[Object(name_type)]
impl<N: Node> Edge<N> {
    /// The position of the record in this list with this filter and order: a value for `after` and `before`.
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The record.
    async fn node(&self) -> N {
        N::new(Arc::clone(&self.row))
    }
}

/// The position of a page in its list.
#[Object(shareable)]
impl PageInfo {
    /// Whether there are records after this page.
    async fn has_next_page(&self) -> bool {
        self.has_next_page
    }

    /// Whether there are records before this page.
    async fn has_previous_page(&self) -> bool {
        self.has_previous_page
    }

    /// The cursor of the first record of this page.
    async fn start_cursor(&self) -> Option<&str> {
        self.start_cursor.as_deref()
    }

    /// The cursor of the last record of this page.
    async fn end_cursor(&self) -> Option<&str> {
        self.end_cursor.as_deref()
    }
}

/// Where a list stands in the schema.
pub enum Place {
    Root,
    /// Below a record of the type with this name, to which the list's records belong by a relation.
    Below(Cow<'static, str>, Uuid, Relation),
}

/// Declares an object of connections: `MeetingLists of Meeting`, whose fields appear among those of a meeting, or
/// `Meetings`, whose fields appear at the root. A connection is a line: its name, what it lists, how its filter is
/// described, and `by` which relation the records belong to the parent, `where` only some are meant, `for` which viewers it
/// is shown. Expands to
/// `struct MeetingLists(Uuid)`, of the parent's id, or `struct Meetings`;
/// its `place`, which names the list, so that its cursors fit no other list; and
/// an `#[Object]` with a field for each line, of whose arguments `page` makes a listing.
/// A macro, since each field of the schema has its own name and description.
macro_rules! connections {
    ($lists:ident of $parent:ident { $($fields:tt)* }) => {
        pub struct $lists(uuid::Uuid);

        impl $lists {
            fn place(lists: &Self, relation: $crate::service::relation::Relation) -> $crate::graphql::connection::Place {
                let kind = <$parent as async_graphql::OutputType>::type_name();
                $crate::graphql::connection::Place::Below(kind, lists.0, relation)
            }
        }

        connections!(@object $lists { $($fields)* });
    };
    ($lists:ident { $($fields:tt)* }) => {
        #[derive(Default)]
        pub struct $lists;

        impl $lists {
            fn place(_: &Self) -> $crate::graphql::connection::Place {
                $crate::graphql::connection::Place::Root
            }
        }

        connections!(@object $lists { $($fields)* });
    };
    (@object $lists:ident {
        $(
            $(#[$meta:meta])*
            $field:ident: $child:ident, $which:tt $(, by $relation:path)? $(, where $narrowed:path)? $(, for $shown:path)?;
        )*
    }) => {
        #[async_graphql::Object]
        impl $lists {
            $(
                $(#[$meta])*
                #[expect(clippy::too_many_arguments, reason = "a connection has that many")]
                async fn $field(
                    &self,
                    ctx: &async_graphql::Context<'_>,
                    #[graphql(desc = $which)] filter: Option<Box<<$child as $crate::graphql::object::Listed>::Filter>>,
                    #[graphql(desc = "The order; by time of creation if omitted.")]
                    order_by: Option<Vec<<$child as $crate::graphql::object::Listed>::Order>>,
                    #[graphql(desc = "How many from the start, 1 to 100; 25 if `last` is omitted too.")] first: Option<i32>,
                    #[graphql(desc = "Only records after this cursor.")] after: Option<String>,
                    #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
                    #[graphql(desc = "Only records before this cursor.")] before: Option<String>,
                ) -> Option<async_graphql::Result<$crate::graphql::connection::Connection<$child>>> {
                    $(
                        if !$shown($crate::graphql::session::session(ctx)) {
                            return None;
                        }
                    )?
                    let place = Self::place(self $(, $relation())?);
                    $(let filter = Some($narrowed(filter));)?
                    let longest = $crate::graphql::session::session(ctx).app.config.limits.page;
                    let window = $crate::service::page::Window { first, after, last, before, longest };
                    // Boxed: otherwise every field of the object, even a plain one, would reserve its memory.
                    Some(Box::pin($crate::graphql::connection::page::<$child>(ctx, place, filter, order_by, window)).await)
                }
            )*
        }
    };
}
pub(crate) use connections;

/// A page of a list. The pages of all parents of a level are read at once.
pub async fn page<N: Listed>(
    ctx: &Context<'_>,
    place: Place,
    filter: Option<Box<N::Filter>>,
    order: Option<Vec<N::Order>>,
    window: Window,
) -> Result<Connection<N>> {
    let (session, field) = (session(ctx), ctx.item.node.name.node.as_str());
    // A list is named by its place in the schema, so that its cursors fit no other list.
    let (name, parent) = match place {
        Place::Root => (field.to_owned(), None),
        Place::Below(kind, id, relation) => (format!("{kind}.{field}"), Some((id, relation))),
    };
    let relation = parent.as_ref().map(|(_, relation)| relation);
    let listing = Listing::new(&name, relation, filter.as_deref(), order.as_deref(), &window, &session.viewer)?;
    let listing = Arc::new(listing);
    let page = match &parent {
        None => {
            let page = list::page::<N::Entity>(&session.app.databases.read, &session.viewer, &listing).await?;
            Arc::new(page.map(Arc::new))
        }
        Some((id, relation)) => {
            let children = ChildrenOf { parent: *id, relation: relation.clone(), listing: Arc::clone(&listing) };
            let page = session.loaders.one(PageOf(children)).await?;
            page.unwrap_or_else(|| Arc::new(Page { rows: Vec::new(), has_next: false, has_previous: false }))
        }
    };
    Ok(Connection { page, listing, parent })
}
