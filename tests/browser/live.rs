//! Two browsers on one case: each sees at once what the other did and what the voters say, and nothing moves meanwhile.

use crate::support::browser::{in_browser, shows, sign_in, sign_in_as};
use crate::support::{SEED, Server, fakes, seed_id, seed_with, spawn_with};
use fusionsoc::domain::Role;
use fusionsoc::voters::VoterConfig;
use serde_json::json;
use std::sync::mpsc::Sender;
use std::time::Duration;
use thirtyfour::prelude::*;
use tokio_util::sync::CancellationToken;

/// What moved on the page since this was asked before, else since it was loaded, without what a key or click had moved.
const SHIFTS: &str = "const done = arguments[0]; let sum = 0; const from = []; const since = window.asked ?? 0; \
    new PerformanceObserver((list) => { for (const entry of list.getEntries()) if (!entry.hadRecentInput && entry.startTime > since) { sum += entry.value; \
    for (const source of entry.sources) from.push([source.node?.id || source.node?.className || source.node?.nodeName, source.previousRect.top, source.currentRect.top, source.previousRect.height, source.currentRect.height].join(':')); } }) \
    .observe({ type: 'layout-shift', buffered: true }); setTimeout(() => { window.asked = performance.now(); done([sum, from.join(' ')]); }, 400);";

/// A fast voter, and one that answers when it is let go.
async fn panel() -> (Server, [wiremock::MockServer; 2], Sender<()>) {
    let fast = fakes::ollama("fast", &fakes::answer("false_positive", 95).to_string()).await;
    let (slow, go) = fakes::ollama_held("slow", &fakes::answer("true_positive", 88).to_string()).await;
    let voters =
        vec![VoterConfig::ollama("fast", &fast.uri(), "fast"), VoterConfig::ollama("slow", &slow.uri(), "slow")];
    (spawn_with(|config| config.voters = voters).await, [fast, slow], go)
}

/// While a page comes over the wire, a word may be painted before the rest of its line: it may move by a tenth of what
/// is called good (0.1) then. What is there moves by nothing at all.
const ARRIVING: f64 = 1e-2;
const THERE: f64 = 1e-5;

/// That nothing moved but as much as is borne.
async fn still(driver: &WebDriver, when: &str, most: f64) -> WebDriverResult<()> {
    let moved = driver.execute_async(SHIFTS, vec![]).await?;
    let sum = moved.json()[0].as_f64().unwrap();
    assert!(sum < most, "{when}: {sum} {}", moved.json()[1]);
    Ok(())
}

/// Waits until an element holds no text any more.
async fn gone(driver: &WebDriver, css: &str) -> WebDriverResult<()> {
    for _ in 0..300 {
        // The live feed may replace it between finding and reading.
        if let Ok(found) = driver.find(By::Css(css)).await
            && found.text().await.is_ok_and(|shown| shown.is_empty())
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{css} still shows {:?}", driver.find(By::Css(css)).await?.text().await?);
}

/// Fills the declaration form and sends it.
async fn declare(driver: &WebDriver, verdict: &str) -> WebDriverResult<()> {
    let script = "const [verdict] = arguments; document.querySelector(`input[value=${verdict}]`).click(); \
        const reason = document.querySelector('#declare [name=reason]'); \
        reason.value = reason.querySelector(`optgroup[data-verdict=${verdict}] option`).value; \
        document.querySelector('#declare').requestSubmit()";
    driver.execute(script, vec![json!(verdict)]).await?;
    Ok(())
}

/// Lets the panel work: each vote stands in both browsers as it comes, and nothing moves.
async fn votes_come(server: &Server, drivers: [&WebDriver; 2], go: Sender<()>) -> WebDriverResult<()> {
    let stop = CancellationToken::new();
    let _guard = stop.clone().drop_guard();
    tokio::spawn(server.worker().run(stop));
    for driver in drivers {
        shows(driver, "#h-why", "1 of 2 votes are in").await?;
        still(driver, "when a vote arrives", THERE).await?;
    }
    go.send(()).unwrap();
    for driver in drivers {
        shows(driver, "#h-why", "Needs review: the voters disagree").await?;
        still(driver, "when the last vote arrives", THERE).await?;
        let said = driver.find(By::Id("say")).await?.prop("textContent").await?.unwrap();
        assert!(said.contains("2 of 2 votes"), "it is said aloud: {said:?}");
    }
    Ok(())
}

#[tokio::test]
async fn two_people_on_one_case_see_votes_notes_and_who_was_first() {
    in_browser(None, async |first| {
        in_browser(None, async |second| {
            let (server, _fakes, go) = panel().await;
            sign_in(first, &server).await?;
            sign_in_as(second, &server, "bo", Role::Analyst).await?;
            let number = server.deliver(SEED).await["number"].as_i64().unwrap();
            for driver in [first, second] {
                driver.goto(format!("{}/cases/{number}", server.url)).await?;
                shows(driver, "#h-why", "Waiting for the panel").await?;
                shows(driver, "#feed", "Live").await?;
                still(driver, "on load", ARRIVING).await?;
            }
            shows(first, "#present", "bo is looking at this case").await?;
            shows(second, "#present", "ana is looking at this case").await?;
            still(first, "when somebody comes", THERE).await?;
            votes_come(&server, [first, second], go).await?;
            second.find(By::Id("note")).await?.send_keys("The owner knows of it." + Key::Control + Key::Enter).await?;
            shows(first, "#note-list", "The owner knows of it.").await?;

            declare(second, "benign_true_positive").await?;
            shows(second, ".case-h", "Benign true positive by bo").await?;
            declare(first, "false_positive").await?;
            shows(first, ".banner", "bo decided benign true positive").await?;
            assert_eq!(server.case(number).await["verdict"], json!("benign_true_positive"));
            second.goto(format!("{}/cases", server.url)).await?;
            gone(first, "#present").await?;
            Ok(())
        })
        .await;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_row_that_somebody_else_decided_stays_dimmed_and_names_them() {
    in_browser(None, async |driver| {
        let (server, _fakes, _) = panel().await;
        sign_in(driver, &server).await?;
        let bo = server.sign_in("bo", Role::Analyst).await;
        let mut numbers = Vec::new();
        for id in ["one", "two"] {
            let own =
                serde_json::from_str::<serde_json::Value>(SEED).unwrap()["routing"]["sid"].as_str().unwrap().to_owned();
            let detection = seed_with(&[(&seed_id(), id), (&own, id), ("index.cab", &format!("{id}.cab"))]);
            numbers.push(server.deliver(&detection).await["number"].as_i64().unwrap());
        }
        driver.goto(format!("{}/cases?view=open", server.url)).await?;
        shows(driver, "#feed", "Live").await?;
        still(driver, "the queue on load", ARRIVING).await?;
        server.run_jobs().await;
        shows(driver, &format!("#row-{} .lean", numbers[1]), "Split").await?;
        still(driver, "the queue when votes arrive", THERE).await?;
        let fields = [("verdict", "benign_true_positive"), ("reason", "expected_admin_activity"), ("close", "true")];
        let answer = bo.post(&format!("/cases/{}/verdict", numbers[0]), &fields).await;
        assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
        shows(driver, &format!("#row-{}.gone .sub", numbers[0]), "Decided by bo: Benign TP").await?;
        still(driver, "when somebody decides", THERE).await?;
        Ok(())
    })
    .await;
}
