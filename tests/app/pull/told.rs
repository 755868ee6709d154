//! Position, errors and gaps, right to the second.
use super::{MINUTE_MS, advance_here, place, state, stored, worker};
use crate::support::Server;
use crate::support::limacharlie::{Fake, Fault};
use fusionsoc::domain::Role;
use fusionsoc::store::pulls;

fn time(second: i64) -> String {
    jiff::Timestamp::from_second(second).unwrap().strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

async fn run(server: &Server) {
    worker(server).await.run_due().await;
    // Beyond the longest wait after a failure.
    advance_here(11 * MINUTE_MS);
}

/// Spoils this many pulls with an answer that can't be understood.
fn spoil(fake: &Fake, times: usize) {
    fake.fail(&vec![Fault::Garbled; times]);
}

/// Changes what keys may do, and ends the tokens that were made before.
fn permit(fake: &Fake, change: impl Fn(&mut Vec<String>)) {
    fake.change(|state| {
        state.keys.values_mut().for_each(change);
        state.generation += 1;
    });
}

async fn gaps(server: &Server) -> Vec<(i64, i64)> {
    let all = pulls::gaps(&mut server.app.store.read().await.unwrap(), server.org_id).await.unwrap();
    all.into_iter().map(|gap| (gap.from_s, gap.to_s)).collect()
}

#[tokio::test]
async fn a_failing_pull_is_told_to_lead_and_admin_until_it_works_again() {
    let (server, fake, _keys) = place(3).await;
    run(&server).await;
    let done = state(&server).await.done_s;
    permit(&fake, |may| may.retain(|may| may != "insight.det.get"));
    for _ in 0..3 {
        run(&server).await;
    }
    let words = "LimaCharlie refused: the API key lacks the privilege insight.det.get";
    let admin = server.sign_in("root-admin", Role::Admin).await;
    let (_, page) = admin.page("/admin/intake").await;
    assert!(page.contains(words) && page.contains("3 in a row"), "{page}");
    assert!(page.contains(&format!("{}</time></td>", time(done))), "read up to {}: {page}", time(done));
    assert!(page.contains("<th scope=\"row\">limacharlie_pull</th>"), "with its rate and lag: {page}");
    for (role, told) in [(Role::Lead, true), (Role::Admin, true), (Role::Analyst, false)] {
        let person = server.sign_in(role.as_str(), role).await;
        let banner = format!("No detections of acme are pulled since {}: {words}.", time(done));
        assert_eq!(person.page("/cases").await.1.contains(&banner), told, "{role:?}");
    }
    permit(&fake, |may| may.push("insight.det.get".to_owned()));
    run(&server).await;
    let (_, page) = admin.page("/admin/intake").await;
    assert!(!page.contains(words) && page.contains("works"), "{page}");
    assert_eq!(gaps(&server).await, [], "everything was read later");
}

#[tokio::test]
async fn a_window_that_can_not_be_read_becomes_a_gap_and_closes_when_it_can() {
    let (server, fake, _keys) = place(3).await;
    run(&server).await;
    let done = state(&server).await.done_s;
    spoil(&fake, 5);
    for _ in 0..5 {
        run(&server).await;
    }
    let after = state(&server).await;
    let open = gaps(&server).await;
    assert_eq!(open, [(done + 1, after.done_s)]);
    let asked = fake.calls("GET", "/v1/insight").pop().unwrap().path;
    assert!(asked.contains(&format!("end={}", after.done_s)), "the gap ends where the last window did: {asked}");
    let admin = server.sign_in("root-admin", Role::Admin).await;
    let (_, page) = admin.page("/admin/intake").await;
    for second in [done + 1, after.done_s] {
        assert!(page.contains(&time(second)), "{} in {page}", time(second));
    }
    run(&server).await;
    let next = fake.calls("GET", "/v1/insight").pop().unwrap().path;
    assert!(next.contains(&format!("start={}&", after.done_s + 1)), "the gap is left out: {next}");
    assert_eq!(gaps(&server).await, open, "not yet");
    advance_here(60 * MINUTE_MS);
    run(&server).await;
    assert_eq!(gaps(&server).await, [], "tried again after an hour");
    assert_eq!(stored(&server).await.len(), 3);
}

#[tokio::test]
async fn a_part_of_a_gap_can_be_filled() {
    let (server, _fake, _keys) = place(1).await;
    let mut tx = server.app.store.write().await.unwrap();
    let gap = pulls::Gap { id: 0, org_id: server.org_id, from_s: 100, to_s: 199, tried_ms: 1, error: "x".to_owned() };
    pulls::add_gap(&mut tx, &gap).await.unwrap();
    assert_eq!(pulls::fill(&mut tx, server.org_id, 120, 149).await.unwrap(), 1);
    assert_eq!(pulls::fill(&mut tx, server.org_id, 0, 99).await.unwrap(), 0);
    tx.commit().await.unwrap();
    assert_eq!(gaps(&server).await, [(100, 119), (150, 199)]);
}

#[tokio::test]
async fn a_limit_for_calls_is_waited_for() {
    let (server, fake, _keys) = place(3).await;
    fake.fail(&[Fault::TooMany(3000)]);
    run(&server).await;
    assert_eq!(state(&server).await.error, "LimaCharlie allows no more calls for now (1000 in 60 s)");
    let before = fake.calls("GET", "/v1/insight").len();
    run(&server).await;
    assert_eq!(fake.calls("GET", "/v1/insight").len(), before, "not before it is allowed");
    advance_here(40 * MINUTE_MS);
    run(&server).await;
    assert_eq!((stored(&server).await.len(), state(&server).await.error), (3, String::new()));
}
