//! Many rows with one statement: the texts of their places, and how many fit.
use super::{Result, Tx, on};

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

/// Runs a query over pairs: `{}` in its text stands for their places.
pub(super) async fn pairs(tx: &mut Tx, sql: &str, all: &[(i64, &str)]) -> Result<Vec<(i64, String)>> {
    let mut found = Vec::new();
    for part in all.chunks(ROWS) {
        let sql = sqlx::AssertSqlSafe(sql.replace("{}", &places(part.len(), 2)));
        let rows: Vec<(i64, String)> = on!(tx, |db| {
            let mut query = sqlx::query_as(sql);
            for (number, text) in part {
                query = query.bind(*number).bind(*text);
            }
            query.fetch_all(db)
        })?;
        found.extend(rows);
    }
    Ok(found)
}

/// What a statement over some ids finds, as many ids at once as one statement takes; its text is made with their places,
/// brackets included.
pub(super) async fn of_each<T>(tx: &mut Tx, ids: &[i64], sql: impl Fn(&str) -> String) -> Result<Vec<T>>
where
    T: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>,
    T: Send + Unpin,
{
    let mut found = Vec::with_capacity(ids.len());
    for part in ids.chunks(ROWS) {
        let sql = sql(&places(1, part.len()));
        let rows: Vec<T> = on!(tx, |db| {
            let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()));
            for id in part {
                query = query.bind(*id);
            }
            query.fetch_all(db)
        })?;
        found.extend(rows);
    }
    Ok(found)
}
