//! A real Chromium: an analyst clears a hundred cases by keys, and none of ten attacks goes with them.
mod keys;

use crate::support::agreeing::{self, benign, deliver, precedent};
use crate::support::browser::{in_browser, shows, sign_in};
use crate::support::{SEED, Server};
use fusionsoc::domain::Role;
use serde_json::{Value, json};
use std::time::Duration;
use thirtyfour::prelude::*;

/// Real recorded attacks, of ten kinds.
const ATTACKS: &str = include_str!("../fixtures/demo/detections.jsonl");

fn attacks() -> Vec<Value> {
    let lines = ATTACKS.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let found = lines.filter(|line| line["label"] == "true_positive").take(10).map(|mut line| line["detection"].take());
    let mut found: Vec<Value> = found.collect();
    // Hosts of our own organisation, each with the plain tags of any host.
    for (at, document) in found.iter_mut().enumerate() {
        document["detect_id"] = json!(format!("attack-{at}"));
        for place in ["/routing", "/detect/routing"] {
            let Some(routing) = document.pointer_mut(place) else { continue };
            routing["sid"] = json!(format!("aaaaaaaa-0000-4000-8000-{at:012}"));
            routing["oid"] = json!("");
            routing["tags"] = json!(["windows"]);
        }
    }
    found
}

/// Notes when a key was pressed and when another case stood on the screen after it.
const WATCH: &str = "
    window.seen = []; let at = 0;
    const now = () => document.querySelector('.peek')?.getAttribute('aria-label');
    let shown = now();
    addEventListener('keydown', (event) => { if (['f', 'Enter'].includes(event.key)) at = performance.now(); }, true);
    new MutationObserver(() => {
        if (now() === shown) return;
        shown = now();
        const from = at;
        requestAnimationFrame(() => requestAnimationFrame(() => window.seen.push(performance.now() - from)));
    }).observe(document.body, { childList: true, subtree: true });";

async fn script(driver: &WebDriver, text: &str) -> WebDriverResult<Value> {
    Ok(driver.execute(text, vec![]).await?.json().clone())
}

/// Presses a key. A page that has just come takes keys once its scripts have run, which the button for the list of
/// keys tells.
async fn key(driver: &WebDriver, key: impl Into<TypingData>) -> WebDriverResult<()> {
    driver.query(By::Css("#help-b:not([hidden])")).first().await?;
    driver.active_element().await?.send_keys(key).await
}

/// The number of the previewed case; 0 where there is none.
async fn previewed(driver: &WebDriver) -> WebDriverResult<i64> {
    let label = script(driver, "return document.querySelector('.peek')?.getAttribute('aria-label')").await?;
    Ok(label.as_str().unwrap_or_default().rsplit(' ').next().unwrap_or_default().parse().unwrap_or_default())
}

/// Waits until another case than this one is previewed.
async fn next(driver: &WebDriver, than: i64) -> WebDriverResult<()> {
    for _ in 0..500 {
        let now = previewed(driver).await?;
        if ![0, than].contains(&now)
            && script(driver, "return document.querySelectorAll('.busy').length").await? == json!(0)
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("#{than} stays: {}", script(driver, "return document.body.innerText").await?);
}

/// Clears the case on the screen as a false positive; returns the keys that it took.
async fn clear(driver: &WebDriver) -> WebDriverResult<usize> {
    let number = previewed(driver).await?;
    // A verdict key is ignored right after the row has changed.
    tokio::time::sleep(Duration::from_millis(260)).await;
    key(driver, "f").await?;
    if script(driver, "return !document.querySelector('details.ask[open]')").await? == json!(true) {
        next(driver, number).await?;
        return Ok(1);
    }
    key(driver, Key::Enter).await?;
    next(driver, number).await?;
    Ok(2)
}

fn percentile(sorted: &[f64], share: usize) -> f64 {
    sorted[(sorted.len() * share / 100).min(sorted.len() - 1)]
}

async fn verdict(server: &Server, number: i64) -> Value {
    server.case(number).await["verdict"].clone()
}

#[tokio::test]
async fn a_hundred_cases_go_by_keys_and_no_attack_goes_by_one() {
    in_browser(None, async |driver| {
        let (server, _models) = agreeing::spawn().await;
        precedent(&server).await;
        let known: Vec<Value> = (1..=90).map(benign).collect();
        deliver(&server, &known).await;
        // Twenty with a flag: on a host that has one.
        let mut marked: Vec<Value> = (91..=110).map(benign).collect();
        for document in &mut marked {
            for place in ["/routing", "/detect/routing"] {
                document.pointer_mut(place).unwrap()["tags"] = json!(["yara_detection_memory"]);
            }
        }
        deliver(&server, &marked).await;
        sign_in(driver, &server).await?;
        driver.goto(format!("{}/cases?sort=newest", server.url)).await?;
        script(driver, WATCH).await?;
        let mut keys = Vec::new();
        for _ in 0..100 {
            keys.push(clear(driver).await?);
        }
        let listed = server.get("/api/v1/cases?verdict=false_positive&limit=200").await;
        assert_eq!(listed["cases"].as_array().unwrap().len(), 101, "a hundred and the precedent");
        keys.sort_unstable();
        assert_eq!((keys[0], keys[50], keys[99]), (1, 1, 2), "one key without a flag, two with one");
        let seen = script(driver, "return window.seen").await?;
        let mut seen: Vec<f64> = seen.as_array().unwrap().iter().filter_map(Value::as_f64).collect();
        seen.sort_by(f64::total_cmp);
        println!(
            "key to next case, {}: p50 {:.0} ms, p95 {:.0} ms",
            seen.len(),
            percentile(&seen, 50),
            percentile(&seen, 95)
        );
        assert!(seen.len() >= 99, "each was measured");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn ten_attacks_that_the_panel_calls_false_positive_stay() {
    in_browser(None, async |driver| {
        let (server, _models) = agreeing::spawn().await;
        deliver(&server, &attacks()).await;
        // A second time on other hosts, so that their behaviour is not the first of its kind.
        let mut again = attacks();
        for (at, document) in again.iter_mut().enumerate() {
            document["detect_id"] = json!(format!("again-{at}"));
            for place in ["/routing", "/detect/routing"] {
                if let Some(routing) = document.pointer_mut(place) {
                    routing["sid"] = json!(format!("cccccccc-0000-4000-8000-{at:012}"));
                    routing["hostname"] = json!(format!("again-{at}"));
                }
            }
        }
        deliver(&server, &again).await;
        sign_in(driver, &server).await?;
        let cases = server.get("/api/v1/cases?limit=100").await;
        let numbers: Vec<i64> =
            cases["cases"].as_array().unwrap().iter().map(|case| case["number"].as_i64().unwrap()).collect();
        assert_eq!(numbers.len(), 20);
        let mut flagged = 0;
        for number in numbers.iter().take(10) {
            let case = server.case(*number).await;
            assert_eq!(case["machine_verdict"], json!("false_positive"), "{case}");
            let flags = case["runs"][0]["flags"].as_array().unwrap();
            let against: Vec<_> =
                flags.iter().filter(|flag| flag["kind"] != "supported" && flag["kind"] != "labels_disagree").collect();
            println!("#{number} {}: {against:?}", case["title"]);
            flagged += usize::from(!against.is_empty());
            driver.goto(format!("{}/cases?peek={number}", server.url)).await?;
            key(driver, "f").await?;
            shows(driver, "details.ask[open] .pop", "Close as false positive?").await?;
            assert_eq!(verdict(&server, *number).await, json!("pending"));
        }
        assert!(flagged >= 9, "{flagged} of 10 carry a flag");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_a_verdict_asks_for_opens_in_place_and_nothing_typed_is_lost() {
    in_browser(None, async |driver| {
        let (server, _models) = agreeing::spawn().await;
        let first = server.deliver(SEED).await["number"].as_i64().unwrap();
        deliver(&server, &[benign(1)]).await;
        sign_in(driver, &server).await?;
        driver.goto(format!("{}/cases?peek={first}", server.url)).await?;
        key(driver, "f").await?;
        shows(driver, "details.ask[open] .pop", "Close as false positive?").await?;
        assert_eq!(driver.active_element().await?.text().await?, "Close", "focus starts on the button");
        key(driver, Key::Escape).await?;
        assert_eq!(script(driver, "return document.querySelectorAll('details.ask[open]').length").await?, json!(0));
        // A true positive wants its reason; what the server refuses stays typed.
        key(driver, "t").await?;
        shows(driver, "details.ask[open] .pop", "Why is it a true positive?").await?;
        driver.find(By::Css("details.ask[open] [data-reason=malware]")).await?.click().await?;
        key(driver, "Beacon every minute").await?;
        let kim = server.sign_in("kim", Role::Lead).await;
        let early = [("verdict", "benign_true_positive"), ("reason", "security_test")];
        assert_eq!(kim.post(&format!("/cases/{first}/verdict"), &early).await.status(), 303);
        key(driver, Key::Control + Key::Enter).await?;
        shows(driver, ".pop .err", "kim decided benign true positive").await?;
        let kept = script(driver, "return document.querySelector('details.ask[open] textarea').value").await?;
        assert_eq!(kept, json!("Beacon every minute"));
        // On the case page a draft survives leaving it.
        driver.goto(format!("{}/cases/{first}", server.url)).await?;
        driver.find(By::Css("#note")).await?.send_keys("Half a tho").await?;
        let reason = driver.find(By::Css("#why-n")).await?;
        // Where the page was scrolled to for the note, the head of the page may lie over it.
        reason.scroll_into_view().await?;
        reason.click().await?;
        tokio::time::sleep(Duration::from_millis(600)).await;
        driver.refresh().await?;
        shows(driver, "#notes", "Draft from").await?;
        assert_eq!(driver.find(By::Css("#note")).await?.prop("value").await?.unwrap(), "Half a tho");
        Ok(())
    })
    .await;
}
