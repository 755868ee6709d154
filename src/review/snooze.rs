//! Snooze: a case stands aside until a time, and comes back by itself with a reminder.
use super::{ReviewError, first_line, whole};
use crate::domain::{MachineVerdict, Verdict};
use crate::store::cases::{self, Case};
use crate::store::timeline::{self, Entry};
use crate::store::{Actor, ActorKind, Change, Tx, jobs, record, reminders, snooze as store};

/// The kind of job that wakes a case, and the one that tells of it.
pub const WAKE: &str = "wake";
/// See [`WAKE`].
pub const REMIND: &str = "remind";
/// The longest snooze.
const MOST_MS: i64 = 30 * 86_400_000;
/// The longest snooze of what looks like an attack, with a minute for the way of the form.
const LIKELY_MS: i64 = 4 * 3_600_000 + 60_000;

/// Why a case comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Its time has come.
    Time,
    /// A detection joined.
    Detection,
    /// The panel says worse than before, or dissents from the verdict.
    Vote,
    /// Somebody said so.
    Hand,
}

impl Why {
    /// The word in the column.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Detection => "detection",
            Self::Vote => "vote",
            Self::Hand => "hand",
        }
    }
}

/// `14:00 UTC`, or with the day where that is another one.
pub fn until_words(until_ms: i64, now_ms: i64) -> String {
    let at = |ms| jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    let same_day = at(until_ms).strftime("%F").to_string() == at(now_ms).strftime("%F").to_string();
    at(until_ms).strftime(if same_day { "%H:%M UTC" } else { "%Y-%m-%d %H:%M UTC" }).to_string()
}

/// Puts a case aside until a time; the reason may be empty. To the same time again changes nothing. It may be called
/// for many cases in one transaction.
///
/// # Errors
/// `Invalid` where the time is past or too far, and where the case must not wait so long.
pub async fn snooze(
    tx: &mut Tx,
    actor: &Actor,
    case: &Case,
    until_ms: i64,
    reason: &str,
    now_ms: i64,
) -> Result<(), ReviewError> {
    whole(case)?;
    check(case, until_ms, now_ms)?;
    if case.snoozed && case.snoozed_until_ms == Some(until_ms) {
        return Ok(());
    }
    store::set(tx, case.number, until_ms, &actor.name, base_rank(case)).await?;
    reminders::forget(tx, case.number, &actor.name, "woken").await?;
    queue(tx, case.number, until_ms).await?;
    let because = if reason.trim().is_empty() {
        String::new()
    } else {
        format!(": {}", first_line(reason.trim(), 300).replace('\0', "\u{FFFD}"))
    };
    let text = format!("Snoozed until {}{because}", until_words(until_ms, now_ms));
    let before = case.snoozed_until_ms.filter(|_| case.snoozed).map(|ms| ms.to_string()).unwrap_or_default();
    let change = Change {
        org_id: case.org_id,
        case: case.number,
        kind: "snooze",
        text: &text,
        old: &before,
        new: &until_ms.to_string(),
        run: None,
        undo: Some(&until_ms.to_string()),
    };
    record(tx, actor, change, now_ms).await?;
    Ok(())
}

/// Queues what brings a case back.
///
/// # Errors
/// Where the database refuses.
pub(crate) async fn queue(tx: &mut Tx, case: i64, until_ms: i64) -> crate::store::Result<()> {
    let payload = serde_json::json!({"case": case}).to_string();
    jobs::hasten(tx, WAKE, &format!("{WAKE}:{case}:{until_ms}"), &payload, jobs::URGENT, until_ms).await.map(drop)
}

fn check(case: &Case, until_ms: i64, now_ms: i64) -> Result<(), ReviewError> {
    let text = if !case.status.is_open() {
        "A closed case can't be snoozed."
    } else if case.verdict == Verdict::TruePositive {
        "A true positive can't be snoozed: it needs somebody now."
    } else if until_ms <= now_ms {
        "This time is past."
    } else if until_ms > now_ms + MOST_MS {
        "A case can be snoozed for 30 days at most."
    } else if case.machine_verdict == MachineVerdict::TruePositive
        && !case.verdict.decided()
        && until_ms > now_ms + LIKELY_MS
    {
        "The panel calls this a true positive: it can be snoozed for 4 h at most, so that an attack does not wait for a day."
    } else {
        return Ok(());
    };
    ReviewError::invalid("until", text)
}

/// The place in the queue that a case has by its votes alone.
fn base_rank(case: &Case) -> i64 {
    cases::rank(case.machine_verdict, case.outcome, case.flags, case.severity, case.confidence.unwrap_or_default())
}

/// Brings a case back: first of its severity in the queue, told to the one who snoozed it, on their pages and by the
/// channels; by hand to its usual place, told to nobody. `false` where it was not aside.
///
/// # Errors
/// Where the database refuses.
pub async fn wake(tx: &mut Tx, actor: &Actor, case: &Case, why: Why, now_ms: i64) -> Result<bool, sqlx::Error> {
    let by_hand = why == Why::Hand;
    let rank = base_rank(case);
    let rank = if by_hand { rank } else { cases::first_of(rank) };
    if !case.snoozed || !store::end(tx, case.number, if by_hand { "" } else { why.as_str() }, rank).await? {
        return Ok(false);
    }
    let until = until_words(case.snoozed_until_ms.unwrap_or(now_ms), now_ms);
    let text = match why {
        Why::Time => format!("Back from snooze: it was {until}"),
        Why::Detection => format!("Back from snooze before {until}: a detection joined"),
        Why::Vote => format!("Back from snooze before {until}: a new vote says otherwise"),
        Why::Hand => format!("Back from snooze before {until}"),
    };
    let old = case.snoozed_until_ms.unwrap_or_default().to_string();
    let (org_id, number) = (case.org_id, case.number);
    let change = Change {
        org_id,
        case: number,
        kind: "woken",
        text: &text,
        old: &old,
        new: why.as_str(),
        run: None,
        undo: None,
    };
    let event = record(tx, actor, change, now_ms).await?;
    if !by_hand {
        reminders::add(tx, &case.snoozed_by, number, "woken", why.as_str(), now_ms).await?;
        let payload = serde_json::json!({"case": number, "event": event}).to_string();
        jobs::enqueue(tx, REMIND, &format!("{REMIND}:{event}"), &payload, jobs::URGENT, now_ms).await?;
    }
    Ok(true)
}

/// Takes a snooze back.
pub(super) async fn undo_snooze(
    tx: &mut Tx,
    actor: &Actor,
    (case, entry): (&Case, &Entry),
    now_ms: i64,
) -> Result<i64, ReviewError> {
    let own = entry.actor == case.snoozed_by && entry.undo == case.snoozed_until_ms.map(|ms| ms.to_string());
    if !case.snoozed || !own || timeline::undone(tx, entry.id, now_ms).await? == 0 {
        return Err(ReviewError::Conflict("The case is back already.".to_owned()));
    }
    store::end(tx, case.number, "", base_rank(case)).await?;
    let text = format!("Undone: {}", entry.text);
    let change = Change {
        org_id: case.org_id,
        case: case.number,
        kind: "undo",
        text: &text,
        old: &case.snoozed_until_ms.unwrap_or_default().to_string(),
        new: "",
        run: None,
        undo: None,
    };
    Ok(record(tx, actor, change, now_ms).await?)
}

/// Whether an actor is somebody who can be reminded.
pub(super) fn is_person(actor: &Actor) -> bool {
    actor.kind == ActorKind::Person
}
