//! The sensor's activity around the event. A window in which the event itself is not found proves nothing.
use super::{count, placed};
use crate::domain::Detection;
use crate::domain::evidence::{EvidenceKind, EvidenceState, Piece};
use crate::limacharlie::{Client, Error, Range, Sid};
use crate::limits;
use crate::triage::evidence::Activity;

/// So far behind its window the overview looks for what is kept.
const BEYOND_S: i64 = 90 * 24 * 3600;

/// The events from some minutes before the detection's event to as many after it.
///
/// # Errors
/// Where LimaCharlie can't be asked; see [`Error`].
pub async fn sweep(client: &Client, detection: &Detection, minutes: u32, now_ms: i64) -> Result<Piece, Error> {
    let inconclusive = |text: String| Piece::new(EvidenceKind::Sweep, EvidenceState::Inconclusive, text, now_ms);
    let Ok(sid) = detection.sid.parse::<Sid>() else {
        return Ok(Piece {
            state: EvidenceState::Failed,
            ..inconclusive("Nothing was asked: the sensor's id is none.".to_owned())
        });
    };
    let Some(event_ms) = detection.event_ms else {
        return Ok(inconclusive(
            "The event tells no time that can be used, so there is no window to look at.".to_owned(),
        ));
    };
    let reach = i64::from(minutes) * 60_000;
    let (from_ms, to_ms) = (event_ms - reach, event_ms + reach);
    let window = |piece: Piece| Piece { from_ms: Some(from_ms), to_ms: Some(to_ms), ..piece };
    let Some(range) = Range::covering_ms(from_ms, to_ms).filter(|_| from_ms <= now_ms) else {
        return Ok(window(inconclusive(
            "The event's time lies in the future, where nothing can be kept yet.".to_owned(),
        )));
    };
    let mut activity = Activity::around(detection);
    let all = match read(client, &sid, range, &mut activity).await {
        Ok(all) => all,
        Err(error @ (Error::Refused { .. } | Error::SignIn(_))) => match stranger(client).await {
            Some(why) => return Ok(window(inconclusive(why))),
            None => return Err(error),
        },
        Err(Error::NotFound) => true,
        Err(error) => return Err(error),
    };
    let (total, control) = (activity.total, activity.control);
    let piece = if control {
        found(total, all, now_ms)
    } else {
        let why = why(client, &sid, detection, (range, total, all), now_ms).await;
        inconclusive(missed(total, &why))
    };
    let mut piece = placed(window(piece).with(activity.lines(), total), client, detection);
    piece.facts.control = control;
    Ok(piece)
}

/// With the trigger in it, a window can be relied on, be it that there is nothing else.
fn found(total: usize, all: bool, now_ms: i64) -> Piece {
    let more = if all { "" } else { "; there are more, which were not read" };
    let (state, text) = match total {
        1 => (EvidenceState::Empty, format!("Nothing but the detection's own event{more}.")),
        _ => (EvidenceState::Ok, format!("{}, the detection's own among them{more}.", count(total, "event"))),
    };
    Piece::new(EvidenceKind::Sweep, state, text, now_ms)
}

/// What is said of a window without the trigger.
fn missed(total: usize, why: &str) -> String {
    match total {
        0 => format!("No event, not even the detection's own: {why}"),
        _ => format!("{}, but not the detection's own: {why}", count(total, "event")),
    }
}

/// Reads the pages; `true` where that is all there is.
async fn read(client: &Client, sid: &Sid, range: Range, activity: &mut Activity<'_>) -> Result<bool, Error> {
    let mut pages = client.events(sid, range);
    for _ in 0..limits::SWEEP_PAGES {
        let Some(page) = pages.next().await? else { return Ok(true) };
        for event in page {
            if activity.total >= limits::SWEEP_EVENTS || activity.bytes >= limits::SWEEP_BYTES {
                return Ok(false);
            }
            activity.add(event.get());
        }
    }
    Ok(pages.cursor().is_none())
}

/// Why a refusal is no wonder: the key is another organisation's.
async fn stranger(client: &Client) -> Option<String> {
    let who = client.who().await.ok()?;
    let text =
        "The key belongs to another organisation than the one it is set up for, so nothing of this sensor can be seen.";
    (!who.is_member).then(|| text.to_owned())
}

/// Why the trigger may be missing.
async fn why(
    client: &Client,
    sid: &Sid,
    detection: &Detection,
    (range, total, all): (Range, usize, bool),
    now_ms: i64,
) -> String {
    if !all {
        return "there are more events than were read.".to_owned();
    }
    if !detection.oid.is_empty() && detection.oid != client.oid().as_str() {
        return "it belongs to another organisation than the key.".to_owned();
    }
    if detection.this_atom.is_empty() && crate::domain::evidence::event_id(detection).is_empty() {
        return "it has neither atom nor id by which it could be found.".to_owned();
    }
    let until = (now_ms / 1000).clamp(range.to_s(), range.to_s() + BEYOND_S);
    let Some(wide) = Range::seconds(range.from_s(), until) else { return "the window can't be used.".to_owned() };
    let kept = match client.overview(sid, wide).await {
        Ok(kept) => kept,
        Err(error) => return format!("why could not be found out ({error})."),
    };
    let inside = kept.iter().any(|second| (range.from_s()..=range.to_s()).contains(second));
    match (inside || total > 0, kept.iter().min()) {
        (true, _) => {
            "LimaCharlie keeps other events of this time, so the sensor or the organisation filters this kind."
                .to_owned()
        }
        (false, Some(oldest)) => {
            let at = jiff::Timestamp::from_second(*oldest).unwrap_or_default().strftime("%Y-%m-%d %H:%M UTC");
            format!("what LimaCharlie keeps of this sensor begins at {at}, so the time of the event has expired.")
        }
        (false, None) => {
            "LimaCharlie keeps nothing of this sensor from that time on: not kept, expired or another organisation's."
                .to_owned()
        }
    }
}
