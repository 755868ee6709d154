//! Many rows with one statement: the texts of their places, and how many fit.

/// Rows of one statement: both databases take many thousand values, but each length is a statement of its own to prepare.
pub(super) const ROWS: usize = 200;

/// `($1, $2, $3), ($4, $5, $6)` for two rows of three columns.
pub(super) fn places(rows: usize, columns: usize) -> String {
    let row = |at: usize| {
        let places: Vec<_> = (1..=columns).map(|column| format!("${}", at * columns + column)).collect();
        format!("({})", places.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}
