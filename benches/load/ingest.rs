//! Detections a second over HTTP: one by one and in batches, beside plain SQLite with the same rows.
use crate::{percentile, plain, server};
use std::time::Instant;

const CLIENTS: usize = 8;

pub async fn run(documents: &[String]) {
    println!("{} detections, {CLIENTS} clients, durability full", documents.len());
    let singles = documents.len().min(2_000);
    let alone = measure("one a request, one client (no commit is shared)", &documents[..singles], 1, 1, false).await;
    let shared = measure("one a request, 8 clients (commits are shared)", documents, 1, CLIENTS, true).await;
    let batches = measure("100 a request, 8 clients", documents, 100, CLIENTS, true).await;
    println!("sharing commits: {:.1} times one commit a request", shared / alone);
    println!("see above for plain SQLite; batches: {batches:.0} a second");
}

/// One way of delivering on a new store; returns detections a second.
async fn measure(name: &str, documents: &[String], size: usize, clients: usize, pages: bool) -> f64 {
    let dir = tempfile::tempdir().unwrap();
    let server = server::start(dir.path()).await;
    let cookie = server::sign_in(&server).await;
    let watching = pages.then(|| tokio::spawn(watch(server.url.clone(), cookie)));
    let started = Instant::now();
    let times = server::deliver(&server, documents, size, clients).await;
    let rate = count(documents) / started.elapsed().as_secs_f64();
    println!(
        "{name}: {rate:.0} detections/s, request p50 {:.1} ms, p99 {:.1} ms",
        percentile(&times, 0.5),
        percentile(&times, 0.99)
    );
    if let Some(watching) = watching {
        watching.abort();
        let [queue, case] = [0, 1].map(|at| PAGES.lock().unwrap()[at].clone()).map(|mut times: Vec<f64>| {
            times.sort_by(f64::total_cmp);
            format!("p50 {:.1} ms, p99 {:.1} ms of {}", percentile(&times, 0.5), percentile(&times, 0.99), times.len())
        });
        PAGES.lock().unwrap().iter_mut().for_each(Vec::clear);
        println!("  meanwhile queue {queue}; case page {case}");
        let file = dir.path().join("load.db");
        drop(server);
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let plain = plain::rate(&file, documents.len(), size).await;
        println!(
            "  plain SQLite, the same rows, {size} detections a commit: {plain:.0} detections/s; ratio {:.2}",
            rate / plain
        );
    }
    rate
}

static PAGES: std::sync::Mutex<[Vec<f64>; 2]> = std::sync::Mutex::new([Vec::new(), Vec::new()]);

/// Opens the queue and a case again and again.
async fn watch(url: String, cookie: String) {
    let client = server::client();
    loop {
        for (at, path) in ["/cases", "/cases/1"].into_iter().enumerate() {
            let started = Instant::now();
            let reply = client.get(format!("{url}{path}")).header("cookie", &cookie).send().await.unwrap();
            let known = reply.status() == 200;
            reply.bytes().await.unwrap();
            if known {
                PAGES.lock().unwrap()[at].push(started.elapsed().as_secs_f64() * 1000.0);
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[allow(clippy::cast_precision_loss)]
fn count(documents: &[String]) -> f64 {
    documents.len() as f64
}
