//! Results: metrics, the summary, the files of `--out`, and the audit trail of one step.

use comfy_table::{CellAlignment, Table};

pub mod bills;
pub mod books;
pub mod explain;
pub mod explain_bill;
pub mod explain_sharing;
pub mod files;
pub mod metrics;
pub mod money;
pub mod neighbourhoods;
pub mod statistics;
pub mod summary;

/// Sets columns of a table to the right, as numbers stand; columns that are not there are passed over.
pub fn align_right(table: &mut Table, columns: impl IntoIterator<Item = usize>) {
    for index in columns {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

/// Rounds a result to nine decimals: what lies behind is noise of the arithmetic, and files stay readable.
pub fn rounded(value: f64) -> f64 {
    let scaled = (value * 1e9).round() / 1e9;
    // No minus zero in files.
    if scaled.abs() > 0.0 { scaled } else { 0.0 }
}
