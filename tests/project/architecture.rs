//! The rules of the house, checked over the text of the source tree.
mod pages;
mod schema;
mod text;

use std::collections::BTreeSet;
use text::{Rust, Text, line_of, rust, texts, tracked, words};

const MAX_FILE: usize = 300;
const MAX_FUNCTION: usize = 40;

/// What a module may use, besides itself and [`EVERYBODY`]; a module that is not here needs a place first.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("limits", &[]),
    ("clock", &[]),
    ("secret", &[]),
    ("metrics", &[]),
    ("outbound", &[]),
    ("store", &["domain"]),
    ("features", &["domain"]),
    ("voters", &["domain", "features"]),
    ("intel", &["domain"]),
    ("limacharlie", &["domain"]),
    ("triage", &["domain", "features", "voters", "intel"]),
    ("config", &["domain", "store", "voters", "intel", "limacharlie", "triage"]),
    ("ingest", PIPELINE),
    ("jobs", PIPELINE),
    ("actions", PIPELINE),
    ("admin", PIPELINE),
    ("backup", PIPELINE),
    ("review", PIPELINE),
    ("tuning", PIPELINE),
    ("notify", PIPELINE),
    ("proof", PIPELINE),
    ("error", PIPELINE),
    ("web", ANYTHING),
    ("api", ANYTHING),
    ("cli", ANYTHING),
];
const EVERYBODY: &[&str] = &["limits", "clock", "secret", "metrics", "outbound"];
/// The steps of the pipeline share what is below them and hand over to each other.
const PIPELINE: &[&str] = &[
    "domain",
    "features",
    "store",
    "voters",
    "intel",
    "limacharlie",
    "triage",
    "config",
    "ingest",
    "jobs",
    "actions",
    "admin",
    "backup",
    "review",
    "tuning",
    "notify",
    "proof",
];
const ANYTHING: &[&str] = &["*"];

/// Fails with every offence, one a line.
pub(crate) fn none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}\n  {}\n", found.join("\n  "));
}

/// The Rust files of some folders.
fn sources(folders: &[&str]) -> Vec<(Text, Rust)> {
    let files = folders.iter().flat_map(|folder| texts(folder, &[".rs"]));
    files
        .map(|file| {
            let split = rust(&file.body);
            (file, split)
        })
        .collect()
}

fn everywhere() -> Vec<(Text, Rust)> {
    sources(&["src", "tests", "benches", "build.rs"])
}

#[test]
fn a_module_uses_only_what_stands_below_it() {
    let mut found = Vec::new();
    for (file, split) in sources(&["src"]) {
        let path = file.path.trim_start_matches("src/");
        let module = path.split('/').next().unwrap_or(path).trim_end_matches(".rs");
        if ["lib", "main"].contains(&module) {
            continue;
        }
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
            found.push(format!("{}: the module {module} has no place in the order", file.path));
            continue;
        };
        for (line, used) in uses(&split.code) {
            let common = module != "domain" && EVERYBODY.contains(&used.as_str());
            if used != module && !common && !allowed.contains(&"*") && !allowed.contains(&used.as_str()) {
                found.push(format!("{}:{line}: {module} uses {used}", file.path));
            }
        }
    }
    none(&found, "modules depend in one direction");
}

/// The modules that a file names by `crate::…`, with lines.
fn uses(code: &str) -> BTreeSet<(usize, String)> {
    let mut used = BTreeSet::new();
    for (at, path) in code.match_indices("crate::") {
        let line = line_of(code, at);
        let rest = &code[at + path.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            used.extend(group_heads(group).into_iter().map(|head| (line, head)));
        } else {
            used.insert((line, name(rest)));
        }
    }
    // Names that begin with a capital or end in ! are the crate's own, not a module's.
    used.retain(|(_, used)| used.starts_with(|c: char| c.is_ascii_lowercase()) && !used.ends_with('!'));
    used
}

fn name(text: &str) -> String {
    let len = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '!')).unwrap_or(text.len());
    text[..len].to_owned()
}

/// First names of the entries of `{a::b, c::{d, e}}`.
fn group_heads(group: &str) -> Vec<String> {
    let (mut heads, mut depth, mut fresh) = (Vec::new(), 1_usize, true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => fresh = true,
            c if fresh && !c.is_whitespace() => {
                heads.push(name(&group[at..]));
                fresh = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    heads
}

#[test]
fn sql_stands_only_in_the_store() {
    let mut found = Vec::new();
    for (file, split) in sources(&["src"]).into_iter().filter(|(file, _)| !file.path.starts_with("src/store/")) {
        for (at, call) in split.code.match_indices("sqlx::query") {
            found.push(format!("{}:{}: {call}", file.path, line_of(&split.code, at)));
        }
        for (line, literal) in split.strings.iter().filter(|(_, literal)| is_sql(literal)) {
            found.push(format!("{}:{line}: {}", file.path, literal.lines().next().unwrap_or_default()));
        }
    }
    none(&found, "SQL belongs into src/store/");
}

/// A task that a handler starts says whose rows it is about, as the request does. These start with the program.
#[test]
fn handlers_start_tasks_by_the_wall() {
    const WITH_THE_PROGRAM: &[&str] = &["app.rs", "live.rs", "looks.rs", "server.rs", "tls.rs"];
    let mut found = Vec::new();
    for (file, split) in sources(&["src/web", "src/api"]) {
        let begins = WITH_THE_PROGRAM.iter().any(|name| file.path == format!("src/web/{name}"));
        for (at, call) in split.code.match_indices("tokio::spawn").filter(|_| !begins) {
            found.push(format!("{}:{}: {call}", file.path, line_of(&split.code, at)));
        }
    }
    none(&found, "store::wall::spawn says that the program itself does it");
}

fn is_sql(literal: &str) -> bool {
    let text = literal.split_whitespace().collect::<Vec<_>>().join(" ");
    let both = |first: &str, then: &str| text.split_once(first).is_some_and(|(_, rest)| rest.contains(then));
    both("SELECT ", " FROM ")
        || both("UPDATE ", " SET ")
        || text.contains("INSERT INTO ")
        || text.contains("DELETE FROM ")
}

#[test]
fn files_are_short() {
    let lengths = everywhere().into_iter().map(|(file, _)| (file.body.lines().count(), file.path));
    let long = lengths.filter(|(lines, _)| *lines > MAX_FILE);
    none(
        &long.map(|(lines, path)| format!("{path}: {lines} lines")).collect::<Vec<_>>(),
        "a file has at most 300 lines",
    );
}

#[test]
fn functions_are_short() {
    let mut found = Vec::new();
    for (file, split) in everywhere() {
        for (line, name, length) in functions(&split.code).into_iter().filter(|(.., length)| *length > MAX_FUNCTION) {
            found.push(format!("{}:{line}: {name} has {length} lines", file.path));
        }
    }
    none(&found, "a function has at most 40 lines");
}

/// Functions with their first line and the lines up to the brace that closes them, as rustfmt sets it.
fn functions(code: &str) -> Vec<(usize, String, usize)> {
    let lines: Vec<&str> = code.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(word) = words(line, "fn").first().copied() else { continue };
        let name = name(line[word + 2..].trim_start());
        if name.is_empty() || line.trim_end().ends_with([';', '}']) {
            continue;
        }
        // A declaration without a body closes with its brackets.
        let ends = |other: &str| other.starts_with('}') || (other.starts_with(')') && other.ends_with(';'));
        let close = |other: &&str| indent(other) == indent(line) && ends(other.trim());
        let length = lines[at + 1..].iter().position(close).unwrap_or(lines.len() - at);
        found.push((at + 1, name, length));
    }
    found
}

#[test]
fn every_source_file_says_what_it_is_for() {
    let silent = texts("src", &[".rs"]).into_iter().filter(|file| !file.body.starts_with("//! "));
    none(&silent.map(|file| file.path).collect::<Vec<_>>(), "a source file begins with //!");
}

#[test]
fn no_file_is_named_after_nothing() {
    const EMPTY: &[&str] = &["util", "utils", "helper", "helpers", "manager", "service", "services", "common"];
    let mut found = Vec::new();
    for file in tracked() {
        let stems = file.path.split('/').map(|part| part.split('.').next().unwrap_or(part));
        if stems.into_iter().any(|stem| EMPTY.contains(&stem)) {
            found.push(file.path.clone());
        }
        if file.extension() == "rs" {
            let code = rust(&file.body).code;
            let modules = EMPTY.iter().flat_map(|word| words(&code, word)).filter(|at| code[..*at].ends_with("mod "));
            found.extend(modules.map(|at| format!("{}:{}", file.path, line_of(&code, at))));
        }
    }
    none(&found, "a name tells what is inside");
}

#[test]
fn nothing_is_left_to_be_done() {
    let mut found = Vec::new();
    for (file, split) in sources(&["src"]) {
        for mark in ["todo", "unimplemented", "dbg"] {
            let calls =
                words(&split.code, mark).into_iter().filter(|at| split.code[at + mark.len()..].starts_with('!'));
            found.extend(calls.map(|at| format!("{}:{}: {mark}!", file.path, line_of(&split.code, at))));
        }
    }
    for file in tracked() {
        // In two parts, so that this file does not name what it forbids.
        for mark in [concat!("TO", "DO"), concat!("FIX", "ME")] {
            let marks = words(&file.body, mark).into_iter();
            found.extend(marks.map(|at| format!("{}:{}: {mark}", file.path, line_of(&file.body, at))));
        }
    }
    none(&found, "what is not done is not here");
}

#[test]
fn nothing_points_outside_the_project() {
    let mut found = Vec::new();
    for file in tracked() {
        for place in [concat!("/wo", "rk/"), concat!("/tmp/", "bash_jobs")] {
            let paths = file.body.match_indices(place).map(|(at, _)| at);
            // A folder of that name inside a longer path is somebody's own.
            let paths =
                paths.filter(|at| !file.body[..*at].ends_with(|c: char| c.is_alphanumeric() || "._-}".contains(c)));
            found.extend(paths.map(|at| format!("{}:{}: {place}", file.path, line_of(&file.body, at))));
        }
    }
    none(&found, "the project speaks of itself alone");
}
