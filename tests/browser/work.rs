//! Taking, snoozing and its undo by single keys, in a real browser: from the queue's preview and on the case page.

use crate::support::browser::{in_browser, shows, sign_in};
use crate::support::{SEED, Server, spawn};
use fusionsoc::store::Scope;
use fusionsoc::store::queue::{View, count};
use thirtyfour::prelude::*;

/// Cases that stand aside.
async fn aside(server: &Server) -> i64 {
    let mut tx = server.app.store.read().await.unwrap();
    count(&mut tx, Scope::org(server.org_id), View::Snoozed, 10).await.unwrap()
}

/// Presses a key, once the page is painted: what is pressed before that, a browser drops.
async fn press(driver: &WebDriver, key: &str) -> WebDriverResult<()> {
    let painted = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done(true)));";
    driver.execute_async(painted, vec![]).await?;
    driver.action_chain().send_keys(key).perform().await
}

/// Waits until an element has the focus, which comes a moment after what opens it.
async fn has_focus(driver: &WebDriver, id: &str) -> WebDriverResult<()> {
    let mut said = serde_json::Value::Null;
    for _ in 0..100 {
        said = driver.execute("return document.activeElement.id", vec![]).await?.json().clone();
        if said == id {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{id} has the focus, not {said}")
}

#[tokio::test]
async fn a_case_is_taken_and_snoozed_from_the_preview_and_brought_back_by_undo() {
    let server = spawn().await;
    server.deliver(SEED).await;
    server.run_jobs().await;
    in_browser(None, async |driver| {
        sign_in(driver, &server).await?;
        driver.goto(format!("{}/cases?view=open&group=off", server.url)).await?;
        shows(driver, ".peek", "Nobody has this").await?;
        press(driver, "a").await?;
        shows(driver, ".peek", "You have this").await?;
        press(driver, "h").await?;
        has_focus(driver, "sn-u").await?;
        driver.action_chain().key_down(Key::Control).send_keys(Key::Enter).key_up(Key::Control).perform().await?;
        shows(driver, "#done", "Snoozed until").await?;
        assert_eq!(aside(&server).await, 1);
        shows(driver, "#row-1", "Snoozed until").await?;
        press(driver, "u").await?;
        shows(driver, "#done", "Undone.").await?;
        assert_eq!(aside(&server).await, 0);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn the_case_page_answers_the_same_keys() {
    let server = spawn().await;
    let number = server.deliver(SEED).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    in_browser(None, async |driver| {
        sign_in(driver, &server).await?;
        driver.goto(format!("{}/cases/{number}", server.url)).await?;
        press(driver, "a").await?;
        shows(driver, "#who", "You have this").await?;
        press(driver, "h").await?;
        has_focus(driver, "sn-u").await?;
        let seen = "const at = document.getElementById('sn-u').getBoundingClientRect(); return at.top >= 0 && at.bottom <= innerHeight";
        for _ in 0..30 {
            if driver.execute(seen, vec![]).await?.json() == &serde_json::Value::Bool(true) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        assert_eq!(driver.execute(seen, vec![]).await?.json(), &serde_json::Value::Bool(true), "and stands in sight");
        driver.action_chain().key_down(Key::Control).send_keys(Key::Enter).key_up(Key::Control).perform().await?;
        shows(driver, "#work", "Snoozed until").await?;
        assert_eq!(aside(&server).await, 1);
        Ok(())
    })
    .await;
}
