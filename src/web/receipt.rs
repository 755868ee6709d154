//! The receipt of a run: what it was decided on, and whether all of that is still what it was.
use super::App;
use super::auth::SignedIn;
use super::cases::leaves;
use super::page::{Chrome, Page};
use super::raw::file;
use super::view::text::{short_hash, visible};
use super::view::words::{When, when};
use crate::domain::chain::sha256;
use crate::domain::receipt::{Receipt, Voted};
use crate::domain::{MachineVerdict, Outcome};
use crate::error::{AppError, Result};
use crate::proof::receipt::{Anchored, Checked, Purged, anchored, check};
use crate::review::sight::{HELD_BACK, sight};
use crate::secret::Signer;
use crate::store::receipts::{self, Kept};
use crate::store::runs::Run;
use crate::store::{Tx, cases, runs};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::Value;

/// A vote with its hashes, short to read and whole to compare.
struct Vote {
    voter: String,
    role: String,
    model: String,
    digest: String,
    said: String,
    /// Where it was taken over from, or empty.
    taken: String,
    prompt_version: String,
    hashes: Vec<Shown>,
}

/// Something with a hash.
struct Shown {
    name: String,
    short: String,
    whole: String,
}

impl Shown {
    fn of(name: &str, hash: &str) -> Self {
        let short = if hash == hex::encode(sha256("")) { "none".to_owned() } else { short_hash(hash) };
        Self { name: visible(name), short, whole: visible(hash) }
    }
}

/// The line of the ledger that tells of it.
struct Told {
    line: i64,
    hash: Shown,
    is_same: bool,
}

/// What a receipt says.
struct Body {
    at: When,
    hash: String,
    program: String,
    verdict: String,
    outcome: String,
    panel: String,
    exhibits: Vec<Shown>,
    votes: Vec<Vote>,
    policy: Vec<(String, String)>,
    facts: Vec<(String, String)>,
    gone: bool,
    wrong: Vec<String>,
    told: Option<Told>,
    /// What there is in the place of the line.
    untold: &'static str,
}

#[derive(Template)]
#[template(path = "cases/receipt.html")]
struct Show {
    chrome: Chrome,
    number: i64,
    title: String,
    run: i64,
    body: Option<Body>,
}

/// The run that an address names, and its receipt.
async fn found(tx: &mut Tx, me: &SignedIn, number: &str, run: &str) -> Result<(cases::Case, Run, Option<Kept>)> {
    let number = number.parse().ok().filter(|number: &i64| *number > 0).ok_or(AppError::NotFound)?;
    let run = run.parse().map_err(|_| AppError::NotFound)?;
    let case = cases::visible(tx, me.scope(), number).await?.ok_or(AppError::NotFound)?;
    if sight(&case).is_blind() {
        return Err(AppError::Forbidden(HELD_BACK));
    }
    let run = runs::in_case(tx, case.number, run).await?.ok_or(AppError::NotFound)?;
    let kept = receipts::of_run(tx, run.id).await?;
    Ok((case, run, kept))
}

/// `GET /cases/{number}/triage/{run}/receipt`
pub async fn show(
    me: SignedIn,
    State(app): State<App>,
    Path((number, run)): Path<(String, String)>,
) -> Result<Page<impl Template>> {
    let signer = app.vault.signer().map_err(|error| AppError::Internal(error.into()))?;
    let mut tx = app.store.read().await?;
    let (case, run, kept) = found(&mut tx, &me, &number, &run).await?;
    let body = match &kept {
        None => None,
        Some(kept) => Some(body(&mut tx, kept, &signer).await?),
    };
    let chrome = Chrome::of(&app, &me, "queue").await?;
    Ok(Page(Show { chrome, number: case.number, title: visible(&case.title), run: run.number, body }))
}

/// `GET /cases/{number}/triage/{run}/receipt.json`: the very bytes of which the ledger has the hash.
pub async fn download(
    me: SignedIn,
    State(app): State<App>,
    Path((number, run)): Path<(String, String)>,
) -> Result<Response> {
    let mut tx = app.store.read().await?;
    let (case, run, kept) = found(&mut tx, &me, &number, &run).await?;
    let kept = kept.ok_or(AppError::NotFound)?;
    drop(tx);
    leaves(&app, &me, (case.org_id, case.number), ("downloaded", &format!("receipt of run {}", run.number))).await?;
    Ok(file(&format!("case-{}-receipt-{}.json", case.number, run.number), kept.body))
}

async fn body(tx: &mut Tx, kept: &Kept, signer: &Signer) -> Result<Body> {
    let Checked { receipt, gone, mut wrong } = check(tx, kept).await?;
    let purged = Purged::of(tx).await?;
    let anchor = anchored(tx, kept, &purged, signer).await?;
    let untold = untold(&anchor);
    wrong.extend(anchor.wrong);
    let hash = hex::encode(&kept.hash);
    let told = anchor.line.map(|line| Told {
        line: line.id,
        is_same: line.body.new == hash,
        hash: Shown::of("", &hex::encode(&line.hash)),
    });
    let shown = receipt.as_ref();
    let text = |of: fn(&Receipt) -> &str| shown.map(|receipt| visible(of(receipt))).unwrap_or_default();
    Ok(Body {
        at: when(kept.at_ms),
        program: text(|receipt| &receipt.program),
        verdict: label::<MachineVerdict>(&text(|receipt| &receipt.decision.verdict), MachineVerdict::label),
        outcome: label::<Outcome>(&text(|receipt| &receipt.decision.outcome), Outcome::label),
        panel: text(|receipt| &receipt.panel),
        exhibits: shown.map(exhibits).unwrap_or_default(),
        votes: shown.map(|receipt| receipt.votes.iter().map(vote).collect()).unwrap_or_default(),
        policy: shown.map(|receipt| lines(&receipt.policy)).unwrap_or_default(),
        facts: shown.map(|receipt| lines(&receipt.facts)).unwrap_or_default(),
        hash,
        gone,
        wrong,
        told,
        untold,
    })
}

/// What is said of the ledger where no line of it tells of a receipt.
fn untold(anchor: &Anchored) -> &'static str {
    match anchor {
        Anchored { wrong: Some(_), .. } => "no line tells of it",
        Anchored { lost: true, .. } => {
            "its line was removed with its segment by a version that signed no receipts: nothing vouches for it any more"
        }
        _ => "its line was removed with its segment; its hash was signed then",
    }
}

/// A word of a closed list as people read it.
fn label<T: std::str::FromStr>(word: &str, of: fn(T) -> &'static str) -> String {
    word.parse().map_or_else(|_| word.to_owned(), |known| of(known).to_owned())
}

/// What members of policy and facts are called.
const NAMES: &[(&str, &str)] = &[
    ("version", "Version of the organisation's own policy"),
    ("auto_close", "Automatic closing"),
    ("limit", "Accepted share of missed true positives"),
    ("review_share", "Share that people review blind"),
    ("blind_first", "Every case is decided before people learn what the panel says"),
    ("veto_severity", "Never closed alone from severity"),
    ("veto_tags", "Never closed alone with host tags"),
    ("veto_rules", "Never closed alone: rules"),
    ("cloud_allowed", "Data may leave to cloud voters"),
    ("intelligence", "Threat intelligence"),
    ("precedents", "Precedents"),
    ("prevalence", "Prevalence"),
    ("host_tags", "Host tags"),
];

/// An object's members, each in one line of words.
fn lines(value: &Value) -> Vec<(String, String)> {
    let named = |name: &str| NAMES.iter().find(|(word, _)| *word == name).map_or(name, |(_, named)| named).to_owned();
    let members = value.as_object().into_iter().flatten();
    let line = |(name, value): (&String, &Value)| {
        let text = if name == "version" && *value == 0 { "none, the settings hold".to_owned() } else { words(value) };
        (visible(&named(name)), visible(&text))
    };
    members.map(line).collect()
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => "unknown".to_owned(),
        Value::Bool(is) => if *is { "yes" } else { "no" }.to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Array(all) if all.is_empty() => "none".to_owned(),
        Value::Array(all) => all.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::Object(all) => {
            let known = all.iter().filter(|(_, value)| !value.is_null());
            known
                .map(|(name, value)| format!("{} {}", name.replace('_', " "), words(value)))
                .collect::<Vec<_>>()
                .join(", ")
        }
    }
}

fn exhibits(receipt: &Receipt) -> Vec<Shown> {
    let all = std::iter::once(&receipt.detection).chain(&receipt.evidence);
    let mut shown: Vec<_> = all.map(|one| Shown::of(&format!("{} ({})", one.kind, one.source), &one.sha256)).collect();
    shown.push(Shown::of("report, flags and vetoes", &receipt.decision.report_sha256));
    shown
}

fn vote(vote: &Voted) -> Vote {
    let hashes = [("prompt", &vote.prompt_sha256), ("raw answer", &vote.raw_sha256), ("answer", &vote.answer_sha256)];
    let said = if vote.verdict.is_empty() { &vote.state } else { &vote.verdict };
    Vote {
        voter: visible(&vote.voter),
        role: visible(&vote.role),
        model: visible(&vote.model),
        digest: visible(&vote.digest),
        said: label::<MachineVerdict>(&visible(said), MachineVerdict::label),
        taken: match (vote.carried_from, vote.reused_from) {
            (Some(number), Some(_)) => format!("given in run {number} of another case"),
            (Some(number), None) => format!("given in run {number}"),
            (None, _) => String::new(),
        },
        prompt_version: visible(&vote.prompt_version),
        hashes: hashes.into_iter().map(|(name, hash)| Shown::of(name, hash)).collect(),
    }
}
