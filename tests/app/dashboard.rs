//! The dashboard: every number leads to a list that holds as many cases, and the figures equal a recount.
mod links;
mod recount;

use crate::support::{Person, Server, seed_id, seed_with};
use fusionsoc::store::{Scope, daily};

/// A triaged case on a host of its own.
async fn triaged(server: &Server, at: usize) -> i64 {
    let detection = seed_with(&[
        (&seed_id(), &format!("dash-{at}")),
        ("desktop-4kq7m2x", &format!("desk-{at}")),
        ("a47d2c95-6b08", &format!("a47d2c{at:02}-6b08")),
    ]);
    let number = server.deliver(&detection).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    number
}

async fn declare(person: &Person, case: i64, verdict: &str, close: &str) {
    let reason = if verdict == "true_positive" { "malware" } else { "" };
    let reason = if verdict == "undetermined" { "insufficient_information" } else { reason };
    let fields = [("verdict", verdict), ("reason", reason), ("close", close)];
    let reply = person.post(&format!("/cases/{case}/verdict"), &fields).await;
    assert_eq!(reply.status(), 303, "{verdict}: {}", reply.text().await.unwrap());
}

/// What is kept, and what a recount says.
async fn figures(server: &Server) -> (Vec<daily::Day>, Vec<daily::Day>) {
    let mut tx = server.app.store.read().await.unwrap();
    let scope = Scope::org(server.org_id);
    let kept = daily::between(&mut tx, scope, 0, i64::MAX / 2).await.unwrap();
    (kept, daily::recount(&mut tx, scope, 0, i64::MAX / 2).await.unwrap())
}

/// How many cases a figure counts in all.
async fn sum(server: &Server, figure: &str) -> i64 {
    let (kept, recounted) = figures(server).await;
    assert_eq!(kept, recounted);
    kept.iter().filter(|day| day.figure == figure).map(|day| day.cases).sum()
}
