//! The body of a delivery: read and unpacked as far as there is room for it.
use super::detections::header_text;
use crate::error::{AppError, Result};
use crate::ingest::room::{NoRoom, Place, Room};
use crate::limits;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use flate2::read::GzDecoder;
use futures_util::StreamExt;
use std::io::Read;

/// How much is unpacked at once.
const PIECE: usize = 64 * 1024;

impl From<NoRoom> for AppError {
    fn from(_: NoRoom) -> Self {
        Self::Crowded("Too much is being delivered at once. Try again in some seconds.")
    }
}

/// Reads a body as it was sent, and what of the room it holds.
pub(super) async fn read(room: &Room, body: Body) -> Result<(Vec<u8>, Place)> {
    let (mut bytes, mut place, mut pieces) = (Vec::new(), room.place(), body.into_data_stream());
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| AppError::Slow)?;
        if bytes.len() + piece.len() > limits::INGEST_BODY {
            return Err(AppError::TooLarge);
        }
        place.grow(piece.len())?;
        bytes.extend_from_slice(&piece);
    }
    Ok((bytes, place))
}

/// The body without its compression.
pub(super) fn unpack(headers: &HeaderMap, body: &[u8], place: &mut Place) -> Result<Vec<u8>> {
    match header_text(headers, header::CONTENT_ENCODING.as_str()) {
        "" | "identity" => {
            place.grow(body.len())?;
            Ok(body.to_vec())
        }
        "gzip" => unzip(body, place),
        _ => Err(AppError::Unsupported("Only gzip is accepted as Content-Encoding.")),
    }
}

fn unzip(body: &[u8], place: &mut Place) -> Result<Vec<u8>> {
    let (mut plain, mut packed, mut piece) = (Vec::new(), GzDecoder::new(body), vec![0; PIECE]);
    loop {
        let read = packed.read(&mut piece).map_err(|_| AppError::BadRequest("The body is not gzip.".to_owned()))?;
        if read == 0 {
            return Ok(plain);
        }
        if plain.len() + read > limits::INGEST_UNPACKED {
            return Err(AppError::TooLarge);
        }
        place.grow(read)?;
        plain.extend_from_slice(&piece[..read]);
    }
}
