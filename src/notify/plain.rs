//! Text of strangers made harmless for mail and chat: one line, nothing hidden, nothing to click.

/// One line of at most `max` characters without control and direction characters, in which no address is a link:
/// `evil[.]example`, `hxxps[:]//…`, `ana[@]evil[.]example`.
pub fn plain(text: &str, max: usize) -> String {
    let mut line = String::new();
    // What is hidden is shown as a mark: a name that hides something is worth a look.
    for word in text.split(|c: char| c.is_whitespace() || c == '\0').filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().map(|c| if is_hidden(c) { '\u{FFFD}' } else { c }));
        if line.len() > max * 4 {
            break;
        }
    }
    let cut = line.char_indices().nth(max).map(|(end, _)| end);
    match cut {
        Some(end) => format!("{}…", defang(&line[..end])),
        None => defang(&line),
    }
}

fn defang(line: &str) -> String {
    let line = line.replace("://", "[:]//").replace(r"\\", r"[\\]").replace('@', "[@]");
    // Angle brackets are links and mentions in chats.
    let mut out = line.replace("http", "hxxp").replace("HTTP", "HXXP").replace('<', "‹").replace('>', "›");
    for dot in ['\u{3002}', '\u{FF0E}', '\u{FF61}'] {
        out = out.replace(dot, ".");
    }
    let mut safe = String::with_capacity(out.len());
    let mut chars = out.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let joins = c == '.' && before.is_alphanumeric() && chars.peek().is_some_and(|next| next.is_alphanumeric());
        if joins {
            safe.push_str("[.]");
        } else {
            safe.push(c);
        }
        before = c;
    }
    safe
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{00AD}' | '\u{061C}')
        || matches!(u32::from(c), 0xE0000..=0xE007F)
}
