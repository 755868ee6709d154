//! Appending to the chain, and chaining what older versions of the program wrote.
use super::super::many::{ROWS, places};
use super::super::{Result, Tx, on, run};
use super::Chained;
use crate::domain::chain::{Body, Hash};

/// Lines that are read in one go.
const STEP: i64 = 1_000;

/// The end of the chain: the id and the hash of its last line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last line's id; 0 where there is none.
    pub id: i64,
    /// Its hash.
    pub hash: Hash,
}

/// The end of the chain as it stands.
pub async fn head(tx: &mut Tx) -> Result<Head> {
    const SQL: &str = "SELECT line_id, hash FROM ledger_head WHERE id = 1";
    let (id, hash) = on!(tx, |db| sqlx::query_as(SQL).fetch_one(db))?;
    of_row(id, hash)
}

/// The end of the chain, which is this transaction's until it ends, and whether there are lines behind it.
async fn take_head(tx: &mut Tx) -> Result<(Head, bool)> {
    const SQL: &str = "SELECT line_id, hash, (SELECT MIN(id) FROM ledger WHERE id > line_id) FROM ledger_head h
        WHERE h.id = 1";
    let held;
    let sql = match tx {
        Tx::Sqlite(_) => SQL,
        Tx::Postgres(_) => {
            held = format!("{SQL} FOR UPDATE OF h");
            held.as_str()
        }
    };
    let sql = sqlx::AssertSqlSafe(sql);
    let (id, hash, behind): (i64, Vec<u8>, Option<i64>) = on!(tx, |db| sqlx::query_as(sql).fetch_one(db))?;
    Ok((of_row(id, hash)?, behind.is_some()))
}

fn of_row(id: i64, hash: Vec<u8>) -> Result<Head> {
    let hash = hash.try_into().map_err(|_| sqlx::Error::Decode("ledger_head.hash: not 32 bytes".into()))?;
    Ok(Head { id, hash })
}

async fn set_head(tx: &mut Tx, head: Head) -> Result<u64> {
    run!(
        tx,
        sqlx::query("UPDATE ledger_head SET line_id = $1, hash = $2 WHERE id = 1")
            .bind(head.id)
            .bind(head.hash.as_slice())
    )
}

/// Appends what the transaction recorded. Nothing else may follow in it but its end.
pub(in super::super) async fn append(tx: &mut Tx) -> Result<()> {
    let lines = std::mem::take(tx.lines());
    if lines.is_empty() {
        return Ok(());
    }
    let (mut head, is_behind) = take_head(tx).await?;
    let taken = if is_behind { taken(tx, head.id).await? } else { Vec::new() };
    for part in lines.chunks(ROWS) {
        head = insert(tx, head, &taken, part).await?;
    }
    set_head(tx, head).await?;
    Ok(())
}

/// Numbers behind the end of the chain that somebody put lines at beside the program. They are none of ours, so the
/// chain goes on around them, and a proof names them.
async fn taken(tx: &mut Tx, after: i64) -> Result<Vec<i64>> {
    on!(tx, |db| sqlx::query_scalar("SELECT id FROM ledger WHERE id > $1 ORDER BY id LIMIT $2")
        .bind(after)
        .bind(STEP)
        .fetch_all(db))
}

async fn insert(tx: &mut Tx, mut head: Head, taken: &[i64], part: &[Body]) -> Result<Head> {
    let sql = sqlx::AssertSqlSafe(format!(
        "INSERT INTO ledger (id, org_id, at_ms, actor_kind, actor, client, action, object, old_value, new_value, request_id, result,
            prev_hash, hash) VALUES {}",
        places(part.len(), 14)
    ));
    let mut chained = Vec::with_capacity(part.len());
    for line in part {
        let before = head.hash;
        let mut id = head.id + 1;
        while taken.binary_search(&id).is_ok() {
            id += 1;
        }
        head = Head { id, hash: line.hash(id, &before) };
        chained.push((id, before, head.hash));
    }
    run!(tx, {
        let mut query = sqlx::query(sql);
        for (line, (id, before, hash)) in part.iter().zip(&chained) {
            query = query.bind(*id).bind(line.org_id).bind(line.at_ms).bind(&line.actor_kind).bind(&line.actor);
            query = query.bind(&line.client).bind(&line.action).bind(&line.object).bind(&line.old).bind(&line.new);
            query = query.bind(&line.request_id).bind(&line.result).bind(before.as_slice()).bind(hash.as_slice());
        }
        query
    })?;
    Ok(head)
}

/// Chains the lines that a version of the program wrote that had no chain yet, once, all together: where there is a
/// chain, nothing is taken into it that the program did not append itself.
pub async fn adopt(tx: &mut Tx) -> Result<()> {
    let (mut end, _) = take_head(tx).await?;
    if end.id != 0 || super::last_segment(tx).await?.is_some() {
        return Ok(());
    }
    loop {
        let before = end.id;
        end = adopt_some(tx, end).await?;
        if end.id == before {
            set_head(tx, end).await?;
            return Ok(());
        }
    }
}

async fn adopt_some(tx: &mut Tx, mut end: Head) -> Result<Head> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {} FROM ledger l WHERE l.hash = {} AND l.id > $1 ORDER BY l.id LIMIT $2",
        super::COLUMNS,
        if matches!(tx, Tx::Sqlite(_)) { "x''" } else { "''" }
    ));
    let rows: Vec<Chained> = on!(tx, |db| sqlx::query_as(sql).bind(end.id).bind(STEP).fetch_all(db))?;
    for row in &rows {
        let hash = row.body.hash(row.id, &end.hash);
        run!(
            tx,
            sqlx::query("UPDATE ledger SET prev_hash = $1, hash = $2 WHERE id = $3")
                .bind(end.hash.as_slice())
                .bind(hash.as_slice())
                .bind(row.id)
        )?;
        end = Head { id: row.id, hash };
    }
    Ok(end)
}
