//! The reference of the settings as it is printed, beside the example and what the program reads.
use fusionsoc::config::Config;
use fusionsoc::intel::Intelligence;
use fusionsoc::secret::Keys;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::process::Command;

/// What must be said for a table to be there, in the order of the file.
const NEEDED: &[(&str, &str)] = &[
    ("voters", "name = \"one\"\nkind = \"ollama\"\n"),
    ("limacharlie", "org = \"acme\"\noid = \"00000000-0000-0000-0000-000000000000\"\n"),
    ("intel.misp", "base_url = \"https://misp.example\"\n"),
    ("oidc", "issuer = \"https://id.example\"\nclient_id = \"soc\"\n"),
    ("oidc.map", "group = \"soc\"\nrole = \"lead\"\norgs = [\"acme\"]\n"),
];

/// One key of the reference.
#[derive(Debug, Default)]
struct Key {
    /// The table's name and whether it is one of a list.
    table: (String, bool),
    name: String,
    text: String,
}

impl Key {
    fn path(&self) -> String {
        format!("{}.{}", self.table.0, self.name)
    }

    /// What stands after a word, without the marks of code.
    fn said(&self, word: &str) -> Option<&str> {
        let line = self.text.lines().find_map(|line| line.strip_prefix(&format!("- {word}: ")))?;
        Some(line.trim_matches('`'))
    }

    fn words(&self) -> Vec<&str> {
        self.text.lines().filter_map(|line| line.strip_prefix("  - `")?.split('`').next()).collect()
    }
}

fn printed(what: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_fusionsoc")).args(["config", what]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    String::from_utf8(output.stdout).unwrap()
}

fn reference() -> Vec<Key> {
    let text = printed("reference");
    let (mut table, mut keys) = ((String::new(), false), Vec::new());
    for part in text.split("\n#").skip(1) {
        let (head, body) = part.split_once('\n').unwrap();
        let name = head.trim_start_matches('#').trim().trim_matches('`');
        if let Some(inner) = name.strip_prefix('[') {
            table = (inner.trim_matches(['[', ']']).to_owned(), inner.starts_with('['));
        } else {
            let name = name.strip_prefix(&format!("{}.", table.0)).expect("a key stands in its table").to_owned();
            keys.push(Key { table: table.clone(), name, text: body.to_owned() });
        }
    }
    assert!(keys.len() > 80, "{text}");
    keys
}

/// The tables and keys of the example, those in comments too.
fn example() -> BTreeSet<String> {
    let (text, mut table, mut keys) = (printed("example"), String::new(), BTreeSet::new());
    let small =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || b"_.".contains(&byte));
    for line in text.lines().map(|line| line.strip_prefix("# ").unwrap_or(line)) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.trim_start_matches('[').split(']').next())
            && small(name)
        {
            name.clone_into(&mut table);
        } else if let Some((name, _)) = line.split_once(" = ").filter(|(name, _)| small(name)) {
            keys.insert(format!("{table}.{name}"));
        }
    }
    keys
}

#[test]
fn the_reference_and_the_example_hold_the_same_keys() {
    let (keys, example) = (reference(), example());
    let of_the_file = |key: &&Key| key.said("Secret").is_none_or(|how| !how.starts_with("from the environment alone"));
    let there: BTreeSet<String> = keys.iter().filter(of_the_file).map(Key::path).collect();
    assert_eq!(there, example);
    let alone: Vec<&Key> = keys.iter().filter(|key| !of_the_file(key)).collect();
    assert_eq!(alone.iter().map(|key| key.path()).collect::<Vec<_>>(), ["server.metrics_token"]);
    assert!(printed("example").contains(alone[0].said("Environment").unwrap()));
    for key in &keys {
        let about = key.text.trim().lines().next().unwrap();
        assert!(about.len() > 10 && about.ends_with('.') && !about.starts_with('-'), "{key:?}");
    }
}

/// A file with all tables, with what they need, and with the defaults of the reference where these are wanted.
fn file(keys: &[Key], defaults: bool) -> String {
    let mut tables: BTreeMap<(&str, bool), Vec<&Key>> = BTreeMap::new();
    for key in keys {
        tables.entry((&key.table.0, key.table.1)).or_default().push(key);
    }
    let mut text = String::new();
    for ((table, list), keys) in tables {
        let needed = NEEDED.iter().find(|(name, _)| *name == table).map_or("", |(_, needed)| *needed);
        let head = if list { format!("[[{table}]]") } else { format!("[{table}]") };
        let _ = write!(text, "{head}\n{needed}");
        for key in keys.iter().filter(|key| defaults && !needed.contains(&format!("{} = ", key.name))) {
            match key.said("Default").unwrap() {
                "none" => {}
                default => writeln!(text, "{} = {default}", key.name).unwrap(),
            }
        }
    }
    text
}

#[test]
fn the_defaults_that_it_shows_are_those_that_hold() {
    let keys = reference();
    for (table, needed) in NEEDED.iter().filter(|(table, _)| ["voters", "limacharlie", "oidc.map"].contains(table)) {
        for key in keys.iter().filter(|key| key.table.0 == *table) {
            let must = key.said("Default").unwrap().starts_with("none; it must be set");
            let optional = key.path() == "oidc.map.orgs";
            assert_eq!(must || optional, needed.contains(&format!("{} = ", key.name)), "{key:?}");
        }
    }
    let read = |defaults| {
        let mut config = Config::from_text(&file(&keys, defaults)).unwrap();
        let intel = Intelligence::build(&config.intel, &Keys::default()).unwrap();
        config.intel.sections.clear();
        let seats = intel.seats.iter().map(|seat| (seat.provider.name().to_owned(), seat.provider.quota()));
        (format!("{config:#?}"), seats.collect::<Vec<_>>())
    };
    let (least, whole) = (read(false), read(true));
    assert_eq!(least, whole);
    assert_eq!(whole.1.len(), 3, "{:?}", whole.1);
    let shown = |path: &str| keys.iter().find(|key| key.path() == path).unwrap().said("Default").unwrap().to_owned();
    assert_eq!(shown("server.session_idle_minutes"), "480");
    assert_eq!(shown("notify.overdue_minutes"), "{ high = 60, critical = 15 }");
    assert_eq!(shown("intel.abuseipdb.per_day"), "1000");
}

#[test]
fn words_are_all_that_may_be_chosen() {
    let keys = reference();
    let mut seen = BTreeSet::new();
    for key in keys.iter().filter(|key| !key.words().is_empty()) {
        let with = |word: &str| {
            let text = file(&keys, true);
            let head = if key.table.1 { format!("[[{}]]\n", key.table.0) } else { format!("[{}]\n", key.table.0) };
            let (before, rest) = text.split_once(&head).unwrap();
            let (line, rest) = rest.split_at(rest.find(&format!("{} = ", key.name)).unwrap());
            let after = rest.split_once('\n').unwrap().1;
            Config::from_text(&format!("{before}{head}{line}{} = \"{word}\"\n{after}", key.name))
        };
        for word in key.words() {
            with(word).unwrap_or_else(|error| panic!("{} = {word}: {error}", key.path()));
        }
        assert!(with("loudest").is_err(), "{key:?}");
        seen.insert(key.path());
    }
    let known = ["database.durability", "oidc.map.role", "panel.mode", "policy.auto_close", "policy.veto_severity"];
    assert!(known.iter().all(|path| seen.contains(*path)) && seen.len() == known.len() + 2, "{seen:?}");
    let kinds = keys.iter().find(|key| key.path() == "voters.kind").unwrap();
    assert_eq!(kinds.words(), ["ollama", "openai", "gemini", "anthropic", "gemini_cli", "builtin"]);
}

#[test]
fn files_with_secrets_are_marked_and_others_are_not() {
    let ends = ["key_file", "secret_file", "password_file", "token_file", ".tls_key", ".metrics_token"];
    for key in reference() {
        let secret = ends.iter().any(|end| key.path().ends_with(end));
        assert_eq!(key.said("Secret").is_some(), secret, "{key:?}");
        let list = key.said("Type").unwrap().starts_with("list") || key.said("Type").unwrap().starts_with("table");
        assert_eq!(key.said("Environment").is_some(), !key.table.1 && !list, "{key:?}");
    }
}

#[test]
fn each_variable_sets_its_key() {
    let dir = tempfile::tempdir().unwrap();
    for key in reference() {
        let Some(variable) = key.said("Environment") else { continue };
        let mut command = Command::new(env!("CARGO_BIN_EXE_fusionsoc"));
        // No key takes a table, so a variable that is read says so.
        let output = command.current_dir(dir.path()).arg("migrate").env(variable, "{x=1}").output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        let wanted = if key.table.0.starts_with("intel") { key.table.0.clone() } else { key.path() };
        assert_eq!(output.status.code(), Some(2), "{variable}: {told}");
        assert!(told.contains(&wanted) && !told.contains("unknown field"), "{variable}: {told}");
    }
}
