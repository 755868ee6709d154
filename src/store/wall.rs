//! The wall between organisations: each transaction says whose rows it is about, and `PostgreSQL` shows no others.
//!
//! Every query says itself whose rows it wants. The wall stands behind that, for the query that one day forgets it:
//! row-level security on every table with an organisation. What a transaction says is a number list of ours, sent
//! with its `BEGIN`. Who says nothing sees nothing. `SQLite` has no such wall.
use super::{Result, Store, Tx, on};
use futures_util::{Stream, StreamExt, stream};
use std::fmt::Write;
use std::future::Future;
use std::sync::Arc;

/// Whose rows a transaction is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// All: the program itself works, not on behalf of one person or token.
    Programs,
    /// None: a request of which nobody has found out yet who asks.
    Nobodys,
    /// Those of these organisations, by id.
    Of(Arc<[i64]>),
}

tokio::task_local! {
    static WHOSE: Whose;
}

impl Whose {
    /// What the running task said; a task that is no request's is the program's own.
    pub fn here() -> Self {
        WHOSE.try_with(Clone::clone).unwrap_or(Self::Programs)
    }

    /// The setting that the policies read.
    fn setting(&self) -> String {
        match self {
            Self::Programs => "all".to_owned(),
            Self::Nobodys => String::new(),
            Self::Of(orgs) => {
                let mut text = "{".to_owned();
                for (at, org) in orgs.iter().enumerate() {
                    let _ = write!(text, "{}{org}", if at == 0 { "" } else { "," });
                }
                text.push('}');
                text
            }
        }
    }

    /// Everything that `work` does is about these rows.
    pub async fn scope<T>(self, work: impl Future<Output = T>) -> T {
        WHOSE.scope(self, work).await
    }
}

/// Does what belongs to no person and no token alone, such as finding out who asks.
pub async fn as_program<T>(work: impl Future<Output = T>) -> T {
    Whose::Programs.scope(work).await
}

/// A task of the program itself that a request starts and does not wait for.
pub fn spawn(work: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(as_program(work));
}

/// The same rows for what is read later on, page by page, as the answer is sent.
pub fn carried<S: Stream + Send + 'static>(pages: S) -> impl Stream<Item = S::Item> + Send {
    let whose = Whose::here();
    stream::unfold(Box::pin(pages), move |mut pages| {
        let whose = whose.clone();
        async move { whose.scope(pages.next()).await.map(|page| (page, pages)) }
    })
}

/// How a transaction that only reads begins: it sees one state of everything.
pub(super) const READS: &str = "ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// How one that may write begins. It says all of it: where somebody left while a transaction of theirs began, the
/// driver takes it for none and lends out its connection, and a bare `BEGIN` would go on with what they had asked for.
/// Such a transaction has read nothing, so what it is and whose rows it sees can still be said anew.
pub(super) const WRITES: &str = "ISOLATION LEVEL READ COMMITTED READ WRITE";

/// The beginning of a transaction on `PostgreSQL`: one message, so that it costs no way there and back of its own.
pub fn begin(how: &str) -> String {
    // Words of ours and numbers: nothing that anybody typed is in it.
    format!("BEGIN {how}; SET LOCAL fusionsoc.orgs = '{}'", Whose::here().setting())
}

/// The organisations of a person, for what their requests may see; none where there is no wall.
pub async fn orgs_of(tx: &mut Tx, user_id: i64) -> Result<Arc<[i64]>> {
    if matches!(tx, Tx::Sqlite(_)) {
        return Ok(Arc::default());
    }
    let orgs: Vec<i64> =
        on!(tx, |db| sqlx::query_scalar("SELECT org_id FROM memberships WHERE user_id = $1 ORDER BY org_id")
            .bind(user_id)
            .fetch_all(db))?;
    Ok(orgs.into())
}

impl Store {
    /// Why the wall does not stand, where it does not: the role may see every row whatever the policies say.
    ///
    /// # Errors
    /// Where the database can't be read.
    pub async fn unwalled(&self) -> Result<Option<&'static str>> {
        let mut tx = self.read().await?;
        if matches!(tx, Tx::Sqlite(_)) {
            return Ok(None);
        }
        let (all, free): (bool, bool) = on!(&mut tx, |db| sqlx::query_as(
            "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
        .fetch_one(db))?;
        Ok(match (all, free) {
            (true, _) => Some("the role is a superuser, so row-level security does not hold for it"),
            (false, true) => Some("the role has BYPASSRLS, so row-level security does not hold for it"),
            (false, false) => None,
        })
    }

    /// Whether search has to read rows one by one, because this database may not use its index under the wall.
    ///
    /// # Errors
    /// Where the database can't be read.
    pub async fn searches_slowly(&self) -> Result<bool> {
        let mut tx = self.read().await?;
        if matches!(tx, Tx::Sqlite(_)) {
            return Ok(false);
        }
        on!(&mut tx, |db| sqlx::query_scalar(
            "SELECT NOT p.proleakproof AND NOT r.rolsuper AND NOT r.rolbypassrls FROM pg_proc p, pg_roles r
             WHERE p.oid = 'pg_catalog.ts_match_vq(tsvector, tsquery)'::regprocedure AND r.rolname = current_user"
        )
        .fetch_one(db))
    }
}
