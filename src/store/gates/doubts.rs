//! Cases that the machine had closed and that people ask about again: until they have decided one, its gates wait.
use crate::store::many::places;
use crate::store::related::FOLLOWERS;
use crate::store::{Result, Tx, on, run};

/// A gate that waits for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Doubt {
    /// The gate: the one that had let the case be closed, or that of the case's rule.
    pub gate: i64,
    /// The case that the machine had closed.
    pub case_number: i64,
    /// The case that has to be decided: the same one, or what it became part or a duplicate of.
    pub holder: i64,
}

/// Notes that a case that the machine had closed is open again.
pub async fn set_reopened(tx: &mut Tx, case: i64, now_ms: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE gate_cases SET reopened_ms = $1 WHERE case_number = $2 AND reopened_ms IS NULL")
            .bind(now_ms)
            .bind(case)
    )
}

/// Notes that people ask again what a case is that the machine had closed; 0 where that is known.
pub async fn set_doubted(tx: &mut Tx, case: i64) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "UPDATE gate_cases SET doubted = TRUE WHERE case_number = $1 AND doubted = FALSE AND closed_ms IS NOT NULL"
        )
        .bind(case)
    )
}

/// What a case is part or a duplicate of, what that one is, and so on to the end. A row that is longer than any that
/// people make is taken for undecided.
const CHAIN: &str = "SELECT s.gate, s.case_number, COALESCE(c.merged_into, c.duplicate_of), s.hops + 1 FROM chain s
        JOIN cases c ON c.number = s.holder WHERE COALESCE(c.merged_into, c.duplicate_of) IS NOT NULL AND s.hops < 100";
/// Whether `h` is the end of a chain, and open and undecided.
const WAITS: &str = "(s.hops = 100 OR h.merged_into IS NULL AND h.duplicate_of IS NULL AND h.open = TRUE AND h.verdict IN ('pending', 'undetermined'))";

/// Which of these gates wait for people, each with the first case that it waits for.
pub async fn doubts(tx: &mut Tx, gates: &[i64]) -> Result<Vec<Doubt>> {
    if gates.is_empty() {
        return Ok(Vec::new());
    }
    let ids = places(1, gates.len());
    let sql = sqlx::AssertSqlSafe(format!(
        "WITH RECURSIVE doubted (gate, case_number) AS (
            SELECT g.opened_by, g.case_number FROM gate_cases g WHERE g.opened_by IN {ids} AND g.doubted = TRUE
            UNION SELECT g.rule_gate, g.case_number FROM gate_cases g WHERE g.rule_gate IN {ids} AND g.doubted = TRUE),
         chain (gate, case_number, holder, hops) AS (SELECT gate, case_number, case_number, 0 FROM doubted UNION ALL {CHAIN}),
         waiting (gate, case_number, holder, place) AS (
            SELECT s.gate, s.case_number, s.holder, ROW_NUMBER() OVER (PARTITION BY s.gate ORDER BY s.case_number)
            FROM chain s JOIN cases h ON h.number = s.holder WHERE {WAITS})
         SELECT gate, case_number, holder FROM waiting WHERE place = 1 ORDER BY gate"
    ));
    on!(tx, |db| {
        let mut query = sqlx::query_as(sql);
        for gate in gates {
            query = query.bind(gate);
        }
        query.fetch_all(db)
    })
}

/// The end of what a case is part or a duplicate of, where it is open and undecided.
pub async fn waiting(tx: &mut Tx, case: i64) -> Result<Option<i64>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "WITH RECURSIVE chain (gate, case_number, holder, hops) AS (
            SELECT CAST(0 AS BIGINT), number, number, 0 FROM cases WHERE number = $1 UNION ALL {CHAIN})
         SELECT s.holder FROM chain s JOIN cases h ON h.number = s.holder WHERE {WAITS} LIMIT 1"
    ));
    on!(tx, |db| sqlx::query_scalar(sql).bind(case).fetch_optional(db))
}

/// Cases that are part of another one and that the machine had closed, as long as that was not taken back.
pub async fn closed_parts(tx: &mut Tx, into: i64) -> Result<Vec<i64>> {
    on!(tx, |db| {
        sqlx::query_scalar(
            "SELECT c.number FROM cases c JOIN gate_cases g ON g.case_number = c.number WHERE c.merged_into = $1
                AND g.closed_ms IS NOT NULL AND g.reopened_ms IS NULL ORDER BY c.number",
        )
        .bind(into)
        .fetch_all(db)
    })
}

/// Cases that the machine had closed, that are what another one is, and that nobody asks about yet.
pub async fn undoubted(tx: &mut Tx, holder: i64) -> Result<Vec<i64>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "{FOLLOWERS} SELECT number FROM followers WHERE number <> $1 AND EXISTS (SELECT 1 FROM gate_cases g
            WHERE g.case_number = number AND g.closed_ms IS NOT NULL AND g.doubted = FALSE) ORDER BY number"
    ));
    on!(tx, |db| sqlx::query_scalar(sql).bind(holder).fetch_all(db))
}
