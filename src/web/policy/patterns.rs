//! Patterns of tags and of rules, as people type them.
use crate::limits;
use crate::web::view::text::visible;

/// A pattern of tags. One that fits every tag would say of every tagged host that a person decides: that is what
/// automatic closing "off" is for, where everybody sees it.
pub(super) fn pattern(line: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_.:-+*".contains(c);
    if line.chars().count() > limits::VETO_TAG || !line.chars().all(fits) {
        let most = limits::VETO_TAG;
        let shown = visible(&line.chars().take(40).collect::<String>());
        return Err(format!("{shown:?} is no pattern: 1 to {most} letters, digits, and _ . : - + *"));
    }
    if line.chars().all(|c| c == '*') {
        return Err("a pattern of * alone would fit every tag; turn automatic closing off instead.".to_owned());
    }
    Ok(line.to_owned())
}

/// Patterns of rules' paths, one a line; nothing where none was typed.
pub(super) fn rules(text: &str) -> Result<Option<Vec<String>>, String> {
    let mut all: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.chars().count() > limits::VETO_RULE || line.chars().any(char::is_control) {
            let shown = visible(&line.chars().take(40).collect::<String>());
            return Err(format!("{shown:?} is no pattern of a path: at most {} characters.", limits::VETO_RULE));
        }
        if line.chars().all(|c| c == '*') {
            return Err("a pattern of * alone would fit every rule; turn automatic closing off instead.".to_owned());
        }
        if !all.iter().any(|known| known.eq_ignore_ascii_case(line)) {
            all.push(line.to_owned());
        }
    }
    if all.len() > limits::VETO_RULES {
        return Err(format!("at most {} patterns.", limits::VETO_RULES));
    }
    Ok(Some(all).filter(|all| !all.is_empty()))
}
