//! Prevalence, the host's history, and what is near in time.
use crate::precedents::{case_of, declare, ran, section};
use crate::support::spawn;
use fusionsoc::domain::Role;
use serde_json::{Value, json};

const MINUTE: i64 = 60_000;

/// A detection of another rule on the host of `ran(at, …)`, so many minutes after it.
fn beside(at: usize, id: &str, minutes: i64) -> Value {
    let mut document = ran(at, "");
    document["detect_id"] = json!(id);
    document["cat"] = json!(format!("Beside {id} <b>"));
    document["source_rule"] = json!(format!("service.other/{id}"));
    document["detect_mtd"]["level"] = json!("high");
    let time = document["routing"]["event_time"].as_i64().unwrap() + minutes * MINUTE;
    for place in ["/routing", "/detect/routing"] {
        let routing = document.pointer_mut(place).unwrap();
        routing["event_time"] = json!(time);
        routing["this"] = json!(format!("{:032x}", id.len() * 7 + usize::try_from(minutes + 500).unwrap()));
        routing["parent"] = json!(format!("{:032x}", 99_000 + minutes + 500));
    }
    document
}

/// The same again, within five minutes of it.
fn repeated(own: &Value, at: i64) -> Value {
    let mut again = own.clone();
    again["detect_id"] = json!(format!("own-{at}"));
    let time = own["routing"]["event_time"].as_i64().unwrap() + (at - 300) * 1_000;
    for place in ["/routing", "/detect/routing"] {
        again.pointer_mut(place).unwrap()["event_time"] = json!(time);
    }
    again
}

#[tokio::test]
async fn prevalence_counts_hosts_days_and_cases() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let first = case_of(&server, &ran(1, "")).await;
    assert!(section(&ana, first, "local").await.contains("First time in this organisation"));
    let mut earlier = ran(2, "");
    for place in ["/routing", "/detect/routing"] {
        let routing = earlier.pointer_mut(place).unwrap();
        routing["event_time"] = json!(routing["event_time"].as_i64().unwrap() - 3 * 24 * 60 * MINUTE);
    }
    case_of(&server, &earlier).await;
    case_of(&server, &ran(3, " -verbose")).await;
    let text = section(&ana, first, "local").await;
    assert!(text.contains("2 cases on 2 hosts, on 2 days, since <time datetime=\"2026-03-16"), "{text}");
}

#[tokio::test]
async fn the_hosts_other_cases_and_what_is_near_in_time_are_shown_with_links() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let near = case_of(&server, &beside(1, "near", -20)).await;
    let far = case_of(&server, &beside(1, "far", 200)).await;
    let number = case_of(&server, &ran(1, "")).await;
    case_of(&server, &beside(2, "elsewhere", 1)).await;
    declare(&ana, near, "true_positive").await;
    let text = section(&ana, number, "local").await;
    assert!(text.contains("3 detections, 2 other cases: 2 low; 1 not decided, 1 true positive"), "{text}");
    assert!(text.contains(&format!("<a href=\"/cases/{near}\">Beside near <b></a>")), "{text}");
    assert!(text.contains("20 min 00 s before"), "{text}");
    assert!(!text.contains(&format!("/cases/{far}\"")) && !text.contains("elsewhere"), "{text}");
}

#[tokio::test]
async fn a_case_of_many_detections_does_not_hide_its_neighbours() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = case_of(&server, &ran(1, "")).await;
    let near = case_of(&server, &beside(1, "near", -20)).await;
    let later = case_of(&server, &beside(1, "later", 20)).await;
    let own = ran(1, "");
    let many: Vec<Value> = (0..600).map(|at| repeated(&own, at)).collect();
    assert_eq!(server.post("/api/v1/detections", json!(many).to_string()).await.0, 202);
    assert_eq!(server.case(number).await["detections"].as_array().unwrap().len(), 200, "and more, all in one case");
    let text = section(&ana, number, "local").await;
    for other in [near, later] {
        assert!(text.contains(&format!("href=\"/cases/{other}\"")), "#{other} is not in {text}");
    }
}
