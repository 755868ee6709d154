//! The positive control: whatever hides the trigger makes the sweep inconclusive, and the reason is told.
use crate::evidence::connected::{client, connected};
use crate::support::limacharlie::Kept;
use fusionsoc::domain::Detection;
use fusionsoc::domain::evidence::{EvidenceState, Mark, Piece};
use fusionsoc::jobs::evidence::sweep;
use serde_json::json;

const OTHER: &str = "00000000-1111-4222-8333-444444444444";
/// The time of the tests, long after the samples.
const NOW: i64 = 1_790_000_000_000;

async fn swept(change: impl FnOnce(&crate::evidence::Connected, &mut serde_json::Value)) -> Piece {
    let it = connected().await;
    let mut document = it.detection.clone();
    change(&it, &mut document);
    sweep(&it.client, &Detection::read(&document).unwrap(), 2, NOW).await.unwrap()
}

fn is_inconclusive(piece: &Piece, reason: &str) {
    assert_eq!((piece.state, piece.facts.control), (EvidenceState::Inconclusive, false), "{piece:?}");
    assert!(piece.text.contains(reason), "{}", piece.text);
    assert!(!piece.is_certain());
}

#[tokio::test]
async fn with_the_trigger_in_it_the_window_can_be_relied_on() {
    let piece = swept(|it, _| it.fake.change(|state| (state.page, state.empty_pages) = (1, true))).await;
    assert_eq!(
        (piece.state, piece.total, piece.facts.control),
        (EvidenceState::Ok, 4, true),
        "all pages, empty ones too"
    );
    assert_eq!(piece.lines.iter().filter(|line| line.marks.contains(&Mark::Trigger)).count(), 1);
    assert!(piece.lines.iter().any(|line| line.event_type == "DNS_REQUEST" && line.text == "c2.example"));
    assert!(piece.lines.iter().any(|line| line.text.ends_with("to 203.0.113.9 port 443")));
    assert!(!piece.lines.iter().any(|line| line.text.contains("203.0.113.10")), "an hour later is no window of ours");
    assert_eq!(piece.to_ms.unwrap() - piece.from_ms.unwrap(), 240_000);
}

#[tokio::test]
async fn the_window_is_asked_for_in_seconds() {
    let it = connected().await;
    sweep(&it.client, &Detection::read(&it.detection).unwrap(), 2, NOW).await.unwrap();
    let log = it.fake.change(|state| state.log.clone());
    let call = log.iter().find(|call| call.path.contains("start=")).expect("a window was asked for");
    let event_s = it.detection["routing"]["event_time"].as_i64().unwrap() / 1000;
    assert!(call.path.contains(&format!("start={}", event_s - 120)), "{}", call.path);
    assert!(call.path.contains(&format!("end={}", event_s + 121)), "{}", call.path);
}

#[tokio::test]
async fn nothing_but_the_trigger_is_certain_too() {
    let piece = swept(|it, _| it.fake.change(|state| state.events.truncate(1))).await;
    assert_eq!((piece.state, piece.total), (EvidenceState::Empty, 1));
}

#[tokio::test]
async fn an_empty_window_proves_nothing() {
    let piece = swept(|it, _| it.fake.change(|state| state.kept = Kept::Nothing)).await;
    is_inconclusive(&piece, "filters this kind");
    let piece = swept(|it, _| it.fake.change(|state| state.events.clear())).await;
    is_inconclusive(&piece, "keeps nothing of this sensor");
}

#[tokio::test]
async fn expired_events_prove_nothing() {
    let since = |document: &serde_json::Value| document["routing"]["event_time"].as_i64().unwrap() + 600_000;
    let piece = swept(|it, document| it.fake.change(|state| state.kept = Kept::Since(since(document)))).await;
    is_inconclusive(&piece, "has expired");
}

#[tokio::test]
async fn a_filtered_sensor_proves_nothing() {
    let filtered = || Kept::Without(vec!["NEW_PROCESS".to_owned()]);
    let piece = swept(|it, _| it.fake.change(|state| state.kept = filtered())).await;
    is_inconclusive(&piece, "filters this kind");
    assert!(piece.total > 0, "other events are there, the trigger is not");
}

#[tokio::test]
async fn another_organisation_proves_nothing() {
    let it = connected().await;
    let detection = Detection::read(&it.detection).unwrap();
    let piece = sweep(&client(&it.fake, OTHER), &detection, 2, NOW).await.unwrap();
    is_inconclusive(&piece, "another organisation");
    let piece = swept(|it, document| {
        document["routing"]["oid"] = json!(OTHER);
        it.fake.change(|state| state.events.clear());
    });
    is_inconclusive(&piece.await, "another organisation");
}

#[tokio::test]
async fn milliseconds_for_seconds_prove_nothing() {
    for factor in [1000, 1_000_000] {
        let piece = swept(|_, document| {
            let at = document["routing"]["event_time"].as_i64().unwrap();
            document["routing"]["event_time"] = json!(at * factor);
        });
        is_inconclusive(&piece.await, "no time that can be used");
    }
    let piece = swept(|_, document| document["routing"]["event_time"] = json!(4_000_000_000_000_i64));
    is_inconclusive(&piece.await, "in the future");
}

#[tokio::test]
async fn a_flood_is_cut_and_what_is_nearest_is_kept() {
    let it = connected().await;
    for number in 0..6_000_i64 {
        let this = format!("{number:032x}");
        it.event("DNS_REQUEST", (number - 3_000) * 10, &this, "", json!({"DOMAIN_NAME": format!("n{number}.example")}));
    }
    it.fake.change(|state| state.page = 1_000);
    let detection = Detection::read(&it.detection).unwrap();
    let piece = sweep(&it.client, &detection, 2, NOW).await.unwrap();
    assert_eq!((piece.state, piece.total, piece.lines.len()), (EvidenceState::Ok, 5_000, 500));
    assert!(piece.text.contains("there are more"), "{}", piece.text);
    assert!(piece.lines.iter().any(|line| line.marks.contains(&Mark::Trigger)));
    assert!(
        piece.lines.iter().any(|line| line.text == "n3001.example")
            && !piece.lines.iter().any(|line| line.text == "n0.example")
    );
}
