//! Lists are read again when they change.
use crate::intel::fakes::{CHILD, Informed, PARENT, file, informed_with, verdict};
use crate::support::{SEED, seed_id, seed_with};
use fusionsoc::clock;
use serde_json::{Value, json};
use std::path::PathBuf;

/// A server with a deny list in a folder that stays, and the list's file.
async fn listed() -> (Informed, PathBuf, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "deny.csv", &format!("sha256,{PARENT},seen in March\n"));
    let it = informed_with(|section, _| {
        section["lists"] = json!({"deny_file": path});
    })
    .await;
    (it, folder.path().join("deny.csv"), folder)
}

/// The case of the seed's detection on another host.
async fn again(it: &Informed, at: usize) -> Value {
    let host = format!("host-{at}");
    let sensor = format!("a47d2c95-{at}b08");
    it.triaged(&seed_with(&[
        (&seed_id(), &format!("again-{at}")),
        ("desktop-4kq7m2x", &host),
        ("a47d2c95-6b08", &sensor),
    ]))
    .await
}

#[tokio::test]
async fn a_list_that_changed_is_read_again_within_a_minute() {
    let (it, path, _folder) = listed().await;
    let case = it.triaged(SEED).await;
    assert_eq!((verdict(&case, PARENT), verdict(&case, CHILD)), (&json!("malicious"), &json!("unknown")));
    std::fs::write(&path, format!("sha256,{CHILD},seen in April\n")).unwrap();
    clock::advance_here(61_000);
    let case = again(&it, 1).await;
    assert_eq!((verdict(&case, PARENT), verdict(&case, CHILD)), (&json!("unknown"), &json!("malicious")));
}

#[tokio::test]
async fn a_list_that_is_broken_is_told_and_what_was_read_before_stays() {
    let (it, path, _folder) = listed().await;
    assert!(it.page("/admin/integrations").await.contains("Loaded; nothing leaves"));
    std::fs::write(&path, "sha256\n").unwrap();
    clock::advance_here(61_000);
    assert_eq!(verdict(&again(&it, 1).await, PARENT), "malicious");
    let page = it.page("/admin/integrations").await;
    assert!(page.contains("what was read before stands") && page.contains("line 1: must be type,value,note"), "{page}");
    std::fs::remove_file(&path).unwrap();
    clock::advance_here(61_000);
    assert!(it.page("/admin/integrations").await.contains("what was read before stands"));
    std::fs::write(&path, format!("sha256,{CHILD},seen in April\n")).unwrap();
    clock::advance_here(61_000);
    let page = it.page("/admin/integrations").await;
    assert!(page.contains("Loaded; nothing leaves") && !page.contains("what was read before"), "{page}");
    let case = again(&it, 2).await;
    assert_eq!((verdict(&case, PARENT), verdict(&case, CHILD)), (&json!("unknown"), &json!("malicious")));
}
