//! What many cases hold, read for some hundred of them with one statement.
use super::super::cases::{COLUMNS, Case, TABLES};
use super::super::many::{ROWS, of_each};
use super::super::runs::{Flag, SUPERSEDES};
use super::super::{JsonText, ORGS, Result, Scope, Tx, on};
use crate::domain::Outcome;

/// A case with what it is compared by.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Facts {
    /// The case.
    #[sqlx(flatten)]
    pub case: Case,
    /// How many behaviours it holds.
    pub behaviours: i64,
    /// The document of its first detection, where it was asked for.
    pub raw: Option<String>,
}

/// What cases are read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To compare them: with the document of the first detection of each.
    Compare,
    /// To change them: they stay as they are until the transaction ends.
    Change,
}

/// Reads those of these cases that may be seen, by number.
pub async fn facts(tx: &mut Tx, scope: Scope, numbers: &[i64], purpose: Purpose) -> Result<Vec<Facts>> {
    let document = match purpose {
        Purpose::Compare => {
            "(SELECT d.raw FROM detections d WHERE d.case_number = c.number ORDER BY d.event_ms, d.id LIMIT 1)"
        }
        Purpose::Change => "NULL",
    };
    // One writer at a time needs no locks; others take them in the order of the numbers.
    let lock = match (&tx, purpose) {
        (Tx::Postgres(_), Purpose::Change) => " FOR UPDATE OF c",
        _ => "",
    };
    let mut found = Vec::with_capacity(numbers.len());
    for part in numbers.chunks(ROWS) {
        let places: Vec<_> = (0..part.len()).map(|at| format!("${}", at + 4)).collect();
        let sql = sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS}, (SELECT CAST(COUNT(*) AS BIGINT) FROM case_fingerprints f WHERE f.case_number = c.number) AS behaviours,
                CAST({document} AS TEXT) AS raw
             FROM {TABLES} WHERE c.number IN ({}) AND c.org_id IN {ORGS} ORDER BY c.number LIMIT $1{lock}",
            places.join(", ")
        ));
        let rows: Vec<Facts> = on!(tx, |db| {
            let mut query = sqlx::query_as(sql);
            query = query.bind(i64::try_from(part.len()).unwrap_or(0)).bind(scope.org_id).bind(scope.user_id);
            for number in part {
                query = query.bind(*number);
            }
            query.fetch_all(db)
        })?;
        found.extend(rows);
    }
    Ok(found)
}

/// What stands on the newest finished run of a behaviour.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Said {
    /// The case.
    pub case_number: i64,
    /// How the votes came out.
    pub outcome: Option<Outcome>,
    /// What argues against the verdict.
    pub flags: JsonText<Vec<Flag>>,
    /// What keeps the machine from acting alone.
    pub vetoes: JsonText<Vec<Flag>>,
}

/// The newest finished run of each behaviour of these cases, by case; nothing of those in blind review.
pub async fn said(tx: &mut Tx, numbers: &[i64]) -> Result<Vec<Said>> {
    of_each(tx, numbers, |numbers| {
        format!(
            "SELECT r.case_number, r.outcome, r.flags, r.vetoes FROM runs r JOIN cases c ON c.number = r.case_number
             WHERE r.case_number IN {numbers} AND c.blind <> 'blind' AND r.state = 'done'
                AND NOT EXISTS (SELECT 1 FROM runs n WHERE {SUPERSEDES})
             ORDER BY r.case_number, r.number DESC"
        )
    })
    .await
}
