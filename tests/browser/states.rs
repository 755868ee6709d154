//! Each state of queue and case as a person meets it, on a wide screen and on a phone; and without any script.
//! With `FUSIONSOC_SHOTS` set to a folder every state is also kept as a picture, dark and light.

use crate::support::browser::{in_browser, shows, sign_in, sign_in_as, without_scripts};
use crate::support::{Person, SEED, Server, fakes, seed_id, seed_with, spawn_with};
use fusionsoc::domain::Role;
use fusionsoc::voters::VoterConfig;
use serde_json::json;
use std::path::Path;
use std::sync::mpsc::Sender;
use thirtyfour::prelude::*;
use tokio_util::sync::CancellationToken;
use wiremock::MockServer;

/// A fast voter, and one that answers when it is let go or what nobody can read.
async fn panel(held: bool) -> (Server, [MockServer; 2], Option<Sender<()>>) {
    let fast = fakes::ollama("fast", &fakes::answer("false_positive", 95).to_string()).await;
    let (other, go) = if held {
        let (other, go) = fakes::ollama_held("other", &fakes::answer("false_positive", 88).to_string()).await;
        (other, Some(go))
    } else {
        (fakes::ollama("other", "I would rather not say.").await, None)
    };
    let voters =
        vec![VoterConfig::ollama("fast", &fast.uri(), "fast"), VoterConfig::ollama("other", &other.uri(), "other")];
    (spawn_with(|config| config.voters = voters).await, [fast, other], go)
}

/// Keeps a picture where a folder for them is named.
async fn look(driver: &WebDriver, name: &str) -> WebDriverResult<()> {
    let Ok(folder) = std::env::var("FUSIONSOC_SHOTS") else { return Ok(()) };
    let width = driver.execute("return innerWidth", vec![]).await?.json().clone();
    for theme in ["dark", "light"] {
        driver.execute("document.documentElement.dataset.theme = arguments[0]", vec![json!(theme)]).await?;
        driver.screenshot(&Path::new(&folder).join(format!("{name}-{width}-{theme}.png"))).await?;
    }
    Ok(())
}

async fn open(driver: &WebDriver, server: &Server, path: &str) -> WebDriverResult<()> {
    driver.goto(format!("{}{path}", server.url)).await
}

/// Presses a key on an element that is brought into view by it, as somebody without a mouse does.
async fn press(driver: &WebDriver, css: &str, key: Key) -> WebDriverResult<()> {
    driver.find(By::Css(css)).await?.send_keys(key).await
}

async fn declare(person: &Person, number: i64, more: &[(&str, &str)]) {
    let mut fields = vec![("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
    fields.extend_from_slice(more);
    let answer = person.post(&format!("/cases/{number}/verdict"), &fields).await;
    assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
}

async fn queue_states(driver: &WebDriver) -> WebDriverResult<()> {
    let (server, _fakes, _) = panel(false).await;
    sign_in(driver, &server).await?;
    open(driver, &server, "/cases").await?;
    shows(driver, ".empty", "Nothing needs a decision.").await?;
    look(driver, "queue-empty").await?;
    server.deliver(SEED).await;
    server.run_jobs().await;
    open(driver, &server, "/cases?q=nowhere").await?;
    shows(driver, ".empty", "No case matches.").await?;
    look(driver, "queue-no-match").await?;
    open(driver, &server, "/cases?view=open").await?;
    shows(driver, "h1", "Queue").await?;
    look(driver, "queue").await?;
    // The server can't be reached while the feed still tells that something happened.
    driver.execute("window.fetch = () => Promise.reject(new TypeError('unreachable'))", vec![]).await?;
    server.deliver(&seed_with(&[(&seed_id(), "another"), ("desktop-4kq7m2x", "another")])).await;
    shows(driver, "#stale", "could not be refreshed").await?;
    look(driver, "queue-stale").await?;
    assert!(driver.find(By::Css(".q tbody tr")).await.is_ok(), "what was there stays");
    open(driver, &server, "/cases/99999").await?;
    shows(driver, "main", "No such case, or you may not see it.").await?;
    look(driver, "no-such-case").await
}

async fn triage_states(driver: &WebDriver) -> WebDriverResult<()> {
    let (server, _fakes, go) = panel(true).await;
    sign_in(driver, &server).await?;
    let number = server.deliver(SEED).await["number"].as_i64().unwrap();
    open(driver, &server, &format!("/cases/{number}")).await?;
    shows(driver, "#h-why", "Waiting for the panel").await?;
    let stop = CancellationToken::new();
    let _guard = stop.clone().drop_guard();
    tokio::spawn(server.worker().run(stop));
    shows(driver, "#h-why", "1 of 2 votes are in").await?;
    look(driver, "case-triaging").await?;
    drop(go);
    shows(driver, "#h-why", "false positive").await
}

async fn decided_states(driver: &WebDriver) -> WebDriverResult<()> {
    let (server, _fakes, _) = panel(false).await;
    sign_in(driver, &server).await?;
    let bo = server.sign_in("bo", Role::Lead).await;
    let number = server.deliver(SEED).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    let page = format!("/cases/{number}");
    open(driver, &server, &page).await?;
    shows(driver, "#votes", "other").await?;
    shows(driver, "#why", "Check before you agree").await?;
    shows(driver, "#why", "yara_detection_memory").await?;
    look(driver, "case-flagged-failed-vote").await?;
    driver.execute("document.getElementById('votes').scrollIntoView()", vec![]).await?;
    look(driver, "case-failed-vote").await?;

    declare(&bo, number, &[]).await;
    let fill = "document.querySelector('#declare input[value=benign_true_positive]').click(); \
        document.querySelector('#declare [name=note]').value = 'They said so.'; document.querySelector('#declare').requestSubmit()";
    driver.execute(fill, vec![]).await?;
    shows(driver, ".banner", "bo decided false positive").await?;
    let kept = driver.find(By::Css("#declare [name=note]")).await?.prop("value").await?.unwrap();
    assert_eq!(kept, "They said so.", "what was typed is kept");
    look(driver, "case-conflict").await?;

    open(driver, &server, &page).await?;
    shows(driver, ".case-h", "False positive by bo").await?;
    look(driver, "case-closed").await?;
    let reopen = [("status", "in_progress"), ("reason", "The owner denies it.")];
    assert_eq!(bo.post(&format!("{page}/status"), &reopen).await.status(), 303);
    open(driver, &server, &page).await?;
    shows(driver, "#timeline", "Reopened").await?;
    look(driver, "case-reopened").await?;
    Ok(())
}

async fn readers_state(driver: &WebDriver) -> WebDriverResult<()> {
    let (server, _fakes, _) = panel(false).await;
    sign_in_as(driver, &server, "vera", Role::Viewer).await?;
    let number = server.deliver(SEED).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    open(driver, &server, &format!("/cases/{number}")).await?;
    shows(driver, "#decide", "Your role can read cases, not decide them.").await?;
    look(driver, "case-viewer").await
}

#[tokio::test]
async fn every_state_says_what_it_is() {
    for width in [None, Some(390)] {
        in_browser(width, queue_states).await;
        in_browser(width, triage_states).await;
        in_browser(width, decided_states).await;
        in_browser(width, readers_state).await;
    }
}

#[tokio::test]
async fn a_case_is_read_and_decided_without_scripts() {
    without_scripts(async |driver| {
        let (server, _fakes, _) = panel(false).await;
        sign_in(driver, &server).await?;
        let number = server.deliver(SEED).await["number"].as_i64().unwrap();
        server.run_jobs().await;
        open(driver, &server, "/cases?view=open").await?;
        assert!(driver.find(By::Id("help-b")).await?.attr("hidden").await?.is_some(), "no script ran");
        driver.find(By::Css(".q tbody a.t")).await?.click().await?;
        shows(driver, "#why", "Check before you agree").await?;
        driver.find(By::Css("#note")).await?.send_keys("Asked the owner.").await?;
        press(driver, "form[action$='/notes'] button[type=submit]", Key::Enter).await?;
        shows(driver, "#note-list", "Asked the owner.").await?;
        press(driver, "#declare input[value=false_positive]", Key::Space).await?;
        driver.find(By::Id("why-t")).await?.send_keys("Known").await?;
        press(driver, "#declare button[type=submit]", Key::Enter).await?;
        open(driver, &server, &format!("/cases/{number}")).await?;
        shows(driver, ".case-h", "False positive by ana").await?;
        press(driver, ".toast button", Key::Enter).await?;
        shows(driver, "#decide", "not decided").await?;
        assert_eq!(server.case(number).await["status"], json!("new"));
        Ok(())
    })
    .await;
}
