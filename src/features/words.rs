//! A command line: what it holds, how long it is, and where the files lie that it names.
use super::{Features, Program, event, find, place};
use crate::domain::command::{of_argument, tokens};
use crate::domain::path::file_name;

/// The features of a command line.
pub(super) fn command(line: &str, by: &Program, features: &mut Features) {
    // The first argument is the program itself.
    let words: Vec<String> = tokens(line).skip(1).flat_map(of_argument).map(str::to_lowercase).collect();
    if words.is_empty() {
        features.add("cmd.bare");
    }
    let software = place::is_trusted(by.place) && !matches!(by.role, "shell" | "lolbas");
    for name in find::on_command(line).into_iter().filter(|name| software || !find::OF_SOFTWARE.contains(name)) {
        features.add(format!("find.{name}"));
    }
    let length = match line.chars().count() {
        0..40 => 0,
        40..100 => 1,
        100..250 => 2,
        250..600 => 3,
        _ => 4,
    };
    features.add(format!("len={length}"));
    for word in words.iter().filter(|word| is_path(word)) {
        let name = file_name(word).split([',', ';']).next().unwrap_or_default();
        features.add(format!("path:{}", place::of(word)));
        features.add(format!("ext:{}", event::ending(name)));
    }
}

fn is_path(word: &str) -> bool {
    word.contains('\\') && word.chars().count() > 3 && !word.starts_with([':', '-', '/'])
}
