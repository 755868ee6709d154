//! Payloads in every string and key that somebody else writes: nothing of them runs, loads or navigates, with the
//! policy header and without it, and they were on screen.
mod planted;

use crate::axe::{kind, links};
use crate::support::browser::{in_browser, shows, sign_in_as};
use fusionsoc::domain::Role;
use planted::{Beacon, planted};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use thirtyfour::prelude::*;

/// What a page must not hold, and whether a payload can be read on it. Folded parts are opened first.
const LOOK: &str = "
    for (const one of document.querySelectorAll('details, dialog')) one.open = true;
    for (const one of document.querySelectorAll('[hidden]')) one.hidden = false;
    const all = [...document.querySelectorAll('*')];
    const ours = (address) => address && new URL(address, location).origin === location.origin;
    const loads = all.filter((one) => ['SCRIPT', 'LINK', 'IMG', 'SOURCE', 'VIDEO', 'AUDIO'].includes(one.tagName))
        .filter((one) => !ours(one.getAttribute('src') ?? one.getAttribute('href')));
    const never = all.filter((one) => ['IFRAME', 'OBJECT', 'EMBED', 'BASE', 'FRAME', 'STYLE'].includes(one.tagName)
        || (one.tagName === 'META' && one.httpEquiv));
    const handlers = all.filter((one) => [...one.attributes].some((name) => /^(on|srcdoc|style|ping)/.test(name.name)));
    const odd = all.filter((one) => one.href && typeof one.href === 'string' && !['http:', 'https:'].includes(one.protocol ?? 'http:'));
    const sends = all.filter((one) => ['action', 'formaction'].some((name) => one.hasAttribute(name) && !ours(one.getAttribute(name))));
    const show = (list) => list.map((one) => one.outerHTML.slice(0, 200));
    const words = document.body.innerText + all.map((one) => one.value ?? '').join(' ');
    return {
        ran: window.ran ?? null,
        bad: show([...loads, ...never, ...handlers, ...odd, ...sends]),
        fetched: performance.getEntriesByType('resource').map((one) => one.name).filter((name) => !ours(name)),
        at: location.pathname + location.search,
        seen: words.includes('ran=1'),
    };";

/// Asks Chromium to heed no policy header from now on.
async fn without_policy(driver: &WebDriver) {
    let session = driver.session_id().to_string();
    let address = format!("{}/session/{session}/goog/cdp/execute", std::env::var("CHROMEDRIVER").unwrap());
    let body = json!({"cmd": "Page.setBypassCSP", "params": {"enabled": true}}).to_string();
    let sent = crate::support::http().post(address).header("content-type", "application/json").body(body);
    assert_eq!(sent.send().await.unwrap().status(), 200);
}

/// Whether an inline script runs and a foreign image is fetched where one really is on the page.
async fn control(driver: &WebDriver, beacon: &Beacon) -> WebDriverResult<(bool, bool)> {
    let before = beacon.hits();
    let script = format!(
        "const script = document.createElement('script'); script.textContent = 'window.control = 1'; document.body.append(script);
         const image = new Image(); image.src = 'http://{}/control'; document.body.append(image); return window.control === 1;",
        beacon.address
    );
    let ran = driver.execute(script, vec![]).await?.json() == &json!(true);
    tokio::time::sleep(Duration::from_millis(500)).await;
    Ok((ran, beacon.hits() > before))
}

/// Looks at the open page.
async fn look(driver: &WebDriver, page: &str, wrong: &mut Vec<String>) -> WebDriverResult<bool> {
    let found: Value = driver.execute(LOOK, vec![]).await?.json().clone();
    if found["ran"] != json!(null) || found["bad"] != json!([]) || found["fetched"] != json!([]) {
        wrong.push(format!("{page}: {found}"));
    }
    let path = found["at"].as_str().unwrap();
    if path.split('?').next() != page.split('?').next() {
        wrong.push(format!("{page} led to {path}"));
    }
    Ok(found["seen"] == json!(true))
}

/// One page of each kind that links lead to, and where a payload was seen.
async fn walk(
    driver: &WebDriver,
    url: &str,
    first: &[String],
    wrong: &mut Vec<String>,
) -> WebDriverResult<BTreeSet<String>> {
    let mut waiting = first.to_vec();
    let mut known: BTreeSet<String> = waiting.iter().map(|page| kind(page)).collect();
    let mut seen = BTreeSet::new();
    while let Some(page) = waiting.pop() {
        driver.goto(format!("{url}{page}")).await?;
        for link in links(driver).await? {
            // A file is no page to look at.
            let is_file = link.split('?').next().is_some_and(|path| path.ends_with("/export"));
            if !is_file && known.insert(kind(&link)) {
                waiting.push(link);
            }
        }
        if look(driver, &page, wrong).await? {
            seen.insert(kind(&page));
        }
    }
    println!("{} kinds of pages, payloads on {}: {seen:?}", known.len(), seen.len());
    Ok(seen)
}

async fn nothing_runs(policy: bool) {
    in_browser(None, async |driver| {
        let beacon = Beacon::start().await;
        let place = planted(&beacon).await;
        let server = &place.server;
        sign_in_as(driver, server, "ana", Role::Admin).await?;
        if !policy {
            without_policy(driver).await;
        }
        driver.goto(format!("{}/cases", server.url)).await?;
        assert_eq!(control(driver, &beacon).await?, (!policy, !policy), "what a payload could do, the test can see");
        let before = beacon.hits();
        let mut wrong = Vec::new();
        let seen = walk(driver, &server.url, &place.pages, &mut wrong).await?;
        assert!(wrong.is_empty(), "{} pages are not safe:\n{}", wrong.len(), wrong.join("\n"));
        let shown = ["/cases?", "/cases/N?", "/search?q", "/observables/*?", "/sensors/*?", "/rules/*?", "/tuning/N?"];
        let shown = shown.into_iter().chain([
            "/handover?",
            "/admin/templates?",
            "/admin/rejects?",
            "/admin/audit?",
            "/admin/users?",
        ]);
        let missing: Vec<_> = shown.filter(|page| !seen.contains(*page)).collect();
        assert!(missing.is_empty(), "no payload was on screen on {missing:?} of {seen:?}");

        // The same where our own script swaps in what came meanwhile.
        let number = place.cases[0];
        driver.goto(format!("{}/cases/{number}", server.url)).await?;
        let note = format!("Came meanwhile {}", planted::payload(0, &beacon));
        assert_eq!(place.lea.post(&format!("/cases/{number}/notes"), &[("body", &note)]).await.status(), 303);
        shows(driver, "#note-list", "Came meanwhile").await?;
        assert!(look(driver, &format!("/cases/{number}"), &mut wrong).await?);
        assert!(wrong.is_empty(), "{wrong:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(beacon.hits(), before, "something was fetched");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn nothing_that_somebody_else_wrote_runs_with_the_policy() {
    nothing_runs(true).await;
}

#[tokio::test]
async fn nothing_that_somebody_else_wrote_runs_without_the_policy() {
    nothing_runs(false).await;
}
