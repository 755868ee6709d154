//! Times of pages at a small and a large store, by one client and by eight.
use crate::{percentile, server};
use sqlx::Row;
use std::path::Path;
use std::time::Instant;

/// Requests of each page and each number of clients.
const REQUESTS: usize = 400;

/// Measures at a twentieth of the documents and at all of them.
pub async fn run(documents: &[String], data: Option<&str>) {
    let own = tempfile::tempdir().unwrap();
    let dir = data.map_or(own.path(), Path::new);
    let small = documents.len() / 20;
    let mut before: Vec<f64> = Vec::new();
    for part in [&documents[..small], &documents[small..]] {
        let server = server::start(dir).await;
        server::deliver(&server, part, 100, 8).await;
        let cookie = server::sign_in(&server).await;
        let paths = paths(&dir.join("load.db")).await;
        println!("\n{} detections more; p50 / p99 in ms by 1 client, by 8 clients", part.len());
        let mut after = Vec::new();
        for (at, (name, path)) in paths.iter().enumerate() {
            let one = times(&server.url, &cookie, path, 1).await;
            let eight = times(&server.url, &cookie, path, 8).await;
            let p50 = percentile(&one, 0.5);
            let grown = before.get(at).map(|before| format!("  x{:.2}", p50 / before)).unwrap_or_default();
            println!(
                "{name:<28} {:>7.2} / {:>7.2}   {:>7.2} / {:>7.2}{grown}",
                p50,
                percentile(&one, 0.99),
                percentile(&eight, 0.5),
                percentile(&eight, 0.99)
            );
            after.push(p50);
        }
        before = after;
    }
}

/// The pages, with values that the store holds.
async fn paths(file: &Path) -> Vec<(&'static str, String)> {
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    let first = |sql: &'static str| {
        let pool = pool.clone();
        async move { sqlx::query(sql).fetch_one(&pool).await.unwrap().get::<String, _>(0) }
    };
    let encoded =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let rule = first("SELECT path FROM rules WHERE id = (SELECT rule_id FROM detections GROUP BY rule_id ORDER BY COUNT(*) DESC LIMIT 1)").await;
    let sid = first("SELECT sid FROM sensors WHERE id = (SELECT sensor_id FROM detections GROUP BY sensor_id ORDER BY COUNT(*) DESC LIMIT 1)").await;
    let file = first("SELECT value FROM observables WHERE kind = 'file' ORDER BY (SELECT COUNT(*) FROM case_observables c WHERE c.observable_id = observables.id) DESC LIMIT 1").await;
    let user = first("SELECT value FROM observables WHERE kind = 'user' ORDER BY (SELECT COUNT(*) FROM case_observables c WHERE c.observable_id = observables.id) DESC LIMIT 1").await;
    vec![
        ("queue", "/cases".to_owned()),
        ("queue, all, newest", "/cases?view=all&sort=newest".to_owned()),
        ("queue of a rule", format!("/cases?view=all&rule={}", encoded(&rule))),
        ("case page", "/cases/1".to_owned()),
        ("search, rare word", "/search?q=needle3".to_owned()),
        ("search, word of 10 %", "/search?q=tenthword".to_owned()),
        ("search, host and word", "/search?q=host%3Aws-007%20tenthword".to_owned()),
        ("rule", format!("/rules/{}", encoded(&rule))),
        ("sensor", format!("/sensors/{}", encoded(&sid))),
        ("observable (commonest file)", format!("/observables/file/{}", encoded(&file))),
        ("user", format!("/observables/user/{}", encoded(&user))),
        ("rules", "/rules".to_owned()),
        ("sensors", "/sensors".to_owned()),
    ]
}

async fn times(url: &str, cookie: &str, path: &str, clients: usize) -> Vec<f64> {
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let (client, url, cookie) = (server::client(), format!("{url}{path}"), cookie.to_owned());
            tokio::spawn(async move {
                let mut times = Vec::new();
                for turn in 0..REQUESTS / clients + 3 {
                    let started = Instant::now();
                    let reply = client.get(&url).header("cookie", &cookie).send().await.unwrap();
                    assert!(reply.status().is_success(), "{url}: {}", reply.status());
                    reply.bytes().await.unwrap();
                    // The first requests open connections and prepare statements.
                    if turn >= 3 {
                        times.push(started.elapsed().as_secs_f64() * 1000.0);
                    }
                }
                times
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    all.sort_by(f64::total_cmp);
    all
}
