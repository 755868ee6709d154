//! Where a few cases stand, for rows that left a list while somebody looked at it.
use super::super::{ORGS, Result, Scope, Tx, on};
use crate::domain::{Status, Verdict};

/// Where a case stands.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct State {
    /// Its number.
    pub number: i64,
    /// Its status.
    pub status: Status,
    /// A person's verdict.
    pub verdict: Verdict,
    /// Who decided, or empty.
    pub decided_by: String,
    /// The case that it became part of.
    pub merged_into: Option<i64>,
    /// Who has it.
    pub assignee: Option<String>,
}

/// The states of those of these cases that the scope may see.
pub async fn states(tx: &mut Tx, scope: Scope, numbers: &[i64]) -> Result<Vec<State>> {
    let places: Vec<_> = (0..numbers.len()).map(|at| format!("${}", at + 4)).collect();
    let sql = format!(
        "SELECT c.number, c.status, c.verdict, c.decided_by, c.merged_into, u.username AS assignee
         FROM cases c LEFT JOIN users u ON u.id = c.assignee_id
         WHERE c.number IN ({}) AND c.org_id IN {ORGS} LIMIT $1",
        places.join(", ")
    );
    on!(tx, |db| {
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()));
        let mut query = query.bind(i64::try_from(numbers.len()).unwrap_or(0)).bind(scope.org_id).bind(scope.user_id);
        for number in numbers {
            query = query.bind(*number);
        }
        query.fetch_all(db)
    })
}
