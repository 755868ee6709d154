//! What other systems said about a case, each piece as it was when it was asked for.
use super::{JsonText, Result, Tx, on};
use crate::domain::evidence::{EvidenceKind, EvidenceState, Facts, Line, Piece};

/// Where a piece belongs.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The organisation.
    pub org_id: i64,
    /// The case.
    pub case: i64,
    /// The case that is part of it and that it was gathered for.
    pub origin: Option<i64>,
    /// Its sensor.
    pub sensor_id: i64,
    /// The behaviour it was gathered for.
    pub fingerprint: &'a str,
    /// The action that asked for it; none where the triage did.
    pub action_id: Option<i64>,
}

/// A piece that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its id.
    pub id: i64,
    /// The behaviour it was gathered for.
    pub fingerprint: String,
    /// The action that asked for it.
    pub action_id: Option<i64>,
    /// The piece.
    pub piece: Piece,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    fingerprint: String,
    action_id: Option<i64>,
    kind: EvidenceKind,
    source: String,
    state: EvidenceState,
    text: String,
    from_ms: Option<i64>,
    to_ms: Option<i64>,
    taken_ms: i64,
    total: i64,
    lines: JsonText<Vec<Line>>,
    facts: JsonText<Facts>,
}

impl From<Row> for Stored {
    fn from(row: Row) -> Self {
        let piece = Piece {
            kind: row.kind,
            source: row.source,
            state: row.state,
            text: row.text,
            from_ms: row.from_ms,
            to_ms: row.to_ms,
            taken_ms: row.taken_ms,
            total: row.total,
            lines: row.lines.0,
            facts: row.facts.0,
        };
        Self { id: row.id, fingerprint: row.fingerprint, action_id: row.action_id, piece }
    }
}

/// Keeps a piece.
pub async fn insert(tx: &mut Tx, place: Place<'_>, piece: &Piece) -> Result<i64> {
    on!(tx, |db| {
        sqlx::query_scalar(
        "INSERT INTO evidence (org_id, case_number, sensor_id, fingerprint, action_id, kind, source, state, text, from_ms, to_ms, taken_ms, total, lines, facts,
            origin_case)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) RETURNING id"
    )
    .bind(place.org_id)
    .bind(place.case)
    .bind(place.sensor_id)
    .bind(place.fingerprint)
    .bind(place.action_id)
    .bind(piece.kind)
    .bind(&piece.source)
    .bind(piece.state)
    .bind(&piece.text)
    .bind(piece.from_ms)
    .bind(piece.to_ms)
    .bind(piece.taken_ms)
    .bind(piece.total)
    .bind(JsonText(&piece.lines))
    .bind(JsonText(&piece.facts))
    .bind(place.origin)
    .fetch_one(db)
    })
}

/// The newest pieces of a case, newest first.
pub async fn of_case(tx: &mut Tx, case: i64) -> Result<Vec<Stored>> {
    let rows: Vec<Row> = on!(tx, |db| {
        sqlx::query_as(
        "SELECT id, fingerprint, action_id, kind, source, state, text, from_ms, to_ms, taken_ms, total, lines, facts
         FROM evidence WHERE case_number = $1 ORDER BY id DESC LIMIT 40"
    )
    .bind(case)
    .fetch_all(db)
    })?;
    Ok(rows.into_iter().map(Stored::from).collect())
}

/// The newest piece of each kind that the triage of a behaviour asked for since a moment.
pub async fn gathered(tx: &mut Tx, case: i64, fingerprint: &str, since_ms: i64) -> Result<Vec<Piece>> {
    let rows: Vec<Row> = on!(tx, |db| {
        sqlx::query_as(
        "SELECT id, fingerprint, action_id, kind, source, state, text, from_ms, to_ms, taken_ms, total, lines, facts
         FROM evidence WHERE id IN
            (SELECT MAX(e.id) FROM evidence e
             WHERE e.case_number = $1 AND e.fingerprint = $2 AND e.action_id IS NULL AND e.taken_ms >= $3 GROUP BY e.kind)
         ORDER BY id"
    )
    .bind(case)
    .bind(fingerprint)
    .bind(since_ms)
    .fetch_all(db)
    })?;
    Ok(rows.into_iter().map(|row| Stored::from(row).piece).collect())
}

/// What was last said of a sensor: its tags, its connection, its isolation.
pub async fn of_sensor(tx: &mut Tx, sensor_id: i64) -> Result<Option<Piece>> {
    let row: Option<Row> = on!(tx, |db| {
        sqlx::query_as(
        "SELECT id, fingerprint, action_id, kind, source, state, text, from_ms, to_ms, taken_ms, total, lines, facts
         FROM evidence WHERE sensor_id = $1 AND kind = 'tags' ORDER BY id DESC LIMIT 1"
    )
    .bind(sensor_id)
    .fetch_optional(db)
    })?;
    Ok(row.map(|row| Stored::from(row).piece))
}
