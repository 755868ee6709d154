//! ATT&CK techniques of a case, each with who named it.
use super::many::{ROWS, places};
use super::{Result, Tx, on, run};

/// A technique of a case.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct InCase {
    /// Its id, such as `T1218`.
    pub technique: String,
    /// `rule` or a voter's name.
    pub source: String,
}

/// Adds a technique.
pub async fn add(tx: &mut Tx, case: i64, technique: &str, source: &str) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO case_techniques (case_number, technique, source) VALUES ($1, $2, $3)
             ON CONFLICT (case_number, technique, source) DO UPDATE SET lent = FALSE WHERE case_techniques.lent = TRUE"
        )
        .bind(case)
        .bind(technique)
        .bind(source)
    )
}

/// Adds a technique that a run of a case named which is part of this one: it stays with that one.
pub async fn add_to_part(tx: &mut Tx, case: i64, part: i64, technique: &str, source: &str) -> Result<()> {
    for (sql, number) in [(LEND, case), (KEEP, part)] {
        run!(tx, sqlx::query(sql).bind(number).bind(technique).bind(source))?;
    }
    Ok(())
}

const LEND: &str = "INSERT INTO case_techniques (case_number, technique, source, lent) VALUES ($1, $2, $3, TRUE) ON CONFLICT DO NOTHING";
const KEEP: &str =
    "INSERT INTO merged_techniques (case_number, technique, source) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";

/// The techniques of a case.
pub async fn of_case(tx: &mut Tx, case: i64) -> Result<Vec<InCase>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT technique, source FROM case_techniques WHERE case_number = $1 ORDER BY technique, source"
    )
    .bind(case)
    .fetch_all(db))
}

/// Adds techniques that rules name: case, technique.
pub async fn add_all(tx: &mut Tx, all: &[(i64, &str)]) -> Result<()> {
    for part in all.chunks(ROWS) {
        let sql = sqlx::AssertSqlSafe(format!(
            "INSERT INTO case_techniques (case_number, technique, source) VALUES {}
             ON CONFLICT (case_number, technique, source) DO UPDATE SET lent = FALSE WHERE case_techniques.lent = TRUE",
            places(part.len(), 3)
        ));
        run!(tx, {
            let mut query = sqlx::query(sql);
            for (case, technique) in part {
                query = query.bind(*case).bind(*technique).bind("rule");
            }
            query
        })?;
    }
    Ok(())
}
