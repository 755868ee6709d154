//! Which rules cause most false positives, and detections of a rule in declared cases, from which the search for
//! exclusions learns. Nothing here grows with the
//! store: a stretch of the rule's newest detections, and of the newest cases of each verdict.
use super::ONWARD;
use crate::domain::Verdict;
use crate::store::intel::Answer;
use crate::store::many::of_each;
use crate::store::{Result, Tx, on};

/// The newest detections of a rule that are looked at, whichever case they are in.
const NEWEST: i64 = 5_000;
/// The newest cases of one verdict that the rule opened, and detections of these.
const CASES: i64 = 400;
const OF_CASES: i64 = 3_000;
/// Documents larger than this are not read.
const LARGEST: i64 = 64 * 1024;
/// Answers of intelligence providers that are read for so many cases as stand in one statement.
const ANSWERS: i64 = 20_000;

/// A detection in a declared case, without its document.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Place {
    /// Its id.
    pub id: i64,
    /// Its case.
    pub case_number: i64,
    /// The case that was decided: its own, or the one that this is part of or a duplicate of.
    pub decided_in: i64,
    /// Its behaviour.
    pub fingerprint: String,
    /// What was declared.
    pub verdict: Verdict,
    /// When the case was opened.
    pub opened_ms: i64,
}

/// Detections of a rule in declared cases, newest first, each once: benign and false ones of cases opened since a time,
/// others whenever that was.
pub async fn places_of_rule(tx: &mut Tx, rule_id: i64, since_ms: i64) -> Result<Vec<Place>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "WITH RECURSIVE d AS (SELECT id, case_number, fingerprint FROM detections WHERE rule_id = $1 ORDER BY id DESC LIMIT {NEWEST}),
         chain (number, root, hop) AS (SELECT w.case_number, w.case_number, 0 FROM (SELECT DISTINCT case_number FROM d) AS w {ONWARD})
         SELECT d.id, d.case_number, k.root AS decided_in, d.fingerprint, t.verdict, c.opened_ms
         FROM chain k JOIN cases t ON t.number = k.root JOIN cases c ON c.number = k.number JOIN d ON d.case_number = k.number
         WHERE t.merged_into IS NULL AND t.duplicate_of IS NULL AND (t.verdict IN ('true_positive', 'undetermined')
            OR t.verdict IN ('false_positive', 'benign_true_positive') AND c.opened_ms >= $2)"
    ));
    let mut all: Vec<Place> = on!(tx, |db| sqlx::query_as(sql).bind(rule_id).bind(since_ms).fetch_all(db))?;
    for (verdict, since_ms) in
        [(Verdict::FalsePositive, since_ms), (Verdict::TruePositive, i64::MIN), (Verdict::Undetermined, i64::MIN)]
    {
        all.extend(places_of_verdict(tx, rule_id, verdict, since_ms).await?);
    }
    all.sort_by_key(|place| std::cmp::Reverse(place.id));
    all.dedup_by_key(|place| place.id);
    Ok(all)
}

/// Those of the newest cases of one verdict, with the cases that are part of them or their duplicates.
async fn places_of_verdict(tx: &mut Tx, rule_id: i64, verdict: Verdict, since_ms: i64) -> Result<Vec<Place>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "WITH RECURSIVE top AS (SELECT number, verdict FROM cases WHERE rule_id = $1 AND verdict = $2 AND opened_ms >= $3
            AND merged_into IS NULL AND duplicate_of IS NULL ORDER BY opened_ms DESC, number LIMIT {CASES}),
         chain (root, number) AS (SELECT number, number FROM top
            UNION SELECT k.root, c.number FROM chain k JOIN cases c ON c.duplicate_of = k.number OR c.merged_into = k.number)
         SELECT d.id, d.case_number, k.root AS decided_in, d.fingerprint, t.verdict, c.opened_ms
         FROM chain k JOIN top t ON t.number = k.root JOIN cases c ON c.number = k.number JOIN detections d ON d.case_number = k.number
         WHERE d.rule_id = $1 ORDER BY d.id DESC LIMIT {OF_CASES}"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(rule_id).bind(verdict).bind(since_ms).fetch_all(db))
}

/// The documents of detections by their ids; of those that were removed or are very large none.
pub async fn documents(tx: &mut Tx, ids: &[i64]) -> Result<Vec<(i64, String)>> {
    of_each(tx, ids, |places| {
        format!("SELECT id, raw FROM detections WHERE id IN {places} AND raw <> '' AND length(raw) <= {LARGEST}")
    })
    .await
}

/// For each of these cases that an act over many decided, as it stands: the case and the act.
pub async fn acts(tx: &mut Tx, cases: &[i64]) -> Result<Vec<(i64, i64)>> {
    of_each(tx, cases, |places| {
        format!(
            "SELECT b.case_number, MAX(b.act_id) FROM bulk_members b JOIN bulk_acts a ON a.id = b.act_id JOIN cases c ON c.number = b.case_number
             WHERE b.case_number IN {places} AND b.event_id IS NOT NULL AND a.state NOT IN ('undoing', 'undone')
                AND c.decided_ms >= a.created_ms AND (a.finished_ms IS NULL OR c.decided_ms <= a.finished_ms) GROUP BY b.case_number"
        )
    })
    .await
}

/// Those of these cases whose verdict, as it stands, a program declared with a token.
pub async fn by_programs(tx: &mut Tx, cases: &[i64]) -> Result<Vec<i64>> {
    let found: Vec<(i64,)> = of_each(tx, cases, |places| {
        format!("SELECT c.number FROM cases c WHERE c.number IN {places} AND c.by_program = TRUE")
    })
    .await?;
    Ok(found.into_iter().map(|(number,)| number).collect())
}

/// For each finished run of these cases: the case, the behaviour, and 1 where a text in it tries to steer a model.
pub async fn steered(tx: &mut Tx, cases: &[i64]) -> Result<Vec<(i64, String, i64)>> {
    of_each(tx, cases, |places| {
        format!(
            "SELECT case_number, fingerprint, CAST(MAX(CASE WHEN flags LIKE '%\"injection_suspected\"%' THEN 1 ELSE 0 END) AS BIGINT) FROM runs
             WHERE case_number IN {places} AND state = 'done' AND recorded = FALSE GROUP BY case_number, fingerprint"
        )
    })
    .await
}

/// What providers answered about values of these cases, the newest answers first.
pub async fn answers(tx: &mut Tx, cases: &[i64]) -> Result<Vec<(i64, Answer)>> {
    #[derive(sqlx::FromRow)]
    struct Of {
        case_number: i64,
        #[sqlx(flatten)]
        answer: Answer,
    }
    let found: Vec<Of> = of_each(tx, cases, |places| {
        format!(
            "SELECT case_number, {} FROM intel WHERE case_number IN {places} AND state = 'answered' ORDER BY id DESC LIMIT {ANSWERS}",
            crate::store::intel::COLUMNS
        )
    })
    .await?;
    Ok(found.into_iter().map(|of| (of.case_number, of.answer)).collect())
}

/// A rule and how many of the newest false positives it caused.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Noisy {
    /// Its path.
    pub path: String,
    /// Its title.
    pub title: String,
    /// Cases declared false positive.
    pub cases: i64,
    /// The newest of them.
    pub newest: i64,
}

/// The rules that caused most of the newest 1,000 false positives since a time.
pub async fn noisy(tx: &mut Tx, org_id: i64, since_ms: i64, limit: i64) -> Result<Vec<Noisy>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT r.path, r.title, g.cases, g.newest FROM (
            SELECT rule_id, CAST(COUNT(*) AS BIGINT) AS cases, MAX(number) AS newest FROM (
                SELECT rule_id, number FROM cases WHERE org_id = $1 AND verdict = 'false_positive' AND opened_ms >= $2
                ORDER BY opened_ms DESC LIMIT 1000
            ) AS n GROUP BY rule_id ORDER BY cases DESC, rule_id LIMIT $3
         ) AS g JOIN rules r ON r.id = g.rule_id ORDER BY g.cases DESC, r.title"
    )
    .bind(org_id)
    .bind(since_ms)
    .bind(limit)
    .fetch_all(db))
}
