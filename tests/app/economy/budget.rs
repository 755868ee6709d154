//! Beyond a budget nobody is asked, no machine closes, and it is said; when it renews, the rest is asked.
use crate::economy::{CLOCK, asked, kinds, number, on_host, panel, panel_votes, triaged};
use crate::support::{Server, add_org, add_token, fakes};
use fusionsoc::clock;
use fusionsoc::domain::Role;
use fusionsoc::domain::role::Scope;
use fusionsoc::store::spending::{self, Limits, Own};
use serde_json::{Value, json};

const DAY_MS: i64 = 86_400_000;

fn harmful() -> Value {
    fakes::answer("true_positive", 95)
}

/// Another behaviour on another host, so that nothing is reused.
fn another(at: usize) -> String {
    on_host(&format!("ws-{at}"), |it| it["cat"] = json!(format!("Rule {}", "x".repeat(at + 1))))
}

async fn spent(server: &Server) -> spending::Spent {
    let day = clock::now_ms().div_euclid(DAY_MS);
    spending::on_day(&mut server.app.store.read().await.unwrap(), (server.org_id, day)).await.unwrap()
}

#[tokio::test]
async fn a_used_up_budget_is_said_everywhere_and_the_rest_is_asked_when_it_renews() {
    let _clock = CLOCK.write().await;
    let (server, fakes) =
        panel(&fakes::answer("false_positive", 95), |config| config.panel.budget_calls_per_day = 5).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let first = triaged(&server, &another(1)).await;
    assert_eq!((asked(&fakes).await, &first["runs"][0]["asked_again_at"]), (4, &Value::Null));
    assert!(!ana.page("/cases").await.1.contains("not analysed today"));
    let second = triaged(&server, &another(2)).await;
    assert_eq!(asked(&fakes).await, 5, "one question more, and no other");
    let run = &second["runs"][0];
    assert_eq!((&run["outcome"], &run["machine_verdict"]), (&json!("degraded"), &json!("needs_review")));
    assert_eq!(run["auto_action"], Value::Null);
    assert!(kinds(&run["vetoes"]).contains(&"degraded"));
    let refused: Vec<_> = panel_votes(run).into_iter().filter(|vote| vote["unasked"] == true).collect();
    assert_eq!(refused.len(), 2);
    let detail = "Not asked: the organisation's budget of 5 calls for today is used up. It is asked when the budget renews, at 00:00 UTC.";
    assert_eq!((&refused[0]["state"], &refused[0]["detail"]), (&json!("failed"), &json!(detail)));
    let page = ana.page(&format!("/cases/{}", number(&second))).await.1;
    assert!(page.contains("Needs review: the day&#39;s budget is used up"), "{page}");
    assert!(page.contains("budget of 5 calls for today is used up"));
    assert!(ana.page("/cases").await.1.contains("1 case was not analysed today because the budget"));
    let models = ana.page("/models").await.1;
    assert!(models.contains("<td class=\"num\">5 of 5</td>") && models.contains("</svg> 1</td>"), "{models}");
    // Later on the same day nothing changes; the next day the rest is asked.
    assert_eq!(server.run_jobs().await, 0);
    clock::advance_here(DAY_MS);
    server.run_jobs().await;
    let case = server.case(number(&second)).await;
    let page = ana.page("/cases").await.1;
    let renewed = spent(&server).await;
    clock::advance_here(-DAY_MS);
    assert_eq!(asked(&fakes).await, 8, "two votes and the second look");
    assert_eq!((&case["runs"][0]["outcome"], case["runs"].as_array().unwrap().len()), (&json!("unanimous"), 2));
    assert_eq!(renewed.calls, 3);
    assert!(!page.contains("not analysed today"));
}

#[tokio::test]
async fn a_second_look_that_could_not_be_paid_keeps_the_machine_from_closing() {
    let _clock = CLOCK.write().await;
    let (server, fakes) =
        panel(&fakes::answer("false_positive", 95), |config| config.panel.budget_calls_per_day = 3).await;
    let case = triaged(&server, &another(1)).await;
    let run = &case["runs"][0];
    assert!(kinds(&run["vetoes"]).contains(&"masked_look_failed"), "{run}");
    assert_ne!(run["asked_again_at"], Value::Null);
    clock::advance_here(DAY_MS);
    server.run_jobs().await;
    let case = server.case(number(&case)).await;
    clock::advance_here(-DAY_MS);
    assert_eq!(asked(&fakes).await, 4, "only the second look was missing");
    assert!(!kinds(&case["runs"][0]["vetoes"]).contains(&"masked_look_failed"));
}

#[tokio::test]
async fn reuse_costs_nothing() {
    let _clock = CLOCK.read().await;
    let (server, fakes) = panel(&harmful(), |config| config.panel.budget_calls_per_day = 3).await;
    for at in 0..5 {
        let case = triaged(&server, &on_host(&format!("ws-{at}"), |_| {})).await;
        assert_eq!(case["runs"][0]["machine_verdict"], json!("true_positive"));
    }
    let spent = spent(&server).await;
    assert_eq!((asked(&fakes).await, spent.calls, spent.reused), (3, 3, 4));
}

#[tokio::test]
async fn organisations_spend_apart_and_may_have_limits_of_their_own() {
    let _clock = CLOCK.read().await;
    let (mut server, fakes) = panel(&harmful(), |config| config.panel.budget_calls_per_day = 3).await;
    triaged(&server, &another(1)).await;
    triaged(&server, &another(2)).await;
    assert_eq!(asked(&fakes).await, 3);
    let own = Own { id: server.org_id, budget_calls: Some(6), ..Own::default() };
    let other = add_org(&server.app.store, "other", None).await;
    let mut tx = server.app.store.write().await.unwrap();
    spending::set_limits(&mut tx, own).await.unwrap();
    tx.commit().await.unwrap();
    triaged(&server, &another(3)).await;
    triaged(&server, &another(4)).await;
    assert_eq!(asked(&fakes).await, 6, "its own limit");
    server.token = add_token(&server.app.store, other, Scope::ALL).await;
    triaged(&server, &another(5)).await;
    assert_eq!(asked(&fakes).await, 9, "another organisation's day is another");
}

#[tokio::test]
async fn tokens_and_money_are_counted_as_the_servers_tell_them() {
    let _clock = CLOCK.read().await;
    let (server, _fakes) = panel(&harmful(), |config| {
        config.voters[0].price_in = 3.0;
        config.voters[0].price_out = 15.0;
    })
    .await;
    let case = triaged(&server, &another(1)).await;
    // The fakes tell 812 tokens in and 143 out: 812 × 3 + 143 × 15 millionths.
    let vote = panel_votes(&case["runs"][0])[0].clone();
    assert_eq!(vote["cost"], json!(0.004_581));
    let spent = spent(&server).await;
    assert_eq!((spent.calls, spent.tokens, spent.cost_micro), (3, 3 * (812 + 143), 4_581));
}

#[tokio::test]
async fn a_budget_of_money_and_one_of_tokens_stop_as_well() {
    let _clock = CLOCK.read().await;
    for (money, tokens) in [(0.001, 0), (0.0, 500)] {
        let (server, fakes) = panel(&harmful(), |config| {
            config.voters.iter_mut().for_each(|voter| voter.price_out = 10.0);
            (config.panel.budget_cost_per_day, config.panel.budget_tokens_per_day) = (money, tokens);
        })
        .await;
        let case = triaged(&server, &another(1)).await;
        assert_eq!(asked(&fakes).await, 0);
        let said = if tokens > 0 { "budget of 500 tokens" } else { "budget of 0.0010 in money" };
        assert!(panel_votes(&case["runs"][0])[0]["detail"].as_str().unwrap().contains(said));
    }
}

#[tokio::test]
async fn workers_together_do_not_overspend() {
    let _clock = CLOCK.read().await;
    let (server, fakes) = panel(&harmful(), |config| config.panel.budget_calls_per_day = 10).await;
    let all: Vec<String> = (0..12).map(another).collect();
    let (status, _) = server.post("/api/v1/detections", format!("[{}]", all.join(","))).await;
    assert_eq!(status, 202);
    let workers: Vec<_> = (0..4).map(|_| server.worker()).collect();
    futures_util::future::join_all(workers.iter().map(fusionsoc::jobs::Worker::run_due)).await;
    assert_eq!((asked(&fakes).await, spent(&server).await.calls), (10, 10));
}

#[tokio::test]
async fn the_last_of_a_budget_is_given_once() {
    let _clock = CLOCK.read().await;
    let (server, _fakes) = panel(&harmful(), |_| {}).await;
    let limits = Limits { calls: 7, tokens: 1_000, cost_micro: 0 };
    let take = |_| async {
        let mut tx = server.app.store.write().await.unwrap();
        let taken = spending::reserve(&mut tx, (server.org_id, 1), limits, 150, 1).await.unwrap();
        tx.commit().await.unwrap();
        usize::from(taken)
    };
    let taken: usize = futures_util::future::join_all((0..30).map(take)).await.into_iter().sum();
    assert_eq!(taken, 6, "1,000 tokens hold six times 150");
    let spent = spending::on_day(&mut server.app.store.read().await.unwrap(), (server.org_id, 1)).await.unwrap();
    assert_eq!((spent.calls, spent.tokens, spent.cost_micro), (6, 900, 6));
}

#[tokio::test]
async fn a_control_costs_what_its_voter_costs() {
    let _clock = CLOCK.read().await;
    let (server, _fakes) = panel(&fakes::answer("true_positive", 95), |config| {
        config.panel.control_share = 1.0;
        for voter in &mut config.voters {
            (voter.price_in, voter.price_out) = (2.0, 10.0);
        }
    })
    .await;
    let number = server.deliver(&on_host("ws-1", |_| {})).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    let votes = server.case(number).await["runs"][0]["votes"].clone();
    let control = votes.as_array().unwrap().iter().find(|vote| vote["role"] == "control").unwrap();
    assert!(control["cost"].as_f64().is_some_and(|cost| cost > 0.0), "{control}");
}
