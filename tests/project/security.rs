//! The list of what must hold against an attacker names tests that are there.
use std::path::Path;

#[test]
fn every_test_that_is_promised_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let list = std::fs::read_to_string(root.join("security.md")).unwrap();
    let named = list.split('`').filter_map(|part| part.split_once(".rs::"));
    let (mut known, mut missing) = (0, Vec::new());
    for (file, test) in named {
        let text = std::fs::read_to_string(root.join(format!("{file}.rs"))).unwrap_or_default();
        known += 1;
        if !text.contains(&format!("fn {test}()")) {
            missing.push(format!("{file}.rs::{test}"));
        }
    }
    assert!(known > 80, "{known}");
    assert!(missing.is_empty(), "these tests are promised and not there:\n{}", missing.join("\n"));
}
