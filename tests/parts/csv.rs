//! Tables for spreadsheets: how they are written, what is made harmless, and where they end.
use axum::body::to_bytes;
use fusionsoc::error::AppError;
use fusionsoc::web::csv::{Cell, Row, table};
use futures_util::stream;

const HEAD: &[&str] = &["name", "count"];

fn row(text: &str, number: i64) -> Row {
    vec![Cell::Text(text.to_owned()), Cell::Number(number)]
}

async fn written(pages: Vec<Result<Vec<Row>, AppError>>) -> Result<String, axum::Error> {
    let reply = table("things.csv", HEAD, stream::iter(pages)).unwrap();
    assert_eq!(reply.headers()["content-type"], "text/csv; charset=utf-8");
    assert_eq!(reply.headers()["content-disposition"], "attachment; filename=\"things.csv\"");
    to_bytes(reply.into_body(), usize::MAX).await.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn it_is_what_the_standard_says() {
    let pages = vec![Ok(vec![row("plain", 1), row("a \"b\", c\r\nd", -2)]), Ok(vec![]), Ok(vec![row("", 0)])];
    let text = written(pages).await.unwrap();
    assert_eq!(text, "\u{feff}name,count\r\nplain,1\r\n\"a \"\"b\"\", c\r\nd\",-2\r\n,0\r\n");
}

#[tokio::test]
async fn nothing_becomes_a_formula() {
    for start in ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"] {
        let text = written(vec![Ok(vec![row(&format!("{start}1+1"), 1)])]).await.unwrap();
        let cell = text.split_once("count\r\n").unwrap().1.trim_start_matches('"');
        assert!(cell.starts_with(&format!("'{start}1+1")), "{text:?}");
    }
    let text = written(vec![Ok(vec![row("a=1", -7)])]).await.unwrap();
    assert!(text.ends_with("\r\na=1,-7\r\n"), "what is none stays as it is: {text:?}");
}

#[tokio::test]
async fn a_long_one_is_cut_and_says_so() {
    let page = |from: i64| Ok((from..from + 999).map(|at| row("x", at)).collect());
    let text = written((0..102).map(|at| page(at * 999)).collect()).await.unwrap();
    let lines: Vec<&str> = text.trim_end().split("\r\n").collect();
    assert_eq!((lines.len(), lines[100_000]), (100_002, "x,99999"), "a head, the lines, and a last one");
    assert_eq!(lines[100_001], "The list goes on: it was cut after 100000 lines.");
    let whole = written(
        (0..100)
            .map(|at| page(at * 999))
            .chain([page(99_900)].into_iter().map(|rest: Result<Vec<Row>, AppError>| {
                rest.map(|mut rows| {
                    rows.truncate(100);
                    rows
                })
            }))
            .collect(),
    )
    .await
    .unwrap();
    assert!(whole.ends_with("x,99999\r\n"), "one that just fits is not cut");
}

#[tokio::test]
async fn one_that_breaks_off_is_no_whole_file() {
    assert!(written(vec![Ok(vec![row("a", 1)]), Err(AppError::Busy)]).await.is_err());
}
