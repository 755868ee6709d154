//! Quotas hold over workers, restarts and processes, and what they leave unasked is told and asked later.
use crate::intel::fakes::{CHILD, answer, informed, informed_with, piece, vetoes};
use crate::support::{SEED, Server, spawn};
use fusionsoc::store::lookups::{self, Leave};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

/// The seed's detection, its files replaced by others.
pub fn with_hashes(hashes: &[String]) -> String {
    let mut detection: Value = serde_json::from_str(SEED).unwrap();
    let event = detection["detect"]["event"].as_object_mut().unwrap();
    event.remove("PARENT");
    event.remove("HASH");
    event.insert("MODULES".to_owned(), hashes.iter().map(|hash| json!({"HASH": hash})).collect());
    detection.to_string()
}

async fn reserve(server: &Server, at_ms: i64) -> Leave {
    let mut tx = server.app.store.write().await.unwrap();
    let leave = lookups::reserve(&mut tx, "virustotal", (4, 30), at_ms).await.unwrap();
    tx.commit().await.unwrap();
    leave
}

#[tokio::test]
async fn fifty_look_ups_never_take_more_than_four_in_any_minute_nor_thirty_in_a_day() {
    let server = spawn().await;
    let start = 20_000 * 86_400_000 - 400_000;
    let (mut now, mut taken) = (start, Vec::new());
    while taken.len() < 50 {
        match reserve(&server, now).await {
            Leave::Go => taken.push(now),
            Leave::Minute(until) | Leave::Day(until) => {
                assert!(until > now, "it gets on");
                now = until;
                continue;
            }
            Leave::Quiet(..) => panic!("nothing went wrong"),
        }
        now += 700;
    }
    for (at, first) in taken.iter().enumerate() {
        assert!(taken.get(at + 4).is_none_or(|fifth| fifth - first >= 60_000), "five within a minute from {first}");
    }
    let of_day = |day: i64| taken.iter().filter(|at| at.div_euclid(86_400_000) == day).count();
    assert_eq!((of_day(19_999), of_day(20_000)), (28, 22), "the day's quota begins anew");
    assert_eq!(reserve(&server, now + 61_000).await, Leave::Go);
}

#[tokio::test]
async fn whoever_asks_at_once_shares_the_minute() {
    let server = spawn().await;
    let now = fusionsoc::clock::now_ms();
    let all = futures_util::future::join_all((0..12).map(|_| reserve(&server, now))).await;
    assert_eq!(all.iter().filter(|leave| **leave == Leave::Go).count(), 4);
}

#[tokio::test]
async fn what_the_quota_leaves_is_told_and_asked_minute_by_minute() {
    let it = informed_with(|section, _| section["virustotal"]["per_minute"] = json!(4)).await;
    let hashes: Vec<String> = (0..10).map(|n| format!("{n:064x}")).collect();
    it.fake.says(&hashes[9], ResponseTemplate::new(500));
    let case = it.triaged(&with_hashes(&hashes)).await;
    assert_eq!((it.fake.asked().await.len(), &piece(&case)["state"]), (4, &json!("inconclusive")));
    assert_eq!(piece(&case)["text"], "10 questions: 4 nothing known, 6 not asked yet.");
    assert!(vetoes(&case).contains(&"evidence"));
    let waiting = answer(&case, "virustotal", &hashes[7]);
    assert_eq!(
        (&waiting["state"], &waiting["why"]),
        (&json!("waiting"), &json!("The quota of 4 questions a minute to VirusTotal is used up."))
    );
    let page = it.page("/cases/1").await;
    assert!(page.contains("<b>Not asked yet.</b>") && page.contains("<b>Nothing known.</b>"));
    let page = it.page("/admin/integrations").await;
    assert!(page.contains(">4 of 4</td>") && page.contains(">4, no limit</td>") && page.contains(">6</td>"), "{page}");
    it.server.run_jobs().await;
    assert_eq!(it.fake.asked().await.len(), 4, "nothing before its time");
    it.a_minute_later().await;
    assert_eq!(it.fake.asked().await.len(), 8);
    it.a_minute_later().await;
    assert_eq!(it.fake.asked().await.len(), 10);
    let case = it.server.case(1).await;
    let states: Vec<&str> =
        hashes.iter().map(|hash| answer(&case, "virustotal", hash)["state"].as_str().unwrap()).collect();
    assert_eq!((states[..9].iter().all(|state| *state == "unknown"), states[9]), (true, "failed"));
}

#[tokio::test]
async fn a_day_s_quota_lasts_until_midnight_utc() {
    let it = informed_with(|section, _| section["virustotal"]["per_day"] = json!(1)).await;
    it.fake.knows(CHILD, 0, 0);
    let case = it.triaged(SEED).await;
    let all = case["intelligence"].as_array().unwrap();
    let waiting = all.iter().find(|one| one["state"] == "waiting").unwrap();
    assert!(waiting["why"].as_str().unwrap().contains("The quota of 1 questions a day"));
    assert!(waiting["again_at"].as_str().unwrap().ends_with("T00:00:00.000Z"), "{waiting}");
    it.a_minute_later().await;
    assert_eq!(it.fake.asked().await.len(), 1);
    it.server.sql("UPDATE intel_providers SET day = day - 1").await;
    it.a_minute_later().await;
    assert_eq!(it.fake.asked().await.len(), 2);
}

#[tokio::test]
async fn a_provider_that_asks_for_a_rest_gets_it() {
    let it = informed().await;
    let limited = json!({"error": {"code": "QuotaExceededError", "message": "Quota exceeded"}});
    it.fake.says(CHILD, ResponseTemplate::new(429).insert_header("retry-after", "120").set_body_json(limited));
    let case = it.triaged(SEED).await;
    let told = answer(&case, "virustotal", CHILD);
    assert_eq!(told["state"], "waiting");
    let at = |one: &Value| one.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_millisecond();
    assert_eq!(at(&told["again_at"]) - at(&told["at"]), 120_000);
    assert_eq!(it.fake.asked().await.len(), 1, "nothing else is sent meanwhile");
    assert!(it.page("/cases/1").await.contains("VirusTotal was asked too often"));
    it.server.sql("UPDATE jobs SET run_at_ms = 0").await;
    it.server.sql("UPDATE intel SET due_ms = 1 WHERE due_ms IS NOT NULL").await;
    it.server.run_jobs().await;
    assert_eq!(it.fake.asked().await.len(), 1, "a job that comes too early waits as well");
    it.fake.knows(CHILD, 0, 0);
    it.a_minute_later().await;
    assert_eq!(answer(&it.server.case(1).await, "virustotal", CHILD)["state"], "answered");
}
