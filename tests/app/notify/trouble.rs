//! The other side fails: told on the page, tried again with longer and longer waits, given up, retried by hand.
use crate::notify::webhook::{receiver, verified};
use crate::notify::{hook, mailing, panel};
use crate::support::smtp::{self, Does, Tls};
use crate::support::{Person, SEED, Server, seed_id, seed_with, spawn_with};
use fusionsoc::clock::{advance_here, now_ms};
use fusionsoc::domain::Role;
use fusionsoc::jobs::watch;
use serde_json::Value;
use std::io::Read;
use wiremock::ResponseTemplate;

const PAGE: &str = "/admin/integrations";

async fn page(admin: &Person) -> String {
    let (status, page) = admin.page(PAGE).await;
    assert_eq!(status, 200, "{page}");
    page
}

async fn test(server: &Server, admin: &Person, channel: &str) -> String {
    assert_eq!(admin.post(&format!("{PAGE}/test"), &[("name", channel)]).await.status(), 303);
    server.run_jobs().await;
    page(admin).await
}

#[tokio::test]
async fn what_is_not_taken_is_tried_again_then_given_up_then_retried_by_hand() {
    let dir = tempfile::tempdir().unwrap();
    let failing = receiver(ResponseTemplate::new(500)).await;
    let webhook = hook(dir.path(), &format!("{}/hook", failing.uri()));
    let (server, _models) =
        panel(["true_positive", "true_positive"], |config| config.notify.webhook = Some(webhook)).await;
    let admin = server.sign_in("root-admin", Role::Admin).await;
    assert!(page(&admin).await.contains("Not used yet"));
    server.deliver(SEED).await;
    server.run_jobs().await;
    for (tries, minutes) in [(1, 1), (2, 5), (3, 15), (4, 60)] {
        let shown = page(&admin).await;
        assert!(shown.contains("Failed at") && shown.contains("it answered 500"), "{shown}");
        assert!(shown.contains(&format!("<td class=\"num\">{tries}</td>")) && shown.contains("again at"), "{shown}");
        fusionsoc::clock::advance_here(minutes * 60_000 + 1_000);
        server.run_jobs().await;
    }
    let shown = page(&admin).await;
    assert!(shown.contains("Failed</td>") || shown.contains(">Failed"), "given up: {shown}");
    let requests = failing.received_requests().await.unwrap();
    let ids: Vec<_> = requests.iter().map(|request| verified(request)["id"].clone()).collect();
    assert!(ids.len() == 5 && ids.iter().all(|id| *id == ids[0]), "one id for all tries: {ids:?}");
    failing.reset().await;
    let analyst = server.sign_in("ana", Role::Analyst).await;
    assert_eq!(analyst.page(PAGE).await.0, 403);
    assert_eq!(analyst.post(&format!("{PAGE}/1/retry"), &[]).await.status(), 403);
    assert_eq!(analyst.post(&format!("{PAGE}/test"), &[("name", "webhook")]).await.status(), 403);
    let other = crate::support::add_org(&server.app.store, "other", None).await;
    let stranger = server.sign_in_to(other, "eve", Role::Admin).await;
    assert_eq!(stranger.post(&format!("{PAGE}/1/retry"), &[]).await.status(), 404, "not their organisation's");
    assert!(!page(&stranger).await.contains("/cases/1"));
    assert_eq!(admin.post(&format!("{PAGE}/1/retry"), &[]).await.status(), 303);
    assert_eq!(admin.post(&format!("{PAGE}/1/retry"), &[]).await.status(), 404, "it waits already");
    let reply = wiremock::Mock::given(wiremock::matchers::method("POST")).respond_with(ResponseTemplate::new(200));
    reply.mount(&failing).await;
    server.run_jobs().await;
    let shown = page(&admin).await;
    assert!(shown.contains("Works") && shown.contains("Sent"), "{shown}");
}

#[tokio::test]
async fn every_way_a_receiver_fails_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let elsewhere = receiver(ResponseTemplate::new(200)).await;
    let target = format!("{}/hook", elsewhere.uri());
    let moved = receiver(ResponseTemplate::new(302).insert_header("location", target.as_str())).await;
    let slow = receiver(ResponseTemplate::new(200).set_delay(std::time::Duration::from_secs(20))).await;
    let breaking = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let broken = format!("http://{}/hook", breaking.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in breaking.incoming() {
            let _ = stream.unwrap().read(&mut [0; 10]);
        }
    });
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ways = [
        (format!("{}/hook", moved.uri()), "redirects are not followed"),
        (format!("{}/hook", slow.uri()), "no answer within 1 s"),
        (broken, "connection"),
        (format!("http://{free}/hook"), "refused"),
    ];
    for (url, words) in ways {
        let webhook = hook(dir.path(), &url);
        let server = spawn_with(|config| {
            config.notify.webhook = Some(webhook);
            config.notify.timeout_s = 1;
        })
        .await;
        let admin = server.sign_in("root-admin", Role::Admin).await;
        let shown = test(&server, &admin, "webhook").await;
        assert!(shown.contains("Failed at") && shown.to_lowercase().contains(words), "{url}: {shown}");
        assert!(!shown.contains("/hook"), "the path may be the secret: {shown}");
        assert_eq!(admin.post(&format!("{PAGE}/test"), &[("name", "pigeon")]).await.status(), 404);
    }
    assert!(elsewhere.received_requests().await.unwrap().is_empty(), "no redirect was followed");
}

#[tokio::test]
async fn every_way_a_mail_server_fails_is_told_and_passes() {
    let dir = tempfile::tempdir().unwrap();
    let mail = smtp::start(("soc@acme.example", "pa ss=wörd"), Tls::Never).await;
    let settings = mailing(dir.path(), &format!("smtp://soc%40acme.example@127.0.0.1:{}", mail.port));
    let server = spawn_with(|config| {
        config.notify.smtp = Some(settings);
        config.notify.timeout_s = 1;
        config.notify.every_s = 0;
    })
    .await;
    let admin = server.sign_in("root-admin", Role::Admin).await;
    let ways = [
        (Does::Answers("451 4.3.0 come back later"), "come back later"),
        (Does::Answers("550 5.7.1 no such list at evil.example"), "evil[.]example"),
        (Does::Hangs, "within 1 s"),
        (Does::BreaksOff, "Failed at"),
    ];
    for (does, words) in ways {
        mail.does(does);
        let shown = test(&server, &admin, "smtp").await;
        let told = shown.contains(words) || (does == Does::Hangs && shown.contains("timed out"));
        assert!(shown.contains("Failed at") && told, "{words}: {shown}");
    }
    assert!(mail.mails().is_empty());
    mail.does(Does::Takes);
    assert!(test(&server, &admin, "smtp").await.contains("Works"));
    server.run_jobs().await;
    assert!(!page(&admin).await.contains("Queued"), "what waited goes as soon as the server is back");
}

/// The seed on a host of its own.
fn on(host: u8) -> String {
    let (id, name, sensor) = (format!("ahead-{host}"), format!("host-{host}"), format!("a47d2c95-{host}b08"));
    seed_with(&[(&seed_id(), &id), ("desktop-4kq7m2x", &name), ("a47d2c95-6b08", &sensor)])
}

#[tokio::test]
async fn what_a_clock_sent_or_put_off_that_was_ahead_keeps_nothing_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let hearing = receiver(ResponseTemplate::new(200)).await;
    let webhook = hook(dir.path(), &format!("{}/hook", hearing.uri()));
    let (server, _models) = panel(["true_positive", "true_positive"], |config| {
        config.notify.webhook = Some(webhook);
        config.notify.every_s = 60;
    })
    .await;
    let heard = async || {
        let all = hearing.received_requests().await.unwrap();
        let told = all.iter().map(|one| one.body_json::<Value>().unwrap()["notifications"].as_array().unwrap().len());
        (all.len(), told.sum::<usize>())
    };
    let day_ms = 24 * 3_600_000;
    advance_here(day_ms);
    for host in [1, 2] {
        server.deliver(&on(host)).await;
        server.run_jobs().await;
    }
    assert_eq!(heard().await, (1, 1), "no more than one message a minute");
    advance_here(-day_ms);
    server.deliver(&on(3)).await;
    // The look-out comes every minute.
    let mut tx = server.app.store.write().await.unwrap();
    watch::ask(&mut tx, now_ms()).await.unwrap();
    tx.commit().await.unwrap();
    server.run_jobs().await;
    assert_eq!(heard().await.0, 2, "it sends at once");
    advance_here(61_000);
    server.run_jobs().await;
    assert_eq!(heard().await.1, 3, "and tells everything, what was put off too");
}
