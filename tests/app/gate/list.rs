//! The page of all scopes: what waits for a lead, what is active, suspended, and what counts.
use super::{Desk, FIRST};

fn part<'a>(page: &'a str, state: &str) -> &'a str {
    let from = page.split(&format!("id=\"h-{state}\"")).nth(1).expect("the page has this part");
    from.split("</section>").next().unwrap()
}

#[tokio::test]
async fn every_scope_stands_where_it_is_and_a_lead_switches_it_from_there() {
    let mut desk = Desk::closing().await;
    desk.clean(2).await;
    let key = desk.gate("rule").await["key"].as_str().unwrap().to_owned();
    let (status, page) = desk.ana.page("/gates").await;
    assert_eq!(status, 200);
    let counting = part(&page, "shadow");
    assert!(counting.contains(&key) && counting.contains("All rules of the organisation"), "{counting}");
    assert!(part(&page, "proposed").contains("No scope waits for a lead."));

    desk.clean(FIRST - 2).await;
    let (_, page) = desk.ana.page("/gates").await;
    assert!(part(&page, "proposed").contains(&key) && !page.contains("/activate\""), "no form for an analyst");
    let (_, page) = desk.lea.page("/gates").await;
    let form = part(&page, "proposed").split("action=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(form.ends_with("/activate"), "{form}");
    let answer = desk.lea.post(&form, &[("to", "gates")]).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()), (303, "/gates"));
    let (_, page) = desk.lea.page("/gates").await;
    assert!(part(&page, "active").contains("/suspend\""), "{page}");
    assert!(page.contains("but for those drawn for review"), "what is set is said");
}
