//! The commands: what they print, and how they exit.

use fusionsoc::store::{Durability, Store, precedents, runs};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

fn run(dir: &Path, args: &[&str], input: &str) -> Output {
    let mut child =
        fusionsoc(dir).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn fusionsoc(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fusionsoc"));
    command.current_dir(dir).env_remove("FUSIONSOC_CONFIG");
    command
}

fn text(output: &Output) -> (i32, String, String) {
    let utf8 = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    (output.status.code().unwrap(), utf8(&output.stdout), utf8(&output.stderr))
}

#[test]
fn an_installation_is_set_up_from_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    let ok = |args: &[&str], input: &str| {
        let (code, out, err) = text(&run(dir.path(), args, input));
        assert_eq!(code, 0, "{args:?}: {err}");
        out
    };
    ok(&["migrate"], "");
    ok(&["org", "add", "acme", "--name", "Acme", "--oid", "d3541070-8b0e-4663-8a6a-aa0727aacd36"], "");
    ok(&["user", "add", "ana", "--role", "admin", "--org", "acme"], "a long enough password\n");
    let token =
        ok(&["token", "create", "--name", "ci", "--org", "acme", "--scope", "ingest,read", "--expires", "30d"], "");
    assert!(token.starts_with("fsoc_") && token.len() == 77, "the token alone: {token}");
    assert_eq!(
        ok(&["source", "add", "limacharlie", "--org", "acme", "--name", "hook"], "a secret that is long\n"),
        "/ingest/limacharlie/hook"
    );
    assert!(ok(&["user", "list"], "").contains("ana\tadmin"));
    assert!(ok(&["check"], "").contains("built-in voters stand in"));
    assert_eq!(serde_json::from_str::<Value>(&ok(&["openapi"], "")).unwrap()["openapi"], "3.1.0");
    std::fs::write(dir.path().join("full.toml"), ok(&["config", "example"], "")).unwrap();
    ok(&["--config", "full.toml", "check"], "");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(dir.path().join("fusionsoc.db")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn wrong_settings_are_named_and_exit_with_2() {
    let dir = tempfile::tempdir().unwrap();
    let told = |toml: &str| {
        std::fs::write(dir.path().join("x.toml"), toml).unwrap();
        let (code, _, err) = text(&run(dir.path(), &["--config", "x.toml", "migrate"], ""));
        assert_eq!((code, err.lines().count()), (2, 1), "{err}");
        err
    };
    assert!(told("[server]\nlisten_on = \"x\"").contains("listen_on"));
    let secret = "postgres://u:geheim@db/x";
    let kept_in = [
        (format!("database = \"{secret}\""), "database: is of the wrong kind"),
        (format!("[database]\nurl = \"{secret}"), "line 2"),
        (format!("[database]\nurl = [\"{secret}\"]"), "database.url: is of the wrong kind"),
    ];
    for (toml, wanted) in kept_in {
        let err = told(&toml);
        assert!(err.contains(wanted) && !err.contains("geheim"), "{err}");
    }
    assert!(told("[panel]\nmode = \"loudest\"").contains("panel.mode"));
    assert!(told("[panel]\nreuse_check_share = 1.5").contains("panel.reuse_check_share"));
    assert!(told("[panel]\nbudget_cost_per_day = -1.0").contains("panel.budget_cost_per_day"));
    let priced = "[[voters]]\nname = \"x\"\nkind = \"ollama\"\nprice_in = -1.0";
    assert!(told(priced).contains("voters.x: its prices"));
    assert!(told("[panel]\nvoters = [\"nobody\"]").contains("nobody"));
    assert!(told("[server]\nlisten = \"0.0.0.0:80\"\ninsecure_cookies = true").contains("server.insecure_cookies"));
    let limacharlie =
        |more: &str| told(&format!("[[limacharlie]]\norg = \"acme\"\napi_key_file = \"no-such-file\"\n{more}"));
    let oid = "oid = \"d3541070-8b0e-4663-8a6a-aa0727aacd36\"\n";
    assert!(limacharlie("").contains("oid"));
    assert!(limacharlie("oid = \"../x\"").contains("limacharlie.oid: an organisation's id is a UUID"));
    assert!(limacharlie(&format!("{oid}every_s = 5")).contains("every_s"));
    assert!(limacharlie(&format!("{oid}api_url = \"http://soc.example\"")).contains("limacharlie.api_url: must be"));
    let refused = fusionsoc(dir.path()).arg("migrate").env("FUSIONSOC__SERVER__LISTEN_ON", "x").output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(run(dir.path(), &["frobnicate"], "").status.code(), Some(2));
}

#[test]
fn a_proxy_leaves_to_us_what_we_say_ourselves() {
    let dir = tempfile::tempdir().unwrap();
    for which in ["nginx", "caddy"] {
        let (code, out, _) = text(&run(dir.path(), &["config", "proxy", which], ""));
        assert!(code == 0 && out.contains("trusted_proxies"), "{out}");
        assert!(!out.contains("Strict-Transport-Security"), "{which} would send it a second time");
    }
}

#[test]
fn a_worker_has_a_unit_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let unit = |args: &[&str]| text(&run(dir.path(), &[&["config", "unit"], args].concat(), "")).1;
    let (server, worker) = (unit(&[]), unit(&["--worker"]));
    let starts = |unit: &str| unit.lines().find(|line| line.starts_with("ExecStart=")).unwrap().to_owned();
    assert_eq!(starts(&server), "ExecStart=/usr/local/bin/fusionsoc serve");
    assert_eq!(starts(&worker), "ExecStart=/usr/local/bin/fusionsoc worker");
    assert!(worker.contains("/etc/systemd/system/fusionsoc-worker.service") && !worker.contains("fusionsoc serve"));
    let sealed = |unit: &str| unit.lines().filter(|line| line.contains("=yes")).count();
    assert_eq!(sealed(&server), sealed(&worker), "it may do no more");
}

#[test]
fn an_organisation_may_have_a_budget_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["org", "add", "acme", "--name", "Acme"], "");
    let listed = || text(&run(dir.path(), &["org", "list"], "")).1;
    assert!(listed().ends_with("budget: calls as set, tokens as set, cost as set"), "{}", listed());
    let set = ["org", "budget", "acme", "--calls", "500", "--cost", "2.5"];
    assert_eq!(run(dir.path(), &set, "").status.code(), Some(0));
    assert!(listed().ends_with("budget: calls 500, tokens as set, cost 2.50"), "{}", listed());
    assert_eq!(run(dir.path(), &["org", "budget", "acme"], "").status.code(), Some(0));
    assert!(listed().ends_with("budget: calls as set, tokens as set, cost as set"), "{}", listed());
    assert_eq!(run(dir.path(), &["org", "budget", "acme", "--cost=-1"], "").status.code(), Some(1));
    assert_eq!(run(dir.path(), &["org", "budget", "nobody"], "").status.code(), Some(1));
}

#[test]
fn import_counts_and_keeps_what_it_refuses() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["org", "add", "acme", "--name", "Acme"], "");
    let seed: Value = serde_json::from_str(include_str!("../fixtures/seed/detection.json")).unwrap();
    std::fs::write(dir.path().join("in.jsonl"), format!("{seed}\nnot json\n{seed}\n{{\"detect_id\": 1}}\n")).unwrap();
    let (code, out, _) =
        text(&run(dir.path(), &["import", "in.jsonl", "--org", "acme", "--received-at", "2026-03-23T04:16:32Z"], ""));
    assert_eq!((code, out.as_str()), (1, "accepted 1, duplicates 1, rejected 2"));
    let refused = std::fs::read_to_string(dir.path().join("in.jsonl.rejected.jsonl")).unwrap();
    let lines: Vec<Value> = refused.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines[0]["line"].as_i64(), lines[1]["line"].as_i64()), (Some(2), Some(4)));
    assert!(lines[1]["error"].as_str().unwrap().starts_with("detect_id:"));
    let (code, out, _) = text(&run(dir.path(), &["import", "-", "--org", "acme"], &seed.to_string()));
    assert_eq!((code, out.as_str()), (0, "accepted 0, duplicates 1, rejected 0"));
    assert_eq!(run(dir.path(), &["import", "in.jsonl", "--org", "nobody"], "").status.code(), Some(1));
}

/// Recorded cases of one behaviour on three hosts, declared false positive, and one that can't be read.
fn recorded() -> String {
    let seed: Value = serde_json::from_str(include_str!("../fixtures/seed/detection.json")).unwrap();
    let triage: Value = serde_json::from_str(include_str!("../fixtures/seed/triage.json")).unwrap();
    let intel: Value = serde_json::from_str(include_str!("../fixtures/seed/intel.json")).unwrap();
    let line = |at: usize, reason: &str| {
        let mut detection = seed.clone();
        detection["detect_id"] = json!(format!("recorded-{at}"));
        detection["routing"]["sid"] = json!(format!("sensor-{at}"));
        let verdict = json!({"verdict": "false_positive", "reason": reason, "by": "ana", "note": "Vendor updater"});
        let received = "2026-03-23T04:16:32Z";
        json!({"detection": detection, "triage": triage, "intel": intel, "verdict": verdict, "received_at": received})
    };
    let all =
        [line(1, "known_application"), line(2, "known_application"), line(3, "known_application"), line(4, "because")];
    all.map(|line| line.to_string()).join("\n")
}

#[test]
fn recorded_cases_are_precedents_on_the_first_day() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["org", "add", "acme", "--name", "Acme"], "");
    let (code, out, _) = text(&run(dir.path(), &["import", "-", "--org", "acme"], &recorded()));
    assert_eq!((code, out.as_str()), (1, "accepted 3, duplicates 0, rejected 1"));
    let refused = std::fs::read_to_string(dir.path().join("rejected.jsonl")).unwrap();
    assert!(refused.contains("verdict.reason: must be one of rule_too_broad"), "{refused}");
    let seed: Value = serde_json::from_str(include_str!("../fixtures/seed/detection.json")).unwrap();
    let fingerprint = fusionsoc::triage::fingerprint::of(&fusionsoc::domain::Detection::read(&seed).unwrap());
    let url = format!("sqlite:{}", dir.path().join("fusionsoc.db").display());
    let (precedents, runs) = tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = Store::open(&url, Durability::Normal).await.unwrap();
        let mut tx = store.read().await.unwrap();
        let precedents = precedents::of(&mut tx, 1, &fingerprint).await.unwrap();
        (precedents, runs::of_case(&mut tx, 2).await.unwrap())
    });
    assert_eq!((precedents.false_positive, precedents.total()), (3, 3));
    assert!(runs.len() == 1 && runs[0].recorded, "the recorded triage is there, and no other was asked for");
}

#[test]
fn the_demo_tells_how_to_sign_in_and_stops_when_it_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut demo = fusionsoc(dir.path())
        .args(["demo", "--json", "--listen", "127.0.0.1:0", "--data", "data"])
        // Who says where the data goes needs no other folder.
        .env("TMPDIR", "/no/such/folder")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    let told: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(told["users"].as_array().unwrap().len(), 4);
    assert!(told["token"].as_str().unwrap().starts_with("fsoc_"));
    let second = fusionsoc(dir.path())
        .args(["demo", "--listen", told["url"].as_str().unwrap().trim_start_matches("http://")])
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1), "the port is taken");
    rustix::process::kill_process(rustix::process::Pid::from_child(&demo), rustix::process::Signal::TERM).unwrap();
    assert_eq!(demo.wait().unwrap().code(), Some(0));
}

#[test]
fn the_demo_goes_on_when_nobody_reads_what_it_says() {
    let dir = tempfile::tempdir().unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut demo = fusionsoc(dir.path())
        .args(["demo", "--json", "--listen", &address.to_string(), "--data", "data"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(demo.stdout.take());
    let answered = std::iter::repeat_with(|| {
        std::thread::sleep(Duration::from_millis(50));
        let mut answer = String::new();
        let asked = TcpStream::connect(address).and_then(|mut peer| {
            peer.write_all(b"GET /healthz HTTP/1.0\r\nhost: demo\r\n\r\n")?;
            peer.read_to_string(&mut answer)
        });
        asked.is_ok() && answer.contains(" 200 ")
    })
    .take_while(|answered| !answered && demo.try_wait().unwrap().is_none())
    .count();
    let alive = demo.try_wait().unwrap().is_none();
    demo.kill().unwrap();
    demo.wait().unwrap();
    assert!(alive, "it ended after {answered} tries");
}
