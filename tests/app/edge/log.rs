//! The log: one line of JSON for each request, which says who asked for what, under an id that the ledger has too.
use crate::support::{Person, http};
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PASSWORD: &str = "correct horse battery";

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command(dir: &Path, args: &[&str], input: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fusionsoc"));
    let command = command.current_dir(dir).args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{args:?}");
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

/// A served program that writes its log into a file.
async fn serve(dir: &Path) -> (Process, String) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let child = Command::new(env!("CARGO_BIN_EXE_fusionsoc"))
        .current_dir(dir)
        .args(["serve"])
        .env("FUSIONSOC__SERVER__LISTEN", format!("127.0.0.1:{port}"))
        .env("FUSIONSOC__SERVER__INSECURE_COOKIES", "true")
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(dir.join("log")).unwrap())
        .spawn()
        .unwrap();
    let (process, url, began) = (Process(child), format!("http://127.0.0.1:{port}"), Instant::now());
    while http().get(format!("{url}/healthz")).send().await.is_err() {
        assert!(began.elapsed() < Duration::from_mins(1), "the server starts");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    (process, url)
}

/// The lines of the log, each of which must be JSON.
fn lines(dir: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(dir.join("log")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
}

fn line(dir: &Path, id: &str) -> Value {
    let of = lines(dir).into_iter().find(|line| line["fields"]["request_id"] == *id);
    of.unwrap_or_else(|| panic!("{id} is logged"))["fields"].clone()
}

fn id(reply: &reqwest::Response) -> String {
    reply.headers()["x-request-id"].to_str().unwrap().to_owned()
}

/// An organisation with a person and a token.
fn set_up(dir: &Path) -> String {
    command(dir, &["org", "add", "acme", "--name", "Acme"], "");
    command(dir, &["user", "add", "ana", "--role", "analyst", "--org", "acme"], PASSWORD);
    let token = ["token", "create", "--name", "robot", "--org", "acme", "--scope", "ingest,read,write"];
    command(dir, &token, "")
}

#[tokio::test]
async fn a_request_is_found_again_in_log_and_ledger() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let token = set_up(dir);
    let (process, url) = serve(dir).await;
    let mut ana = Person { url: url.clone(), cookie: String::new() };
    let sent = |path: &str, body: &str| {
        http()
            .post(format!("{url}{path}"))
            .bearer_auth(&token)
            .header("content-type", "application/json")
            .body(body.to_owned())
    };
    assert_eq!(sent("/api/v1/detections", crate::support::SEED).send().await.unwrap().status(), 202);
    let signed_in = ana.post("/login", &[("username", "ana"), ("password", PASSWORD)]).await;
    signed_in.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().clone_into(&mut ana.cookie);
    let page =
        http().get(format!("{url}/cases/1?q=%0Ahushword%1B")).header("cookie", &ana.cookie).send().await.unwrap();
    let noted = sent("/api/v1/cases/1/notes", "{\"body\": \"private words\"}").send().await.unwrap();
    assert_eq!((page.status().as_u16(), noted.status().as_u16()), (200, 201));
    let (of_sign_in, of_page, of_note) = (id(&signed_in), id(&page), id(&noted));
    drop(process);
    for (id, user, method, route, status) in [
        (&of_sign_in, "ana", "POST", "/login", 303),
        (&of_page, "ana", "GET", "/cases/{number}", 200),
        (&of_note, "token:robot", "POST", "/api/v1/cases/{number}/notes", 201),
    ] {
        let line = line(dir, id);
        let said = (line["user"].as_str(), line["method"].as_str(), line["route"].as_str(), line["status"].as_i64());
        assert_eq!(said, (Some(user), Some(method), Some(route), Some(status)), "{line}");
        assert!(line["ms"].is_u64(), "{line}");
    }
    let all = std::fs::read_to_string(dir.join("log")).unwrap();
    for secret in [PASSWORD, token.as_str(), "private words", ana.cookie.split('=').nth(1).unwrap(), "hushword"] {
        assert!(!all.contains(secret), "nothing that is private is logged");
    }
    for id in [&of_sign_in, &of_note] {
        assert!(ledger(dir).await.contains(id), "the ledger has {id}");
    }
}

async fn ledger(dir: &Path) -> Vec<String> {
    let file = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "db"));
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file.unwrap());
    let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
    sqlx::query_scalar("SELECT request_id FROM ledger").fetch_all(&mut connection).await.unwrap()
}

/// Requests as only a program sends them: controls, quotes and other scripts in the method, the path and headers.
fn hostile(url: &str) {
    use std::io::Read;
    let address = url.trim_start_matches("http://");
    for head in [
        "GET /cases/%0A%1B%5B2J%C2%9B?token=hushword HTTP/1.1\r\n",
        "GET /cases/\u{9b}2J\u{202e}x HTTP/1.1\r\n",
        "H`ACK!'$ /cases/1 HTTP/1.1\r\n",
        "GET /\"},{\"level\":\"ERROR\" HTTP/1.1\r\n",
    ] {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let headers = "host: a\u{9b}b\r\nuser-agent: \"\u{9b}[2J\r\nauthorization: Bearer hushword\r\ncookie: x=hushword\r\nlc-signature: hushword\r\nconnection: close\r\n\r\n";
        stream.write_all(format!("{head}{headers}").as_bytes()).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    }
}

#[tokio::test]
async fn a_line_holds_nothing_that_acts_and_nothing_that_a_client_hides_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    command(dir, &["org", "add", "acme", "--name", "Acme"], "");
    let name = "ro\"bot\\";
    let token = command(dir, &["token", "create", "--name", name, "--org", "acme", "--scope", "read"], "");
    let (process, url) = serve(dir).await;
    hostile(&url);
    let nobody = Person { url: url.clone(), cookie: String::new() };
    let user = "ana\n{\"level\":\"ERROR\"}\u{1b}[31m\u{9b}";
    assert_eq!(nobody.post("/login", &[("username", user), ("password", PASSWORD)]).await.status(), 401);
    let asked = http().get(format!("{url}/api/v1/cases?q=hushword")).bearer_auth(&token).send().await.unwrap();
    assert_eq!(asked.status(), 200);
    let known = id(&asked);
    drop(process);
    let all = std::fs::read_to_string(dir.join("log")).unwrap();
    let acts = |c: &char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(c);
    assert_eq!(all.lines().flat_map(str::chars).find(acts), None, "{all:?}");
    for line in lines(dir) {
        let at = line["timestamp"].as_str().unwrap();
        assert!(at.ends_with('Z') && at.parse::<jiff::Timestamp>().is_ok(), "{line}");
        assert_ne!(line["level"], "ERROR", "{line}");
    }
    for hidden in ["hushword", PASSWORD, "\u{9b}"] {
        assert!(!all.contains(hidden), "{hidden:?}:\n{all}");
    }
    let line = line(dir, &known);
    assert_eq!(line["user"], format!("token:{name}"), "the name is all there");
    assert_eq!((&line["route"], &line["status"]), (&Value::from("/api/v1/cases"), &Value::from(200)), "{line}");
}
