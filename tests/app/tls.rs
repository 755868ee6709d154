//! TLS on our own listener: who is served, who is cut, and what is said of bad certificates.

use crate::support::certs::{Authority, Files};
use crate::support::{Server, http, spawn_with};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

async fn secure(authority: &Authority, dir: &Path) -> Server {
    let Files { cert, key } = authority.sign(dir, "server", 2099);
    spawn_with(|config| {
        config.server.tls_cert = cert.display().to_string();
        config.server.tls_key = key.display().to_string();
    })
    .await
}

#[tokio::test]
async fn pages_come_over_tls_from_our_own_listener() {
    let (authority, dir) = (Authority::new(), tempfile::tempdir().unwrap());
    let server = secure(&authority, dir.path()).await;
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    let reply = authority.client().get(format!("{}/login", server.url)).send().await.unwrap();
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.headers()["strict-transport-security"], "max-age=31536000");
    assert!(reply.text().await.unwrap().contains("name=\"password\""));
    let stranger = Authority::new().client().get(format!("{}/login", server.url)).send().await;
    assert!(stranger.is_err(), "a client that trusts another authority does not get a page");
}

#[tokio::test]
async fn who_does_not_speak_tls_is_cut_and_nobody_else_notices() {
    let (authority, dir) = (Authority::new(), tempfile::tempdir().unwrap());
    let server = secure(&authority, dir.path()).await;
    let plain = server.url.replacen("https", "http", 1);
    for _ in 0..40 {
        assert!(http().get(format!("{plain}/login")).send().await.is_err(), "plain HTTP gets nothing");
    }
    let reply = authority.client().get(format!("{}/healthz", server.url)).send().await.unwrap();
    assert_eq!(reply.status(), 200);
}

#[tokio::test]
async fn a_slow_handshake_is_cut() {
    let (authority, dir) = (Authority::new(), tempfile::tempdir().unwrap());
    let server = secure(&authority, dir.path()).await;
    let address = server.url.trim_start_matches("https://").to_owned();
    let waited = tokio::task::spawn_blocking(move || {
        // The first bytes of a client's hello that never ends.
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01]).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let began = Instant::now();
        assert_eq!(stream.read(&mut [0; 64]).unwrap_or(0), 0, "nothing is answered");
        began.elapsed()
    });
    let waited = waited.await.unwrap();
    assert!(waited > Duration::from_secs(3) && waited < Duration::from_secs(10), "{waited:?}");
}

/// What `check` says of a voter at this address, on a machine that trusts these certificates.
async fn asked(dir: &Path, address: &str, trusted: &str) -> String {
    let toml = format!("[[voters]]\nname = \"far\"\nkind = \"openai\"\nbase_url = \"{address}/v1\"\nmodel = \"m\"\n");
    std::fs::write(dir.join("fusionsoc.toml"), toml).unwrap();
    std::fs::write(dir.join("trusted.pem"), trusted).unwrap();
    let mut migrate = fusionsoc(dir);
    let mut check = fusionsoc(dir);
    check.arg("check").env("SSL_CERT_FILE", dir.join("trusted.pem")).env_remove("SSL_CERT_DIR");
    let output = tokio::task::spawn_blocking(move || {
        assert!(migrate.arg("migrate").status().unwrap().success());
        check.output().unwrap()
    });
    let output = output.await.unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[tokio::test]
async fn others_are_asked_where_the_machine_trusts_them_and_nowhere_else() {
    let (authority, dir) = (Authority::new(), tempfile::tempdir().unwrap());
    let server = secure(&authority, dir.path()).await;
    let trusted = asked(dir.path(), &server.url, &authority.pem).await;
    assert!(trusted.contains("voter far: it answers"), "{trusted}");
    let strange = asked(dir.path(), &server.url, &Authority::new().pem).await;
    assert!(strange.contains("could not be reached: this machine does not trust its certificate"), "{strange}");
}

fn check(dir: &Path, cert: &str, key: &str) -> (i32, String) {
    let toml = format!("[server]\ntls_cert = \"{cert}\"\ntls_key = \"{key}\"\n");
    std::fs::write(dir.join("fusionsoc.toml"), toml).unwrap();
    let output = fusionsoc(dir).arg("check").output().unwrap();
    let all = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(all).unwrap())
}

fn fusionsoc(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fusionsoc"));
    command.current_dir(dir).env_remove("FUSIONSOC_CONFIG");
    command
}

#[test]
fn what_is_wrong_with_a_certificate_is_told_with_its_setting() {
    let (authority, dir) = (Authority::new(), tempfile::tempdir().unwrap());
    let dir = dir.path();
    for (name, year) in [("good", 2099), ("other", 2099), ("old", 2021)] {
        authority.sign(dir, name, year);
    }
    assert!(fusionsoc(dir).arg("migrate").output().unwrap().status.success());
    let told = |cert: &str, key: &str, words: &[&str], code: i32| {
        let (exit, text) = check(dir, cert, key);
        assert_eq!(exit, code, "{text}");
        for word in words {
            assert!(text.contains(word), "{word}: {text}");
        }
    };
    told("good.crt", "good.key", &["ok    TLS certificate"], 0);
    told("old.crt", "old.key", &["warn  server.tls_cert: the certificate expired on 2021-12-31"], 0);
    told("good.crt", "", &["server.tls_key: is needed with server.tls_cert"], 2);
    told("", "good.key", &["server.tls_cert: is needed with server.tls_key"], 2);
    told("none.crt", "good.key", &["server.tls_cert: none.crt: "], 2);
    told("good.crt", "none.key", &["server.tls_key: none.key: "], 2);
    told("good.key", "good.key", &["server.tls_cert: good.key: holds no certificate"], 2);
    told("good.crt", "good.crt", &["server.tls_key: good.crt: "], 2);
    told("good.crt", "other.key", &["server.tls_key: other.key: is not the key of the certificate in good.crt"], 2);
    std::fs::set_permissions(dir.join("good.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    told("good.crt", "good.key", &["server.tls_key: good.key: others may read this file"], 2);
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_new_certificate_is_served_after_a_hangup() {
    let (first, second, dir) = (Authority::new(), Authority::new(), tempfile::tempdir().unwrap());
    first.sign(dir.path(), "server", 2099);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let toml =
        format!("[server]\nlisten = \"127.0.0.1:{port}\"\ntls_cert = \"server.crt\"\ntls_key = \"server.key\"\n");
    std::fs::write(dir.path().join("fusionsoc.toml"), toml).unwrap();
    let mut running = Running(fusionsoc(dir.path()).arg("serve").stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line.trim(), format!("FusionSOC is at https://127.0.0.1:{port}"));
    let health = format!("https://127.0.0.1:{port}/healthz");
    assert!(answers(&first, &health).await, "the first certificate is served");
    let hangup = || {
        let id = rustix::process::Pid::from_child(&running.0);
        rustix::process::kill_process(id, rustix::process::Signal::HUP).unwrap();
    };
    std::fs::write(dir.path().join("server.crt"), "half written").unwrap();
    hangup();
    assert!(answers(&first, &health).await, "what can't be used changes nothing");
    second.sign(dir.path(), "server", 2099);
    hangup();
    assert!(answers(&second, &health).await, "the second certificate is served");
    assert!(first.client().get(&health).send().await.is_err(), "and the first one no more");
}

/// Whether a server with a certificate of this authority answers within some seconds.
async fn answers(authority: &Authority, url: &str) -> bool {
    for _ in 0..100 {
        if authority.client().get(url).send().await.is_ok() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}
