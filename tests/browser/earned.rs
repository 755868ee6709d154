//! A gate from its first review to its end, in a real Chromium: the 69th clean review proposes it, a lead switches it on,
//! the machine closes a case, and one true positive shuts it.

use crate::support::Server;
use crate::support::agreeing::{self, benign, deliver, precedent};
use crate::support::browser::{in_browser, shows, sign_in, sign_in_as};
use fusionsoc::domain::{AutoClose, Role};
use serde_json::{Value, json};
use thirtyfour::prelude::*;

/// Reviews without an error that a limit of 5 % takes.
const NEEDED: usize = 69;

async fn number(server: &Server, at: usize) -> i64 {
    let found = server.get(&format!("/api/v1/search?q=host:desk-{at:04}")).await;
    found["cases"][0]["number"].as_i64().unwrap_or_else(|| panic!("{at}: {found}"))
}

async fn declares(driver: &WebDriver, verdict: &str) -> WebDriverResult<()> {
    let script = "const [verdict] = arguments; document.querySelector(`input[value=${verdict}]`).click(); \
        const reason = document.querySelector('#declare [name=reason]'); \
        reason.value = reason.querySelector(`optgroup[data-verdict=${verdict}] option`).value; \
        document.querySelector('#declare').requestSubmit()";
    driver.execute(script, vec![json!(verdict)]).await?;
    Ok(())
}

/// Eligible cases, all of which but the last are declared.
async fn all_but_one(server: &Server) {
    let bo = precedent(server).await;
    let documents: Vec<Value> = (1..=NEEDED).map(benign).collect();
    for part in documents.chunks(50) {
        deliver(server, part).await;
    }
    let declared = [("verdict", "false_positive"), ("reason", "known_application")];
    for at in 1..NEEDED {
        let path = format!("/cases/{}/verdict", number(server, at).await);
        assert_eq!(bo.post(&path, &declared).await.status(), 303);
    }
}

/// A case that the machine closed: what is drawn for review before it stays open.
async fn closed_alone(server: &Server) -> i64 {
    for at in NEEDED + 1..NEEDED + 20 {
        deliver(server, &[benign(at)]).await;
        let case = number(server, at).await;
        if server.case(case).await["status"] == "closed" {
            return case;
        }
    }
    panic!("one in a hundred is drawn, not nineteen in a row");
}

#[tokio::test]
async fn the_last_clean_review_proves_a_rule_and_one_true_positive_ends_it() {
    in_browser(None, async |driver| {
        let (server, _models) = agreeing::spawn_set(|config| {
            (config.policy.limit, config.policy.review_share) = (0.05, 0.0);
            config.policy.auto_close = AutoClose::Auto;
        })
        .await;
        all_but_one(&server).await;
        sign_in(driver, &server).await?;
        let rule = "service.windows_process_creation/proc_creation_win_expand_cabinet_files";
        driver.goto(format!("{}/rules/{rule}", server.url)).await?;
        shows(driver, "#proven", "It needs 1 more reviewed case before it is looked at, at 69.").await?;
        driver.goto(format!("{}/cases/{}", server.url, number(&server, NEEDED).await)).await?;
        declares(driver, "false_positive").await?;
        shows(driver, "#timeline", "is proposed: 0 true positives in 69 reviews, so at most 4.9").await?;

        driver.delete_all_cookies().await?;
        sign_in_as(driver, &server, "lea", Role::Lead).await?;
        driver.goto(format!("{}/gates", server.url)).await?;
        shows(driver, "section[aria-labelledby=h-proposed]", rule).await?;
        let row = "//section[@aria-labelledby='h-proposed']//tr[.//a[contains(., 'expand_cabinet')]]";
        let button = format!("{row}//form[contains(@action, 'activate')]//button");
        driver.find(By::XPath(button)).await?.click().await?;
        shows(driver, "section[aria-labelledby=h-active]", rule).await?;

        let closed = closed_alone(&server).await;
        driver.goto(format!("{}/cases/{closed}", server.url)).await?;
        shows(driver, "#timeline", "0 true positives in 69 reviews").await?;
        declares(driver, "true_positive").await?;
        shows(driver, "#timeline", &format!("This suspends the gate of the rule {rule}")).await?;
        driver.goto(format!("{}/gates", server.url)).await?;
        shows(driver, "section[aria-labelledby=h-suspended]", "a true positive was declared").await?;
        let (_, ledger) = server.sign_in("root", Role::Admin).await.page("/admin/audit?what=gate&by=all").await;
        assert!(ledger.contains("active: the gate of the rule") && ledger.contains("suspended: the gate"), "{ledger}");
        Ok(())
    })
    .await;
}
