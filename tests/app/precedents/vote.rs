//! What `builtin:precedent` makes of precedents: as today for equal ones, carefully for near ones.
use crate::precedents::{case_of, declare, ran, ran_by};
use crate::support::{Server, spawn};
use fusionsoc::domain::Role;
use serde_json::{Value, json};

/// The newest vote of the precedent voter.
async fn vote(server: &Server, number: i64) -> Value {
    let case = server.case(number).await;
    let run = case["runs"].as_array().unwrap().iter().max_by_key(|run| run["number"].as_i64()).unwrap().clone();
    let votes = run["votes"].as_array().unwrap();
    votes.iter().find(|vote| vote["voter"] == "builtin:precedent").unwrap_or_else(|| panic!("{run}")).clone()
}

/// Its words on the page.
async fn words(server: &Server, number: i64) -> String {
    let eve = server.sign_in(&format!("eve{number}"), Role::Viewer).await;
    let (_, page) = eve.page(&format!("/cases/{number}")).await;
    page.replace("<wbr>", "").replace("<code>", "`").replace("</code>", "`").replace("&lt;", "<").replace("&gt;", ">")
}

#[tokio::test]
async fn it_abstains_without_precedents_and_before_unlike_ones() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let first = case_of(&server, &ran(1, "")).await;
    assert_eq!(vote(&server, first).await["state"], json!("abstained"));
    declare(&ana, first, "false_positive").await;
    let unlike =
        case_of(&server, &ran_by(2, "C:\\Program Files\\Other\\Thing.exe", &" some quite different words".repeat(12)))
            .await;
    assert_eq!(vote(&server, unlike).await["state"], json!("abstained"));
    assert!(words(&server, unlike).await.contains("The nearest decided one is too unlike (0."));
}

#[tokio::test]
async fn a_near_behaviour_speaks_less_than_an_equal_one_and_says_what_differs() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    for at in 1..=5 {
        declare(&ana, case_of(&server, &ran(at, "")).await, "false_positive").await;
    }
    let equal = vote(&server, case_of(&server, &ran(6, "")).await).await;
    assert_eq!(equal["verdict"], json!("false_positive"));
    assert!((equal["confidence"].as_f64().unwrap() - 6.0 / 7.0).abs() < 0.001, "{equal}");
    let number = case_of(&server, &ran(7, " -verbose")).await;
    let near = vote(&server, number).await;
    assert_eq!(near["verdict"], json!("false_positive"));
    let confidence = near["confidence"].as_f64().unwrap();
    assert!((0.5..=0.65).contains(&confidence), "{near}");
    let page = words(&server, number).await;
    assert!(page.contains("Not this very behaviour: 5 of 5 cases of nearly the same behaviours agree"), "{page}");
    assert!(page.contains("the same rule, parent image and image in common (0.9"));
    assert!(page.contains("only here: `-verbose`"));
}

#[tokio::test]
async fn the_fewer_and_the_farther_the_less_sure() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    declare(&ana, case_of(&server, &ran(1, "")).await, "false_positive").await;
    let sure = |vote: Value| vote["confidence"].as_f64().unwrap();
    let family = sure(vote(&server, case_of(&server, &ran(2, " -v")).await).await);
    let other = case_of(&server, &ran_by(3, "C:\\WINDOWS\\SysWOW64\\expand2.exe", "")).await;
    let rule = sure(vote(&server, other).await);
    assert!(0.5 < rule && rule < family && family < 2.0 / 3.0, "{rule} {family}");
    declare(&ana, case_of(&server, &ran(4, "")).await, "false_positive").await;
    let more = sure(vote(&server, case_of(&server, &ran(5, " -x")).await).await);
    assert!(family < more && more <= 0.65, "{family} {more}");
}

#[tokio::test]
async fn a_near_true_positive_never_makes_a_false_positive() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    declare(&ana, case_of(&server, &ran(1, " -evil")).await, "true_positive").await;
    let near = vote(&server, case_of(&server, &ran(2, " -other")).await).await;
    assert_eq!(near["verdict"], json!("true_positive"));
    assert!(near["confidence"].as_f64().unwrap() <= 0.65);
    for at in 3..=6 {
        declare(&ana, case_of(&server, &ran(at, " -fine")).await, "false_positive").await;
    }
    let mixed = vote(&server, case_of(&server, &ran(7, " -other")).await).await;
    assert_eq!(mixed["verdict"], json!("needs_review"), "four against one are no false positive");
    // Of another program, and farther away than a vote would need: it still stands in the way.
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let other = ran_by(1, "C:\\Program Files\\Dell\\Tool\\expander.exe", "");
    declare(&ana, case_of(&server, &other).await, "true_positive").await;
    declare(&ana, case_of(&server, &ran(2, " -fine")).await, "false_positive").await;
    let number = case_of(&server, &ran(3, "")).await;
    assert_eq!(vote(&server, number).await["verdict"], json!("needs_review"));
    assert!(words(&server, number).await.contains("A behaviour that is not equal, but 0."));
}

#[tokio::test]
async fn what_differs_in_trust_is_not_vouched_for() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    declare(&ana, case_of(&server, &ran(1, "")).await, "false_positive").await;
    let mut unsigned = ran(2, "");
    unsigned["detect"]["event"]["FILE_IS_SIGNED"] = json!(0);
    let payload = ran(3, " -enc SQBFAFgAIABmAG8AbwAgAGIAYQByACAAYgBhAHoAIABxAHUAeAA=");
    let address = ran(4, " https://evil.example/x");
    for (at, document) in [unsigned, payload, address].iter().enumerate() {
        let number = case_of(&server, document).await;
        assert_eq!(vote(&server, number).await["state"], json!("abstained"), "{at}");
        assert!(words(&server, number).await.contains("differs in what tells trust"), "{at}");
    }
}

#[tokio::test]
async fn an_undone_declaration_is_no_precedent_for_the_next_vote() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    declare(&ana, case_of(&server, &ran(1, "")).await, "false_positive").await;
    let number = case_of(&server, &ran(2, " -verbose")).await;
    assert_eq!(vote(&server, number).await["state"], json!("ok"));
    assert_eq!(ana.post("/undo", &[]).await.status(), 303);
    assert_eq!(ana.post(&format!("/cases/{number}/triage"), &[]).await.status(), 303);
    server.run_jobs().await;
    assert_eq!(vote(&server, number).await["state"], json!("abstained"));
}
