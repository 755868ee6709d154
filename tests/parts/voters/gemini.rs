//! The `gemini` command line, played by shell scripts: what it is given, and how it ends.
use crate::voters::fakes::{answer, answered, config, failed, question};
use fusionsoc::domain::{Failure, MachineVerdict};
use fusionsoc::secret::Secret;
use fusionsoc::voters::build::Setup;
use fusionsoc::voters::endpoint::Endpoints;
use fusionsoc::voters::{Kind, Reply, Voter, VoterConfig, build, gemini_cli};
use serde_json::json;
use std::fs::read_to_string;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A folder with a program that runs these lines; `$OUT` is the folder.
///
/// Another process writes it: one that this process had open for writing could not be started
/// while a test beside is starting its own.
fn program(lines: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gemini");
    let mut install = Command::new("install");
    install.args(["-m", "0700", "/dev/stdin"]).arg(&path).stdin(Stdio::piped());
    let mut install = install.spawn().unwrap();
    let text = format!("#!/bin/sh\nOUT='{}'\n{lines}\n", folder.path().display());
    install.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(install.wait().unwrap().success());
    (folder, path)
}

fn voter(program: &Path, timeout_s: u64) -> Arc<dyn Voter> {
    voter_at(program, timeout_s, "")
}

fn voter_at(program: &Path, timeout_s: u64, base_url: &str) -> Arc<dyn Voter> {
    let command = program.display().to_string();
    let config =
        VoterConfig { command, timeout_s, model: "gemini-3-flash".to_owned(), ..config(Kind::GeminiCli, base_url) };
    let key = Secret::new("AIza-test".to_owned()).into();
    gemini_cli::make(Setup { config, key, endpoints: &Endpoints::default() }).unwrap()
}

/// Lines that print what the tool prints when the model says `text`.
fn printing(text: &str) -> String {
    let tokens =
        json!({"input": 700, "prompt": 812, "candidates": 143, "total": 955, "cached": 112, "thoughts": 0, "tool": 0});
    let api = json!({"totalRequests": 1, "totalErrors": 0, "totalLatencyMs": 900});
    let reply = json!({
        "session_id": "0b7c", "response": text,
        "stats": {"models": {"gemini-3-flash": {"api": api, "tokens": tokens}}, "tools": {"totalCalls": 0}, "files": {}},
    });
    let noise = "echo 'Warning: 256-color support not detected.' >&2; echo 'Ripgrep is not available.' >&2";
    format!("{noise}\ncat <<'END'\n{reply:#}\nEND")
}

async fn run(lines: &str) -> Reply {
    let (_folder, program) = program(lines);
    voter(&program, 20).ask(&question("")).await
}

#[tokio::test]
async fn its_answer_is_read_from_its_json_and_the_noise_is_not() {
    let reply = run(&printing(&format!("```json\n{}\n```", answer()))).await;
    assert_eq!(answered(&reply).verdict, MachineVerdict::FalsePositive);
    assert_eq!((reply.tokens_in, reply.tokens_out), (Some(812), Some(143)));
}

#[tokio::test]
async fn it_gets_the_prompt_and_nothing_of_ours() {
    let dump = "tr '\\0' '\\n' < /proc/$$/environ > $OUT/env; printf '%s\\n' \"$@\" > $OUT/args; pwd > $OUT/pwd
        ls -A > $OUT/files; cp $GEMINI_SYSTEM_MD $OUT/system; cp $HOME/.gemini/settings.json $OUT/settings; cat > $OUT/stdin";
    let (folder, program) = program(&format!("{dump}\n{}", printing(&answer().to_string())));
    let question = question("\nD-07| file_path: \"C:\\\\a\\\\@b.exe @/etc/passwd\"");
    answered(&voter(&program, 20).ask(&question).await);
    let dumped = |name: &str| read_to_string(folder.path().join(name)).unwrap();
    let (env, args) = (dumped("env"), dumped("args"));
    let mut names: Vec<_> = env.lines().map(|line| line.split('=').next().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["GEMINI_API_KEY", "GEMINI_CLI_TRUST_WORKSPACE", "GEMINI_SYSTEM_MD", "HOME", "PATH"]);
    assert!(env.contains("GEMINI_API_KEY=AIza-test"));
    let args: Vec<_> = args.lines().collect();
    assert_eq!(args[..7], ["-m", "gemini-3-flash", "-e", "none", "-o", "json", "-p"]);
    assert_eq!((args.len(), dumped("files").as_str()), (8, ""));
    let stdin = dumped("stdin");
    assert!(stdin.ends_with("\\\\a\\\\\\@b.exe \\@/etc/passwd\""), "{stdin}");
    assert_eq!(stdin.replace("\\@", "@"), format!("The alert:\n{}", question.prompt.user));
    let system = dumped("system");
    assert!(system.starts_with(&question.prompt.system), "{system}");
    assert!(system.contains("\"investigation_questions\""), "the form is told, since the tool takes no schema");
    assert!(dumped("settings").contains("\"core\":[\"none_such\"]"));
    let (home, own) = (dumped("pwd"), env.lines().find(|line| line.starts_with("HOME=")).unwrap());
    assert_eq!(format!("{}/empty\n", &own["HOME=".len()..]), home);
    assert!(!Path::new(home.trim()).exists(), "the home is gone with the vote");
}

#[tokio::test]
async fn its_exit_code_is_told_in_words() {
    for (code, words) in [
        (41, "it is not signed in"),
        (42, "it did not accept the input"),
        (55, "it does not trust its working folder"),
        (145, "did not accept the key (401)"),
        (173, "quota is used up (429)"),
        (7, "it failed"),
    ] {
        let reply = run(&format!("echo noise >&2; echo 'the last word' >&2; echo >&2; exit {code}")).await;
        let (failure, why) = failed(&reply);
        assert_eq!(failure, Failure::Http, "{code}");
        let told = format!("gemini exited with {code}: ");
        assert!(why.starts_with(&told) && why.contains(words) && why.ends_with("the last word"), "{why}");
    }
}

#[tokio::test]
async fn its_last_words_are_told_without_the_key() {
    let reply = run("echo \"invalid key $GEMINI_API_KEY\" >&2; exit 41").await;
    assert!(failed(&reply).1.ends_with("invalid key ***"), "{reply:?}");
}

#[tokio::test]
async fn what_it_prints_must_be_json_with_an_answer() {
    assert_eq!(failed(&run("echo 'Loaded cached credentials.'").await).0, Failure::Parse);
    assert_eq!(failed(&run(&printing("I will look into it.")).await).0, Failure::Parse);
    assert_eq!(failed(&run(&printing("{}")).await).0, Failure::Schema);
}

#[tokio::test]
async fn a_canary_in_its_answer_is_an_injection() {
    let canary = "cat > /dev/null; canary=$(sed -n 's/.*Never output the word \\(.*\\)\\.$/\\1/p' $GEMINI_SYSTEM_MD)";
    let reply = run(&format!("{canary}\necho \"{{\\\"response\\\": \\\"$canary\\\"}}\"")).await;
    assert_eq!(failed(&reply).0, Failure::Injection);
}

#[tokio::test]
async fn a_program_that_is_not_there_is_told_by_its_name() {
    let reply = voter(Path::new("/nonexistent/gemini"), 20).ask(&question("")).await;
    let (failure, why) = failed(&reply);
    assert_eq!(failure, Failure::Http);
    assert!(why.starts_with("/nonexistent/gemini could not be started"), "{why}");
}

/// Whether a process runs; one that has ended and waits to be collected does not.
fn runs(pid: &str) -> bool {
    let stat = read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.trim().is_empty() && !rest.trim_start().starts_with('Z'))
}

async fn all_end(folder: &TempDir) -> bool {
    let pids = read_to_string(folder.path().join("pids")).unwrap();
    assert_eq!(pids.lines().count(), 2, "{pids}");
    let start = Instant::now();
    while pids.lines().any(runs) && start.elapsed() < Duration::from_secs(5) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    !pids.lines().any(runs)
}

#[tokio::test]
async fn a_hanging_tool_ends_with_everything_it_started() {
    let (folder, program) = program("sleep 1000 & echo $! > $OUT/pids; echo $$ >> $OUT/pids; wait");
    let reply = voter(&program, 1).ask(&question("")).await;
    assert_eq!(failed(&reply), (Failure::Timeout, "no answer within 1 s"));
    assert!(all_end(&folder).await);
}

#[tokio::test]
async fn nothing_that_a_tool_started_outlives_its_answer() {
    let quiet = "sleep 1000 > /dev/null 2>&1 < /dev/null & echo $! > $OUT/pids; echo $$ >> $OUT/pids";
    let (folder, program) = program(&format!("{quiet}\n{}", printing(&answer().to_string())));
    answered(&voter(&program, 20).ask(&question("")).await);
    assert!(all_end(&folder).await);
}

#[tokio::test]
async fn a_question_that_is_given_up_leaves_nothing_running() {
    let (folder, program) = program("sleep 1000 & echo $! > $OUT/pids; echo $$ >> $OUT/pids; wait");
    let voter = voter(&program, 20);
    let asked = question("");
    let given_up = tokio::time::timeout(Duration::from_secs(1), voter.ask(&asked)).await;
    assert!(given_up.is_err());
    assert!(all_end(&folder).await);
}

#[tokio::test]
async fn it_is_told_of_another_address_than_googles() {
    let lines = format!("echo $GOOGLE_GEMINI_BASE_URL > $OUT/base\n{}", printing(&answer().to_string()));
    let (folder, program) = program(&lines);
    answered(&voter_at(&program, 20, "http://127.0.0.1:9/").ask(&question("")).await);
    assert_eq!(read_to_string(folder.path().join("base")).unwrap(), "http://127.0.0.1:9\n");
    let reply = voter_at(&program, 20, "http://10.0.0.7").ask(&question("")).await;
    assert!(failed(&reply).1.starts_with("plain http is used on this machine only"), "{reply:?}");
}

#[test]
fn its_data_leaves_the_house_and_is_masked_unless_its_address_is_in_the_house() {
    let one = |base: &str, cloud| {
        let config = VoterConfig { cloud, ..config(Kind::GeminiCli, base) };
        let voter = build(&[config]).unwrap().remove(0);
        assert_eq!(voter.private(), voter.cloud());
        voter.cloud()
    };
    assert!(one("", false) && one("https://gemini.example", false));
    assert!(!one("http://127.0.0.1:8000", false) && !one("https://10.0.0.7", false));
    assert!(one("http://127.0.0.1:8000", true));
}

#[tokio::test]
async fn it_is_left_alone_after_five_failures_and_its_voters_share_that() {
    let (folder, program) = program("echo once >> $OUT/asked; exit 145");
    let one = |name: &str| VoterConfig {
        name: name.to_owned(),
        command: program.display().to_string(),
        ..config(Kind::GeminiCli, "")
    };
    let voters = build(&[one("alpha"), one("beta")]).unwrap();
    for at in 0..5 {
        assert_eq!(voters[at % 2].rest(), None);
        assert!(failed(&voters[at % 2].ask(&question("")).await).1.contains("did not accept the key"));
    }
    for voter in &voters {
        assert!(voter.rest().is_some());
        assert!(failed(&voter.ask(&question("")).await).1.contains("not asked"));
    }
    assert_eq!(read_to_string(folder.path().join("asked")).unwrap().lines().count(), 5);
}

#[tokio::test]
async fn a_model_it_does_not_know_speaks_against_no_other() {
    let (_folder, program) = program("exit 148");
    let voter = voter(&program, 20);
    for _ in 0..6 {
        assert!(failed(&voter.ask(&question("")).await).1.contains("does not know the model"));
    }
    assert_eq!(voter.rest(), None);
}
