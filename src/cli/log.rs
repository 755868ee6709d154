//! The log: lines of JSON on standard error, times in UTC by RFC 3339.
use std::fmt::Write as _;
use std::io::{self, Write};
use tracing_subscriber::EnvFilter;

/// Begins to log; `FUSIONSOC_LOG` sets the levels.
pub fn start() {
    let filter = EnvFilter::try_from_env("FUSIONSOC_LOG").unwrap_or_else(|_| EnvFilter::new("warn,fusionsoc=info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(|| Escaped).init();
}

/// Standard error, with everything written as an escape that a terminal or an editor would take for more than text.
/// JSON itself asks for that only of the control characters of ASCII.
struct Escaped;

impl Write for Escaped {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        io::stderr().lock().write_all(escaped(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Outside of its texts a line of JSON holds none of these characters.
fn escaped(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for c in line.chars() {
        if acts(c) {
            // Writing to a String can't fail.
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text
}

/// Whether a character does something else than to show: it controls a terminal, ends a line, or turns a text around.
const fn acts(c: char) -> bool {
    matches!(
        c,
        '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    )
}
