//! Published sources of facts: read by everyone. No mutation writes them.

use entity::source;

use super::read::Visible;

impl Visible for source::Entity {
    const CACHED: bool = true;
}
