//! Mail: what people read, and how the connection is protected.
use crate::notify::{mailing, on_hosts, panel};
use crate::support::certs::Authority;
use crate::support::smtp::{self, Mail, Smtp, Tls};
use crate::support::{SEED, Server, seed_with, spawn_with};
use fusionsoc::domain::Role;
use fusionsoc::web::tls::Certificate;
use std::path::Path;
use tokio_rustls::TlsAcceptor;

const LOGIN: (&str, &str) = ("soc@acme.example", "pa ss=wörd");

fn user(smtp: &Smtp, scheme: &str, tls: &str) -> String {
    format!("{scheme}://soc%40acme.example@127.0.0.1:{}{tls}", smtp.port)
}

#[tokio::test]
async fn people_are_told_once_of_a_likely_true_positive() {
    let dir = tempfile::tempdir().unwrap();
    let mail = smtp::start(LOGIN, Tls::Never).await;
    let settings = mailing(dir.path(), &user(&mail, "smtp", ""));
    let (server, _models) =
        panel(["true_positive", "true_positive"], |config| config.notify.smtp = Some(settings)).await;
    let number = server.deliver(SEED).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    server.post(&format!("/api/v1/cases/{number}/triage"), "").await;
    server.run_jobs().await;
    let [got]: [Mail; 1] = mail.mails().try_into().ok().expect("one mail for two runs");
    assert_eq!(got.login, (LOGIN.0.to_owned(), LOGIN.1.to_owned()));
    assert!(got.from.contains("<soc@acme.example>") && got.to.len() == 2 && got.to[1].contains("<bob@acme.example>"));
    assert_eq!(got.header("Content-Type").unwrap(), "text/plain; charset=utf-8");
    assert_eq!(got.header("Auto-Submitted").unwrap(), "auto-generated");
    let subject = got.header("Subject").unwrap();
    assert!(
        subject.starts_with("[FusionSOC] Likely true positive, ") && subject.contains(&format!("(#{number})")),
        "{subject}"
    );
    let text = got.text();
    for part in ["stated confidence 93.0%", "Organisation: acme", &format!("{}/cases/{number}\r\n", server.url)] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for inside in ["SupportAssist", "expand.exe", "expand[.]exe", "index.cab", "Rule:", "User:"] {
        assert!(!text.contains(inside), "{inside} stays inside: {text}");
    }
}

#[tokio::test]
async fn hostile_names_are_harmless_in_a_mail() {
    let dir = tempfile::tempdir().unwrap();
    let mail = smtp::start(LOGIN, Tls::Never).await;
    let settings = mailing(dir.path(), &user(&mail, "smtp", ""));
    let (server, _models) = panel(["true_positive", "false_positive"], |config| {
        config.notify.smtp = Some(settings);
        config.notify.details = true;
    })
    .await;
    let evil = "x\\r\\nBcc: all@evil.example\\r\\n\\r\\n<b>https://evil.example/a\\u202e?x.y@z.example \\\\\\\\srv\\\\share \\u3002evil\\uff0ecom";
    let mut detection: serde_json::Value = serde_json::from_str(&seed_with(&[("desktop-4kq7m2x", evil)])).unwrap();
    detection["cat"] = format!("{}{}", detection["routing"]["hostname"].as_str().unwrap(), "long ".repeat(200)).into();
    server.deliver(&detection.to_string()).await;
    server.run_jobs().await;
    let [got]: [Mail; 1] = mail.mails().try_into().ok().expect("one mail");
    assert!(got.header("Bcc").is_none() && got.to.len() == 2, "no header of theirs: {}", got.data);
    let text = got.text();
    assert!(
        text.contains("Split vote") && text.contains("hxxps[:]//evil[.]example/a\u{FFFD}") && text.contains("[.]com"),
        "{text}"
    );
    assert!(text.contains("Rule: ") && text.contains("Processes: "), "details were asked for: {text}");
    let own = text.replace(&server.url, "");
    for bad in ["://", "@evil", "evil.", "\u{202e}", "<b>", "\\\\srv", "evil\u{ff0e}"] {
        assert!(!own.contains(bad), "{bad:?} is a link or hides something: {text}");
    }
    assert!(own.lines().all(|line| line.chars().count() < 560), "nothing is endless: {text}");
    assert!(got.header("Subject").unwrap().len() < 1_000);
}

#[tokio::test]
async fn many_at_once_share_a_mail_and_the_next_one_waits() {
    let dir = tempfile::tempdir().unwrap();
    let mail = smtp::start(LOGIN, Tls::Never).await;
    let settings = mailing(dir.path(), &user(&mail, "smtp", ""));
    let (server, _models) = panel(["true_positive", "true_positive"], |config| {
        config.notify.smtp = Some(settings);
        config.notify.every_s = 20 * 24 * 3600;
    })
    .await;
    server.deliver(SEED).await;
    server.run_jobs().await;
    assert_eq!(mail.mails().len(), 1, "the first one goes at once");
    let (status, answer) = server.post("/api/v1/detections", on_hosts(40)).await;
    assert_eq!((status, &answer["accepted"]), (202, &40.into()), "{answer}");
    server.run_jobs().await;
    assert_eq!(mail.mails().len(), 1, "the others wait for their turn");
    let admin = server.sign_in("root-admin", Role::Admin).await;
    let waiting = admin.page("/admin/integrations").await.1;
    assert!(waiting.contains("<td class=\"num\">40</td>"), "{waiting}");
    let mut patient = server.worker();
    let mut channels = (*server.app.notify).clone();
    channels.settings.every_s = 0;
    patient = patient.telling(std::sync::Arc::new(channels));
    let mut tx = server.app.store.write().await.unwrap();
    fusionsoc::notify::wake(&mut tx, "smtp", fusionsoc::clock::now_ms()).await.unwrap();
    tx.commit().await.unwrap();
    patient.run_due().await;
    let mails = mail.mails();
    assert_eq!(mails.len(), 2, "forty cases share a mail");
    assert!(mails[1].header("Subject").unwrap().contains("and 39 more"), "{:?}", mails[1].header("Subject"));
    let text = mails[1].text();
    assert_eq!((text.matches("Likely true positive").count(), text.contains("and 20 more: ")), (20, true), "{text}");
}

fn acceptor(authority: &Authority, dir: &Path) -> TlsAcceptor {
    let files = authority.sign(dir, "mail", 2099);
    let settings = fusionsoc::config::Server {
        tls_cert: files.cert.display().to_string(),
        tls_key: files.key.display().to_string(),
        ..fusionsoc::config::Server::default()
    };
    Certificate::open(&settings).unwrap().unwrap().acceptor().unwrap()
}

async fn tested(server: &Server) -> String {
    let admin = server.sign_in("root-admin", Role::Admin).await;
    assert_eq!(admin.post("/admin/integrations/test", &[("name", "smtp")]).await.status(), 303);
    server.run_jobs().await;
    admin.page("/admin/integrations").await.1
}

#[tokio::test]
async fn mail_goes_over_tls_to_a_server_that_is_who_it_says() {
    let (authority, dir) = (Authority::new(), tempfile::tempdir().unwrap());
    let ca = dir.path().join("ca.pem");
    std::fs::write(&ca, &authority.pem).unwrap();
    let tls = acceptor(&authority, dir.path());
    for (begins, scheme, asked) in
        [(Tls::AtOnce(tls.clone()), "smtps", ""), (Tls::After(tls.clone()), "smtp", "?tls=required")]
    {
        let mail = smtp::start(LOGIN, begins).await;
        let mut settings = mailing(dir.path(), &user(&mail, scheme, asked));
        let strange = settings.clone();
        settings.ca_file = ca.display().to_string();
        let server = spawn_with(|config| config.notify.smtp = Some(settings)).await;
        let page = tested(&server).await;
        assert!(page.contains("Works") && mail.mails().len() == 1 && mail.mails()[0].secure, "{scheme}: {page}");
        let server = spawn_with(|config| config.notify.smtp = Some(strange)).await;
        let page = tested(&server).await;
        assert!(page.contains("Failed at") && page.contains("certificate"), "an unknown authority: {page}");
        assert_eq!(mail.mails().len(), 1);
    }
    let mail = smtp::start(LOGIN, Tls::Never).await;
    let settings = mailing(dir.path(), &user(&mail, "smtp", "?tls=required"));
    let server = spawn_with(|config| config.notify.smtp = Some(settings)).await;
    assert!(tested(&server).await.contains("Failed at"), "a server without STARTTLS gets no password");
    assert!(mail.mails().is_empty());
}
