//! What intelligence providers said about a case, and what they have still to be asked.
mod follow;

pub use follow::{leave, share};

use super::activity::Subject;
use super::history;
use super::{JsonText, Result, Tx, on, run};
use crate::domain::ObservableKind;
use crate::domain::intel::{IntelState, IntelVerdict, Opinion, STATS};
use crate::domain::known_good;
use serde_json::Value;

/// What became of a question to a provider.
#[derive(Debug, Clone, PartialEq, Eq, Default, sqlx::FromRow)]
pub struct Answer {
    /// Its id; 0 for one that is not stored yet.
    pub id: i64,
    /// Such as `virustotal`.
    pub provider: String,
    /// The type of the value, where it is known.
    pub kind: Option<ObservableKind>,
    /// The observable that was looked up, where the answer says so.
    pub observable: Option<String>,
    /// What was asked: the observable, but for a URL without its secrets.
    pub value: String,
    /// The behaviour for whose triage it was asked.
    pub fingerprint: String,
    /// What became of it.
    pub state: IntelState,
    /// Why there is no answer, or empty.
    pub why: String,
    /// The answer, in the shape in which recorded ones come.
    pub payload: JsonText<Value>,
    /// When it was answered, or asked in vain.
    pub fetched_ms: i64,
    /// How often it was asked in vain.
    pub tries: i64,
    /// When it is asked again.
    pub due_ms: Option<i64>,
    /// Whether it was asked elsewhere and only recorded here.
    pub recorded: bool,
    /// The case whose detection holds the value, where that became part of this one.
    pub origin_case: Option<i64>,
}

impl Answer {
    /// Whether the provider answered, be it that it knows nothing.
    pub const fn is_certain(&self) -> bool {
        matches!(self.state, IntelState::Answered | IntelState::Unknown)
    }

    /// How many there are of a count, such as `malicious`.
    pub fn count(&self, name: &str) -> i64 {
        self.payload.0.get("stats").and_then(|stats| counted(stats.get(name)?)).unwrap_or_default()
    }

    /// What the provider says, where it says something.
    pub fn opinion(&self) -> Option<Opinion> {
        if self.state != IntelState::Answered {
            return None;
        }
        if self.recorded {
            return recorded(&self.provider, &self.payload.0);
        }
        let said: Opinion = serde_json::from_value(self.payload.0.clone()).ok()?;
        let judged = self.payload.0.get("verdict").is_some();
        Some(if judged { said } else { Opinion { verdict: Opinion::of("", said.stats.clone()).verdict, ..said } })
    }
}

/// An answer that was recorded elsewhere: what it amounts to follows from its counts, whatever it says itself, and
/// sentences and links in it are not ours.
fn recorded(provider: &str, payload: &Value) -> Option<Opinion> {
    let stats = payload.as_object()?.get("stats");
    let count = |name: &&str| Some(((*name).to_owned(), counted(stats?.get(*name)?)?));
    let opinion = Opinion::of(provider, STATS.iter().filter_map(count).collect());
    let labels = payload["labels"].as_array().into_iter().flatten();
    let labels = labels.filter_map(|label| label.as_str().map(str::to_owned));
    let (reputation, first_seen_ms) = (payload["reputation"].as_i64(), payload["first_seen_ms"].as_i64());
    Some(Opinion { reputation, first_seen_ms, ..opinion }.with_labels(labels))
}

/// A count of an answer; what no provider has is cut, so that sums stay sums.
fn counted(value: &Value) -> Option<i64> {
    value.as_i64().map(|count| count.clamp(0, 1_000_000))
}

/// What answers amount to for a value, with what is known of it anyway; nothing where nobody was asked.
pub fn verdict(answers: &[Answer], kind: ObservableKind, value: &str) -> Option<IntelVerdict> {
    let about = |answer: &&Answer| answer.kind == Some(kind) && answer.observable.as_deref() == Some(value);
    let said = answers.iter().filter(about);
    let said = said.map(|answer| answer.opinion().map_or(IntelVerdict::Unknown, |opinion| opinion.verdict));
    said.chain(known_good::why(kind, value).map(|_| IntelVerdict::KnownGood)).max()
}

pub(super) const COLUMNS: &str = "id, provider, kind, observable, value, fingerprint, state, why, payload, fetched_ms, tries, due_ms, recorded, origin_case";

/// Adds an answer.
pub async fn insert(tx: &mut Tx, case: i64, answer: &Answer) -> Result<i64> {
    on!(tx, |db| {
        sqlx::query_scalar(
            "INSERT INTO intel (case_number, provider, kind, observable, value, fingerprint, state, why, payload, fetched_ms, tries, due_ms, recorded, origin_case)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id",
        )
        .bind(case)
        .bind(&answer.provider)
        .bind(answer.kind)
        .bind(&answer.observable)
        .bind(&answer.value)
        .bind(&answer.fingerprint)
        .bind(answer.state)
        .bind(&answer.why)
        .bind(&answer.payload)
        .bind(answer.fetched_ms)
        .bind(answer.tries)
        .bind(answer.due_ms)
        .bind(answer.recorded)
        .bind(answer.origin_case)
        .fetch_one(db)
    })
}

/// Puts what came later in the place of what there was; `0` where the row is gone.
pub async fn update(tx: &mut Tx, answer: &Answer) -> Result<u64> {
    run!(
        tx,
        sqlx::query(
            "UPDATE intel SET state = $1, why = $2, payload = $3, fetched_ms = $4, tries = $5, due_ms = $6, fingerprint = $7 WHERE id = $8"
        )
        .bind(answer.state)
        .bind(&answer.why)
        .bind(&answer.payload)
        .bind(answer.fetched_ms)
        .bind(answer.tries)
        .bind(answer.due_ms)
        .bind(&answer.fingerprint)
        .bind(answer.id)
    )
}

/// The newest answer of each provider about each value of a case, at most [`MOST`], those that say something before
/// others; all that do not say which value they are about.
pub async fn of_case(tx: &mut Tx, case: i64) -> Result<Vec<Answer>> {
    let mut all = held(tx, case).await?;
    // Where it was asked for several cases that are one now, what was answered says more than what waits.
    all.sort_by_key(|one| {
        std::cmp::Reverse((one.state == IntelState::Answered, one.is_certain(), one.fetched_ms, one.id))
    });
    let mut seen = std::collections::HashSet::new();
    all.retain(|one| one.observable.is_none() || seen.insert((one.provider.clone(), one.kind, one.observable.clone())));
    all.sort_by_key(|answer| answer.id);
    Ok(all)
}

/// Answers of a case that are read.
pub const MOST: usize = 500;

/// The same for each case apart that is part of this one.
pub async fn held(tx: &mut Tx, case: i64) -> Result<Vec<Answer>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM intel WHERE id IN
            (SELECT MAX(i.id) FROM intel i WHERE i.case_number = $1 GROUP BY i.provider, i.kind, COALESCE(i.observable, CAST(i.id AS TEXT)), COALESCE(i.origin_case, 0))
         ORDER BY CASE WHEN state = 'answered' THEN 0 ELSE 1 END, id DESC LIMIT {MOST}"
    );
    on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(case).fetch_all(db))
}

/// The newest answer of each provider about an observable in its newest 100 cases.
pub async fn about(tx: &mut Tx, observable_id: i64, value: &str) -> Result<Vec<Answer>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM intel
         WHERE case_number IN ({}) AND LOWER(observable) = LOWER($2) 
         ORDER BY CASE WHEN state IN ('answered', 'unknown') THEN 0 ELSE 1 END, fetched_ms DESC, id DESC LIMIT 100",
        history::newest(Subject::Observable, 100)
    );
    let mut all: Vec<Answer> =
        on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(observable_id).bind(value).fetch_all(db))?;
    let mut seen = std::collections::HashSet::new();
    all.retain(|answer| seen.insert(answer.provider.clone()));
    Ok(all)
}

/// A question that is due, and the case it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Due {
    /// The case.
    pub case_number: i64,
    /// The question.
    #[sqlx(flatten)]
    pub answer: Answer,
}

/// Questions that are due, those that wait longest first.
pub async fn due(tx: &mut Tx, now_ms: i64, most: i64) -> Result<Vec<Due>> {
    let sql = format!(
        "SELECT case_number, {COLUMNS} FROM intel WHERE due_ms > 0 AND due_ms <= $1 ORDER BY due_ms, id LIMIT $2"
    );
    on!(tx, |db| sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(now_ms).bind(most).fetch_all(db))
}

/// Lets no question wait for longer than until a moment: what lies further ahead was put off by a clock that was ahead.
pub async fn no_further(tx: &mut Tx, until_ms: i64) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE intel SET due_ms = $1 WHERE due_ms > $1").bind(until_ms))
}

/// Takes a question that is due, as it stands now; nothing where somebody took it first or it went to another case. It
/// is held until the transaction ends.
pub async fn claim(tx: &mut Tx, due: &Due) -> Result<Option<Answer>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "UPDATE intel SET due_ms = due_ms WHERE id = $1 AND case_number = $2 AND due_ms = $3 RETURNING {COLUMNS}"
    ));
    on!(tx, |db| sqlx::query_as(sql)
        .bind(due.answer.id)
        .bind(due.case_number)
        .bind(due.answer.due_ms)
        .fetch_optional(db))
}

/// When the next question is due.
pub async fn next_due(tx: &mut Tx) -> Result<Option<i64>> {
    on!(tx, |db| sqlx::query_scalar("SELECT due_ms FROM intel WHERE due_ms > 0 ORDER BY due_ms, id LIMIT 1")
        .fetch_optional(db))
}

/// Puts off all questions to a provider that would be due before a moment, with why; an answer that is there and waits
/// to be taken in is not put off.
pub async fn put_off(tx: &mut Tx, provider: &str, until_ms: i64, why: &str) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE intel SET due_ms = $1, why = $2 WHERE due_ms > 0 AND due_ms < $1 AND provider = $3 AND state = 'waiting' AND payload = 'null'")
            .bind(until_ms)
            .bind(why)
            .bind(provider)
    )
}

/// How many questions wait for each provider.
pub async fn waiting(tx: &mut Tx) -> Result<Vec<(String, i64)>> {
    on!(tx, |db| sqlx::query_as(
        "SELECT provider, CAST(COUNT(*) AS BIGINT) FROM intel WHERE due_ms > 0 GROUP BY provider"
    )
    .fetch_all(db))
}
