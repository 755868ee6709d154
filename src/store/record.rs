//! The one function by which a case changes: timeline and ledger in the caller's transaction.
use super::many::{ROWS, places};
use super::{Result, Tx, on, run};
use crate::domain::chain::Body;
use crate::domain::words;

words! {
    /// Who acted.
    ActorKind ("actor_kind") {
        /// The product itself, by its rules.
        System = "system", "System";
        /// The panel of voters.
        Panel = "panel", "Panel";
        /// A signed-in person.
        Person = "person", "Person";
        /// A program with an API token.
        Token = "token", "API token";
    }
}

/// Who acts, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The kind.
    pub kind: ActorKind,
    /// The name on the timeline.
    pub name: String,
    /// The client's address, or empty.
    pub client: String,
    /// The request's id, or empty.
    pub request_id: String,
}

impl Actor {
    /// The product itself.
    pub fn system() -> Self {
        Self { kind: ActorKind::System, name: "FusionSOC".to_owned(), client: String::new(), request_id: String::new() }
    }

    /// The panel.
    pub fn panel() -> Self {
        Self { kind: ActorKind::Panel, name: "AI panel".to_owned(), ..Self::system() }
    }

    /// Somebody at the command line of the machine.
    pub fn operator() -> Self {
        Self { name: "command line".to_owned(), ..Self::system() }
    }
}

/// One change of a case.
#[derive(Debug, Clone)]
pub struct Change<'a> {
    /// The case's organisation.
    pub org_id: i64,
    /// The case.
    pub case: i64,
    /// What kind of change, such as `verdict`; the timeline groups by it.
    pub kind: &'a str,
    /// The change in words, for the timeline.
    pub text: &'a str,
    /// The value before, for the ledger; empty where there was none.
    pub old: &'a str,
    /// The value after, for the ledger.
    pub new: &'a str,
    /// The run that it belongs to.
    pub run: Option<i64>,
    /// What undoes it, as JSON.
    pub undo: Option<&'a str>,
}

/// Writes the change into timeline and ledger, moves the case's `updated_ms`, and returns the timeline's id.
///
/// # Errors
/// Where the database refuses.
pub async fn record(tx: &mut Tx, actor: &Actor, change: Change<'_>, now_ms: i64) -> Result<i64> {
    let id = on!(tx, |db| sqlx::query_scalar(
        "INSERT INTO timeline (org_id, case_number, at_ms, actor_kind, actor, kind, text, run_id, undo)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id"
    )
    .bind(change.org_id)
    .bind(change.case)
    .bind(now_ms)
    .bind(actor.kind)
    .bind(&actor.name)
    .bind(change.kind)
    .bind(change.text)
    .bind(change.run)
    .bind(change.undo)
    .fetch_one(db))?;
    run!(tx, sqlx::query("UPDATE cases SET updated_ms = $1 WHERE number = $2").bind(now_ms).bind(change.case))?;
    let object = format!("case:{}", change.case);
    audit(
        tx,
        actor,
        Some(change.org_id),
        &Entry { action: change.kind, object: &object, old: change.old, new: change.new },
        now_ms,
    )
    .await?;
    Ok(id)
}

/// One line of the ledger.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// What was done, such as `login` or `verdict`.
    pub action: &'a str,
    /// On what, such as `case:459` or `user:ana`.
    pub object: &'a str,
    /// The value before.
    pub old: &'a str,
    /// The value after.
    pub new: &'a str,
}

words! {
    /// Whether what a ledger line tells was done.
    Ended ("result") {
        /// It was done.
        Ok = "ok", "Done";
        /// It was refused to who asked.
        Denied = "denied", "Denied";
        /// It was tried and failed.
        Failed = "failed", "Failed";
    }
}

/// Writes a ledger line for something that was done and is not a change of a case, such as a sign-in.
///
/// # Errors
/// Where the database refuses.
pub async fn audit(tx: &mut Tx, actor: &Actor, org_id: Option<i64>, entry: &Entry<'_>, now_ms: i64) -> Result<()> {
    audit_as(tx, actor, org_id, entry, Ended::Ok, now_ms).await
}

/// Notes a ledger line for something with how it ended. The transaction's commit appends it to the chain, after
/// everything else, and fails where that can't be.
///
/// # Errors
/// None; it is awaited and asked like every function that changes the store.
pub async fn audit_as(
    tx: &mut Tx,
    actor: &Actor,
    org_id: Option<i64>,
    entry: &Entry<'_>,
    ended: Ended,
    now_ms: i64,
) -> Result<()> {
    tx.lines().push(Body {
        org_id,
        at_ms: now_ms,
        actor_kind: actor.kind.as_str().to_owned(),
        actor: actor.name.clone(),
        client: actor.client.clone(),
        action: entry.action.to_owned(),
        object: entry.object.to_owned(),
        old: entry.old.to_owned(),
        new: entry.new.to_owned(),
        request_id: actor.request_id.clone(),
        result: ended.as_str().to_owned(),
    });
    Ok(())
}

/// A change that a detection made, for [`record_all`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// The case's organisation.
    pub org_id: i64,
    /// The case.
    pub case: i64,
    /// What kind of change.
    pub kind: &'static str,
    /// The change in words.
    pub text: String,
    /// The detection's id.
    pub detect_id: String,
    /// When.
    pub at_ms: i64,
}

/// Writes changes that the program itself made into timeline and ledger, in order. The cases'
/// `updated_ms` is for the caller to move.
///
/// # Errors
/// Where the database refuses.
pub async fn record_all(tx: &mut Tx, all: &[Happened]) -> Result<()> {
    let actor = Actor::system();
    for part in all.chunks(ROWS) {
        timeline_rows(tx, &actor, part).await?;
        for one in part {
            let object = format!("case:{}", one.case);
            let entry = Entry { action: one.kind, object: &object, old: "", new: &one.detect_id };
            audit(tx, &actor, Some(one.org_id), &entry, one.at_ms).await?;
        }
    }
    Ok(())
}

/// Writes such changes into timelines alone, where one line of the ledger tells of all of them together; that line is
/// for the caller to write.
///
/// # Errors
/// Where the database refuses.
pub async fn tell_all(tx: &mut Tx, all: &[Happened]) -> Result<()> {
    for part in all.chunks(ROWS) {
        timeline_rows(tx, &Actor::system(), part).await?;
    }
    Ok(())
}

async fn timeline_rows(tx: &mut Tx, actor: &Actor, part: &[Happened]) -> Result<u64> {
    let sql = sqlx::AssertSqlSafe(format!(
        "INSERT INTO timeline (org_id, case_number, at_ms, actor_kind, actor, kind, text) VALUES {}",
        places(part.len(), 7)
    ));
    run!(tx, {
        let mut query = sqlx::query(sql);
        for one in part {
            query = query.bind(one.org_id).bind(one.case).bind(one.at_ms).bind(actor.kind).bind(&actor.name);
            query = query.bind(one.kind).bind(&one.text);
        }
        query
    })
}
