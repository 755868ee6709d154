//! Selecting and deciding many cases in a real Chromium: by keys, by mouse, and with everything else live around it.

use crate::support::agreeing::{self, benign, deliver, precedent};
use crate::support::browser::{in_browser, shows, sign_in_as};
use crate::support::{Server, seed_id, seed_with};
use fusionsoc::domain::Role;
use serde_json::json;
use std::time::Duration;
use thirtyfour::TypingData;
use thirtyfour::prelude::*;
use wiremock::MockServer;

/// So many cases of one behaviour, each a row of its own, and one of another behaviour; ana is signed in.
async fn start(driver: &WebDriver, cases: usize) -> WebDriverResult<(Server, [MockServer; 2])> {
    let (server, models) = agreeing::spawn().await;
    precedent(&server).await;
    deliver(&server, &(1..=cases).map(benign).collect::<Vec<_>>()).await;
    server.deliver(&seed_with(&[(&seed_id(), "other"), ("expand.exe", "expanx.exe")])).await;
    server.run_jobs().await;
    sign_in_as(driver, &server, "ana", Role::Analyst).await?;
    driver.goto(format!("{}/cases?view=needs_decision&sort=oldest", server.url)).await?;
    Ok((server, models))
}

async fn press(driver: &WebDriver, keys: impl Into<TypingData>) -> WebDriverResult<()> {
    driver.active_element().await?.send_keys(keys.into()).await
}

/// Waits until a script returns true.
async fn holds(driver: &WebDriver, script: &str) -> WebDriverResult<()> {
    for _ in 0..200 {
        if driver.execute(script, Vec::new()).await?.json() == &json!(true) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("does not come true: {script}");
}

/// Where axe-core is at hand, it finds nothing on the page that is open, in either theme.
async fn clean(driver: &WebDriver) -> WebDriverResult<()> {
    let Ok(path) = std::env::var("FUSIONSOC_AXE") else { return Ok(()) };
    driver.execute(std::fs::read_to_string(path).unwrap(), Vec::new()).await?;
    for theme in ["dark", "light"] {
        let script = format!(
            "const done = arguments[0]; document.documentElement.dataset.theme = '{theme}'; axe.run(document, {{ resultTypes: ['violations'] }})
             .then((found) => done(found.violations.map((one) => one.id + ' ' + one.nodes[0].html)), (error) => done(['' + error]))"
        );
        let found = driver.execute_async(script, Vec::new()).await?;
        assert_eq!(found.json(), &json!([]), "{theme} {}", driver.current_url().await?);
    }
    Ok(())
}

const CHECKED: &str = "return document.querySelectorAll('.pick :checked').length ==";

async fn checked(driver: &WebDriver, count: usize) -> WebDriverResult<()> {
    holds(driver, &format!("{CHECKED} {count}")).await
}

#[tokio::test]
async fn rows_are_selected_by_keys_and_decided_together() {
    in_browser(None, async |driver| {
        let (server, _models) = start(driver, 4).await?;
        let bar = driver.find(By::Css(".bulk")).await?;
        assert!(!bar.is_displayed().await?, "no bar before anything is selected");
        press(driver, "j").await?;
        press(driver, "x").await?;
        shows(driver, "#picked", "1 selected").await?;
        let filters = driver.find(By::Css(".filters-d")).await?;
        assert!(bar.is_displayed().await? && !filters.is_displayed().await?, "the bar is in place of the filter line");
        assert!(!driver.find(By::Id("merge")).await?.is_displayed().await?, "one case can't be merged");
        press(driver, "j").await?;
        press(driver, "j").await?;
        press(driver, "X").await?;
        shows(driver, "#picked", "3 selected").await?;
        assert!(driver.find(By::Id("merge")).await?.is_displayed().await?);
        press(driver, "x").await?;
        shows(driver, "#picked", "2 selected").await?;
        press(driver, Key::Escape).await?;
        checked(driver, 0).await?;
        press(driver, "*").await?;
        press(driver, "a").await?;
        shows(driver, "#picked", "4 selected").await?;
        // A verdict's key is not heard right after a preview has come.
        holds(driver, "return !document.querySelector('.peek').inert").await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        press(driver, "f").await?;
        holds(driver, "return location.pathname == '/cases/bulk/review'").await?;
        shows(driver, "h1", "Decide 4 cases together").await?;
        let chosen = driver.find(By::Css("input[name=verdict]:checked")).await?;
        assert_eq!(chosen.attr("value").await?.as_deref(), Some("false_positive"));
        driver.find(By::Css("body")).await?.send_keys("f").await?;
        press(driver, Key::Enter).await?;
        shows(driver, "#done", "4 cases closed as false positive.").await?;
        driver.find(By::Css("body")).await?.send_keys("u").await?;
        shows(driver, "#done", "Undone. 4 cases are open again.").await?;
        assert_eq!(server.case(2).await["verdict"], json!("pending"));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_selection_stays_when_rows_come_anew() {
    in_browser(None, async |driver| {
        let (server, _models) = start(driver, 3).await?;
        driver.find(By::Css("tr[data-row='3'] .hit")).await?.click().await?;
        driver.find(By::Css("tr[data-row='4'] .hit")).await?.click().await?;
        checked(driver, 2).await?;
        holds(driver, "return document.getElementById('feed').textContent == 'Live'").await?;
        // Somebody else does something with a selected case, which changes its row.
        let kim = server.sign_in("kim", Role::Lead).await;
        let raised = [("severity", "critical")];
        assert_eq!(kim.post("/cases/3/severity", &raised).await.status(), 303);
        holds(driver, "return document.querySelector('tr[data-row=\"3\"]').textContent.includes('Critical')").await?;
        checked(driver, 2).await?;
        // A single verdict from the preview fetches all rows.
        driver.find(By::Css("tr[data-row='2'] .peek-l")).await?.click().await?;
        holds(driver, "return document.querySelector('.peek').id == 'peek-2'").await?;
        holds(driver, "return !document.querySelector('.peek').inert").await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        driver.find(By::Css(".decide .btn.v-fp")).await?.click().await?;
        shows(driver, "#done", "#2 closed as false positive.").await?;
        checked(driver, 2).await?;
        shows(driver, "#picked", "2 selected").await
    })
    .await;
}

#[tokio::test]
async fn selected_rows_are_assigned_from_the_bar() {
    in_browser(None, async |driver| {
        let (server, _models) = start(driver, 3).await?;
        press(driver, "x").await?;
        press(driver, "a").await?;
        shows(driver, "#done", "1 case assigned to ana.").await?;
        assert_eq!(server.get("/api/v1/cases?assignee=ana").await["cases"].as_array().unwrap().len(), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_progress_page_lives_and_nothing_scrolls_sideways() {
    for width in [None, Some(320)] {
        in_browser(width, async |driver| {
            let (server, _models) = start(driver, 3).await?;
            let fields = "numbers=2,3,4,5&verdict=false_positive";
            for path in ["/cases?view=needs_decision&sort=oldest", &format!("/cases/bulk?{fields}")] {
                driver.goto(format!("{}{path}", server.url)).await?;
                if path.contains("sort") {
                    driver.find(By::Css(".pick .hit")).await?.click().await?;
                    checked(driver, 1).await?;
                    let size = driver.find(By::Css(".pick .hit")).await?.rect().await?;
                    assert!(size.width >= 24.0 && size.height >= 24.0, "{size:?}");
                }
                let over = "return document.documentElement.scrollWidth - document.documentElement.clientWidth == 0";
                holds(driver, over).await?;
                clean(driver).await?;
            }
            // By key: on a phone a click would meet the page while it still scrolls.
            driver.find(By::Css("#declare button[type=submit]")).await?.send_keys(Key::Enter).await?;
            shows(driver, "#done", "3 cases closed as false positive.").await?;
            driver.goto(format!("{}/cases/bulk/1", server.url)).await?;
            shows(driver, "#h-state", "Done").await?;
            clean(driver).await?;
            holds(driver, "return document.documentElement.scrollWidth == document.documentElement.clientWidth")
                .await?;
            holds(driver, "return document.getElementById('feed').textContent == 'Live'").await?;
            let kim = server.sign_in(&format!("kim{}", width.unwrap_or_default()), Role::Lead).await;
            assert_eq!(kim.post("/cases/bulk/1/undo", &[]).await.status(), 303);
            shows(driver, "#h-state", "Undone").await
        })
        .await;
    }
}
