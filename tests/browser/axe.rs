//! axe-core finds nothing on any page that links lead to, in both themes and three widths.
//! `FUSIONSOC_AXE` holds the path of its `axe.min.js`.

use crate::support::browser::in_browser;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use thirtyfour::prelude::*;

/// The demo, which holds something for every page.
struct Demo {
    child: Child,
    told: Value,
}

impl Demo {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_fusionsoc"))
            .args(["demo", "--json", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let line = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        Self { child, told: serde_json::from_str(&line).unwrap() }
    }

    fn url(&self) -> &str {
        self.told["url"].as_str().unwrap()
    }

    async fn sign_in(&self, driver: &WebDriver) -> WebDriverResult<()> {
        let admin = self.told["users"].as_array().unwrap().iter().find(|user| user["role"] == "admin").unwrap();
        driver.goto(format!("{}/login", self.url())).await?;
        driver.find(By::Name("username")).await?.send_keys(admin["username"].as_str().unwrap()).await?;
        driver.find(By::Name("password")).await?.send_keys(admin["password"].as_str().unwrap()).await?;
        driver.find(By::Css("button[type=submit]")).await?.click().await?;
        driver.query(By::Css("#h-help")).first().await?;
        Ok(())
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What makes two addresses the same page with other data: numbers, names and values go, parameters keep their names.
pub fn kind(address: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let mut parts: Vec<_> = path.split('/').collect();
    if let Some(first @ ("observables" | "rules" | "sensors")) = parts.get(1).copied()
        && parts.len() > 2
    {
        parts = vec!["", first, "*"];
    }
    let parts: Vec<_> = parts
        .into_iter()
        .map(|part| if part.contains(|letter: char| letter.is_ascii_digit()) { "N" } else { part })
        .collect();
    let names: BTreeSet<_> = query.split('&').filter_map(|pair| pair.split('=').next()).collect();
    // The queue looks the same whatever it is filtered by.
    let of_queue = ["view", "peek", "after", "done", "bulk"];
    let names = names.into_iter().filter(|name| path != "/cases" || of_queue.contains(name)).collect::<Vec<_>>();
    format!("{}?{}", parts.join("/"), names.join("&"))
}

/// What is wrong, and on which pages.
type Wrong = BTreeMap<String, BTreeSet<String>>;

/// Looks at one page of each kind that links lead to, from the queue on; gives how many those are.
async fn look_around(driver: &WebDriver, demo: &Demo, axe: &str, wrong: &mut Wrong) -> WebDriverResult<usize> {
    let mut waiting = vec!["/cases".to_owned(), "/cases/459".to_owned()];
    let mut known: BTreeSet<_> = waiting.iter().map(|page| kind(page)).collect();
    while let Some(page) = waiting.pop() {
        driver.goto(format!("{}{page}", demo.url())).await?;
        for link in links(driver).await? {
            if known.insert(kind(&link)) {
                waiting.push(link);
            }
        }
        for theme in ["dark", "light"] {
            for one in found(driver, axe, theme).await? {
                wrong.entry(one).or_default().insert(format!("{page} {theme}"));
            }
        }
        let sideways = driver.execute("return [document.documentElement.scrollWidth, innerWidth]", vec![]).await?;
        let (wide, window) = (sideways.json()[0].as_i64().unwrap(), sideways.json()[1].as_i64().unwrap());
        if wide > window {
            wrong.entry("scrolls sideways".to_owned()).or_default().insert(format!("{page}: {wide} of {window}"));
        }
    }
    Ok(known.len())
}

/// Where the links of the open page lead, files left out.
pub async fn links(driver: &WebDriver) -> WebDriverResult<Vec<String>> {
    let script = "return [...document.querySelectorAll('a[href^=\"/\"]:not([download])')].map((link) => link.getAttribute('href').split('#')[0])";
    let all = driver.execute(script, vec![]).await?;
    let all = all.json().as_array().unwrap().iter().map(|link| link.as_str().unwrap().to_owned());
    let is_page = |link: &String| {
        let path = std::path::Path::new(link.split('?').next().unwrap());
        let document = path.extension().is_some_and(|ending| ending == "json")
            && (path.starts_with("/cases") || path.starts_with("/api"));
        !link.is_empty() && !link.contains("/export/") && !path.ends_with("export") && !document
    };
    Ok(all.filter(is_page).collect())
}

/// What axe finds on the page that is open, each with the first place.
async fn found(driver: &WebDriver, axe: &str, theme: &str) -> WebDriverResult<Vec<String>> {
    driver.execute(axe, vec![]).await?;
    // The second theme differs in its colours alone.
    let only = if theme == "light" { "runOnly: ['color-contrast', 'link-in-text-block']," } else { "" };
    let script = format!(
        "const done = arguments[0]; document.documentElement.dataset.theme = '{theme}'; \
         axe.run(document, {{ {only} resultTypes: ['violations'] }}).then((result) => done(result.violations.map((one) => \
         one.id + ': ' + one.nodes.slice(0, 3).map((node) => node.target.join(' ') + ' ' + node.html.slice(0, 160) + ' ' + (node.any[0]?.message ?? node.all[0]?.message ?? node.none[0]?.message ?? '')).join(' | '))), (error) => done(['axe: ' + error]));"
    );
    let said = driver.execute_async(script, vec![]).await?;
    Ok(said.json().as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect())
}

async fn every_page_is_clean(width: Option<u32>) {
    let Ok(path) = std::env::var("FUSIONSOC_AXE") else {
        println!("SKIPPED: FUSIONSOC_AXE is not set");
        return;
    };
    let axe = std::fs::read_to_string(path).unwrap();
    let demo = Demo::start();
    let mut wrong = Wrong::new();
    in_browser(width, async |driver| {
        demo.sign_in(driver).await?;
        let pages = look_around(driver, &demo, &axe, &mut wrong).await?;
        println!("{pages} kinds of pages at {} px", width.unwrap_or(1440));
        assert!(pages > 30, "links lead to {pages} kinds of pages");
        Ok(())
    })
    .await;
    let told: Vec<_> =
        wrong.iter().map(|(what, pages)| format!("{what}\n  on {} pages: {pages:?}", pages.len())).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[tokio::test]
async fn every_page_is_clean_on_a_desk() {
    every_page_is_clean(None).await;
}

#[tokio::test]
async fn every_page_is_clean_on_a_tablet() {
    every_page_is_clean(Some(768)).await;
}

#[tokio::test]
async fn every_page_is_clean_on_a_small_phone() {
    every_page_is_clean(Some(320)).await;
}
