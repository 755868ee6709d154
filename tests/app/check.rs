//! `check` asks each voter's server what it has, and says in one line each what came of it.
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use wiremock::matchers::{any, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const KEY: &str = "sk-test-4f0c9b1e";

/// A voter's section.
fn voter(name: &str, kind: &str, base: &str, model: &str) -> String {
    format!(
        "[[voters]]\nname = \"{name}\"\nkind = \"{kind}\"\nbase_url = \"{base}\"\nmodel = \"{model}\"\napi_key_file = \"key\"\n"
    )
}

/// Exit code and what `check` prints.
async fn checked(voters: &[String]) -> (i32, String) {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(dir.path().join(name), text).unwrap();
        std::fs::set_permissions(dir.path().join(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    };
    write("key", KEY);
    write("fusionsoc.toml", &voters.join("\n"));
    let folder = dir.path().to_owned();
    let output = tokio::task::spawn_blocking(move || run(&folder)).await.unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    assert!(!text.contains(KEY), "{text}");
    (output.status.code().unwrap(), text)
}

fn run(folder: &Path) -> std::process::Output {
    let command = |what| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fusionsoc"));
        command.current_dir(folder).env_remove("GEMINI_API_KEY").args(["--config", "fusionsoc.toml", what]);
        command.output().unwrap()
    };
    assert!(command("migrate").status.success());
    command("check")
}

async fn get(server: &MockServer, at: &str, key: (&'static str, &str), reply: ResponseTemplate) {
    Mock::given(method("GET"))
        .and(path(at))
        .and(header(key.0, key.1))
        .respond_with(reply)
        .expect(1)
        .mount(server)
        .await;
}

fn ok(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

#[tokio::test]
async fn each_kind_is_asked_in_its_own_way_and_no_question_is_put() {
    let server = MockServer::start().await;
    let bearer = format!("Bearer {KEY}");
    let list = json!({"object": "list", "data": [{"id": "other"}, {"id": "gpt-5-mini", "object": "model"}]});
    get(&server, "/v1/models", ("authorization", &bearer), ok(&list)).await;
    get(
        &server,
        "/v1beta/models/gemini-2.5-flash",
        ("x-goog-api-key", KEY),
        ok(&json!({"name": "models/gemini-2.5-flash"})),
    )
    .await;
    get(
        &server,
        "/v1/models/claude-sonnet-4-5",
        ("x-api-key", KEY),
        ok(&json!({"type": "model", "id": "claude-sonnet-4-5"})),
    )
    .await;
    let tags = json!({"models": [{"name": "qwen3:latest", "model": "qwen3:latest", "digest": "d"}]});
    Mock::given(method("GET")).and(path("/api/tags")).respond_with(ok(&tags)).expect(1).mount(&server).await;
    let base = server.uri();
    let voters = [
        voter("gpt", "openai", &format!("{base}/v1"), "gpt-5-mini"),
        voter("flash", "gemini", &base, "gemini-2.5-flash"),
        voter("claude", "anthropic", &base, "claude-sonnet-4-5"),
        voter("qwen", "ollama", &base, "qwen3"),
    ];
    let (code, text) = checked(&voters).await;
    assert_eq!(code, 0, "{text}");
    for name in ["gpt", "flash", "claude", "qwen"] {
        assert!(text.lines().any(|line| line == format!("ok    voter {name}")), "{name}: {text}");
    }
}

async fn refusing(status: u16, message: &str) -> MockServer {
    let server = MockServer::start().await;
    let refusal = ResponseTemplate::new(status).set_body_json(json!({"error": {"message": message}}));
    Mock::given(any()).respond_with(refusal).mount(&server).await;
    server
}

#[tokio::test]
async fn what_is_wrong_is_told_with_voter_and_reason_and_without_the_key() {
    let refusing = refusing(401, &format!("Incorrect API key provided:\n\u{1b}[31m {KEY}")).await;
    let empty = self::refusing(404, "model: no-such").await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let voters = [
        voter("key", "openai", &refusing.uri(), "m"),
        voter("name", "gemini", &empty.uri(), "no-such"),
        voter("claude", "anthropic", &empty.uri(), "no-such"),
        voter("down", "ollama", &format!("http://{free}"), "m"),
        voter("plain", "openai", "http://llm.example/v1", "m"),
        voter("bare", "openai", &empty.uri(), "m"),
        voter("cli", "gemini_cli", &empty.uri(), "m") + "command = \"/nonexistent/gemini\"\n",
    ];
    let (code, text) = checked(&voters).await;
    assert_eq!(code, 1, "{text}");
    let place = |server: &MockServer| server.address().to_string();
    for line in [
        format!(
            "FAIL  voter key: {}: the server answered 401, so it did not accept the key or forbids this: Incorrect API key provided:  [31m ***",
            place(&refusing)
        ),
        format!(
            "FAIL  voter name: {}: the server answered 404, so it does not know the model or the address: model: no-such",
            place(&empty)
        ),
        format!(
            "FAIL  voter claude: {}: the server answered 404, so it does not know the model or the address: model: no-such",
            place(&empty)
        ),
        format!("FAIL  voter down: {free}: the server could not be reached: no connection"),
        "FAIL  voter plain: llm.example: plain http is used on this machine only; give the server an https address"
            .to_owned(),
        "ok    voter bare: it answers, but lists no models".to_owned(),
    ] {
        assert!(text.lines().any(|told| told == line), "{line}\n--\n{text}");
    }
    assert!(text.contains("FAIL  voter cli: /nonexistent/gemini: "), "{text}");
}

#[tokio::test]
async fn a_model_that_is_not_listed_is_noted_or_named_with_what_helps() {
    let server = MockServer::start().await;
    Mock::given(path("/models")).respond_with(ok(&json!({"data": [{"id": "other"}]}))).mount(&server).await;
    Mock::given(path("/api/tags")).respond_with(ok(&json!({"models": []}))).mount(&server).await;
    let (code, text) = checked(&[voter("any", "openai", &server.uri(), "mine")]).await;
    assert!(code == 0 && text.contains("ok    voter any: it answers, but does not list the model mine"), "{text}");
    let (code, text) = checked(&[voter("qwen", "ollama", &server.uri(), "qwen3")]).await;
    assert!(code == 1 && text.contains("it does not have the model; run: ollama pull qwen3"), "{text}");
}
