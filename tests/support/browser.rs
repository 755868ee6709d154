//! A real Chromium, driven by chromedriver at `CHROMEDRIVER`.
use super::{PASSWORD, Server};
use fusionsoc::domain::Role;
use futures_util::FutureExt;
use serde_json::json;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use thirtyfour::prelude::*;

/// Runs a test in a browser, as a phone of this width where one is given; the browser always ends.
pub async fn in_browser(width: Option<u32>, test: impl AsyncFnOnce(&WebDriver) -> WebDriverResult<()>) {
    run(width, json!({}), test).await;
}

/// Runs a test in a browser that runs no script of any page.
pub async fn without_scripts(test: impl AsyncFnOnce(&WebDriver) -> WebDriverResult<()>) {
    run(None, json!({"profile.managed_default_content_settings.javascript": 2}), test).await;
}

async fn run(width: Option<u32>, prefs: serde_json::Value, test: impl AsyncFnOnce(&WebDriver) -> WebDriverResult<()>) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Ok(address) = std::env::var("CHROMEDRIVER") else {
        println!("SKIPPED: CHROMEDRIVER is not set");
        return;
    };
    let mut caps = DesiredCapabilities::chrome();
    let quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
    let usual =
        ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1440,900"];
    // The driver clicks where it found an element: a page that is still scrolling there has moved it.
    caps.add_arg("--force-prefers-reduced-motion").unwrap();
    for arg in usual.into_iter().chain(quiet) {
        caps.add_arg(arg).unwrap();
    }
    if let Some(width) = width {
        let phone = json!({"deviceMetrics": {"width": width, "height": 844, "pixelRatio": 1.0, "touch": true}});
        caps.add_experimental_option("mobileEmulation", phone).unwrap();
    }
    caps.add_experimental_option("prefs", prefs).unwrap();
    let driver = WebDriver::new(&address, caps).await.expect("the driver starts a browser");
    let result = AssertUnwindSafe(test(&driver)).catch_unwind().await;
    driver.quit().await.unwrap();
    match result {
        Ok(result) => result.unwrap(),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

pub async fn sign_in(driver: &WebDriver, server: &Server) -> WebDriverResult<()> {
    sign_in_as(driver, server, "ana", Role::Analyst).await
}

/// Adds a person and signs them in by the page.
pub async fn sign_in_as(driver: &WebDriver, server: &Server, name: &str, role: Role) -> WebDriverResult<()> {
    server.sign_in(name, role).await;
    driver.goto(format!("{}/cases", server.url)).await?;
    driver.find(By::Name("username")).await?.send_keys(name).await?;
    driver.find(By::Name("password")).await?.send_keys(PASSWORD).await?;
    driver.find(By::Css("button[type=submit]")).await?.click().await?;
    // The form is sent by then, and whoever goes elsewhere before the answer is there is not signed in.
    for _ in 0..600 {
        if driver.find(By::Css("details.menu")).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{name} is not signed in: {}", driver.find(By::Css("body")).await?.text().await?);
}

/// Waits until an element holds a text.
pub async fn shows(driver: &WebDriver, css: &str, text: &str) -> WebDriverResult<()> {
    for _ in 0..300 {
        if let Ok(found) = driver.find(By::Css(css)).await
            && found.text().await.is_ok_and(|shown| shown.contains(text))
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let shown = driver.find(By::Css(css)).await?.text().await?;
    panic!("{css} shows {shown:?}, not {text:?}");
}
