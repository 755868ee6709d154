//! The walk upwards ends, whatever the events say about each other, and what is not kept proves nothing.
use crate::evidence::connected::{Connected, connected};
use fusionsoc::domain::Detection;
use fusionsoc::domain::evidence::{EvidenceKind, EvidenceState, Piece};
use fusionsoc::jobs::evidence::ask;
use serde_json::{Value, json};

const PARENT: &str = "e08ecca6c8d7b44c7200268969a487a9";

async fn ancestors(it: &Connected, document: &Value) -> Piece {
    let detection = Detection::read(document).unwrap();
    ask(&it.client, &detection, &[EvidenceKind::Ancestors], 1_790_000_000_000).await.remove(0)
}

fn process(name: &str) -> Value {
    json!({"FILE_PATH": format!("C:\\{name}"), "COMMAND_LINE": name, "FILE_IS_SIGNED": 0})
}

#[tokio::test]
async fn a_chain_that_leads_back_ends() {
    let it = connected().await;
    let other = "0".repeat(32);
    it.event("NEW_PROCESS", -1, PARENT, &other, process("a.exe"));
    it.event("NEW_PROCESS", -2, &other, PARENT, process("b.exe"));
    let piece = ancestors(&it, &it.detection).await;
    assert_eq!((piece.state, piece.total), (EvidenceState::Ok, 2), "{}", piece.text);
    assert!(piece.text.contains("leads back"), "{}", piece.text);
}

#[tokio::test]
async fn a_long_chain_is_followed_eight_steps() {
    let it = connected().await;
    let atom = |number: usize| if number == 0 { PARENT.to_owned() } else { format!("{number:032x}") };
    for number in 0..12 {
        it.event("NEW_PROCESS", -1, &atom(number), &atom(number + 1), process(&format!("p{number}.exe")));
    }
    let piece = ancestors(&it, &it.detection).await;
    assert_eq!((piece.total, piece.lines[7].text.as_str()), (8, "p7.exe"));
    assert!(piece.text.contains("further ones were not asked for"), "{}", piece.text);
}

#[tokio::test]
async fn a_parent_that_is_not_kept_is_not_known() {
    let it = connected().await;
    let mut document = it.detection.clone();
    let piece = ancestors(&it, &document).await;
    assert_eq!((piece.state, piece.total), (EvidenceState::Ok, 1), "the event tells its parent itself");
    document["detect"]["event"]["PARENT"] = Value::Null;
    let piece = ancestors(&it, &document).await;
    assert_eq!(piece.state, EvidenceState::Inconclusive, "{}", piece.text);
    document["routing"]["parent"] = json!("");
    let piece = ancestors(&it, &document).await;
    assert_eq!(piece.state, EvidenceState::Empty, "{}", piece.text);
}
