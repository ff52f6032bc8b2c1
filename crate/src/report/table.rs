//! Rows of words under each other.

use crate::{host::Effect, report::line::plain};

/// The rows with their columns aligned; the first row is the head.
pub(super) fn table(rows: &[Vec<String>]) -> Vec<Effect> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            let room = width.saturating_sub(cell.chars().count()) + 2;
            line.extend(std::iter::repeat_n(' ', room));
        }
        plain(line.trim_end())
    };
    rows.iter().map(line).collect()
}
