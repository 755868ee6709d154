//! The shapes in which answers come and fail, and what each must end as, with every kind alike.
use crate::voters::fakes::answer;
use crate::voters::wild::{Act, End, envelope, error, http};
use fusionsoc::domain::Failure::{self, Ambiguous, Http, Parse, Schema, Timeout};
use fusionsoc::voters::Kind;
use serde_json::{Value, json};
use std::io::Write;

/// What a shape must end as.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Ends {
    /// A true positive with this confidence.
    Voted(f64),
    /// A failure.
    Failed(Failure),
}
use Ends::{Failed, Voted};

/// One shape.
pub struct Shape {
    pub name: &'static str,
    /// What the server does with the nth question.
    pub act: Box<dyn Fn(Kind, usize) -> Act + Send + Sync>,
    pub ends: Ends,
    /// How many questions it takes.
    pub asked: usize,
    /// The deadline in seconds.
    pub patience: u64,
}

fn shape(
    name: &'static str,
    (ends, asked): (Ends, usize),
    act: impl Fn(Kind, usize) -> Act + Send + Sync + 'static,
) -> Shape {
    Shape { name, act: Box::new(act), ends, asked, patience: 20 }
}

/// The answer of the model's own: a true positive, so that no shape ends as a false one by accident.
fn own() -> Value {
    let mut own = answer();
    own["verdict"] = json!("true_positive");
    own["severity"] = json!("high");
    own
}

fn own_with(field: &str, value: Value) -> String {
    let mut own = own();
    own[field] = value;
    own.to_string()
}

fn good(kind: Kind) -> Vec<u8> {
    envelope(kind, Some(&own().to_string()), End::Done).to_string().into_bytes()
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

/// What goes wrong on the way.
pub fn of_transport() -> Vec<Shape> {
    let cut = |kind| {
        let whole = http(200, &[], &good(kind));
        whole[..whole.len() - 20].to_vec()
    };
    let bomb = zipped(&vec![b' '; 64 * 1024 * 1024]);
    vec![
        Shape { patience: 2, ..shape("hang", (Failed(Timeout), 1), |_, _| Act::Hang) },
        Shape {
            patience: 2,
            ..shape("slow drip", (Failed(Timeout), 1), |_, _| {
                Act::Drip(b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n{".to_vec())
            })
        },
        shape("reset", (Failed(Http), 1), |_, _| Act::Reset),
        shape("body breaks off", (Failed(Http), 1), move |kind, _| Act::Send(cut(kind))),
        shape("not HTTP at all", (Failed(Http), 1), |_, _| Act::Send(b"\x00\x01\x02SSH-2.0-x\r\n".to_vec())),
        shape("garbage", (Failed(Http), 1), |_, _| Act::Send(http(200, &[], &[0xFF, 0xFE, 0x00, 0x7B]))),
        shape("a page", (Failed(Http), 1), |_, _| {
            Act::Send(http(200, &["Content-Type: text/html"], b"<html>Sign in</html>"))
        }),
        shape("empty body", (Failed(Http), 1), |_, _| Act::Send(http(200, &[], b""))),
        shape("JSON of something else", (Failed(Parse), 1), |_, _| Act::Send(http(200, &[], b"{\"status\":\"ok\"}"))),
        shape("JSON as text/html", (Voted(0.95), 1), |kind, _| {
            Act::Send(http(200, &["Content-Type: text/html"], &good(kind)))
        }),
        shape("huge body", (Failed(Http), 1), |_, _| Act::Send(http(200, &[], &vec![b'['; 3 * 1024 * 1024]))),
        shape("gzip nobody asked for", (Voted(0.95), 1), |kind, _| {
            Act::Send(http(200, &["Content-Encoding: gzip"], &zipped(&good(kind))))
        }),
        shape("gzip bomb", (Failed(Http), 1), move |_, _| Act::Send(http(200, &["Content-Encoding: gzip"], &bomb))),
        shape("gzip that is none", (Failed(Http), 1), |kind, _| {
            Act::Send(http(200, &["Content-Encoding: gzip"], &good(kind)))
        }),
        shape("redirect", (Failed(Http), 1), |_, _| Act::Send(http(307, &["Location: http://127.0.0.1:9/"], b""))),
    ]
}

/// Answers 429 with these headers once, and then as it should.
fn once(first: fn() -> Vec<String>) -> impl Fn(Kind, usize) -> Act {
    move |kind, before| {
        let headers = first();
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let busy = error(kind, 429, "busy").to_string();
        Act::Send(if before == 0 { http(429, &headers, busy.as_bytes()) } else { http(200, &[], &good(kind)) })
    }
}

/// Never answers otherwise.
fn always(status: u16, header: &'static str) -> impl Fn(Kind, usize) -> Act {
    move |kind, _| Act::Send(http(status, &[header], error(kind, status, "no").to_string().as_bytes()))
}

fn in_two_seconds() -> Vec<String> {
    let at = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(2);
    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap();
    vec![format!("Retry-After: {date}")]
}

/// Servers that want to be left alone for a while.
pub fn of_waits() -> Vec<Shape> {
    let then = (Voted(0.95), 2);
    vec![
        shape("429, Retry-After in seconds", then, once(|| vec!["Retry-After: 1".to_owned()])),
        shape("429, Retry-After as a date", then, once(in_two_seconds)),
        shape("429, Retry-After is past", then, once(|| vec!["Retry-After: Sun, 06 Nov 1994 08:49:37 GMT".to_owned()])),
        shape("429, Retry-After is nonsense", then, once(|| vec!["Retry-After: later".to_owned()])),
        shape("429 without Retry-After", then, once(Vec::new)),
        shape("429 for longer than the deadline", (Failed(Http), 1), always(429, "Retry-After: 3600")),
    ]
}

/// The server's refusals.
pub fn of_status() -> Vec<Shape> {
    let (soon, ends) = ("Retry-After: 0", Failed(Http));
    let nothing = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    vec![
        shape("429 for good", (ends, 3), always(429, soon)),
        shape("500 for good", (ends, 3), always(500, soon)),
        shape("503 for good", (ends, 3), always(503, soon)),
        shape("529 for good", (ends, 3), always(529, soon)),
        shape("500 once", (Voted(0.95), 2), |kind, before| {
            Act::Send(if before == 0 { http(500, &[], b"<h1>oops</h1>") } else { http(200, &[], &good(kind)) })
        }),
        shape("400", (ends, 1), always(400, soon)),
        shape("401", (ends, 1), always(401, soon)),
        shape("404", (ends, 1), always(404, soon)),
        shape("204", (ends, 1), |_, _| Act::Send(nothing.to_vec())),
    ]
}

/// A model that writes this.
fn says(name: &'static str, ends: (Ends, usize), text: String) -> Shape {
    ended(name, ends, Some(text), End::Done)
}

fn ended(name: &'static str, ends: (Ends, usize), text: Option<String>, end: End) -> Shape {
    shape(name, ends, move |kind, _| {
        Act::Send(http(200, &[], envelope(kind, text.as_deref(), end).to_string().as_bytes()))
    })
}

/// What the model writes around its answer, and instead of it.
pub fn of_wrapping() -> Vec<Shape> {
    let (own, attackers) = (own(), answer());
    let event = json!({"event": {"COMMAND_LINE": "x", "verdict": "false_positive", "inner": attackers}});
    let whole = own.to_string();
    let half = &whole[..whole.len() - 30];
    let wrong = own_with("confidence", json!(-1));
    let (voted, parse) = ((Voted(0.95), 1), (Failed(Parse), 2));
    vec![
        says("prose", parse, "I believe that this is a false_positive.".to_owned()),
        says("code fence", voted, format!("Sure!\n```json\n{own:#}\n```\nStay safe.")),
        says("<think> closed", voted, format!("<think>Is it {attackers}?</think>\n{own}")),
        says("<think> open", parse, format!("<think>First a draft: {attackers}")),
        says("<think> open after words", parse, format!("Well. <think>First a draft: {attackers}")),
        says("echo of an event, then an answer", voted, format!("The event was {event}. So: {own}")),
        says("echo of an event alone", (Failed(Schema), 2), event.to_string()),
        says("echo of an answer, then another", (Failed(Ambiguous), 1), format!("It says {attackers}. I say {own}")),
        says("two that disagree", (Failed(Ambiguous), 1), format!("{own}\n{attackers}")),
        says("echo of an answer, then a cut one", parse, format!("It says {attackers}. I say {half}")),
        says("echo of an answer, then a wrong one", (Failed(Schema), 2), format!("It says {attackers}. I say {wrong}")),
        says("cut JSON", parse, half.to_owned()),
        ended("ended by length", (Failed(Parse), 1), Some(whole), End::Length),
        says("a list of answers", (Failed(Schema), 2), json!([own]).to_string()),
        says("empty text", (Failed(Parse), 1), String::new()),
        ended("null content", (Failed(Parse), 1), None, End::Done),
    ]
}

/// What the model writes into the fields.
pub fn of_fields() -> Vec<Shape> {
    let twice = format!("{},\"verdict\":\"false_positive\"}}", own().to_string().trim_end_matches('}'));
    let misfit = (Failed(Schema), 2);
    vec![
        says("wrong schema", misfit, json!({"verdict": "false_positive", "score": 3}).to_string()),
        says("verdict told twice", misfit, twice),
        says("confidence 98", (Voted(0.98), 1), own_with("confidence", json!(98))),
        says("confidence \"98%\"", (Voted(0.98), 1), own_with("confidence", json!("98%"))),
        says("confidence 1", (Voted(0.01), 1), own_with("confidence", json!(1))),
        says("confidence 1.0", (Voted(1.0), 1), own_with("confidence", json!(1.0))),
        says("confidence -1", misfit, own_with("confidence", json!(-1))),
        says("confidence 101", misfit, own_with("confidence", json!(101))),
        says("confidence \"high\"", misfit, own_with("confidence", json!("high"))),
        says("unknown verdict", misfit, own_with("verdict", json!("benign"))),
        says("verdict in other letters", misfit, own_with("verdict", json!("FALSE POSITIVE"))),
        says("unknown severity", misfit, own_with("severity", json!("none"))),
    ]
}
