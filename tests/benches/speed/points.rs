//! The processor time that operations take for each of their points: the most expensive against the median, for each viewer.

use rec_tests::Database;
use rec_tests::points::{DEAREST, Large, Measured, Points};

use super::Line;

pub async fn measure(database: Database, name: &str) -> Vec<Line> {
    let large = Large::on(database).await;
    let points = Points::measure(&large).await;
    let line = |one: &Measured| Line {
        what: format!(
            "{name}: dearest point as {}, to the median (of {} operations; {} points: {})",
            one.viewer,
            points.all.len(),
            one.points,
            one.shape.name
        ),
        ours: format!("{:.1} µs", one.each),
        by_hand: format!("{:.1} µs", points.median()),
        ratio: one.each / points.median(),
        spread: None,
        limit: DEAREST,
    };
    points.all.iter().take(1).chain(&points.others).map(line).collect()
}
