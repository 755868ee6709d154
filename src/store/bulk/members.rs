//! The cases of an act, and what became of each.
use super::super::many::{ROWS, places};
use super::super::{Result, Tx, on, run};
use crate::domain::words;

words! {
    /// How far an act is with a case.
    MemberState ("member_state") {
        /// Its turn is still to come.
        Waiting = "waiting", "Waiting";
        /// Decided.
        Done = "done", "Decided";
        /// Not decided by the act.
        LeftOut = "left_out", "Left out";
        /// Taken back.
        Undone = "undone", "Taken back";
        /// It was decided otherwise since, and stays so.
        Stayed = "stayed", "Stayed";
    }
}

words! {
    /// Why a case is left out of an act.
    Why ("why") {
        /// A flag or veto about its host.
        HostFlags = "host_flags", "host flags";
        /// A flag or veto.
        Flags = "flags", "flags";
        /// The voters don't agree.
        Split = "split", "split votes";
        /// The vote says something else.
        Otherwise = "otherwise", "the vote says otherwise";
        /// Votes are still to come.
        Triaging = "triaging", "votes still to come";
        /// Nobody voted.
        NoVote = "no_vote", "no vote";
        /// A person has decided it, or it is closed.
        Decided = "decided", "decided already";
        /// It differs from nearly all others.
        Outlier = "outlier", "differs from the others";
        /// It changed since it was chosen.
        Changed = "changed", "changed meanwhile";
        /// It can't be seen any more.
        Gone = "gone", "not to be seen any more";
        /// Somebody decided otherwise after the act.
        Since = "since", "decided otherwise since";
        /// The act was taken back before its turn.
        Stopped = "stopped", "taken back before its turn";
    }
}

/// A case of an act to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMember {
    /// The case.
    pub case_number: i64,
    /// Its organisation.
    pub org_id: i64,
    /// Its version when it was chosen.
    pub version: i64,
    /// How many behaviours it held then.
    pub behaviours: i64,
    /// Why it is left out, or nothing.
    pub why: Option<Why>,
    /// The same in words.
    pub detail: String,
    /// Whether a person put it back in, knowing why it was left out.
    pub back: bool,
}

impl NewMember {
    /// Whether the act is to decide it.
    pub const fn goes(&self) -> bool {
        self.why.is_none() || self.back
    }
}

/// A case of an act.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Member {
    /// The case.
    pub case_number: i64,
    /// Its version when it was chosen.
    pub version: i64,
    /// How many behaviours it held then.
    pub behaviours: i64,
    /// How far the act is with it.
    pub state: MemberState,
    /// Why it is left out or stayed; of one that waits, in spite of what it was put back in.
    pub why: Option<Why>,
    /// The same in words.
    pub detail: String,
    /// The entry of the timeline by which it was decided.
    pub event_id: Option<i64>,
}

const COLUMNS: &str = "b.case_number, b.version, b.behaviours, b.state, b.why, b.detail, b.event_id";

pub(super) async fn insert(tx: &mut Tx, act: i64, members: &[NewMember]) -> Result<()> {
    for part in members.chunks(ROWS) {
        let sql = sqlx::AssertSqlSafe(format!(
            "INSERT INTO bulk_members (act_id, case_number, org_id, version, behaviours, state, why, detail) VALUES {}",
            places(part.len(), 8)
        ));
        run!(tx, {
            let mut query = sqlx::query(sql);
            for one in part {
                let state = if one.goes() { MemberState::Waiting } else { MemberState::LeftOut };
                query = query.bind(act).bind(one.case_number).bind(one.org_id).bind(one.version).bind(one.behaviours);
                query = query.bind(state).bind(one.why).bind(&one.detail);
            }
            query
        })?;
    }
    Ok(())
}

/// The next cases of an act in a state, by number.
pub async fn next(tx: &mut Tx, act: i64, state: MemberState, most: i64) -> Result<Vec<Member>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM bulk_members b WHERE b.act_id = $1 AND b.state = $2 ORDER BY b.case_number LIMIT $3"
    ));
    on!(tx, |db| sqlx::query_as(sql).bind(act).bind(state).bind(most).fetch_all(db))
}

/// What becomes of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate {
    /// The case.
    pub case_number: i64,
    /// How the act leaves it.
    pub state: MemberState,
    /// Why it is left out or stays.
    pub why: Option<Why>,
    /// The same in words.
    pub detail: String,
    /// The entry of the timeline by which it was decided.
    pub event_id: Option<i64>,
}

/// Stores what became of some cases, and counts them.
pub async fn settle(tx: &mut Tx, act: i64, fates: &[Fate]) -> Result<()> {
    for fate in fates {
        run!(
            tx,
            sqlx::query(
                "UPDATE bulk_members SET state = $1, why = $2, detail = $3, event_id = COALESCE($4, event_id) WHERE act_id = $5 AND case_number = $6"
            )
            .bind(fate.state)
            .bind(fate.why)
            .bind(&fate.detail)
            .bind(fate.event_id)
            .bind(act)
            .bind(fate.case_number)
        )?;
    }
    let count =
        |state: MemberState| i64::try_from(fates.iter().filter(|fate| fate.state == state).count()).unwrap_or(i64::MAX);
    run!(
        tx,
        sqlx::query(
            "UPDATE bulk_acts SET done = done + $1, left_out = left_out + $2, undone = undone + $3, stayed = stayed + $4 WHERE id = $5"
        )
        .bind(count(MemberState::Done))
        .bind(count(MemberState::LeftOut))
        .bind(count(MemberState::Undone))
        .bind(count(MemberState::Stayed))
        .bind(act)
    )
    .map(|_| ())
}

/// Leaves out all cases whose turn is still to come.
pub async fn stop(tx: &mut Tx, act: i64) -> Result<()> {
    let stopped = run!(
        tx,
        sqlx::query(
            "UPDATE bulk_members SET state = 'left_out', why = 'stopped' WHERE act_id = $1 AND state = 'waiting'"
        )
        .bind(act)
    )?;
    run!(
        tx,
        sqlx::query("UPDATE bulk_acts SET left_out = left_out + $1 WHERE id = $2")
            .bind(i64::try_from(stopped).unwrap_or(i64::MAX))
            .bind(act)
    )
    .map(|_| ())
}

/// Cases of an act that were left out or stayed: why, and how many.
pub async fn reasons(tx: &mut Tx, act: i64) -> Result<Vec<(MemberState, Why, i64)>> {
    on!(tx, |db| {
        sqlx::query_as(
        "SELECT b.state, b.why, CAST(COUNT(*) AS BIGINT) FROM bulk_members b
         WHERE b.act_id = $1 AND b.state IN ('left_out', 'stayed') AND b.why IS NOT NULL GROUP BY b.state, b.why ORDER BY 3 DESC, 2"
    )
    .bind(act)
    .fetch_all(db)
    })
}

/// A case of an act that was left out or stayed, with its title.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Named {
    /// The case.
    pub case_number: i64,
    /// Its title.
    pub title: String,
    /// Its host.
    pub hostname: String,
    /// Why.
    pub why: Option<Why>,
    /// The same in words.
    pub detail: String,
}

/// Cases of an act in a state after one, by number.
pub async fn named(tx: &mut Tx, act: i64, state: MemberState, after: i64, most: i64) -> Result<Vec<Named>> {
    on!(tx, |db| {
        sqlx::query_as(
        "SELECT b.case_number, c.title, c.hostname, b.why, b.detail FROM bulk_members b JOIN cases c ON c.number = b.case_number
         WHERE b.act_id = $1 AND b.state = $2 AND b.case_number > $3 ORDER BY b.case_number LIMIT $4"
    )
    .bind(act)
    .bind(state)
    .bind(after)
    .bind(most)
    .fetch_all(db)
    })
}
