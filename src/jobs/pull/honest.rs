//! A position that only a wrong clock can have made. The clock of this machine may be ahead for a while: what it took
//! for read up to tomorrow would be left out once it is right again.
use super::{FIRST_S, OVERLAP_S, Reader, SOURCE, Trouble, tell};
use crate::clock::now_ms;
use crate::store::Actor;
use crate::store::intake::{self, MINUTE_MS};
use crate::store::pulls::{self, Position, Pull};

/// Where nobody knows since when the clock was wrong, so much is read again, in seconds.
const MOST_S: i64 = 7 * 24 * 60 * 60;

/// Whether a position lies further ahead than clocks differ.
pub(super) fn lies_ahead(place: &Position, now_s: i64) -> bool {
    place.done_s.max(place.to_s) > now_s + OVERLAP_S
}

impl Reader<'_> {
    /// A second, or the one that LimaCharlie's clock shows where that is earlier: nothing later can have been read.
    pub(super) fn honest_s(&self, second: i64) -> i64 {
        self.client.answered_s().map_or(second, |answered| answered.min(second))
    }

    /// The same of now; where the clocks are far apart, that is told.
    pub(super) fn agreed_s(&self, now_s: i64) -> i64 {
        let agreed = self.honest_s(now_s);
        if now_s - agreed > OVERLAP_S {
            tracing::warn!(seconds = now_s - agreed, "the clock of this machine is ahead of LimaCharlie's");
        }
        agreed
    }

    /// Now by LimaCharlie's clock, which is asked: where a position lies ahead, either the clock that made it was wrong or
    /// this machine's is behind.
    pub(super) async fn asked_s(&self, now_s: i64, place: &Position) -> Result<i64, Trouble> {
        self.client.who().await.map_err(|error| Trouble::LimaCharlie { error, to_s: place.done_s })?;
        let answered = self.client.answered_s().unwrap_or(now_s);
        if answered - now_s > OVERLAP_S {
            tracing::warn!(seconds = answered - now_s, "the clock of this machine is behind LimaCharlie's");
        }
        Ok(answered)
    }

    /// Goes back from a position that lies ahead. What is read twice is known by its id.
    pub(super) async fn go_back(&self, pull: &Pull, first: bool, now_s: i64) -> Result<(), Trouble> {
        let place = pull.position();
        let mut tx = self.store.write().await?;
        self.hold(&mut tx).await?;
        let minute_s = MINUTE_MS / 1000;
        let last =
            intake::last(&mut tx, self.org_id, SOURCE, now_s.div_euclid(minute_s)).await?.map(|at| at * minute_s);
        let last = if first { Some(now_s) } else { last };
        let done_s = last.unwrap_or_default().clamp(now_s - MOST_S, now_s - FIRST_S);
        if !pulls::rewind(&mut tx, self.org_id, &place, done_s).await? {
            return Err(Trouble::Elsewhere);
        }
        tracing::warn!(
            org = pull.org,
            done_s,
            was_s = place.done_s,
            "the last pull was made by a clock that was ahead"
        );
        let stretch = (done_s, place.done_s);
        tell(&mut tx, &Actor::system(), "pull_again", (&pull.org, self.org_id), stretch, now_ms()).await?;
        Ok(tx.commit().await?)
    }
}
