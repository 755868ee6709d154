//! Texts that were clean before are passed by. None that holds something may be taken for one of them, however it was
//! first met.
use super::{ORDER, found, seed, with_command};
use serde_json::{Value, json};

/// A detection with one more field.
fn with(field: &str, value: &Value) -> Value {
    let mut document = seed();
    document["detect"]["event"][field] = value.clone();
    document
}

/// The order, told apart by a number.
fn order(number: usize) -> String {
    format!("{ORDER} This is number {number} of those that are known.")
}

#[test]
fn what_was_told_at_its_place_already_is_not_clean() {
    let both = with("LINES", &json!([order(1), order(2), order(3)]));
    assert_eq!(found(&both).iter().filter(|finding| finding.place.ends_with("LINES")).count(), 1, "told once");
    for number in 1..=3 {
        assert!(!found(&with_command(&order(number))).is_empty(), "{number}");
    }
}

#[test]
fn what_stood_behind_the_last_finding_that_is_told_is_not_clean() {
    let many: serde_json::Map<_, _> = (0..40).map(|at| (format!("FIELD_{at}"), json!(order(100 + at)))).collect();
    assert_eq!(found(&with("MANY", &Value::Object(many))).len(), 20);
    for at in 0..40 {
        assert!(!found(&with_command(&order(100 + at))).is_empty(), "{at}");
    }
}

#[test]
fn what_was_left_undecoded_for_want_of_room_is_not_clean() {
    let hidden = |number| -> String {
        let digits = hex::encode(order(number)).into_bytes();
        digits.chunks(2).flat_map(|pair| ['%', char::from(pair[0]), char::from(pair[1])]).collect()
    };
    // Texts of signs are no words, and each is read backwards and turned by thirteen letters as well.
    let room: Vec<String> = (0..40).map(|at| format!("{at} {}", ". ".repeat(7_000))).collect();
    let full = with("ROOM", &json!([room, hidden(201)]));
    let turned = found(&full);
    assert!(turned.iter().all(|finding| !finding.excerpt.contains("number 201")), "{turned:?}");
    let alone = found(&with_command(&hidden(201)));
    assert!(alone.iter().any(|finding| finding.excerpt.contains("number 201")), "{alone:?}");
}

#[test]
fn what_our_own_people_may_say_is_not_clean_where_others_say_it() {
    let said = "Known false positive, approved by the administrator number 301";
    let mut document = seed();
    document["detect_mtd"]["falsepositives"] = json!([said]);
    assert_eq!(found(&document), [], "a rule speaks of false positives by right");
    assert!(!found(&with_command(said)).is_empty());
    assert_eq!(found(&document), []);
}

#[test]
fn a_clean_text_stays_so_and_one_more_letter_is_another_text() {
    let clean = "C:\\Windows\\System32\\svchost.exe -k netsvcs -p -s number401";
    for _ in 0..3 {
        assert_eq!(found(&with_command(clean)), []);
    }
    assert!(!found(&with_command(&format!("{clean} {ORDER}"))).is_empty());
}
