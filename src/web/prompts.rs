//! Prompt versions: which were used, what they say, and what changed between two.
use super::App;
use super::auth::SignedIn;
use super::form::{Asked, Named};
use super::page::{Chrome, Page};
use super::view::diff::{self, Line};
use super::view::words::{When, when};
use crate::error::{AppError, Result};
use crate::store::prompts::{self, Kept};
use crate::triage::template;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

/// A version in the list.
struct Row {
    /// The name in addresses: the version, and where it has several texts the start of this one's digest.
    key: String,
    digest: String,
    first: When,
    votes: i64,
    /// Whether another text has the same name.
    twice: bool,
    /// Whether it is the one that is sent now.
    current: bool,
    /// The page that compares it with the one before.
    changes: String,
}

#[derive(Template)]
#[template(path = "models/prompts.html")]
struct Index {
    chrome: Chrome,
    rows: Vec<Row>,
    twice: bool,
    version: &'static str,
    unused: bool,
}

#[derive(Template)]
#[template(path = "models/prompt.html")]
struct Show {
    chrome: Chrome,
    row: Row,
    parts: [(&'static str, String); 3],
}

#[derive(Template)]
#[template(path = "models/prompt_diff.html")]
struct Diff {
    chrome: Chrome,
    from: String,
    to: String,
    parts: Vec<(&'static str, Vec<Line>)>,
    changed: usize,
}

/// `GET /models/prompts`
pub async fn index(me: SignedIn, State(app): State<App>) -> Result<Response> {
    let chrome = Chrome::of(&app, &me, "models").await?;
    let all = prompts::all(&mut app.store.read().await?).await?;
    let rows: Vec<Row> = (0..all.len()).map(|at| row(&all, at)).collect();
    let page = Index {
        twice: rows.iter().any(|row| row.twice),
        unused: !rows.iter().any(|row| row.current),
        version: template::current().version,
        chrome,
        rows,
    };
    Ok(Page(page).into_response())
}

/// `GET /models/prompts/{version}`
pub async fn show(me: SignedIn, State(app): State<App>, Named(parts): Named) -> Result<Response> {
    let chrome = Chrome::of(&app, &me, "models").await?;
    let all = prompts::all(&mut app.store.read().await?).await?;
    let at = find(&all, parts.first().map_or("", String::as_str))?;
    let [system, user, schema] = texts(&all[at]).map(|(name, text)| (name, text.to_owned()));
    Ok(Page(Show { chrome, row: row(&all, at), parts: [system, user, schema] }).into_response())
}

/// Two versions to compare.
#[derive(Debug, Deserialize)]
pub struct Two {
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
}

/// `GET /models/prompts/diff?from=&to=`
pub async fn diff(me: SignedIn, State(app): State<App>, Asked(two): Asked<Two>) -> Result<Response> {
    let chrome = Chrome::of(&app, &me, "models").await?;
    let all = prompts::all(&mut app.store.read().await?).await?;
    let (from, to) = (find(&all, &two.from)?, find(&all, &two.to)?);
    let both = texts(&all[from]).into_iter().zip(texts(&all[to]));
    let parts: Vec<_> = both.map(|((name, old), (_, new))| (name, diff::lines(old, new))).collect();
    let changed = parts.iter().flat_map(|(_, lines)| lines).filter(|line| line.is_change()).count();
    let (from, to) = (key(&all, from), key(&all, to));
    Ok(Page(Diff { chrome, from, to, parts, changed }).into_response())
}

fn texts(kept: &Kept) -> [(&'static str, &str); 3] {
    [("System message", &kept.system), ("User message", &kept.user_template), ("Form of the answer", &kept.schema)]
}

fn row(all: &[Kept], at: usize) -> Row {
    let (kept, now) = (&all[at], template::current());
    let changes = all.get(at + 1).map(|_| format!("/models/prompts/diff?{}", query(&key(all, at + 1), &key(all, at))));
    Row {
        key: key(all, at),
        digest: kept.digest.clone(),
        first: when(kept.first_ms),
        votes: kept.votes,
        twice: is_twice(all, kept),
        current: kept.version == now.version && kept.digest == now.digest,
        changes: changes.unwrap_or_default(),
    }
}

fn query(from: &str, to: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("from", from).append_pair("to", to).finish()
}

fn is_twice(all: &[Kept], kept: &Kept) -> bool {
    all.iter().filter(|other| other.version == kept.version).count() > 1
}

fn key(all: &[Kept], at: usize) -> String {
    let kept = &all[at];
    if is_twice(all, kept) {
        format!("{}~{}", kept.version, kept.digest.get(..8).unwrap_or(&kept.digest))
    } else {
        kept.version.clone()
    }
}

/// The place of a version by its name in addresses; by its bare name the newest of its texts.
fn find(all: &[Kept], asked: &str) -> Result<usize> {
    let exact = (0..all.len()).find(|at| key(all, *at) == asked);
    exact.or_else(|| all.iter().position(|kept| kept.version == asked)).ok_or(AppError::Unknown("prompt version"))
}
