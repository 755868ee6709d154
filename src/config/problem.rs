//! What is wrong with the settings, in one line that holds none of their values.
use figment::error::Kind;

/// What is wrong, without what stands there.
fn problem(kind: &Kind) -> String {
    if let Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) | Kind::InvalidLength(_, expected) = kind {
        return format!("is of the wrong kind; expected {expected}");
    }
    // Between the place and the problem such a text shows the file.
    let text = kind.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let shown = if lines.len() > 2 { vec![lines[0], lines[lines.len() - 1]] } else { lines };
    shown.join(": ")
}

/// What is wrong, where in the settings, and nothing of the values: one of them may be a secret.
pub(super) fn one_line(error: figment::Error) -> String {
    error
        .into_iter()
        .map(|one| {
            let path = one.path.join(".").to_lowercase();
            let text = problem(&one.kind);
            if path.is_empty() { text } else { format!("{path}: {text}") }
        })
        .collect::<Vec<_>>()
        .join("; ")
}
