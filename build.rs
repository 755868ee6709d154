//! Embeds `static/` into the binary and tells `--version` which commit was built.
use std::process::Command;

fn main() {
    memory_serve::load_directory("./static");
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=.git/HEAD");
    let commit =
        Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output().ok().filter(|o| o.status.success());
    let commit = commit.and_then(|o| String::from_utf8(o.stdout).ok()).unwrap_or_default();
    println!("cargo:rustc-env=FUSIONSOC_COMMIT={}", if commit.trim().is_empty() { "unknown" } else { commit.trim() });
}
