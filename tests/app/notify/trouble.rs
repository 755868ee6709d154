//! The other side fails: told on the page, tried again with longer and longer waits, given up, retried by hand.
use crate::notify::webhook::{receiver, verified};
use crate::notify::{hook, mailing, panel};
use crate::support::smtp::{self, Does, Tls};
use crate::support::{Person, SEED, Server, spawn_with};
use fusionsoc::domain::Role;
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
