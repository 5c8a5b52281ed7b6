//! The levels of a list: the audiences of which a viewer may see rows. Lists read one level after the other, as indexes have them.

use entity::Audience;
use entity::id::OrganizationId;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, SelectStatement};
use sea_orm::{DbBackend, Iterable as _};

use crate::auth::Viewer;

/// The most rows of an audience that are found and sorted.
pub const FEW: u64 = 256;
/// The same for the rows of an organisation, of which there are fewer to walk.
const FEW_OWN: u64 = 64;

/// An audience whose rows a viewer may see: all of them, or its organisation's.
#[derive(Clone)]
pub struct Level {
    pub audience: Audience,
    pub owner: Option<OrganizationId>,
    /// The condition for looking for its rows at all.
    pub gate: Condition,
}

impl Level {
    /// How many of its rows still count as few.
    pub fn few(&self) -> u64 {
        if self.owner.is_some() { FEW_OWN } else { FEW }
    }

    /// The same level under another condition.
    #[must_use]
    pub fn under(&self, gate: Condition) -> Self {
        Self { gate, ..self.clone() }
    }

    /// Asks for the rows of the audience. SQLite would test the gate for each row, although it is the same for all: there the gate becomes
    /// part of the audience, which is null, and so equal to none, unless the gate holds.
    pub fn look_for(&self, backend: DbBackend, select: &mut SelectStatement, audience: Expr) {
        if backend == DbBackend::Sqlite && !self.gate.is_empty() {
            let audience_or_none = Expr::case(self.gate.clone(), Expr::value(self.audience));
            select.and_where(audience.eq(audience_or_none));
        } else {
            select.and_where(audience.eq(self.audience)).cond_where(self.gate.clone());
        }
    }
}

/// The audiences of which a viewer may see rows.
pub fn levels(viewer: &Viewer) -> Vec<Level> {
    let level = |audience| {
        let owner = if audience <= viewer.clearance() { None } else { Some(viewer.sees_for()?) };
        Some(Level { audience, owner, gate: Condition::all() })
    };
    Audience::iter().filter_map(level).collect()
}
