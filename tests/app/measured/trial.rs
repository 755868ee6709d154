//! The Models page tells how right everybody is, and a lead tries another panel on declared cases.
use super::{declare, low, panel, triaged};
use crate::support::{Server, add_org, fakes};
use fusionsoc::domain::Role;
use fusionsoc::store::trials::{self, TrialState};
use serde_json::{Value, json};

/// The case as it is, without what a page view could change.
async fn state(server: &Server, case: i64) -> Value {
    server.case(case).await
}

fn location(reply: &reqwest::Response) -> String {
    reply.headers()["location"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_models_page_tells_how_right_everybody_is_and_each_number_leads_to_its_cases() {
    let says = [("a", "false_positive", 90), ("b", "false_positive", 80), ("c", "true_positive", 30)];
    let (server, _models) = panel("majority", &says).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let page = ana.page("/models").await.1;
    assert!(page.contains("Not measured yet: no case was declared"), "{page}");
    assert!(page.contains("3 votes count like 1.4 independent (ρ = 0.60, assumed"), "{page}");
    let mut cases = Vec::new();
    for (number, verdict) in ["false_positive", "benign_true_positive", "true_positive"].into_iter().enumerate() {
        cases.push(triaged(&server, number).await);
        declare(&ana, cases[number], verdict).await;
    }
    let page = ana.page("/models").await.1;
    assert!(
        page.contains("right in 2 of 3 declared cases") && page.contains("right in 1 of 3 declared cases"),
        "{page}"
    );
    assert!(page.contains("<b>1 missed</b>"), "{page}");
    assert!(page.contains("All were wrong together in 0 of <a href=\"/models/together/cases?from="), "{page}");
    let all = ana.page("/models/together/cases?wrong=decided").await.1;
    assert_eq!(all.matches("<a class=\"t\" href=\"/cases/").count(), 3, "{all}");
    assert!(ana.page("/models/together/cases?wrong=all").await.1.contains("No case matches."));
    assert!(
        page.contains("half within") && page.contains("3 answers, no failures") && page.contains("digest a2af6cc3eb7f"),
        "{page}"
    );
    let list = ana.page("/models/cases?voter=a&model=a&vote=false_positive&declared=malicious").await.1;
    assert!(
        list.contains(&format!("/cases/{}", cases[2])) && !list.contains(&format!("/cases/{}\"", cases[0])),
        "{list}"
    );
    let list = ana.page("/models/cases?voter=&vote=false_positive&declared=benign").await.1;
    assert!(list.contains(&format!("/cases/{}", cases[0])) && list.contains(&format!("/cases/{}", cases[1])), "{list}");
    assert_eq!(ana.page("/models/cases?voter=a&vote=false_positive&declared=perhaps").await.0, 400);
    let rival = add_org(&server.app.store, "rival", None).await;
    let other = server.sign_in_to(rival, "rita", Role::Lead).await;
    let page = other.page("/models").await.1;
    assert!(!page.contains("missed</b>") && page.contains("Not measured yet: no case was declared"), "{page}");
    let list = other.page("/models/cases?voter=a&model=a&vote=false_positive&declared=malicious").await.1;
    assert!(list.contains("No case matches."));
}

#[tokio::test]
async fn three_times_one_model_counts_like_one_vote() {
    let (server, models) = panel("unanimous", &[("a", "false_positive", 90)]).await;
    let one = |name: &str| fusionsoc::voters::VoterConfig::ollama(name, &models[0].uri(), "a");
    let voters = ["x", "y", "z"].map(one).to_vec();
    let thrice = crate::support::spawn_with(|config| config.voters = voters).await;
    let ana = thrice.sign_in("ana", Role::Analyst).await;
    let page = ana.page("/models").await.1;
    assert!(page.contains("3 votes count like 1.0 independent (ρ = 1.00"), "{page}");
    drop(server);
}

#[tokio::test]
async fn a_panel_is_tried_on_declared_cases_and_no_case_changes() {
    let says = [("a", "false_positive", 90), ("b", "false_positive", 80)];
    let (server, models) = panel("unanimous", &says).await;
    let (ana, lead) = (server.sign_in("ana", Role::Analyst).await, server.sign_in("lea", Role::Lead).await);
    let none = lead.post("/models/trials", &[("voter", "a"), ("mode", "majority"), ("cases", "100")]).await;
    assert_eq!(none.status(), 422);
    assert!(none.text().await.unwrap().contains("no case was declared after a vote yet"));
    let mut cases = Vec::new();
    for (number, verdict) in ["false_positive", "true_positive"].into_iter().enumerate() {
        cases.push(triaged(&server, number).await);
        declare(&ana, cases[number], verdict).await;
    }
    let before = (state(&server, cases[0]).await, state(&server, cases[1]).await);
    let asked = fakes::chats(&models[0]).await;
    let form = [("voter", "a"), ("voter", "b"), ("mode", "majority"), ("cases", "100")];
    assert_eq!(ana.post("/models/trials", &form).await.status(), 403);
    let reply = lead.post("/models/trials", &form).await;
    assert_eq!(reply.status(), 303);
    let path = location(&reply);
    assert!(lead.page(&path).await.1.contains("0 of 2 cases"));
    server.run_jobs().await;
    let page = ana.page(&path).await.1;
    assert!(page.contains("2 of 2 cases") && page.contains("right in 1 of 2 declared cases"), "{page}");
    let missed = &page[page.find("h-missed\"><header>").unwrap()..page.find("h-alarms\"><header>").unwrap()];
    assert!(
        missed.contains(&format!("/cases/{}", cases[1])) && !missed.contains(&format!("/cases/{}\"", cases[0])),
        "{missed}"
    );
    assert!(page.contains("<dt>Requests, tokens</dt><dd>0, 0</dd>"), "votes that are there are taken over: {page}");
    assert_eq!(fakes::chats(&models[0]).await, asked, "nobody was asked again");
    assert_eq!(before, (state(&server, cases[0]).await, state(&server, cases[1]).await), "no case changed");
    let rival = add_org(&server.app.store, "rival", None).await;
    let other = server.sign_in_to(rival, "rita", Role::Lead).await;
    assert_eq!(other.page(&path).await.0, 404);
    assert_eq!(other.post(&format!("{path}/cancel"), &[]).await.status(), 404);
    assert!(!other.page("/models").await.1.contains(&path));
}

/// A server whose panel is `a` alone, while `new` is set up and has no seat.
async fn with_a_newcomer(cloud: bool) -> (Server, Vec<wiremock::MockServer>) {
    let (a, new) =
        (fakes::ollama("a", &low("false_positive", 90)).await, fakes::ollama("new", &low("true_positive", 60)).await);
    let config = |name: &str, server: &wiremock::MockServer| fusionsoc::voters::VoterConfig {
        timeout_s: 20,
        ..fusionsoc::voters::VoterConfig::ollama(name, &server.uri(), name)
    };
    let newcomer = fusionsoc::voters::VoterConfig { cloud, ..config("new", &new) };
    let voters = vec![config("a", &a), newcomer];
    let change = |config: &mut fusionsoc::config::Config| {
        (config.voters, config.panel.voters) = (voters, vec!["a".to_owned()]);
    };
    (crate::support::spawn_with(change).await, vec![a, new])
}

#[tokio::test]
async fn a_newcomer_is_asked_once_and_its_votes_serve_another_mode() {
    let (server, models) = with_a_newcomer(false).await;
    let lead = server.sign_in("lea", Role::Lead).await;
    let case = triaged(&server, 1).await;
    declare(&lead, case, "true_positive").await;
    for (mode, requests) in [("unanimous", 1), ("weighted", 0)] {
        let form = [("voter", "new"), ("voter", "builtin:rules"), ("mode", mode), ("cases", "5")];
        let path = location(&lead.post("/models/trials", &form).await);
        server.run_jobs().await;
        let page = lead.page(&path).await.1;
        assert!(page.contains(&format!("<dt>Requests, tokens</dt><dd>{requests}, ")), "{mode}: {page}");
        assert!(page.contains("1 of 1 cases") && page.contains("Done"), "{mode}: {page}");
    }
    assert_eq!(fakes::chats(&models[1]).await, 1);
}

#[tokio::test]
async fn a_cloud_voter_is_not_asked_in_a_trial_either() {
    let (server, models) = with_a_newcomer(true).await;
    let lead = server.sign_in("lea", Role::Lead).await;
    let case = triaged(&server, 1).await;
    declare(&lead, case, "false_positive").await;
    let form = [("voter", "new"), ("mode", "majority"), ("cases", "5")];
    let path = location(&lead.post("/models/trials", &form).await);
    server.run_jobs().await;
    assert_eq!(fakes::chats(&models[1]).await, 0, "no data left");
    assert!(lead.page(&path).await.1.contains("<td class=\"r\">1</td></tr>"), "the refusal is told as failed");
    let mut tx = server.app.store.write().await.unwrap();
    fusionsoc::store::orgs::allow_cloud(&mut tx, server.org_id, true).await.unwrap();
    tx.commit().await.unwrap();
    lead.post("/models/trials", &form).await;
    server.run_jobs().await;
    assert_eq!(fakes::chats(&models[1]).await, 1);
    let sent = models[1].received_requests().await.unwrap();
    let chat = sent.iter().find(|request| request.url.path() == "/api/chat").unwrap();
    let body = String::from_utf8_lossy(&chat.body).into_owned();
    assert!(!body.contains("host-1") && body.contains("HOST_1"), "the host's name stays here: {body}");
}

#[tokio::test]
async fn a_trial_that_is_cancelled_asks_nobody_and_a_form_that_is_wrong_keeps_what_was_chosen() {
    let (server, models) = with_a_newcomer(false).await;
    let lead = server.sign_in("lea", Role::Lead).await;
    let case = triaged(&server, 1).await;
    declare(&lead, case, "false_positive").await;
    let path = location(&lead.post("/models/trials", &[("voter", "new"), ("mode", "majority"), ("cases", "5")]).await);
    assert_eq!(lead.post(&format!("{path}/cancel"), &[]).await.status(), 303);
    server.run_jobs().await;
    assert_eq!(fakes::chats(&models[1]).await, 0);
    assert!(lead.page(&path).await.1.contains("Cancelled"));
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    let trial = trials::by_id(&mut server.app.store.read().await.unwrap(), id).await.unwrap().unwrap();
    assert_eq!(trial.state, TrialState::Cancelled);
    for (fields, text) in [
        (vec![("mode", "weighted"), ("cases", "7")], "choose at least one voter"),
        (vec![("voter", "new"), ("mode", "weighted"), ("cases", "0")], "type a number from 1 to 100"),
        (vec![("voter", "nobody"), ("mode", "weighted"), ("cases", "7")], "there is no voter named nobody"),
        (vec![("voter", "new"), ("mode", "loud"), ("cases", "7")], "choose unanimous, majority or weighted"),
    ] {
        let reply = lead.post("/models/trials", &fields).await;
        assert_eq!(reply.status(), 422, "{text}");
        let page = reply.text().await.unwrap();
        assert!(page.contains(text), "{text}: {page}");
        let kept = fields.iter().any(|(_, value)| *value == "new");
        assert_eq!(page.contains("value=\"new\" checked"), kept, "{text}");
    }
    assert_eq!(json!(trial.voters.0), json!(["new"]));
}
