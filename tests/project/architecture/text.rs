//! The source tree as text: its files, and a Rust file split into code and string literals.
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A text file of the project, by its path from the root.
pub struct Text {
    pub path: String,
    pub body: String,
}

impl Text {
    /// The part of the name after its last dot.
    pub fn extension(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(_, extension)| extension)
    }
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Text files below `folder` whose names end so, in order of their paths.
pub fn texts(folder: &str, suffixes: &[&str]) -> Vec<Text> {
    let mut paths = Vec::new();
    walk(&root().join(folder), &mut paths);
    paths.sort();
    paths.retain(|path| suffixes.iter().any(|suffix| path.to_string_lossy().ends_with(suffix)));
    paths.iter().filter_map(|path| read(path)).collect()
}

/// What git tracks or would track; every file where there is no git.
pub fn tracked() -> Vec<Text> {
    let listing = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .ok()
        .filter(|output| output.status.success() && !output.stdout.is_empty());
    let mut paths: Vec<PathBuf> = Vec::new();
    match listing {
        Some(output) => paths.extend(
            String::from_utf8_lossy(&output.stdout).split('\0').filter(|p| !p.is_empty()).map(|p| root().join(p)),
        ),
        None => walk(&root(), &mut paths),
    }
    paths.iter().filter_map(|path| read(path)).collect()
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    if folder.is_file() {
        found.push(folder.to_owned());
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let skipped = matches!(entry.file_name().to_str(), Some(".git" | "target"));
        if path.is_dir() && !skipped {
            walk(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

fn read(path: &Path) -> Option<Text> {
    let body = fs::read_to_string(path).ok()?;
    let path = path.strip_prefix(root()).unwrap_or(path).to_string_lossy().into_owned();
    Some(Text { path, body })
}

/// The 1-based line of a byte.
pub fn line_of(body: &str, at: usize) -> usize {
    body[..at].matches('\n').count() + 1
}

/// Where a word stands by itself.
pub fn words(body: &str, word: &str) -> Vec<usize> {
    let joined = |c: char| c.is_alphanumeric() || c == '_';
    body.match_indices(word)
        .map(|(at, _)| at)
        .filter(|at| !body[..*at].ends_with(joined) && !body[at + word.len()..].starts_with(joined))
        .collect()
}

/// A Rust file without its comments, its literals apart.
pub struct Rust {
    /// The code, comments and the contents of literals blanked; same lines as the file.
    pub code: String,
    /// Contents of string literals, each with the line it begins on.
    pub strings: Vec<(usize, String)>,
}

/// Splits a Rust file.
pub fn rust(body: &str) -> Rust {
    let mut split = Rust { code: String::with_capacity(body.len()), strings: Vec::new() };
    let mut rest = body;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let (kind, len) = token(rest, split.code.chars().next_back());
        let piece = &rest[..len.max(first.len_utf8())];
        match kind {
            Kind::Code => split.code.push_str(piece),
            Kind::Comment => split.code.push_str(&blank(piece)),
            Kind::Literal => {
                split.strings.push((line, piece.to_owned()));
                split.code.push_str(&blank(piece));
            }
        }
        line += piece.matches('\n').count();
        rest = &rest[piece.len()..];
    }
    split
}

#[derive(Clone, Copy)]
enum Kind {
    Code,
    Comment,
    Literal,
}

/// The next token and its length in bytes. `before` tells `r"…"` from a name that ends in r.
fn token(rest: &str, before: Option<char>) -> (Kind, usize) {
    let in_name = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if rest.starts_with("//") {
        return (Kind::Comment, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Kind::Comment, block_comment(rest));
    }
    if rest.starts_with('"') {
        return (Kind::Literal, quoted(rest, '"'));
    }
    if rest.starts_with('r') && !in_name {
        let hashes = rest[1..].chars().take_while(|c| *c == '#').count();
        if rest[1 + hashes..].starts_with('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let start = hashes + 2;
            return (Kind::Literal, rest[start..].find(&close).map_or(rest.len(), |at| start + at + close.len()));
        }
    }
    if rest.starts_with('\'') {
        return (Kind::Code, character(rest));
    }
    (Kind::Code, 1)
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        let tail = &rest.as_bytes()[at..];
        if tail.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if tail.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if c == quote && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    rest.len()
}

/// `'x'` and `'\n'` as a whole, so that `'"'` opens no string; a lifetime is its quote alone.
fn character(rest: &str) -> usize {
    let inside: Vec<char> = rest.chars().skip(1).take(2).collect();
    match inside.as_slice() {
        ['\\', _] => quoted(rest, '\''),
        [c, '\''] => 2 + c.len_utf8(),
        _ => 1,
    }
}

fn blank(piece: &str) -> String {
    piece.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect()
}
