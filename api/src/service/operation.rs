//! Repatriation operations and their figures. Their rows are written for the secretariat alone (`audience::CLOSED`), and nothing publishes
//! them until disclosure control exists.

use entity::{operation_figure, repatriation_operation};

use super::read::Visible;

impl Visible for repatriation_operation::Entity {}
impl Visible for operation_figure::Entity {}
