//! A position that only a wrong clock can have made. The clock of this machine may be ahead for a while: what it took
//! for read up to tomorrow would be left out once it is right again.
use super::{FIRST_S, OVERLAP_S, Reader, SOURCE, Trouble, tell};
use crate::clock::now_ms;
use crate::store::intake::{self, MINUTE_MS};
use crate::store::pulls::{self, Pull};
use crate::store::{Actor, Tx};

/// Where nobody knows since when the clock was wrong, so much is read again, in seconds.
const MOST_S: i64 = 7 * 24 * 60 * 60;

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

    /// Goes back where the position lies ahead; whether it did. What is read twice is known by its id.
    pub(super) async fn went_back(&self, tx: &mut Tx, pull: &Pull, first: bool, now_s: i64) -> Result<bool, Trouble> {
        let place = pull.position();
        if place.done_s.max(place.to_s) <= now_s + OVERLAP_S {
            return Ok(false);
        }
        self.hold(tx).await?;
        let minute_s = MINUTE_MS / 1000;
        let last = intake::last(tx, self.org_id, SOURCE, now_s.div_euclid(minute_s)).await?.map(|at| at * minute_s);
        let last = if first { Some(now_s) } else { last };
        let done_s = last.unwrap_or_default().clamp(now_s - MOST_S, now_s - FIRST_S);
        if !pulls::rewind(tx, self.org_id, &place, done_s).await? {
            return Err(Trouble::Elsewhere);
        }
        tracing::warn!(
            org = pull.org,
            done_s,
            was_s = place.done_s,
            "the last pull was made by a clock that was ahead"
        );
        let stretch = (done_s, place.done_s);
        tell(tx, &Actor::system(), "pull_again", (&pull.org, self.org_id), stretch, now_ms()).await?;
        Ok(true)
    }
}
