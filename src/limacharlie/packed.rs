//! Lists as LimaCharlie sends them: a JSON array, or base64 of gzip of one.
use super::{Error, Result};
use crate::limits;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::MultiGzDecoder;
use serde_json::value::RawValue;
use std::io::Read;

/// The items of a list, each exactly as it came.
pub(super) fn items(list: Option<&RawValue>) -> Result<Vec<Box<RawValue>>> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let bad = || Error::Bad("a list in the answer can't be read".to_owned());
    match list.get().trim_start().as_bytes().first() {
        Some(b'"') => {
            let text: String = serde_json::from_str(list.get()).map_err(|_| bad())?;
            if text.is_empty() {
                return Ok(Vec::new());
            }
            serde_json::from_slice(&unpacked(&text)?).map_err(|_| bad())
        }
        Some(b'n') => Ok(Vec::new()),
        _ => serde_json::from_str(list.get()).map_err(|_| bad()),
    }
}

/// A small text may hold a very large list.
fn unpacked(text: &str) -> Result<Vec<u8>> {
    let bad = || Error::Bad("a list in the answer is badly packed".to_owned());
    let packed = STANDARD.decode(text.trim()).map_err(|_| bad())?;
    let cap = u64::try_from(limits::LIMACHARLIE_UNPACKED).unwrap_or(u64::MAX);
    let mut out = Vec::new();
    MultiGzDecoder::new(packed.as_slice()).take(cap + 1).read_to_end(&mut out).map_err(|_| bad())?;
    if out.len() > limits::LIMACHARLIE_UNPACKED {
        return Err(Error::Bad(format!("a list in the answer unpacks to more than {cap} bytes")));
    }
    Ok(out)
}
