//! Snooze: until when, what leaves which view, what is refused, undo.
use super::{HOSTILE, case, closed_to_others, ledger, number_of, rows, send, told, write};
use crate::support::{Server, fakes, spawn_with};
use fusionsoc::domain::Role;
use fusionsoc::store::Scope;
use fusionsoc::store::queue::{View, count};
use fusionsoc::voters::VoterConfig;

/// Cases that a view holds.
pub(super) async fn held(server: &Server, view: View) -> i64 {
    let mut tx = server.app.store.read().await.unwrap();
    count(&mut tx, Scope::org(server.org_id), view, 1000).await.unwrap()
}

/// When the only snoozed case comes back.
async fn until(server: &Server, number: i64) -> i64 {
    number_of(&server.app.store, &format!("SELECT snoozed_until_ms FROM cases WHERE number = {number}")).await
}

#[tokio::test]
async fn a_snoozed_case_leaves_the_views_of_work_and_undo_brings_it_back() {
    let (server, ana, number) = case().await;
    let path = format!("/cases/{number}/snooze");
    send(&ana, &format!("/cases/{number}/assign"), &[("user", "ana")], 303).await;
    assert!(ana.page("/cases?view=open").await.1.contains("data-key=\"h\""), "the preview has the form");
    let before = (held(&server, View::NeedsDecision).await, held(&server, View::SplitVotes).await);
    assert_eq!((before.0, rows(&ana.page("/cases?view=mine").await.1).len()), (1, 1));
    let fields = [("until", "4h"), ("reason", HOSTILE), ("next", "queue"), ("from", "view=needs_decision")];
    let reply = ana.post(&path, &fields).await;
    let to = reply.headers()["location"].to_str().unwrap().to_owned();
    assert!(to.contains(&format!("snoozed={number}")), "{to}");
    let queue = ana.page(&to).await.1;
    assert!(rows(&queue).is_empty() && queue.contains("Snoozed until") && queue.contains("Undo"), "{queue}");
    assert!(!queue.contains("<script>alert"), "{queue}");
    for view in [View::NeedsDecision, View::SplitVotes, View::LikelyTruePositive] {
        assert_eq!(held(&server, view).await, 0, "{view}");
    }
    assert!(rows(&ana.page("/cases?view=mine").await.1).is_empty());
    assert_eq!((held(&server, View::Snoozed).await, held(&server, View::AllOpen).await), (1, 1));
    let aside = ana.page("/cases?view=snoozed").await.1;
    assert!(rows(&aside) == [number] && aside.contains("Snoozed until"), "{aside}");
    send(&ana, "/undo", &[], 303).await;
    assert_eq!((held(&server, View::NeedsDecision).await, held(&server, View::SplitVotes).await), before);
    assert_eq!(held(&server, View::Snoozed).await, 0);
    assert!(told(&server, number, "undo").await[0].starts_with("Undone: Snoozed until"));
    let nothing = ana.post("/undo", &[]).await;
    assert_eq!(nothing.status(), 409, "what is back can't be undone again");
    assert_eq!(ledger(&server.app.store, "snooze").await, 1);
}

#[tokio::test]
async fn the_time_is_a_choice_or_a_moment_by_the_person_s_clock() {
    let (server, ana, number) = case().await;
    let path = format!("/cases/{number}/snooze");
    let (hour, now) = (3_600_000, fusionsoc::clock::now_ms());
    send(&ana, &path, &[("until", "1h")], 303).await;
    let at = until(&server, number).await;
    assert!((now + hour..now + hour + 60_000).contains(&at), "{at}");
    write(&server.app.store, "UPDATE users SET zone = 'Asia/Tokyo'").await;
    send(&ana, &path, &[("until", "morning")], 303).await;
    let at = until(&server, number).await;
    assert_eq!(at.rem_euclid(24 * hour), 23 * hour, "08:00 in Tokyo is 23:00 UTC");
    assert!(at > now && at <= now + 24 * hour, "the next one");
    let soon = jiff::Timestamp::from_millisecond(now + 48 * hour).unwrap().strftime("%Y-%m-%dT09:30").to_string();
    send(&ana, &path, &[("until", "1h"), ("at", &soon)], 303).await;
    assert_eq!(until(&server, number).await.rem_euclid(24 * hour), hour / 2, "09:30 in Tokyo is 00:30 UTC");
    assert_eq!(told(&server, number, "snooze").await.len(), 3);
    for bad in
        [[("until", "soon"), ("at", "")], [("until", "1h"), ("at", "2020-01-01T10:00")], [("until", "1h"), ("at", "x")]]
    {
        send(&ana, &path, &bad, 422).await;
    }
    let far = send(&ana, &path, &[("at", "2999-01-01T10:00"), ("reason", "kept words")], 422).await;
    assert!(far.contains("30 days at most"), "{far}");
    let key = [("until", "4h"), ("idempotency_key", "k")];
    send(&ana, &path, &key, 303).await;
    send(&ana, &path, &key, 303).await;
    assert_eq!(told(&server, number, "snooze").await.len(), 4, "sent twice, done once");
    closed_to_others(&server, &path, &[("until", "1h")]).await;
}

#[tokio::test]
async fn a_true_positive_and_a_closed_case_are_not_put_aside() {
    let (_server, ana, number) = case().await;
    let (path, verdict) = (format!("/cases/{number}/snooze"), format!("/cases/{number}/verdict"));
    send(&ana, &verdict, &[("verdict", "true_positive"), ("reason", "malware")], 303).await;
    let page = send(&ana, &path, &[("until", "1h")], 422).await;
    assert!(page.contains("be snoozed: it needs somebody now."), "{page}");
    let closing = [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
    send(&ana, &verdict, &closing, 303).await;
    assert!(send(&ana, &path, &[("until", "1h")], 422).await.contains("A closed case"));
}

#[tokio::test]
async fn what_looks_like_an_attack_waits_four_hours_at_most() {
    let one = fakes::ollama("one", &fakes::answer("true_positive", 95).to_string()).await;
    let server = spawn_with(|config| config.voters = vec![VoterConfig::ollama("one", &one.uri(), "one")]).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = server.deliver(crate::support::SEED).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    assert_eq!(server.case(number).await["machine_verdict"], "true_positive");
    let path = format!("/cases/{number}/snooze");
    let soon = fusionsoc::clock::now_ms() + 20 * 3_600_000;
    let soon = jiff::Timestamp::from_millisecond(soon).unwrap().strftime("%Y-%m-%dT%H:%M").to_string();
    let page = send(&ana, &path, &[("at", &soon)], 422).await;
    assert!(page.contains("it can be snoozed for 4 h at most"), "{page}");
    assert!(!page.contains("value=\"morning\""), "and more is not offered");
    send(&ana, &path, &[("until", "4h")], 303).await;
    assert_eq!(held(&server, View::LikelyTruePositive).await, 0);
}

#[tokio::test]
async fn a_verdict_ends_the_snooze() {
    let (server, ana, number) = case().await;
    send(&ana, &format!("/cases/{number}/snooze"), &[("until", "4h")], 303).await;
    let closing = [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
    send(&ana, &format!("/cases/{number}/verdict"), &closing, 303).await;
    assert_eq!(held(&server, View::Snoozed).await, 0);
    write(&server.app.store, "UPDATE jobs SET run_at_ms = 1 WHERE kind = 'wake'").await;
    server.run_jobs().await;
    assert!(told(&server, number, "woken").await.is_empty(), "its job finds nothing to do");
}

#[tokio::test]
async fn one_that_is_looked_at_too_early_ends_at_its_time_all_the_same() {
    let (server, ana, number) = case().await;
    send(&ana, &format!("/cases/{number}/snooze"), &[("until", "4h")], 303).await;
    // As where the clock of who queued it is behind that of the worker.
    write(&server.app.store, "UPDATE jobs SET run_at_ms = 1 WHERE kind = 'wake'").await;
    server.run_jobs().await;
    assert_eq!(held(&server, View::Snoozed).await, 1);
    fusionsoc::clock::advance_here(4 * 3_600_000 + 1_000);
    server.run_jobs().await;
    assert_eq!((held(&server, View::Snoozed).await, told(&server, number, "woken").await.len()), (0, 1));
}
