//! A real Chromium: an analyst signs in, watches votes arrive, reads hostile data, decides and undoes.

use crate::support::browser::{in_browser, shows, sign_in};
use crate::support::{SEED, fakes, seed_id, seed_with, spawn, spawn_with};
use fusionsoc::domain::Role;
use fusionsoc::voters::VoterConfig;
use serde_json::json;
use thirtyfour::prelude::*;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn votes_arrive_on_an_open_page_one_by_one() {
    in_browser(None, async |driver| {
        let fast = fakes::ollama("fast", &fakes::answer("false_positive", 95).to_string()).await;
        let (slow, go) = fakes::ollama_held("slow", &fakes::answer("true_positive", 88).to_string()).await;
        let voters =
            vec![VoterConfig::ollama("fast", &fast.uri(), "fast"), VoterConfig::ollama("slow", &slow.uri(), "slow")];
        let server = spawn_with(|config| config.voters = voters).await;
        sign_in(driver, &server).await?;
        let number = server.deliver(SEED).await["number"].clone();
        driver.goto(format!("{}/cases/{number}", server.url)).await?;
        shows(driver, "#h-why", "Waiting for the panel").await?;
        let stop = CancellationToken::new();
        let _guard = stop.clone().drop_guard();
        tokio::spawn(server.worker().run(stop));
        shows(driver, "#h-why", "1 of 2 votes are in").await?;
        go.send(()).unwrap();
        shows(driver, "#h-why", "Needs review: the voters disagree").await?;
        shows(driver, "#votes", "slow").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn an_analyst_decides_by_key_and_undoes() {
    in_browser(None, async |driver| {
        let server = spawn().await;
        sign_in(driver, &server).await?;
        let number = server.deliver(SEED).await["number"].as_i64().unwrap();
        server.run_jobs().await;
        driver.goto(format!("{}/cases/{number}", server.url)).await?;
        let body = driver.find(By::Css("body")).await?;
        body.send_keys("f").await?;
        assert_eq!(
            driver.active_element().await?.text().await?,
            "Save declaration",
            "the key leads to what is left to do"
        );
        driver.active_element().await?.send_keys(Key::Enter).await?;
        shows(driver, ".case-h", "False positive by ana").await?;
        assert_eq!(server.case(number).await["status"], json!("closed"));
        driver.find(By::Css(".toast button")).await?.click().await?;
        shows(driver, "#timeline", "Undone").await?;
        assert_eq!(server.case(number).await["verdict"], json!("pending"));
        driver.find(By::Css("#note")).await?.send_keys("Asked the owner." + Key::Control + Key::Enter).await?;
        shows(driver, "#note-list", "Asked the owner.").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn nothing_that_an_attacker_wrote_runs() {
    in_browser(None, async |driver| {
        let server = spawn().await;
        sign_in(driver, &server).await?;
        let evil = "'\\\"><script>window.pwned=1</script><img src=x onerror=window.pwned=1><svg onload=window.pwned=1>";
        let parts = [
            ("desktop-4kq7m2x", evil),
            ("Potentially Suspicious Cabinet File Expansion", evil),
            ("-r -F:*", evil),
            ("System administrator Usage", evil),
        ];
        let number = server.deliver(&seed_with(&parts)).await["number"].clone();
        server.run_jobs().await;
        for path in [format!("/cases/{number}"), "/cases".to_owned()] {
            driver.goto(format!("{}{path}", server.url)).await?;
            assert!(
                driver.find(By::Css("main")).await?.text().await?.contains("window.pwned=1"),
                "the text is on {path}"
            );
            let ran = driver
                .execute(
                    "return [window.pwned === 1, document.querySelectorAll('main img, main script').length]",
                    vec![],
                )
                .await?;
            assert_eq!(ran.json(), &json!([false, 0]), "{path}");
        }
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn pages_fit_a_phone() {
    for width in [390, 320] {
        in_browser(Some(width), async |driver| {
            let server = spawn().await;
            sign_in(driver, &server).await?;
            let number = server.deliver(SEED).await["number"].clone();
            server.run_jobs().await;
            for path in ["/cases".to_owned(), format!("/cases/{number}"), "/models".to_owned()] {
                driver.goto(format!("{}{path}", server.url)).await?;
                let wide = driver.execute("return document.documentElement.scrollWidth", vec![]).await?;
                assert_eq!(wide.json(), &json!(width), "{path} at {width}");
            }
            Ok(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_new_case_waits_behind_a_button() {
    in_browser(None, async |driver| {
        let server = spawn().await;
        sign_in(driver, &server).await?;
        server.deliver(SEED).await;
        server.run_jobs().await;
        driver.goto(format!("{}/cases?view=open", server.url)).await?;
        let own =
            serde_json::from_str::<serde_json::Value>(SEED).unwrap()["routing"]["sid"].as_str().unwrap().to_owned();
        server.deliver(&seed_with(&[(&seed_id(), "second"), (&own, "bbbbbbbb-0000-4000-8000-000000000000")])).await;
        shows(driver, "#fresh", "1 new case, show").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn from_the_queue_a_flagged_case_takes_one_more_press_and_one_key_takes_it_back() {
    in_browser(None, async |driver| {
        let (one, two) =
            (fakes::answer("false_positive", 95).to_string(), fakes::answer("false_positive", 90).to_string());
        let (one, two) = (fakes::ollama("one", &one).await, fakes::ollama("two", &two).await);
        let voters = vec![VoterConfig::ollama("one", &one.uri(), "one"), VoterConfig::ollama("two", &two.uri(), "two")];
        let server = spawn_with(|config| config.voters = voters).await;
        sign_in(driver, &server).await?;
        let number = server.deliver(SEED).await["number"].as_i64().unwrap();
        server.run_jobs().await;
        driver.goto(format!("{}/cases", server.url)).await?;
        driver.find(By::Css("body")).await?.send_keys("f").await?;
        shows(driver, "details.ask[open] .pop", "things argue against this").await?;
        assert_eq!(server.case(number).await["verdict"], json!("pending"));
        driver.active_element().await?.send_keys(Key::Enter).await?;
        shows(driver, ".toast", "closed as false positive").await?;
        assert_eq!(server.case(number).await["status"], json!("closed"));
        driver.find(By::Css("body")).await?.send_keys("u").await?;
        shows(driver, ".toast", "Undone.").await?;
        assert_eq!(server.case(number).await["status"], json!("new"));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_host_is_isolated_by_two_people_and_let_back() {
    in_browser(None, async |driver| {
        let fake = crate::support::limacharlie::Fake::start().await;
        let setting = crate::support::connection(&fake, "acme");
        let server = spawn_with(|config| {
            config.policy.undo_s = 0;
            config.limacharlie = vec![setting];
        })
        .await;
        let number = server.deliver(SEED).await["number"].clone();
        let stop = CancellationToken::new();
        let _guard = stop.clone().drop_guard();
        tokio::spawn(server.worker().run(stop));
        let bo = server.sign_in("bo", Role::Lead).await;
        sign_in(driver, &server).await?;
        driver.goto(format!("{}/cases/{number}", server.url)).await?;
        // Opening the form and pressing in it by keys: the page scrolls smoothly, and clicks would miss.
        driver.find(By::Css("#act-isolate summary")).await?.send_keys(Key::Enter).await?;
        driver.find(By::Id("a-iso")).await?.send_keys("beacon every 60 s").await?;
        driver.find(By::Css("#act-isolate button[value=isolate]")).await?.send_keys(Key::Enter).await?;
        shows(driver, "#action-list", "Waits for approval").await?;
        assert!(driver.find(By::Css("#action-list form[action$=approve]")).await.is_err(), "who asked can't approve");
        let sid =
            serde_json::from_str::<serde_json::Value>(SEED).unwrap()["routing"]["sid"].as_str().unwrap().to_owned();
        assert!(fake.calls("POST", &format!("/v1/{sid}/isolation")).is_empty(), "nothing happens before that");

        let (_, page) = bo.page(&format!("/cases/{number}")).await;
        let approve =
            page.split("action=\"").find(|part| part.split('"').next().unwrap().ends_with("/approve")).unwrap();
        assert_eq!(bo.post(approve.split('"').next().unwrap(), &[]).await.status(), 303);
        // The open page of the one who asked follows by itself.
        shows(driver, "#action-list", "The host is isolated: wanted and actual agree.").await?;
        assert!(fake.change(|state| state.sensors[&sid].actual));

        driver.find(By::Css("#action-list form[action$=reverse] button")).await?.send_keys(Key::Enter).await?;
        shows(driver, "#action-list", "The host is on the network: wanted and actual agree.").await?;
        assert!(!fake.change(|state| state.sensors[&sid].actual));
        Ok(())
    })
    .await;
}

/// Texts with less than four letters a line, of a page on which everything is unfolded.
const COLUMNS: &str = "document.querySelectorAll('details').forEach((one) => { one.open = true; }); \
    return [...document.querySelectorAll('main :is(li, p, dd, td)')].filter((one) => { \
    const lines = one.clientHeight / parseFloat(getComputedStyle(one).lineHeight); \
    return lines > 6 && !one.querySelector('*') && one.textContent.trim().length / lines < 4; }) \
    .map((one) => one.textContent.trim().slice(0, 60))";

#[tokio::test]
async fn what_is_unfolded_can_be_read() {
    for width in [None, Some(390)] {
        in_browser(width, async |driver| {
            let fake =
                crate::support::fakes::ollama("one", &crate::support::fakes::answer("false_positive", 95).to_string())
                    .await;
            let voter = |name: &str| VoterConfig::ollama(name, &fake.uri(), "one");
            let server = spawn_with(|config| config.voters = vec![voter("one"), voter("two")]).await;
            sign_in(driver, &server).await?;
            let number = server.deliver(SEED).await["number"].clone();
            server.run_jobs().await;
            for path in [format!("/cases/{number}"), "/cases?view=open".to_owned()] {
                driver.goto(format!("{}{path}", server.url)).await?;
                shows(driver, "main", "Potentially Suspicious Cabinet").await?;
                let found = driver.execute(COLUMNS, vec![]).await?;
                assert_eq!(found.json(), &json!([]), "{path} {width:?}");
            }
            Ok(())
        })
        .await;
    }
}
