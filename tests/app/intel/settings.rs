//! Settings of intelligence: what can't be used is told by its name, and `check` asks each provider.
use crate::intel::fakes::{Fake, KEY, file};
use fusionsoc::config::Config;
use fusionsoc::intel::Intelligence;
use std::process::Command;

#[test]
fn a_setting_that_cannot_be_used_is_named() {
    let vt = "[intel.virustotal]\napi_key_file = \"k\"\n";
    for (text, told) in [
        ("[intel.virustotl]\n", "intel.virustotl: unknown field"),
        ("[intel]\nurl = true\n", "intel.url: unknown field"),
        ("[intel]\ntimeout_s = 0\n", "intel.timeout_s: must be"),
        (
            "[intel]\ninternal_domains = [\"*.corp.example.com\"]\n",
            "intel.internal_domains: \"*.corp.example.com\" is no domain",
        ),
        ("[intel]\ninternal_domains = [\"b\u{fc}ro.example.de\"]\n", "intel.internal_domains: "),
        (&format!("{vt}api_key = \"x\"\n"), "intel.virustotal: unknown field `api_key`"),
        (&format!("{vt}per_minute = -1\n"), "intel.virustotal: invalid value"),
        (&format!("{vt}base_url = \"http://vt.example/api\"\n"), "intel.virustotal.base_url: must be like"),
        (&format!("{vt}base_url = \"https://u:p@vt.example/\"\n"), "intel.virustotal.base_url: must be like"),
        ("[intel.abuseipdb]\nkey = 1\n", "intel.abuseipdb: unknown field `key`"),
        ("[[intel.misp]]\napi_key_file = \"k\"\n", "intel.misp.base_url: must be like"),
        (
            "[[intel.misp]]\nbase_url = \"https://m\"\napi_key_file = \"k\"\n[[intel.misp]]\nbase_url = \"https://n\"\napi_key_file = \"k\"\n",
            "intel.misp.name: there are two named misp",
        ),
        ("[intel.lists]\nblock_file = \"x\"\n", "intel.lists: unknown field `block_file`"),
    ] {
        let error = Config::from_text(text).expect_err(text).to_string();
        assert!(error.starts_with(told), "{error} instead of {told}");
    }
}

#[tokio::test]
async fn the_environment_overrides_the_file() {
    let (fake, dir) = (Fake::start().await, tempfile::tempdir().unwrap());
    file(dir.path(), "vt.key", KEY);
    file(dir.path(), "fusionsoc.toml", "[intel.virustotal]\napi_key_file = \"missing\"\n");
    let (folder, url) = (dir.path().to_owned(), format!("{}/api/v3", fake.server.uri()));
    let run = move || {
        let mut migrate = Command::new(env!("CARGO_BIN_EXE_fusionsoc"));
        assert!(migrate.current_dir(&folder).arg("migrate").status().unwrap().success());
        let mut command = Command::new(env!("CARGO_BIN_EXE_fusionsoc"));
        command.env("FUSIONSOC__INTEL__VIRUSTOTAL__API_KEY_FILE", "vt.key").env("FUSIONSOC__INTEL__URLS", "true");
        command.env("FUSIONSOC__INTEL__VIRUSTOTAL__BASE_URL", url).env("FUSIONSOC__INTEL__VIRUSTOTAL__PER_DAY", "7");
        command.current_dir(folder).arg("check").output().unwrap()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    assert!(text.contains("ok    intelligence virustotal"), "{text}");
}

#[test]
fn files_that_cannot_be_used_are_named_with_the_line() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    std::fs::write(dir.path().join("open.key"), KEY).unwrap();
    file(dir.path(), "bad.csv", "type,value,note\nsha257,00,x\n");
    file(dir.path(), "short.csv", "sha256\n");
    file(dir.path(), "none.txt", "no hashes here\n");
    for (text, told) in [
        (format!("[intel.virustotal]\napi_key_file = \"{}\"\n", at("open.key")), "mode must be 0600"),
        (format!("[intel.virustotal]\napi_key_file = \"{}\"\n", at("missing")), "intel.virustotal.api_key_file: "),
        (format!("[intel.lists]\ndeny_file = \"{}\"\n", at("bad.csv")), "line 2: type must be one of"),
        (format!("[intel.lists]\nallow_file = \"{}\"\n", at("short.csv")), "line 1: must be type,value,note"),
        (format!("[intel.lists]\nknown_good_file = \"{}\"\n", at("none.txt")), "holds no hashes"),
    ] {
        let config = Config::from_text(&text).unwrap();
        let error = Intelligence::build(&config.intel, &config.keys).err().expect(&text).to_string();
        assert!(error.starts_with("intel.") && error.contains(told), "{error} instead of {told}");
    }
}

/// Exit code and what `check` prints.
async fn checked(dir: &std::path::Path, settings: &str) -> (i32, String) {
    file(dir, "fusionsoc.toml", settings);
    let folder = dir.to_owned();
    let run =
        move |what| Command::new(env!("CARGO_BIN_EXE_fusionsoc")).current_dir(&folder).arg(what).output().unwrap();
    let both = move || (run("migrate"), run("check")).1;
    let output = tokio::task::spawn_blocking(both).await.unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    assert!(!text.contains(KEY), "{text}");
    (output.status.code().unwrap(), text)
}

#[tokio::test]
async fn check_asks_each_provider_within_its_quota() {
    let (fake, dir) = (Fake::start().await, tempfile::tempdir().unwrap());
    file(dir.path(), "vt.key", KEY);
    file(dir.path(), "deny.csv", "domain,evil.example,\n");
    let settings = format!(
        "[intel.virustotal]\napi_key_file = \"vt.key\"\nbase_url = \"{}/api/v3\"\nper_day = 1\n[intel.lists]\ndeny_file = \"deny.csv\"\n",
        fake.server.uri()
    );
    let (code, text) = checked(dir.path(), &settings).await;
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("ok    intelligence virustotal: takes one")
            && text.contains("ok    intelligence deny: 1 entries"),
        "{text}"
    );
    let (code, text) = checked(dir.path(), &settings).await;
    assert_eq!((code, fake.asked().await.len()), (0, 1), "{text}");
    assert!(text.contains("note  intelligence virustotal: not asked, its quota is used up"), "{text}");
    file(dir.path(), "vt.key", "another");
    let (code, text) = checked(dir.path(), &settings.replace("per_day = 1", "per_day = 9")).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("FAIL  intelligence virustotal: it refused the key"), "{text}");
}
