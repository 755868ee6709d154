//! The keyboard map: moving through a list and its cases, jumping, switching off.
use crate::deciding::{key, next, previewed, script, verdict};
use crate::support::SEED;
use crate::support::agreeing::{self, benign, deliver, precedent};
use crate::support::browser::{in_browser, shows, sign_in};
use serde_json::json;
use std::time::{Duration, Instant};
use thirtyfour::prelude::*;

#[tokio::test]
async fn keys_move_through_the_list_and_back() {
    in_browser(None, async |driver| {
        let (server, _models) = agreeing::spawn().await;
        precedent(&server).await;
        deliver(&server, &[benign(1), benign(2), benign(3)]).await;
        sign_in(driver, &server).await?;
        driver.goto(format!("{}/cases?sort=oldest", server.url)).await?;
        let one = previewed(driver).await?;
        key(driver, "j").await?;
        next(driver, one).await?;
        let two = previewed(driver).await?;
        let focused = script(driver, "return document.activeElement.closest('tr').dataset.row").await?;
        assert_eq!(focused, json!(two.to_string()), "the focus moves along");
        assert!(driver.current_url().await?.as_str().contains(&format!("peek={two}")));
        key(driver, "o").await?;
        shows(driver, "h1", &format!("#{two}")).await?;
        key(driver, "j").await?;
        let three = two + 1;
        shows(driver, "h1", &format!("#{three}")).await?;
        key(driver, "k").await?;
        shows(driver, "h1", &format!("#{two}")).await?;
        // A verdict there leads to the next case of the list, and u takes it back.
        key(driver, "f").await?;
        key(driver, Key::Enter).await?;
        shows(driver, "h1", &format!("#{three}")).await?;
        shows(driver, ".toast", &format!("#{two} closed as false positive.")).await?;
        key(driver, "u").await?;
        shows(driver, ".toast", &format!("Undone. #{two} is open again.")).await?;
        key(driver, Key::Escape).await?;
        shows(driver, "tr.cur", &format!("#{two}")).await?;
        // In the queue as well, without leaving it.
        tokio::time::sleep(Duration::from_millis(300)).await;
        key(driver, "f").await?;
        shows(driver, ".toast", &format!("#{two} closed as false positive.")).await?;
        key(driver, "u").await?;
        shows(driver, ".toast", &format!("Undone. #{two} is open again.")).await?;
        assert_eq!(verdict(&server, two).await, json!("pending"));
        assert_eq!(previewed(driver).await?, two, "back at the same row");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn keys_of_the_queue_choose_a_view_and_write_a_note() {
    in_browser(None, async |driver| {
        let (server, _models) = agreeing::spawn().await;
        let number = server.deliver(SEED).await["number"].as_i64().unwrap();
        server.run_jobs().await;
        sign_in(driver, &server).await?;
        driver.goto(format!("{}/cases", server.url)).await?;
        key(driver, "7").await?;
        shows(driver, "#tabs [aria-current]", "All open").await?;
        // Whoever types on at once types into the note: the field has the focus before another key can be read.
        driver.query(By::Css("#help-b:not([hidden])")).first().await?;
        let pressed =
            "document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'n', bubbles: true, cancelable: true }));
                       return document.activeElement.id";
        assert_eq!(script(driver, pressed).await?, json!("n-n"));
        key(driver, "Ask the owner" + Key::Control + Key::Enter).await?;
        let sent = Instant::now();
        while sent.elapsed() < Duration::from_secs(30) && server.case(number).await["notes"] == json!([]) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(server.case(number).await["notes"][0]["body"], json!("Ask the owner"));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn keys_of_the_case_page_jump_unfold_and_can_be_switched_off() {
    in_browser(None, async |driver| {
        let (server, _models) = agreeing::spawn().await;
        let number = server.deliver(SEED).await["number"].as_i64().unwrap();
        server.run_jobs().await;
        sign_in(driver, &server).await?;
        driver.goto(format!("{}/cases/{number}", server.url)).await?;
        key(driver, "6").await?;
        assert_eq!(script(driver, "return document.activeElement.id").await?, json!("timeline"));
        let open = "return document.querySelectorAll('details.raw[open]').length";
        key(driver, "]").await?;
        assert_ne!(script(driver, open).await?, json!(0));
        key(driver, "[").await?;
        assert_eq!(script(driver, open).await?, json!(0));
        key(driver, "?").await?;
        shows(driver, "#help", "Undo the last decision, or reopen").await?;
        key(driver, Key::Escape).await?;
        script(driver, "document.documentElement.dataset.keys = 'off'").await?;
        key(driver, "f").await?;
        assert_eq!(
            script(driver, "return document.querySelectorAll('#declare input[type=radio]:checked').length").await?,
            json!(0)
        );
        script(driver, "delete document.documentElement.dataset.keys").await?;
        key(driver, "f").await?;
        assert_eq!(driver.active_element().await?.text().await?, "Save declaration");
        script(driver, "document.activeElement.blur()").await?;
        key(driver, "g").await?;
        key(driver, "m").await?;
        shows(driver, "h1", "Models").await?;
        Ok(())
    })
    .await;
}
