//! The queue in a real Chromium: back to the same row, rows in sight, a saved view by keyboard, no sideways scroll.

use crate::support::{PASSWORD, Server, seed_id, seed_with, spawn};
use fusionsoc::domain::Role;
use futures_util::FutureExt;
use serde_json::json;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use thirtyfour::prelude::*;

/// Runs a test in a browser with a window of this size; the browser always ends.
async fn in_browser((width, height): (u32, u32), test: impl AsyncFnOnce(&WebDriver) -> WebDriverResult<()>) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Ok(address) = std::env::var("CHROMEDRIVER") else {
        println!("SKIPPED: CHROMEDRIVER is not set");
        return;
    };
    let mut caps = DesiredCapabilities::chrome();
    let args = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run"];
    for arg in args.into_iter().chain(["--disable-background-networking", "--disable-component-update"]) {
        caps.add_arg(arg).unwrap();
    }
    let screen =
        json!({"width": width, "height": height, "pixelRatio": 1.0, "touch": width < 768, "mobile": width < 768});
    caps.add_experimental_option("mobileEmulation", json!({"deviceMetrics": screen})).unwrap();
    let driver = WebDriver::new(&address, caps).await.expect("the driver starts a browser");
    let result = AssertUnwindSafe(test(&driver)).catch_unwind().await;
    driver.quit().await.unwrap();
    match result {
        Ok(result) => result.unwrap(),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// A server with so many cases, each of a behaviour of its own, and a browser in which ana is signed in.
async fn start(driver: &WebDriver, cases: usize) -> WebDriverResult<Server> {
    let server = spawn().await;
    for case in 0..cases {
        let detection = seed_with(&[
            (&seed_id(), &format!("queue-{case}")),
            ("desktop-4kq7m2x", &format!("host-{case}")),
            ("a47d2c95-6b08", &format!("a47d2c95-{case:04}")),
            ("expand.exe", &format!("expand{}.exe", char::from(b'a' + u8::try_from(case % 26).unwrap()))),
        ]);
        server.deliver(&detection).await;
    }
    server.run_jobs().await;
    server.sign_in("ana", Role::Analyst).await;
    driver.goto(format!("{}/cases?view=needs_decision&group=off", server.url)).await?;
    driver.find(By::Name("username")).await?.send_keys("ana").await?;
    driver.find(By::Name("password")).await?.send_keys(PASSWORD).await?;
    driver.find(By::Css("button[type=submit]")).await?.click().await?;
    driver.query(By::Css("h1")).first().await?;
    Ok(server)
}

async fn number(driver: &WebDriver, script: &str) -> WebDriverResult<i64> {
    Ok(driver.execute(script, Vec::new()).await?.json().as_i64().unwrap_or(-1))
}

/// Waits until a script returns true.
async fn holds(driver: &WebDriver, script: &str) -> WebDriverResult<()> {
    for _ in 0..100 {
        if driver.execute(script, Vec::new()).await?.json() == &json!(true) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("does not come true: {script}");
}

/// How many rows can be seen whole.
const ROWS: &str = "return [...document.querySelectorAll('.q tbody tr')]
    .filter(row => row.getBoundingClientRect().top >= 0 && row.getBoundingClientRect().bottom <= innerHeight).length";

#[tokio::test]
async fn back_leads_to_the_row_from_which_a_case_was_opened() {
    in_browser((1440, 900), async |driver| {
        let _server = start(driver, 40).await?;
        let row = driver.find_all(By::Css(".q tbody tr")).await?[29].clone();
        let at = row.attr("data-row").await?.unwrap();
        let title = row.find(By::Css("a.t")).await?;
        // Keys bring a link into sight and follow it; a click would meet the page while it still scrolls.
        title.send_keys(Key::Enter).await?;
        holds(driver, &format!("return location.pathname == '/cases/{at}'")).await?;
        driver.back().await?;
        let current = format!(
            "const row = document.querySelector('.q tr.cur'); const box = row?.getBoundingClientRect();
             return row?.dataset.row == '{at}' && row.contains(document.activeElement) && box.top >= 0 && box.bottom < innerHeight + 1"
        );
        holds(driver, &current).await?;
        let shown = driver.find(By::Css(".peek")).await?.attr("aria-label").await?.unwrap();
        assert_eq!(shown, format!("Preview of case {at}"), "the preview is that row's");
        driver.find(By::Css("body")).await?.send_keys("j").await?;
        holds(driver, &format!("return document.querySelector('.q tr.cur').dataset.row != '{at}'")).await
    })
    .await;
}

#[tokio::test]
async fn rows_in_sight_are_thirteen_and_in_compact_twenty() {
    in_browser((1440, 900), async |driver| {
        let server = start(driver, 30).await?;
        let (comfortable, height) = (
            number(driver, ROWS).await?,
            number(driver, "return document.querySelector('.q tbody tr').offsetHeight").await?,
        );
        assert!(comfortable >= 13 && height == 48, "{comfortable} rows of {height} px");
        driver.goto(format!("{}/profile", server.url)).await?;
        driver.find(By::Css("#p-density option[value=compact]")).await?.click().await?;
        driver.find(By::Css("form[action='/profile'] button")).await?.click().await?;
        holds(driver, "return location.search == '?done=look'").await?;
        driver.goto(format!("{}/cases?view=needs_decision&group=off", server.url)).await?;
        let (compact, height) = (
            number(driver, ROWS).await?,
            number(driver, "return document.querySelector('.q tbody tr').offsetHeight").await?,
        );
        assert!(compact >= 20 && height == 32, "{compact} rows of {height} px");
        println!("{comfortable} rows comfortable, {compact} compact");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_filter_is_saved_and_opened_again_by_keyboard() {
    in_browser((1440, 900), async |driver| {
        let server = start(driver, 2).await?;
        driver.goto(format!("{}/cases?view=open&severity=low", server.url)).await?;
        let summary = "document.querySelector('.filters-d summary').focus()";
        driver.execute(summary, Vec::new()).await?;
        driver.active_element().await?.send_keys(Key::Enter).await?;
        driver.execute("document.getElementById('view-name').focus()", Vec::new()).await?;
        driver.active_element().await?.send_keys("Low ones" + Key::Enter).await?;
        holds(driver, "return location.search.includes('saved=1')").await?;
        let body = driver.find(By::Css("body")).await?;
        body.send_keys("1").await?;
        holds(driver, "return location.search.includes('view=needs_decision')").await?;
        driver.find(By::Css("body")).await?.send_keys("9").await?;
        holds(driver, "return location.search.includes('saved=1')").await?;
        let tab = driver.find(By::Css(".tabs a[aria-current]")).await?.text().await?;
        assert!(tab.starts_with("Low ones"), "{tab}");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn nothing_scrolls_sideways_on_a_phone() {
    for width in [320, 390] {
        in_browser((width, 844), async |driver| {
            let server = start(driver, 3).await?;
            let views = ["/cases?view=needs_decision", "/cases?view=open&severity=low&q=host&status=new&assignee=ana"];
            for path in views.into_iter().chain(["/cases?view=needs_decision&group=off", "/profile", "/views"]) {
                driver.goto(format!("{}{path}", server.url)).await?;
                driver
                    .execute(
                        "for (const d of document.querySelectorAll('details.filters-d')) d.open = true",
                        Vec::new(),
                    )
                    .await?;
                let over = number(
                    driver,
                    "return document.documentElement.scrollWidth - document.documentElement.clientWidth",
                )
                .await?;
                assert_eq!(over, 0, "{path} at {width} px");
            }
            Ok(())
        })
        .await;
    }
}
