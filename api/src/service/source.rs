//! Published sources of facts: read by everyone.

use entity::source;

use super::read::Visible;

impl Visible for source::Entity {
    const CACHED: bool = true;
}
