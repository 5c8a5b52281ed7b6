//! Walks: how a list is read whose rows indexes have in order, and how matching rows are told from others. It builds no statement: `list`
//! does.

use entity::id::OrganizationId;
use sea_orm::sea_query::{Condition, Expr, ExprTrait};

use super::candidates::{Candidates, ColumnName};
use super::read::Visible;
use super::relation::Relation;

/// The most comparisons of a filter that are looked up as candidates; a parent comes on top.
pub const MOST_CANDIDATES: usize = 3;

/// How matching rows are told from others while a list is walked in its order.
#[derive(Clone, Debug)]
pub struct Walk {
    pub condition: Condition,
    /// The parent, if indexes have the rows of each parent in every order: the column of its id, and the id.
    pub parent: Option<(ColumnName, Expr)>,
    /// Whether all of them have a value in the first key.
    pub has_values: bool,
    /// The conditions that few rows may meet.
    pub candidates: Vec<Candidates>,
    /// What an index has in the order of the list, but not for the rows of an organisation: few of its own may meet it.
    pub own_candidates: Vec<Candidates>,
}

impl Walk {
    /// The walk through the rows of a parent.
    #[must_use]
    pub fn of_parent<E: Visible>(&self, relation: &Relation, parent: Expr) -> Self {
        let (mut walk, children) = (self.clone(), relation.candidates::<E>(parent.clone()));
        walk.parent = relation.levelled_by(parent.clone());
        match &walk.parent {
            // The index of an owner has what the owner drafted in order.
            Some((column, _)) if children.columns.are_owned_by(column) => {}
            Some(_) => walk.own_candidates.insert(0, children),
            None => {
                walk.condition = walk.condition.add(relation.tested::<E>(parent));
                walk.candidates.insert(0, children);
            }
        }
        walk
    }

    /// The condition that a row belongs to the parent, if indexes have the rows of each.
    pub fn is_child(&self) -> Option<Expr> {
        self.parent.as_ref().map(|(column, id)| Expr::col(column.clone()).eq(id.clone()))
    }

    /// The candidates for all rows, or also those for an organisation's own.
    pub fn candidates_for(&self, owner: Option<OrganizationId>) -> impl Iterator<Item = &Candidates> {
        let own: &[Candidates] = if owner.is_some() { &self.own_candidates } else { &[] };
        own.iter().chain(&self.candidates).take(MOST_CANDIDATES + 1)
    }
}
