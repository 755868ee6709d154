//! Mail to a mail server that others wrote: aiosmtpd, where `FUSIONSOC_AIOSMTPD` names a Python that has it.
use crate::notify::{mailing, panel};
use crate::support::certs::Authority;
use crate::support::{SEED, Server};
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server that keeps what it gets in a maildir.
async fn start(python: &str, port: u16, tls: &[&str], maildir: &Path) -> Running {
    let listen = format!("127.0.0.1:{port}");
    let mut command = Command::new(python);
    command.args(["-m", "aiosmtpd", "-n", "-l", &listen, "-c", "aiosmtpd.handlers.Mailbox"]).args(tls).arg(maildir);
    let running = Running(command.spawn().unwrap());
    for _ in 0..200 {
        if tokio::net::TcpStream::connect(&listen).await.is_ok() {
            return running;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("aiosmtpd did not start");
}

#[tokio::test]
async fn a_real_mail_server_takes_our_mail_with_and_without_tls() {
    let Ok(python) = std::env::var("FUSIONSOC_AIOSMTPD") else {
        println!("SKIPPED: FUSIONSOC_AIOSMTPD is not set");
        return;
    };
    let (authority, dir) = (Authority::new(), tempfile::tempdir().unwrap());
    let files = authority.sign(dir.path(), "mail", 2099);
    let (cert, key) = (files.cert.display().to_string(), files.key.display().to_string());
    let ca = dir.path().join("ca.pem");
    std::fs::write(&ca, &authority.pem).unwrap();
    let ways = [
        ("smtp", "", vec![]),
        ("smtp", "?tls=required", vec!["--tlscert", &cert, "--tlskey", &key]),
        ("smtps", "", vec!["--smtpscert", &cert, "--smtpskey", &key]),
    ];
    for (at, (scheme, asked, tls)) in ways.into_iter().enumerate() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let maildir = dir.path().join(format!("mail-{at}"));
        let _running = start(&python, port, &tls, &maildir).await;
        let mut settings = mailing(dir.path(), &format!("{scheme}://127.0.0.1:{port}{asked}"));
        settings.password_file.clear();
        settings.ca_file = ca.display().to_string();
        let (server, _models): (Server, _) =
            panel(["true_positive", "true_positive"], |config| config.notify.smtp = Some(settings)).await;
        server.deliver(SEED).await;
        server.run_jobs().await;
        let mails: Vec<_> = std::fs::read_dir(maildir.join("new")).unwrap().map(|file| file.unwrap().path()).collect();
        assert_eq!(mails.len(), 1, "{scheme}{asked}");
        let mail = std::fs::read_to_string(&mails[0]).unwrap();
        assert!(mail.contains("[FusionSOC] Likely true positive") && mail.contains("stated confidence"), "{mail}");
    }
}
