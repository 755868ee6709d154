//! Every dependency comes from crates.io under a licence that the product may be shipped with.
use serde_json::Value;
use std::process::Command;

const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];
/// One TLS stack, and no C library to build for it.
const BANNED: &[&str] = &["openssl", "openssl-sys", "native-tls", "aws-lc-rs", "aws-lc-sys"];
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The packages that this platform builds: those of others may not be on the disk.
fn packages() -> Vec<Value> {
    let version = output(Command::new("rustc").arg("-vV"));
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default().to_owned();
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    cargo.args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", &host]);
    // What a feature brings is on the disk where the tests were built with it.
    cargo.args(cfg!(feature = "oidc").then_some("--all-features")).current_dir(env!("CARGO_MANIFEST_DIR"));
    let metadata = output(&mut cargo);
    let metadata: Value = serde_json::from_str(&metadata).unwrap_or_else(|error| panic!("cargo metadata: {error}"));
    metadata["packages"].as_array().cloned().unwrap_or_default()
}

fn output(command: &mut Command) -> String {
    let done = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).into_owned()
}

#[test]
fn every_dependency_has_an_allowed_licence() {
    let packages = packages();
    assert!(packages.len() > 50, "cargo metadata tells of {} packages only", packages.len());
    let refused: Vec<String> = packages
        .iter()
        .map(|package| (package["name"].as_str().unwrap_or_default(), package["license"].as_str().unwrap_or_default()))
        .filter(|(_, licence)| !satisfied(licence))
        .map(|(name, licence)| format!("{name}: {licence:?}"))
        .collect();
    assert!(refused.is_empty(), "licences outside the list\n  {}\n", refused.join("\n  "));
}

#[test]
fn every_dependency_comes_from_crates_io_and_none_is_banned() {
    let lock = include_str!("../../Cargo.lock");
    let field = |entry: &str, key: &str| {
        entry.lines().find_map(|line| line.strip_prefix(key)).map(|value| value.trim_matches('"').to_owned())
    };
    let mut refused = Vec::new();
    for entry in lock.split("[[package]]").skip(1) {
        let name = field(entry, "name = ").unwrap_or_default();
        let source = field(entry, "source = ");
        if source.as_deref().map_or(name != env!("CARGO_PKG_NAME"), |source| source != CRATES_IO) {
            refused.push(format!("{name}: from {source:?}"));
        }
        if BANNED.contains(&name.as_str()) {
            refused.push(format!("{name}: banned"));
        }
    }
    assert!(refused.is_empty(), "dependencies that may not be\n  {}\n", refused.join("\n  "));
}

/// Whether an SPDX expression (or crates.io's older `MIT/Apache-2.0`) is met by the list.
fn satisfied(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = tokens.as_slice();
    either(&mut rest) && rest.is_empty()
}

fn either(rest: &mut &[&str]) -> bool {
    let mut met = both(rest);
    while rest.first() == Some(&"OR") {
        *rest = &rest[1..];
        met |= both(rest);
    }
    met
}

fn both(rest: &mut &[&str]) -> bool {
    let mut met = one(rest);
    while rest.first() == Some(&"AND") {
        *rest = &rest[1..];
        met &= one(rest);
    }
    met
}

fn one(rest: &mut &[&str]) -> bool {
    let Some((token, after)) = rest.split_first() else { return false };
    *rest = after;
    if *token == "(" {
        let met = either(rest);
        let closed = rest.first() == Some(&")");
        *rest = rest.get(1..).unwrap_or_default();
        return met && closed;
    }
    // An exception only adds permissions.
    if rest.first() == Some(&"WITH") {
        *rest = rest.get(2..).unwrap_or_default();
    }
    ALLOWED.contains(token)
}

#[test]
fn licence_expressions_are_read_as_they_are_meant() {
    for met in [
        "MIT",
        "MIT/Apache-2.0",
        "GPL-3.0 OR MIT",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "MIT OR GPL-3.0 AND GPL-2.0",
        "Apache-2.0 WITH LLVM-exception",
    ] {
        assert!(satisfied(met), "{met}");
    }
    for unmet in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT", "MIT MIT", "(GPL-3.0 OR LGPL-3.0) AND MIT"] {
        assert!(!satisfied(unmet), "{unmet}");
    }
}
