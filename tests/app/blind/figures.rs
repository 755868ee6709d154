//! What blind reviews amount to, by person and in all.
use super::{agreeing, all, declare, delivered};
use crate::support::{Person, fakes, http};
use fusionsoc::domain::Role;
use serde_json::json;

#[tokio::test]
async fn reviews_are_counted_by_person_with_agreement_and_reversals() {
    let (server, _models) = agreeing(&fakes::answer("false_positive", 95), all).await;
    let (ana, bo) = (server.sign_in("ana", Role::Analyst).await, server.sign_in("bo", Role::Analyst).await);
    for at in 1..5 {
        delivered(&server, at).await;
    }
    server.run_jobs().await;
    declare(&ana, 1, "false_positive", "").await;
    declare(&ana, 2, "benign_true_positive", "").await;
    declare(&bo, 3, "true_positive", "malware").await;
    // Changed since, with the panel in sight.
    declare(&ana, 2, "true_positive", "malware").await;
    let reviews = server.get("/api/v1/reviews").await;
    let total = &reviews["total"];
    assert_eq!((&reviews["waiting"], &total["reviews"], &total["compared"]), (&json!(1), &json!(3), &json!(3)));
    assert_eq!((&total["agreed"], &total["reversed"]), (&json!(2), &json!(1)), "{reviews}");
    assert!((total["missed"].as_f64().unwrap() - 1.0 / 3.0).abs() < 1e-9, "{reviews}");
    let low = total["interval"][0].as_f64().unwrap();
    assert!((low - 0.0943).abs() < 1e-3, "the interval of 2 of 3: {reviews}");
    let people = reviews["people"].as_array().unwrap();
    let of = |name: &str| people.iter().find(|one| one["by"] == name).unwrap();
    assert_eq!((&of("ana")["agreed"], &of("ana")["compared"]), (&json!(2), &json!(2)));
    assert_eq!((&of("bo")["agreed"], &of("bo")["compared"]), (&json!(0), &json!(1)));
    let (status, page) = ana.page("/models/reviews").await;
    assert_eq!(status, 200);
    for part in [
        "(9% to 99%)",
        ">33%</a> is a true positive (95% interval 1% to 91%)",
        "1 case is in blind review now.",
        "Where analyst and panel disagree",
        "href=\"/cases/3\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    lists_are_those_of_the_numbers(&ana, &page).await;
    assert!(ana.page("/models").await.1.contains("href=\"/models/reviews\""));
    let nobody = http().get(format!("{}/models/reviews", server.url)).send().await.unwrap();
    assert_eq!(nobody.status(), 303, "nobody who is not signed in reads it");
}

/// Every number of the page leads to as many cases.
async fn lists_are_those_of_the_numbers(ana: &Person, page: &str) {
    let lists: Vec<String> = page
        .split("<a href=\"/models/reviews/cases?")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().replace("&#38;", "&"))
        .collect();
    for (list, count) in [
        ("which=all", 3),
        ("which=agreed", 2),
        ("which=compared", 3),
        ("which=reversed", 1),
        ("which=missed", 3),
        ("which=all&by=ana", 2),
        ("which=agreed&by=ana", 2),
        ("which=compared&by=bo", 1),
    ] {
        assert!(lists.contains(&list.to_owned()), "{list}: {lists:?}");
        let (status, page) = ana.page(&format!("/models/reviews/cases?{list}")).await;
        assert_eq!((status, page.matches("<a class=\"t\" href=\"/cases/").count()), (200, count), "{list}");
    }
    assert!(!lists.contains(&"which=agreed&by=bo".to_owned()), "none is no link: {lists:?}");
    assert_eq!(ana.page("/models/reviews/cases?which=some").await.0, 400);
}
