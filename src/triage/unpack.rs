//! Encoded text read on a person's request. What comes out is shown as text, never run and never trusted.
//!
//! Sizes are bounded before and after: a packed bomb gives its first 64 KiB, and at most three layers are read.
use super::injection::decode;
use std::io::Read;

/// Bytes of text that one layer gives.
pub const MOST_OUT: usize = 64 * 1024;
/// Layers that are read.
pub const MOST_LAYERS: usize = 3;
/// Bytes of a value in which encoded parts are looked for.
const SCANNED: usize = 128 * 1024;
/// Encoded parts of one value.
const MOST_PARTS: usize = 8;
/// What is shorter is a word.
const SHORTEST: usize = 16;

/// A part of a value that is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Where it begins, in bytes.
    pub at: usize,
    /// Its length in bytes.
    pub len: usize,
    /// How it is encoded.
    pub encoding: &'static str,
}

/// What one layer holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// How it was encoded, such as `Base64, UTF-16`.
    pub encoding: String,
    /// The text.
    pub text: String,
    /// Whether there is more of it.
    pub cut: bool,
}

/// The encoded parts of a value that give text, in their order.
pub fn parts(text: &str) -> Vec<Part> {
    let text = &text[..text.floor_char_boundary(SCANNED)];
    let mut found = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain(std::iter::once((text.len(), ' '))) {
        let inside = c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_' | '=' | '%');
        match (start, inside) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                start = None;
                if let Some((encoding, _)) = Some(&text[from..at]).filter(|run| run.len() >= SHORTEST).and_then(read) {
                    found.push(Part { at: from, len: at - from, encoding });
                }
            }
            _ => {}
        }
        if found.len() == MOST_PARTS {
            break;
        }
    }
    found
}

/// Reads the part that begins at `at`, and what is encoded inside it; empty where nothing is.
pub fn layers(text: &str, at: usize) -> Vec<Layer> {
    let mut layers: Vec<Layer> = Vec::new();
    let mut part = parts(text).into_iter().find(|part| part.at == at);
    let mut holder = text.to_owned();
    while let Some(found) = part.filter(|_| layers.len() < MOST_LAYERS) {
        let Some((encoding, bytes)) = read(&holder[found.at..found.at + found.len]) else { break };
        let layer = layer(encoding, &bytes);
        holder.clone_from(&layer.text);
        layers.push(layer);
        part = parts(&holder).into_iter().max_by_key(|part| part.len);
    }
    layers
}

/// The bytes of an encoded run, where they are text or a packed text.
fn read(run: &str) -> Option<(&'static str, Vec<u8>)> {
    if run.matches('%').count() >= 3 {
        return decode::escapes(run).map(|plain| ("URL encoding", plain.into_bytes()));
    }
    // A command line often writes `name=` or `/option:` before it.
    let bare = run.trim_end_matches('=').rsplit('=').next().filter(|run| run.len() >= SHORTEST)?;
    let is_hex = bare.len() % 2 == 0 && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
    let from_hex = is_hex.then(|| hex::decode(bare).ok()).flatten().filter(|bytes| is_text(bytes));
    let found = from_hex.map(|bytes| ("hex", bytes));
    found.or_else(|| decode::base64_bytes(bare).filter(|bytes| is_text(bytes)).map(|bytes| ("Base64", bytes)))
}

fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1F, 0x8B, 8])
}

/// Every second byte zero: Latin text in UTF-16, as `powershell -enc` takes it.
fn is_wide(bytes: &[u8]) -> bool {
    let zeros = bytes.chunks_exact(2).filter(|pair| pair[1] == 0 && pair[0] != 0).count();
    bytes.len() >= 8 && zeros * 20 >= bytes.len() * 7
}

fn is_text(bytes: &[u8]) -> bool {
    let utf8 = || std::str::from_utf8(bytes).is_ok() && decode::readable(bytes).is_some();
    is_gzip(bytes) || is_wide(bytes) || utf8()
}

fn layer(encoding: &'static str, bytes: &[u8]) -> Layer {
    let mut name = encoding.to_owned();
    let mut plain = bytes.to_vec();
    if is_gzip(bytes) {
        let mut out = Vec::new();
        // What was read before an error is still worth showing.
        let read = flate2::read::GzDecoder::new(bytes).take(MOST_OUT as u64 * 2 + 1).read_to_end(&mut out);
        name.push_str(if read.is_ok() { ", gzip" } else { ", gzip that breaks off" });
        plain = out;
    }
    let text = if is_wide(&plain) {
        name.push_str(", UTF-16");
        let units: Vec<u16> = plain.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    } else {
        String::from_utf8_lossy(&plain).into_owned()
    };
    let end = text.floor_char_boundary(MOST_OUT);
    Layer { encoding: name, cut: end < text.len(), text: text[..end].to_owned() }
}
