//! Cases and their reports printed by a real Chromium: at most four A4 pages.

use crate::support::browser::{in_browser, shows, sign_in};
use crate::support::{SEED, Server, seed_id, seed_with, spawn};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use thirtyfour::common::print::{PrintPage, PrintParameters};
use thirtyfour::prelude::*;

const MOST: usize = 4;

/// Prints the page that is open; returns how many A4 pages that takes.
async fn pages(driver: &WebDriver) -> WebDriverResult<usize> {
    let page = PrintPage { width: 21.0, height: 29.7 };
    let pdf = driver.print_page(PrintParameters { page, background: true, ..PrintParameters::default() }).await?;
    assert!(pdf.starts_with(b"%PDF"), "it is a PDF");
    if let Ok(dir) = std::env::var("FUSIONSOC_PDF_DIR") {
        let name = driver.current_url().await?.path().replace('/', "_");
        std::fs::write(format!("{dir}/{name}.pdf"), &pdf).unwrap();
    }
    let text = String::from_utf8_lossy(&pdf);
    let is_page = |rest: &str| !rest.starts_with('s');
    let count = text.split("/Type /Page").skip(1).filter(|rest| is_page(rest)).count();
    assert!(count > 0, "pages are counted");
    Ok(count)
}

async fn at_most_four(driver: &WebDriver, url: &str, number: i64) -> WebDriverResult<()> {
    for path in [format!("/cases/{number}"), format!("/cases/{number}/report")] {
        driver.goto(format!("{url}{path}")).await?;
        shows(driver, "h1", &format!("#{number}")).await?;
        let count = pages(driver).await?;
        println!("{path}: {count} pages");
        assert!(count <= MOST, "{path}: {count} pages");
    }
    Ok(())
}

/// The demo with its case #459.
struct Demo(Child, Value);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn demo() -> Demo {
    let mut child = Command::new(env!("CARGO_BIN_EXE_fusionsoc"))
        .args(["demo", "--json", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let line = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    Demo(child, serde_json::from_str(&line).unwrap())
}

/// It tells its address before it listens.
async fn listens(url: &str) {
    let address = url.trim_start_matches("http://");
    for _ in 0..100 {
        if tokio::net::TcpStream::connect(address).await.is_ok() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{address} listens");
}

#[tokio::test]
async fn the_seed_case_prints_on_four_pages() {
    in_browser(None, async |driver| {
        let demo = demo();
        let url = demo.1["url"].as_str().unwrap();
        let user = &demo.1["users"][0];
        listens(url).await;
        driver.goto(format!("{url}/login")).await?;
        driver.find(By::Name("username")).await?.send_keys(user["username"].as_str().unwrap()).await?;
        driver.find(By::Name("password")).await?.send_keys(user["password"].as_str().unwrap()).await?;
        driver.find(By::Css("button[type=submit]")).await?.click().await?;
        driver.query(By::Css("#h-help")).first().await?;
        at_most_four(driver, url, 459).await
    })
    .await;
}

/// A case with forty detections of forty command lines.
async fn forty(server: &Server) -> i64 {
    let number = server.deliver(SEED).await["number"].as_i64().unwrap();
    for at in 1..40 {
        let mut document: Value = serde_json::from_str(&seed_with(&[(&seed_id(), &format!("forty-{at}"))])).unwrap();
        document["detect"]["event"]["COMMAND_LINE"] =
            json!(format!("expand.exe -R source{at}.cab -F:* C:\\target{at}"));
        assert_eq!(server.post("/api/v1/detections", document.to_string()).await.0, 202);
    }
    server.run_jobs().await;
    assert_eq!(server.case(number).await["detections"].as_array().unwrap().len(), 40);
    number
}

#[tokio::test]
async fn a_case_with_forty_detections_prints_on_four_pages() {
    in_browser(None, async |driver| {
        let server = spawn().await;
        let number = forty(&server).await;
        sign_in(driver, &server).await?;
        at_most_four(driver, &server.url, number).await
    })
    .await;
}
