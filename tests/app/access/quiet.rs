//! What one organisation sees does not change, by a single byte, while another one's cases come and go.
use super::{ask, examples, filled};
use crate::support::{add_org, add_token, spawn};
use fusionsoc::domain::Role;
use fusionsoc::domain::role::Scope;
use fusionsoc::web::routes::Who;

/// A page without what is of the moment: the place in the feed, keys that make a form count once, and the clock.
fn steady(page: &str) -> String {
    let moment =
        regex::Regex::new(r#"(data-feed|datetime|name="(idempotency_key|at)" value)="[^"]*"|\d\d:\d\d(:\d\d)?"#)
            .unwrap();
    moment.replace_all(page, "").into_owned()
}

#[tokio::test]
async fn pages_and_calls_say_nothing_of_another_organisation_s_cases() {
    let server = spawn().await;
    let other = add_org(&server.app.store, "other", None).await;
    let eve = server.sign_in_to(other, "eve", Role::Admin).await;
    let token = add_token(&server.app.store, other, Scope::ALL).await;
    let look = async || {
        let mut seen = Vec::new();
        for example in examples() {
            let route = example.route;
            let as_who = match route.who {
                Who::Person(_) => (eve.cookie.as_str(), ""),
                Who::Token(_) => ("", token.as_str()),
                Who::Anybody | Who::Sender | Who::Watcher => continue,
            };
            // What people of this organisation did themselves stands in their own log.
            if route.method == "GET" && route.path != "/events" && !route.path.starts_with("/admin/audit") {
                let (status, to, page) = ask(&server, as_who, "GET", example.absent()).await;
                seen.push((route.path, status, to, steady(&page)));
            }
        }
        seen
    };
    look().await;
    let before = look().await;
    filled(&server).await;
    let after = look().await;
    let mut told = Vec::new();
    for (was, is) in before.iter().zip(&after).filter(|(was, is)| was != is) {
        let at = was.3.bytes().zip(is.3.bytes()).take_while(|(one, other)| one == other).count();
        let around = |page: &str| {
            let (from, to) = (page.floor_char_boundary(at.saturating_sub(120)), page.floor_char_boundary(at + 120));
            page[from..to].to_owned()
        };
        told.push(format!("{} {} {}:\n  {}\n  {}", was.0, was.1, is.1, around(&was.3), around(&is.3)));
    }
    assert!(before.len() > 35, "{}", before.len());
    assert!(told.is_empty(), "these tell of another organisation:\n{}", told.join("\n"));
}
