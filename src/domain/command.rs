//! Command lines.

/// The arguments of a command line: quoted ones without their quotes, others up to the next space.
pub fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        if rest.is_empty() {
            return None;
        }
        let (token, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        rest = after;
        Some(token)
    })
}

/// The words of a command line. A quoted path is one of them, whatever spaces its folders hold; any other argument is
/// told by its words, without quotes.
pub fn words(line: &str) -> impl Iterator<Item = &str> {
    tokens(line).flat_map(of_argument)
}

/// The words of one argument.
pub fn of_argument(argument: &str) -> impl Iterator<Item = &str> {
    let path = argument.as_bytes().get(1..3) == Some(b":\\") && !argument.contains('"');
    argument.split(move |c: char| !path && (c.is_whitespace() || c == '"' || c == '\'')).filter(|word| !word.is_empty())
}
