//! Tags on cases.
use super::{case, closed_to_others, ledger, number_of, rows, send, told};
use crate::support::{seed_id, seed_with};
use serde_json::json;

#[tokio::test]
async fn tags_are_added_shown_filtered_and_taken_off() {
    let (server, ana, number) = case().await;
    let (page, path) = (format!("/cases/{number}"), format!("/cases/{number}/tags"));
    assert!(ana.page(&page).await.1.contains("Tags: none."));
    send(&ana, &path, &[("add", "Lateral, tlp:AMBER+strict c2.beacon x_1")], 303).await;
    send(&ana, &path, &[("add", "lateral")], 303).await;
    assert_eq!(
        told(&server, number, "tags").await,
        ["Tags: added c2.beacon, lateral, TLP:AMBER+STRICT, x_1"],
        "what changes nothing is no entry"
    );
    assert_eq!(ledger(&server.app.store, "tags").await, 1);
    let shown = ana.page(&page).await.1;
    assert!(shown.contains("TLP:AMBER+STRICT") && shown.contains("Host tags"), "{shown}");
    let queue = ana.page("/cases?view=all").await.1;
    assert!(queue.contains("<span class=\"tag\">TLP:AMBER+STRICT</span>") && queue.contains(">+1</span>"), "{queue}");
    let other = seed_with(&[(&seed_id(), "tags-2"), ("desktop-4kq7m2x", "host-2"), ("a47d2c95-6b08", "a47d2c95-0002")]);
    server.deliver(&other).await;
    assert_eq!(rows(&ana.page("/cases?view=all&tag=lateral").await.1), [number]);
    assert_eq!(rows(&ana.page("/cases?view=open&tag=tlp%3Aamber%2Bstrict").await.1), [number]);
    assert!(rows(&ana.page("/cases?view=all&tag=nothing").await.1).is_empty());
    assert_eq!(ana.page("/cases?tag=%3Cb%3E").await.0, 400);
    let (found, without) = (ana.page("/search?q=tag:lateral").await.1, ana.page("/search?q=-tag:lateral").await.1);
    assert!(found.contains(&format!("/cases/{number}\"")) && !without.contains(&format!("/cases/{number}\"")));
    assert!(ana.page("/search?q=tag:%27x").await.1.contains("A tag has 1 to 40 characters"));
    send(&ana, &path, &[("remove", "lateral")], 303).await;
    assert!(rows(&ana.page("/cases?view=all&tag=lateral").await.1).is_empty());
    assert_eq!(server.case(number).await["tags"], json!(["c2.beacon", "tlp:amber+strict", "x_1"]));
    closed_to_others(&server, &path, &[("add", "mine")]).await;
}

#[tokio::test]
async fn what_is_no_tag_is_refused_with_the_text_kept() {
    let (server, ana, number) = case().await;
    let path = format!("/cases/{number}/tags");
    for bad in ["<script>", "ä", &"x".repeat(41), "tlp:pink", "tlp:"] {
        let page = send(&ana, &path, &[("add", bad)], 422).await;
        let typed = bad.replace('<', "&#60;").replace('>', "&#62;");
        assert!(page.contains("Not saved.") && page.contains(&format!("value=\"{typed}\"")), "{bad}: {page}");
        assert!(!page.contains("<script>\""), "escaped");
    }
    let two = send(&ana, &path, &[("add", "tlp:red tlp:green")], 422).await;
    assert!(two.contains("A case has one TLP tag, not TLP:GREEN and TLP:RED"), "{two}");
    send(&ana, &path, &[("add", "tlp:red")], 303).await;
    send(&ana, &path, &[("add", "tlp:clear")], 422).await;
    let many: Vec<String> = (0..20).map(|at| format!("t{at}")).collect();
    let full = send(&ana, &path, &[("add", &many.join(" "))], 422).await;
    assert!(full.contains("A case has at most 20 tags."), "{full}");
    assert_eq!(server.case(number).await["tags"], json!(["tlp:red"]));
}

#[tokio::test]
async fn tags_in_use_are_suggested() {
    let (server, ana, number) = case().await;
    let other = seed_with(&[(&seed_id(), "tags-3"), ("desktop-4kq7m2x", "host-3"), ("a47d2c95-6b08", "a47d2c95-0003")]);
    let second = server.deliver(&other).await["number"].as_i64().unwrap();
    send(&ana, &format!("/cases/{second}/tags"), &[("add", "ransomware")], 303).await;
    let page = ana.page(&format!("/cases/{number}")).await.1;
    assert!(page.contains("<option value=\"ransomware\">") && page.contains("<option value=\"tlp:red\">"), "{page}");
    send(&ana, &format!("/cases/{second}/tags"), &[("remove", "ransomware")], 303).await;
    assert!(!ana.page(&format!("/cases/{number}")).await.1.contains("<option value=\"ransomware\">"));
    assert_eq!(number_of(&server.app.store, "SELECT cases FROM tags WHERE tag = 'ransomware'").await, 0);
}
