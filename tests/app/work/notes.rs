//! Notes: kinds, editing with every text kept, removing, handoff.
use super::{HOSTILE, case, closed_to_others, ledger, only, others, send, told};
use fusionsoc::domain::Role;
use serde_json::json;

#[tokio::test]
async fn an_edit_keeps_every_text_and_search_follows() {
    let (server, ana, number) = case().await;
    let notes = format!("/cases/{number}/notes");
    send(&ana, &notes, &[("body", "first line\nzebrafish here")], 303).await;
    let id = only(&server.case(number).await, "notes")["id"].as_i64().unwrap();
    let path = format!("{notes}/{id}");
    let edited = [("body", "first line\nmarmoset here"), ("kind", "analysis"), ("version", "1")];
    send(&ana, &path, &edited, 303).await;
    send(&ana, &path, &[edited[0], edited[1], ("version", "2")], 303).await;
    assert_eq!(told(&server, number, "note_edited").await, ["Note edited"], "the same again is no edit");
    let page = ana.page(&format!("/cases/{number}")).await.1;
    assert!(page.contains("edited once") && page.contains("marmoset"), "{page}");
    let history = ana.page(&path).await.1;
    assert!(history.contains("<ins>marmoset here</ins>") && history.contains("<del>zebrafish here</del>"), "{history}");
    assert!(history.contains("First text") && history.contains("Edit 1"), "{history}");
    let (old, new) = (ana.page("/search?q=zebrafish").await.1, ana.page("/search?q=marmoset").await.1);
    let hit = format!("/cases/{number}#notes");
    assert!(new.contains(&hit) && !old.contains(&hit), "search finds what stands now");
    let note = only(&server.case(number).await, "notes").clone();
    assert_eq!((&note["edited"], &note["kind"]), (&json!(1), &json!("analysis")));
    assert_eq!(ledger(&server.app.store, "note_edited").await, 1);
}

#[tokio::test]
async fn a_stale_edit_is_a_conflict_and_keeps_what_was_typed() {
    let (server, ana, number) = case().await;
    let kim = server.sign_in("kim", Role::Lead).await;
    send(&ana, &format!("/cases/{number}/notes"), &[("body", "one")], 303).await;
    let id = only(&server.case(number).await, "notes")["id"].as_i64().unwrap();
    let path = format!("/cases/{number}/notes/{id}");
    send(&kim, &path, &[("body", "two"), ("version", "1")], 303).await;
    let page = send(&ana, &path, &[("body", HOSTILE), ("version", "1")], 409).await;
    assert!(page.contains("kim edited this note while you were at it."), "{page}");
    assert!(
        page.contains("&#60;script&#62;alert(1)") && !page.contains("<script>alert"),
        "the typed text stands there"
    );
    assert!(page.contains("name=\"version\" value=\"2\""), "saving once more replaces it");
    assert_eq!(only(&server.case(number).await, "notes")["body"], json!("two"));
    assert_eq!(told(&server, number, "note_edited").await, ["Note of ana edited"]);
    let empty = send(&ana, &path, &[("body", " "), ("version", "2")], 422).await;
    assert!(empty.contains("Write something first."), "{empty}");
    send(&ana, &path, &[("body", "x"), ("kind", "secret")], 422).await;
    send(&ana, &path, &[("body", HOSTILE), ("version", "2"), ("idempotency_key", "k")], 303).await;
    send(&ana, &path, &[("body", "other"), ("version", "2"), ("idempotency_key", "k")], 303).await;
    let history = ana.page(&path).await.1;
    assert!(!history.contains("<script>alert") && history.contains("&#60;script&#62;"), "{history}");
    assert_eq!(only(&server.case(number).await, "notes")["edited"], json!(2), "the second sending did nothing");
    closed_to_others(&server, &path, &[("body", "mine")]).await;
}

#[tokio::test]
async fn only_the_author_or_a_lead_changes_a_note() {
    let (server, ana, number) = case().await;
    let (kim, lea) = (server.sign_in("kim", Role::Analyst).await, server.sign_in("lea", Role::Lead).await);
    send(&ana, &format!("/cases/{number}/notes"), &[("body", "secret pangolin text")], 303).await;
    assert!(ana.page("/search?q=pangolin").await.1.contains("#notes"));
    let id = only(&server.case(number).await, "notes")["id"].as_i64().unwrap();
    let (path, remove) = (format!("/cases/{number}/notes/{id}"), format!("/cases/{number}/notes/{id}/remove"));
    let refused = send(&kim, &path, &[("body", "no")], 422).await;
    assert!(refused.contains("Only its author or a lead can edit a note."), "{refused}");
    send(&kim, &remove, &[], 422).await;
    assert!(!kim.page(&path).await.1.contains("id=\"edit\"") && lea.page(&path).await.1.contains("id=\"edit\""));
    send(&lea, &remove, &[], 303).await;
    send(&lea, &remove, &[], 303).await;
    assert_eq!(told(&server, number, "note_removed").await, ["Removed a note of ana"]);
    assert_eq!(told(&server, number, "note").await, ["Note, removed since"], "the timeline quotes it no more");
    for page in [ana.page(&format!("/cases/{number}")).await.1, ana.page(&path).await.1] {
        assert!(page.contains("Removed by lea") && !page.contains("pangolin"), "{page}");
    }
    assert!(lea.page(&path).await.1.contains("pangolin"), "a lead reads the history");
    assert!(!ana.page("/search?q=pangolin").await.1.contains("#notes"), "search finds it no more");
    let note = only(&server.case(number).await, "notes").clone();
    assert_eq!((&note["body"], &note["removed_by"]), (&json!(""), &json!("lea")));
    send(&ana, &path, &[("body", "again")], 409).await;
    let (stranger, viewer) = others(&server).await;
    assert_eq!((stranger.page(&path).await.0, viewer.page(&path).await.0), (404, 200));
    assert_eq!(ana.page(&format!("/cases/{number}/notes/{}", id + 1)).await.0, 404);
}

#[tokio::test]
async fn many_edits_are_read_page_by_page() {
    let (server, ana, number) = case().await;
    send(&ana, &format!("/cases/{number}/notes"), &[("body", "text 0")], 303).await;
    let id = only(&server.case(number).await, "notes")["id"].as_i64().unwrap();
    let path = format!("/cases/{number}/notes/{id}");
    for at in 1..=12 {
        send(&ana, &path, &[("body", &format!("text {at}"))], 303).await;
    }
    let first = ana.page(&path).await.1;
    assert!(first.contains("<ins>text 12</ins>") && !first.contains("<ins>text 2</ins>"), "{first}");
    assert!(first.contains(&format!("{path}?before=4")), "{first}");
    let second = ana.page(&format!("{path}?before=4")).await.1;
    assert!(second.contains("<ins>text 2</ins>") && second.contains("First text"), "{second}");
    assert!(ana.page(&format!("/cases/{number}")).await.1.contains("edited 12 times"));
}

#[tokio::test]
async fn notes_are_filtered_by_kind_and_the_handoff_stands_out_until_the_case_is_taken() {
    let (_server, ana, number) = case().await;
    let (page, notes) = (format!("/cases/{number}"), format!("/cases/{number}/notes"));
    send(&ana, &notes, &[("body", "general words")], 303).await;
    assert!(!ana.page(&page).await.1.contains("aria-label=\"Kinds of notes\""), "one kind needs no choice");
    send(&ana, &notes, &[("body", "watch the printer"), ("kind", "handoff")], 303).await;
    let both = ana.page(&page).await.1;
    assert!(both.contains("aria-label=\"Kinds of notes\"") && both.matches("watch the printer").count() >= 2, "{both}");
    assert!(both.contains("id=\"h-ho\"") && both.find("id=\"h-ho\"") < both.find("id=\"h-dec\""), "at the top");
    let handoffs = ana.page(&format!("{page}?notes=handoff")).await.1;
    assert!(!handoffs.contains("<p>general words</p>") && handoffs.contains("<p>watch the printer</p>"), "{handoffs}");
    send(&ana, &format!("{page}/assign"), &[("user", "ana")], 303).await;
    assert!(!ana.page(&page).await.1.contains("id=\"h-ho\""), "somebody has taken it");
}
