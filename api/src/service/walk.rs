//! A list whose rows indexes have in its order, and how they are told from others while they are passed by.

use entity::id::OrganizationId;
use sea_orm::sea_query::{Condition, Expr, ExprTrait};

use super::candidates::{Candidates, ColumnName};
use super::read::Visible;
use super::relation::Relation;

/// The most comparisons of a filter by which few rows are looked for; a parent comes on top.
pub const MOST_CANDIDATES: usize = 3;

/// How the rows of a list are told from others while they are passed by in its order.
#[derive(Clone, Debug)]
pub struct Walk {
    pub condition: Condition,
    /// What they hang on, if indexes have the rows of each parent in every order: the column of its id, and the id.
    pub parent: Option<(ColumnName, Expr)>,
    /// Whether all of them have a value in the first key.
    pub has_values: bool,
    /// What may hold of few rows.
    pub candidates: Vec<Candidates>,
    /// What an index has in the order of the list, but not of the rows of an organisation: it may hold of few of its own.
    pub own_candidates: Vec<Candidates>,
}

impl Walk {
    /// Of those rows that hang on a parent.
    #[must_use]
    pub fn of_parent<E: Visible>(&self, relation: &Relation, parent: Expr) -> Self {
        let (mut walk, children) = (self.clone(), relation.candidates::<E>(parent.clone()));
        walk.parent = relation.levelled_by(parent.clone());
        match &walk.parent {
            // The index of an owner has what it drafted in order.
            Some((column, _)) if children.columns.are_owned_by(column) => {}
            Some(_) => walk.own_candidates.insert(0, children),
            None => {
                walk.condition = walk.condition.add(relation.tested::<E>(parent));
                walk.candidates.insert(0, children);
            }
        }
        walk
    }

    /// Whether a row hangs on the parent, if indexes have the rows of each.
    pub fn is_child(&self) -> Option<Expr> {
        self.parent.as_ref().map(|(column, id)| Expr::col(column.clone()).eq(id.clone()))
    }

    /// What may hold of few rows: of all, or of an organisation's own.
    pub fn candidates_for(&self, owner: Option<OrganizationId>) -> impl Iterator<Item = &Candidates> {
        let own: &[Candidates] = if owner.is_some() { &self.own_candidates } else { &[] };
        own.iter().chain(&self.candidates).take(MOST_CANDIDATES + 1)
    }
}
