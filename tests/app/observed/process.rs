//! The program from outside: the port for the numbers, and how it stops.
use super::value;
use crate::support::http;
use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn start(dir: &Path, what: &str, (listen, numbers): (&str, &str)) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fusionsoc"));
    command.current_dir(dir).arg(what).stdout(Stdio::null()).stderr(Stdio::null());
    command.env("FUSIONSOC__SERVER__LISTEN", listen).env("FUSIONSOC__SERVER__INSECURE_COOKIES", "true");
    command.env("FUSIONSOC__SERVER__METRICS_LISTEN", numbers);
    Process(command.spawn().unwrap())
}

/// The text of an address, once something answers there.
async fn text(address: &str, path: &str) -> (u16, String) {
    let began = Instant::now();
    loop {
        if let Ok(reply) = http().get(format!("http://{address}{path}")).send().await {
            return (reply.status().as_u16(), reply.text().await.unwrap());
        }
        assert!(began.elapsed() < Duration::from_mins(1), "{address} answers");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn server_and_worker_tell_their_numbers_on_a_port_of_the_machine() {
    let dir = tempfile::tempdir().unwrap();
    let (listen, of_server, of_worker) = (free(), free(), free());
    let server = start(dir.path(), "serve", (&listen, &of_server));
    let (status, said) = text(&of_server, "/metrics").await;
    assert_eq!((status, value(&said, "fusionsoc_event_streams")), (200, 0));
    assert!(said.contains("fusionsoc_event_streams 0") && said.contains("fusionsoc_jobs_waiting"), "{said}");
    assert_eq!(text(&listen, "/metrics").await.0, 404, "not on the port for people");
    assert_eq!(text(&of_server, "/cases").await.0, 404, "and nothing else on this one");
    let worker = start(dir.path(), "worker", (&listen, &of_worker));
    let (status, said) = text(&of_worker, "/metrics").await;
    assert!(status == 200 && said.contains("fusionsoc_build_info") && !said.contains("event_streams"), "{said}");
    drop((server, worker));
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_says_so_before_it_closes() {
    let dir = tempfile::tempdir().unwrap();
    let (listen, numbers) = (free(), free());
    let mut server = start(dir.path(), "serve", (&listen, &numbers));
    let began = Instant::now();
    while text(&listen, "/readyz").await.0 != 200 {
        assert!(began.elapsed() < Duration::from_mins(1), "it becomes ready");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let told = Instant::now();
    kill_process(Pid::from_child(&server.0), Signal::TERM).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(text(&listen, "/readyz").await, (503, "{\"ready\":false}".to_owned()));
    assert_eq!(text(&listen, "/login").await.0, 200, "who still comes is answered");
    let code = loop {
        match server.0.try_wait().unwrap() {
            Some(code) => break code,
            None => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    assert_eq!(code.code(), Some(0));
    assert!(told.elapsed() < Duration::from_secs(30), "{:?}", told.elapsed());
}

#[tokio::test]
async fn a_hangup_ends_neither_server_nor_worker() {
    let dir = tempfile::tempdir().unwrap();
    let (listen, of_server, of_worker) = (free(), free(), free());
    let mut server = start(dir.path(), "serve", (&listen, &of_server));
    assert_eq!(text(&listen, "/healthz").await.0, 200);
    let mut worker = start(dir.path(), "worker", (&listen, &of_worker));
    assert_eq!(text(&of_worker, "/metrics").await.0, 200);
    for process in [&mut server, &mut worker] {
        kill_process(Pid::from_child(&process.0), Signal::HUP).unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(process.0.try_wait().unwrap(), None, "it goes on");
    }
    assert_eq!(text(&listen, "/healthz").await, (200, "ok".to_owned()));
    assert_eq!(text(&of_worker, "/metrics").await.0, 200);
}

#[test]
fn settings_that_would_open_the_numbers_to_others_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.toml");
    let open = dir.path().join("token");
    std::fs::write(&open, "a token that anybody reads").unwrap();
    std::fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    for (toml, said) in [
        (
            "metrics_listen = \"0.0.0.0:9090\"".to_owned(),
            "server.metrics_listen: must be an address of this machine alone",
        ),
        (
            "metrics_token = \"a token in the file\"".to_owned(),
            "server.metrics_token: comes from the environment alone",
        ),
        (format!("metrics_token_file = \"{}\"", open.display()), "its mode must be 0600"),
    ] {
        std::fs::write(&file, format!("[server]\n{toml}\n")).unwrap();
        let run = Command::new(env!("CARGO_BIN_EXE_fusionsoc"))
            .current_dir(dir.path())
            .args(["--config", "x.toml", "migrate"])
            .output()
            .unwrap();
        let error = String::from_utf8(run.stderr).unwrap();
        assert!(run.status.code() == Some(2) && error.contains(said), "{error}");
        assert!(!error.contains("a token in the file"), "{error}");
    }
    let run = Command::new(env!("CARGO_BIN_EXE_fusionsoc"))
        .current_dir(dir.path())
        .arg("migrate")
        .env("FUSIONSOC__SERVER__METRICS_TOKEN", "short")
        .output()
        .unwrap();
    assert!(String::from_utf8(run.stderr).unwrap().contains("server.metrics_token: must hold at least 16 characters"));
}
