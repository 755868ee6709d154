//! A clock that is ahead for a while leaves no detection out.
use super::{MINUTE_MS, advance_here, place, state, stored, worker};
use crate::support::limacharlie::{Fake, detection};
use crate::support::{SEED, Server};
use fusionsoc::clock::now_ms;
use fusionsoc::domain::Role;
use serde_json::Value;

const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// Puts the clock of this machine a day ahead of LimaCharlie's, or right again.
fn ahead(fake: &Fake, is_ahead: bool) {
    advance_here(if is_ahead { DAY_MS } else { -DAY_MS });
    fake.change(|state| state.ahead_s = if is_ahead { -DAY_MS / 1000 } else { 0 });
}

/// A detection is raised so long ago.
fn raise(fake: &Fake, number: usize, ago_ms: i64) {
    let seed: Value = serde_json::from_str(SEED).unwrap();
    fake.change(|state| state.detections.push(detection(&seed, number, now_ms() - ago_ms)));
}

async fn pull(server: &Server) {
    server.sql("UPDATE jobs SET run_at_ms = 1 WHERE kind = 'pull'").await;
    worker(server).await.run_due().await;
}

#[tokio::test]
async fn what_comes_after_a_pull_by_a_clock_that_was_ahead_is_read() {
    let (server, fake, _keys) = place(3).await;
    pull(&server).await;
    ahead(&fake, true);
    pull(&server).await;
    ahead(&fake, false);
    let done = state(&server).await.done_s;
    assert!(done <= now_ms() / 1000 + 1, "it is no further than LimaCharlie's clock: {}", done - now_ms() / 1000);
    advance_here(40 * MINUTE_MS);
    raise(&fake, 71, 20 * MINUTE_MS);
    pull(&server).await;
    assert_eq!(stored(&server).await.len(), 4);
    assert!(now_ms() / 1000 - state(&server).await.done_s < 60, "and it has come up to now");
}

#[tokio::test]
async fn a_first_pull_by_a_clock_that_is_ahead_reads_the_last_hour_by_limacharlies() {
    let (server, fake, _keys) = place(0).await;
    raise(&fake, 71, 50 * MINUTE_MS);
    raise(&fake, 72, 3 * 60 * MINUTE_MS);
    ahead(&fake, true);
    pull(&server).await;
    ahead(&fake, false);
    assert_eq!(stored(&server).await.len(), 1);
    assert!(state(&server).await.done_s <= now_ms() / 1000 + 1);
}

#[tokio::test]
async fn a_position_that_lies_ahead_goes_back_and_the_stretch_is_read_again() {
    let (server, fake, _keys) = place(3).await;
    pull(&server).await;
    // As a version left it that trusted its own clock.
    server.sql("UPDATE pulls SET done_s = done_s + 86400, to_s = done_s + 90000, next_page = 'x'").await;
    advance_here(5 * 60 * MINUTE_MS);
    raise(&fake, 71, 4 * 60 * MINUTE_MS);
    pull(&server).await;
    assert_eq!(stored(&server).await.len(), 4, "each once, and what came since");
    let at = state(&server).await;
    assert!((at.to_s, now_ms() / 1000 - at.done_s < 60) == (0, true), "{at:?}");
    let admin = server.sign_in("root-admin", Role::Admin).await;
    let page = admin.page("/admin/audit?by=all").await.1;
    assert!(page.contains("pull_again") && page.contains("org:acme"), "{page}");
}

#[tokio::test]
async fn a_clock_that_is_behind_reads_nothing_again_and_what_is_new_all_the_same() {
    let (server, fake, _keys) = place(3).await;
    pull(&server).await;
    let before = state(&server).await.done_s;
    // The clock of this machine is a day behind LimaCharlie's.
    advance_here(-DAY_MS);
    fake.change(|state| state.ahead_s = DAY_MS / 1000);
    raise(&fake, 71, -DAY_MS);
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    pull(&server).await;
    assert_eq!(stored(&server).await.len(), 4);
    assert!(state(&server).await.done_s >= before, "it did not go back");
    let admin = server.sign_in("root-admin", Role::Admin).await;
    assert!(!admin.page("/admin/audit?by=all").await.1.contains("pull_again"));
}
