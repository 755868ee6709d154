//! The page before anything is done: what is left out and why, what differs, what stands out.
use crate::bulk::{CLOSE, count, location, odd, start};
use crate::support::SEED;
use crate::support::agreeing::{benign, deliver};
use serde_json::json;

#[tokio::test]
async fn flagged_and_decided_cases_are_left_out_and_named() {
    let (server, _models, ana) = start(2).await;
    server.deliver(SEED).await;
    server.run_jobs().await;
    location(&ana.post("/cases/2/verdict", &CLOSE).await);
    let (status, page) = ana.page("/cases/bulk?numbers=2,3,4&verdict=false_positive").await;
    assert_eq!(status, 200);
    assert!(page.contains("Decide 3 cases together") && page.contains("Decide 1 case</button>"), "{page}");
    assert!(page.contains("1 left out: decided already") && page.contains("ana decided false positive."), "{page}");
    assert!(page.contains("1 left out: flags") || page.contains("1 left out: host flags"), "{page}");
    assert!(page.contains("is tagged yara_detection_memory") && page.contains("href=\"/cases/4\""), "{page}");
    assert!(page.contains("These are decided one at a time, ") && !page.contains("name=\"back\""), "{page}");
    assert_eq!(count(&server, "verdict = 'pending'").await, 2, "nothing is done yet");
    // Also where somebody asks to put it back in.
    let fields: Vec<_> = CLOSE.into_iter().chain([("numbers", "3,4"), ("back", "4")]).collect();
    let page = ana.page(&location(&ana.post("/cases/bulk", &fields).await)).await.1;
    assert!(page.contains("1 case closed as false positive.") && page.contains("1 left out: "), "{page}");
    assert_eq!(server.case(4).await["verdict"], json!("pending"));
}

#[tokio::test]
async fn what_differs_is_computed_from_the_events() {
    let (server, _models, ana) = start(2).await;
    let mut third = benign(3);
    let line = third["detect"]["event"]["COMMAND_LINE"].as_str().unwrap().replace("-F:*", "-F:one-only.txt");
    third["detect"]["event"]["COMMAND_LINE"] = json!(line);
    deliver(&server, &[third]).await;
    let page = ana.page("/cases/bulk?numbers=2,3,4").await.1;
    for text in
        ["desk-0001", "desk-0002", "desk-0003", "Words of the command line that not all have", "-F:one-only.txt"]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    let same = &page[page.find("The same in all").unwrap()..];
    assert!(same.contains("<dt>Parent</dt>") && same.contains("<dt>Signature</dt><dd>signed</dd>"), "{same}");
}

#[tokio::test]
async fn one_that_nearly_all_others_differ_from_is_left_out_until_somebody_looked() {
    let (server, _models, ana) = start(12).await;
    // Decided before, so that it is not the first of its kind.
    deliver(&server, &[odd(20)]).await;
    location(&ana.post("/cases/14/verdict", &CLOSE).await);
    deliver(&server, &[odd(21)]).await;
    let filter = "/cases/bulk?filter=view%3Dopen";
    let page = ana.page(filter).await.1;
    assert!(page.contains("1 left out: differs from the others"), "{page}");
    assert!(page.contains("C:\\Program Files\\Other\\Agent.exe; 12 of 13 have"), "{page}");
    assert!(page.contains("name=\"back\" value=\"15\""), "it may be put back in");
    let fields: Vec<_> = CLOSE.into_iter().chain([("filter", "view=open")]).collect();
    location(&ana.post("/cases/bulk", &fields).await);
    assert_eq!(server.case(15).await["verdict"], json!("pending"));
    assert_eq!(count(&server, "verdict = 'pending'").await, 1);
    location(&ana.post("/cases/bulk/1/undo", &[]).await);
    let fields: Vec<_> = fields.into_iter().chain([("back", "15")]).collect();
    location(&ana.post("/cases/bulk", &fields).await);
    assert_eq!(count(&server, "verdict = 'pending'").await, 0, "put back in, it goes with the others");
}

#[tokio::test]
async fn split_votes_are_left_out_and_put_back_in_with_a_reason_only() {
    let (server, _models, ana) = start(3).await;
    crate::bulk::write(&server.app.store, "UPDATE runs SET outcome = 'split' WHERE case_number = 3").await;
    let page = ana.page("/cases/bulk?numbers=2,3,4").await.1;
    assert!(page.contains("1 left out: split votes") && page.contains("name=\"back\" value=\"3\""), "{page}");
    let without = [("verdict", "false_positive"), ("numbers", "2,3,4"), ("back", "3")];
    let reply = ana.post("/cases/bulk", &without).await;
    assert_eq!(reply.status(), 422);
    let page = reply.text().await.unwrap();
    assert!(page.contains("Give a reason, because the voters do not agree."), "{page}");
    assert!(page.contains("value=\"3\" id=\"b-3\" checked"), "what was ticked stays so: {page}");
    let with: Vec<_> = without.into_iter().chain([("reason", "other")]).collect();
    location(&ana.post("/cases/bulk", &with).await);
    assert_eq!(count(&server, "verdict = 'pending'").await, 0);
}

#[tokio::test]
async fn votes_that_say_otherwise_or_are_to_come_are_left_out() {
    let (server, _models, ana) = start(4).await;
    crate::bulk::write(&server.app.store, "UPDATE cases SET machine_verdict = 'true_positive' WHERE number = 2").await;
    crate::bulk::write(&server.app.store, "UPDATE cases SET machine_verdict = 'needs_review' WHERE number = 3").await;
    crate::bulk::write(&server.app.store, "UPDATE cases SET triage_state = 'running' WHERE number = 4").await;
    let page = ana.page("/cases/bulk?numbers=2,3,4,5").await.1;
    assert!(page.contains("2 left out: the vote says otherwise") && page.contains("The vote says true positive."));
    assert!(page.contains("1 left out: votes still to come") && page.contains("Decide 1 case</button>"), "{page}");
}

#[tokio::test]
async fn what_came_or_changed_after_the_look_is_left_out() {
    let (server, _models, ana) = start(2).await;
    let page = ana.page("/cases/bulk?filter=view%3Dopen").await.1;
    let shown = crate::bulk::agreeing::field(&page, "id=\"declare\"", "shown_ms");
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    deliver(&server, &[benign(3)]).await;
    let kim = server.sign_in("kim", fusionsoc::domain::Role::Analyst).await;
    location(&kim.post("/cases/2/notes", &[("body", "Wait, I am looking into this.")]).await);
    let fields: Vec<_> = CLOSE.into_iter().chain([("filter", "view=open"), ("shown_ms", shown.as_str())]).collect();
    let page = ana.page(&location(&ana.post("/cases/bulk", &fields).await)).await.1;
    assert!(page.contains("1 case closed as false positive."), "{page}");
    assert!(page.contains("2 left out: changed meanwhile"), "{page}");
    assert_eq!(server.case(3).await["verdict"], json!("false_positive"));
}

#[tokio::test]
async fn a_row_of_many_stands_for_all_of_them_and_leads_to_the_review() {
    let (_server, _models, ana) = start(3).await;
    let page = ana.page("/cases").await.1;
    let together = page.split("href=\"/cases/bulk?filter=").nth(1).unwrap().split('"').next().unwrap();
    let (status, review) = ana.page(&format!("/cases/bulk?filter={}", together.replace("&#38;", "&"))).await;
    assert!(status == 200 && review.contains("Decide 3 cases together"), "{review}");
    let pick = &page[page.find("class=\"pick\"><label").unwrap()..];
    let value = crate::bulk::agreeing::field(pick, "form=\"bulk\"", "filter");
    let reply = ana.post("/cases/bulk/review", &[("filter", &value), ("verdict", "false_positive")]).await;
    assert_eq!(reply.status(), 200);
    let review = reply.text().await.unwrap();
    assert!(review.contains("value=\"false_positive\" checked"));
    assert!(review.contains("Decide 3 cases</button>"), "{review}");
    let all = page.find("that this filter finds").expect("the whole filter can be chosen");
    assert!(page[..all].rfind("<span class=\"num\">3</span>").is_some_and(|at| all - at < 60), "with its number");
}
