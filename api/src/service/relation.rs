//! Relations: how the rows of a table belong to a parent. It only builds conditions.

use entity::{Part, Row};
use sea_orm::ColumnTrait;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query, SelectStatement};

use super::candidates::{Candidates, ColumnName, Columns};
use super::condition::{any, tested};
use super::read::Visible;
use crate::auth::Viewer;

/// How the rows of a table belong to a parent: by a column of their own, or through a table between.
#[derive(Clone)]
pub struct Relation {
    /// The column that holds the parent's id.
    parent: ColumnName,
    /// If there is a table between, which is a part of the child: the column of the child's id.
    child: Option<Box<Columns>>,
    /// Whether indexes have the children of each parent in every order, audience by audience.
    is_levelled: bool,
}

impl Relation {
    pub fn direct(parent: impl ColumnTrait) -> Self {
        Self { parent: parent.as_column_ref(), child: None, is_levelled: false }
    }

    /// As `direct`, where indexes have the children of each parent in every order, audience by audience.
    pub fn levelled(parent: impl ColumnTrait) -> Self {
        Self { is_levelled: true, ..Self::direct(parent) }
    }

    /// Through a part of the child that names the parent.
    pub fn through<P: Part>(parent: P::Column) -> Self {
        Self { parent: parent.as_column_ref(), child: Some(Box::new(Columns::of::<P>(P::PARENT))), is_levelled: false }
    }

    pub fn is_levelled(&self) -> bool {
        self.is_levelled
    }

    /// The children of the parent whose id is `parent`.
    pub fn of<E: Row>(&self, parent: Expr) -> Expr {
        let is_parent = Expr::col(self.parent.clone()).eq(parent);
        match &self.child {
            None => is_parent,
            Some(child) => {
                let ids =
                    Query::select().column(child.id.clone()).from(self.parent.0.clone()).and_where(is_parent).take();
                Expr::col(E::ID.as_column_ref()).in_subquery(ids)
            }
        }
    }

    /// As `of`, tested row by row.
    pub fn tested<E: Row>(&self, parent: Expr) -> Expr {
        let is_parent = Expr::col(self.parent.clone()).eq(parent);
        let Some(child) = &self.child else { return tested(is_parent) };
        let is_child = Expr::col(child.id.clone()).eq(Expr::col(E::ID.as_column_ref()));
        let mut link = Query::select();
        any(link.from(self.parent.0.clone()).and_where(is_child).and_where(tested(is_parent)).take())
    }

    /// The column of the parent's id, and the id, if indexes have the children of each parent in every order.
    pub fn levelled_by(&self, parent: Expr) -> Option<(ColumnName, Expr)> {
        self.is_levelled.then(|| (self.parent.clone(), parent))
    }

    /// The children of the parent whose id is `parent`, as candidates.
    pub fn candidates<E: Visible>(&self, parent: Expr) -> Candidates {
        let condition = Condition::all().add(Expr::col(self.parent.clone()).eq(parent));
        Candidates::of_rows(self.child.as_deref().cloned().unwrap_or_else(Columns::of_rows::<E>), condition)
    }

    /// The number of children of the parent whose id is `parent`, counted in the table between, for which there is an index.
    pub fn parts(&self, viewer: &Viewer, parent: Expr) -> Option<SelectStatement> {
        let child = self.child.as_ref()?;
        let is_parent = Expr::col(self.parent.clone()).eq(parent);
        let mut parts = Query::select();
        parts.expr(Expr::col(child.id.clone()).count_distinct()).from(self.parent.0.clone());
        Some(parts.and_where(is_parent).cond_where(child.seen(viewer)).take())
    }
}
