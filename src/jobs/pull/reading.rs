//! One window, page by page, into the store.
use super::{SOURCE, tell};
use crate::clock::now_ms;
use crate::config::Policy;
use crate::ingest::pulled::{self, Counts};
use crate::jobs::JobError;
use crate::limacharlie::{Client, Cursor, Error, Range};
use crate::store::pulls::{self, Position};
use crate::store::{Actor, Store, Tx, jobs, orgs};
use serde_json::value::RawValue;

/// Detections that share one commit.
const PART: usize = 200;

/// Told after each commit what it held.
pub type Told<'a> = &'a mut (dyn FnMut(Counts) + Send);

/// Why a window was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// LimaCharlie failed.
    #[error("{error}")]
    LimaCharlie {
        /// How.
        error: Error,
        /// The last second of the window.
        to_s: i64,
    },
    /// Somebody else pulls for the organisation.
    #[error("somebody else pulls for this organisation at the moment")]
    Elsewhere,
    /// The store, or the job's lease.
    #[error(transparent)]
    Job(#[from] JobError),
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self::Job(error.into())
    }
}

/// Reads for an organisation.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// The database.
    pub store: &'a Store,
    /// LimaCharlie.
    pub client: &'a Client,
    /// The organisation.
    pub org_id: i64,
    /// The policy of the settings.
    pub policy: &'a Policy,
    /// The job within which it is done; none at the command line.
    pub job: Option<&'a jobs::Job>,
}

impl Reader<'_> {
    /// Nothing that follows in this transaction may happen unless the job is still ours.
    pub(super) async fn hold(&self, tx: &mut Tx) -> Result<(), JobError> {
        match self.job {
            Some(job) if !jobs::holds(tx, job).await? => Err(JobError::LeaseLost),
            _ => Ok(()),
        }
    }

    /// Reads a window from its page under way, and moves the position with each page.
    pub(super) async fn follow(&self, range: Range, mut place: Position, told: Told<'_>) -> Result<(), Trouble> {
        let to_s = range.to_s();
        let mut pages = self.client.detections(range).from(Cursor::kept(&place.next_page));
        loop {
            let page = pages.next().await.map_err(|error| Trouble::LimaCharlie { error, to_s })?;
            let Some(page) = page else { return Ok(()) };
            let next = match pages.cursor() {
                Some(cursor) => Position { done_s: place.done_s, to_s, next_page: cursor.as_str().to_owned() },
                None => Position { done_s: self.honest_s(to_s).max(place.done_s), to_s: 0, next_page: String::new() },
            };
            self.take(&page, Some((&place, &next)), told).await?;
            place = next;
        }
    }

    /// Reads a window that has nothing to do with the position, and closes the gaps within it.
    ///
    /// # Errors
    /// See [`Trouble`]; what was read before stays, the gaps as well.
    pub async fn back_fill(&self, range: Range, actor: &Actor, told: Told<'_>) -> Result<(), Trouble> {
        let (from_s, to_s) = (range.from_s(), range.to_s());
        let mut pages = self.client.detections(range);
        while let Some(page) = pages.next().await.map_err(|error| Trouble::LimaCharlie { error, to_s })? {
            self.take(&page, None, told).await?;
        }
        let mut tx = self.store.write().await?;
        self.hold(&mut tx).await?;
        pulls::fill(&mut tx, self.org_id, from_s, to_s).await?;
        let slug = orgs::by_id(&mut tx, self.org_id).await?.map(|org| org.slug).unwrap_or_default();
        tell(&mut tx, actor, "pull_back_fill", (&slug, self.org_id), (from_s, to_s), now_ms()).await?;
        Ok(tx.commit().await?)
    }

    /// Takes a page in, in parts; the position moves with the last one.
    async fn take(
        &self,
        page: &[Box<RawValue>],
        moves: Option<(&Position, &Position)>,
        told: Told<'_>,
    ) -> Result<(), Trouble> {
        let mut parts = page.chunks(PART).peekable();
        loop {
            let part = pulled::read(parts.next().unwrap_or_default());
            let is_last = parts.peek().is_none();
            let now = now_ms();
            let mut tx = self.store.write().await?;
            self.hold(&mut tx).await?;
            let counts = pulled::take(&mut tx, self.org_id, SOURCE, &part, (self.policy, now)).await?;
            if let Some((from, to)) = moves.filter(|_| is_last)
                && !pulls::advance(&mut tx, self.org_id, from, to, now).await?
            {
                return Err(Trouble::Elsewhere);
            }
            tx.commit().await?;
            counts.count(SOURCE);
            told(counts);
            if is_last {
                return Ok(());
            }
        }
    }
}
