//! The page of a rule says how far it is, and lets a lead take the next step.
use super::{Desk, FIRST};

#[tokio::test]
async fn the_page_of_a_rule_says_how_far_it_is() {
    let mut desk = Desk::closing().await;
    desk.clean(2).await;
    let path = desk.gate("rule").await["key"].as_str().unwrap().to_owned();
    let section = async |desk: &Desk, lead: bool| {
        let who = if lead { &desk.lea } else { &desk.ana };
        let (status, page) = who.page(&format!("/rules/{path}")).await;
        assert_eq!(status, 200);
        page.split("id=\"proven\"").nth(1).unwrap().split("</section>").next().unwrap().to_owned()
    };
    let said = section(&desk, true).await;
    let more = FIRST - 2;
    assert!(
        said.contains(&format!("It needs {more} more reviewed cases before it is looked at, at {FIRST}.")),
        "{said}"
    );
    assert!(said.contains("would have closed <b class=\"num\">2</b>") && said.contains("2 false positive"), "{said}");
    desk.clean(FIRST - 2).await;
    let said = section(&desk, true).await;
    assert!(said.contains("A lead has to switch it on.") && said.contains("/activate\""), "{said}");
    assert!(!section(&desk, false).await.contains("/activate\""), "no form for an analyst");
    assert_eq!(desk.step(&desk.lea, "rule", "activate").await, 303);
    let said = section(&desk, true).await;
    assert!(said.contains("<b>Active</b>") && said.contains("/suspend\""), "{said}");
    assert!(said.contains("but for those drawn for review"), "what the setting makes of it: {said}");
}
