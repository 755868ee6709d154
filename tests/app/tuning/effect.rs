//! What an approved exclusion does, week by week.
use super::search::{DELL, EXPAND, delivered, false_positives, planted};
use crate::support::spawn;
use fusionsoc::domain::Role;
use serde_json::json;

#[tokio::test]
async fn an_approved_exclusion_tells_what_it_does_and_what_is_new() {
    let server = spawn().await;
    let (ana, lea) = (server.sign_in("ana", Role::Analyst).await, server.sign_in("lea", Role::Lead).await);
    let cases = false_positives(&server, &ana).await;
    let to = super::proposed(&server, &ana, cases[0], "fp-effect", &["source_rule", "image", "parent_image"]).await;
    assert!(!ana.page(&to).await.1.contains("What it does"), "not before it is approved");
    assert_eq!(lea.post(&format!("{to}/approve"), &[("acknowledged", "true")]).await.status(), 303);
    server.run_jobs().await;
    let page = lea.page(&to).await.1;
    assert!(page.contains("What it does") && page.contains("It is not in LimaCharlie yet"), "{page}");
    assert_eq!(lea.post(&format!("{to}/pasted"), &[]).await.status(), 303);
    // As if all that had been ten days ago.
    let day = 24 * 60 * 60 * 1000;
    let sql = format!("UPDATE exclusions SET tested_ms = tested_ms - {0}, changed_ms = changed_ms - {0}", 10 * day);
    server.sql(&sql).await;
    let now =
        i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let mut before = planted(70, EXPAND, DELL);
    let mut since = planted(71, EXPAND, DELL);
    for (document, at) in [(&mut before, now - 14 * day), (&mut since, now - day)] {
        document["routing"]["event_time"] = json!(at);
        document["detect"]["routing"]["event_time"] = json!(at);
    }
    since["detect"]["event"]["PARENT"]["USER_NAME"] = json!("ACME\\eve");
    delivered(&server, &before).await;
    delivered(&server, &since).await;
    let page = lea.page(&to).await.1;
    assert!(page.contains("1 detection that it should hide arrived all the same"), "{page}");
    assert!(page.contains("It matches 1 host that the back-test did not see: host-71."), "{page}");
    assert!(page.contains("It matches 1 user that the back-test did not see: acme\\eve."), "{page}");
    assert!(page.contains("it matched 1.1 a week") && page.contains("about 0"), "{page}");
    assert!(page.contains("of 7 days over"), "the week that runs says so: {page}");
    assert!(!page.contains("What is usual is what"), "all of it is known: {page}");
    // Once retention took the document of an event, the days up to it can no longer be counted.
    server.sql("UPDATE detections SET raw = '' WHERE detect_id = 'planted-70'").await;
    let page = lea.page(&to).await.1;
    assert!(page.contains("What is usual is what it matched from ") && page.contains("it matched 0 a week"), "{page}");
}
