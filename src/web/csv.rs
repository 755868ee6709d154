//! Tables for spreadsheets: RFC 4180 in UTF-8, sent as it is read, with nothing that a spreadsheet would carry out.
use crate::error::{AppError, Result};
use crate::limits;
use crate::store::wall;
use ::csv::{Terminator, WriterBuilder};
use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, future, stream};

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// A text, which may be anybody's.
    Text(String),
    /// A number of ours, which stays one.
    Number(i64),
}

/// A line of a table.
pub type Row = Vec<Cell>;

/// Spreadsheets take a file without this mark for one of their own alphabet.
const MARK: &str = "\u{feff}";
/// With these, and the forms that Japanese keyboards write of them, begins what a spreadsheet takes for a formula or
/// for the end of the cell.
const ACTIVE: &[char] = &['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// A table under a file's name: its head, then page after page. A long one is cut, and its last line says so.
///
/// # Errors
/// Where the head can't be written.
pub fn table<S>(file: &str, head: &[&str], pages: S) -> Result<Response>
where
    S: Stream<Item = Result<Vec<Row>>> + Send + 'static,
{
    let head = head.iter().map(|name| Cell::Text((*name).to_owned())).collect::<Row>();
    let first = [MARK.as_bytes(), &lines(&[head])?].concat();
    let rest = wall::carried(pages).scan(Some(limits::CSV_ROWS), |left, page| {
        let Some(room) = *left else { return future::ready(None) };
        future::ready(Some(page.and_then(|mut rows| {
            *left = room.checked_sub(rows.len());
            if left.is_none() {
                rows.truncate(room);
                let told = format!("The list goes on: it was cut after {} lines.", limits::CSV_ROWS);
                rows.push(vec![Cell::Text(told)]);
            }
            lines(&rows).map(Bytes::from)
        })))
    });
    let body = Body::from_stream(stream::once(future::ready(Ok(Bytes::from(first)))).chain(rest));
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\"")),
    ];
    Ok((headers, body).into_response())
}

fn lines(rows: &[Row]) -> Result<Vec<u8>> {
    let broken = |error: String| AppError::Internal(anyhow::anyhow!("a table can't be written: {error}"));
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).flexible(true).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.iter().map(written)).map_err(|error| broken(error.to_string()))?;
    }
    writer.into_inner().map_err(|error| broken(error.to_string()))
}

/// What begins like a formula begins with an apostrophe instead, which makes it a text.
fn written(cell: &Cell) -> String {
    match cell {
        Cell::Number(number) => number.to_string(),
        Cell::Text(text) if text.starts_with(ACTIVE) => format!("'{text}"),
        Cell::Text(text) => text.clone(),
    }
}
