//! A command line: what it holds, how long it is, and where the files lie that it names.
use super::{Features, Program, event, find, place};
use crate::domain::command::tokens;
use crate::domain::path::file_name;

/// The features of a command line.
pub(super) fn command(line: &str, by: &Program, features: &mut Features) {
    let words = all(line);
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

/// The words after the program itself, in lower case; a path in quotes is one of them.
fn all(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for argument in tokens(line).skip(1) {
        if argument.as_bytes().get(1..3) == Some(b":\\") && !argument.contains('"') {
            words.push(argument.to_lowercase());
        } else {
            let parts = argument.split(|c: char| c.is_whitespace() || c == '"' || c == '\'');
            words.extend(parts.filter(|part| !part.is_empty()).map(str::to_lowercase));
        }
    }
    words
}
