//! `replay`: the stored past of an organisation, played through the gate at other limits, by another panel of voters that
//! were asked, or under another veto of severity.
//!
//! Without `--voter`, `--mode`, `--quorum` or `--veto-severity` the cases are played that the panel and the vetoes of their
//! time made eligible; with one of them all cases, judged anew by the votes that were given. Voters that were never
//! asked are tried by a trial (`/models/trials`).
mod anew;

use super::{CliError, failed};
use crate::clock::now_ms;
use crate::config::{Config, Policy};
use crate::domain::Severity;
use crate::jobs::triage::other_panel::{OtherPanel, is_second_look};
use crate::store::{Store, Tx, gates, orgs, policies};
use crate::triage::gate::{Lived, Past, Tried, replay};
use crate::triage::vote::Mode;
use anew::Judged;
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::process::ExitCode;

/// The limits that are tried where none is named.
const LIMITS: [f64; 3] = [0.01, 0.02, 0.05];
/// Cases that are read at once.
const PAGE: i64 = 1_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// `replay`
#[derive(Debug, Args)]
pub struct Replay {
    /// The organisation.
    #[arg(long)]
    org: String,
    /// Only the cases of so many days; all, where nothing is said.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    days: Option<u32>,
    /// A limit to try, as a share (0.02 is 2 %); can be given several times.
    #[arg(long = "limit", value_parser = share)]
    limits: Vec<f64>,
    /// The share that people review blind; what the organisation's policy says, where nothing is said.
    #[arg(long, value_parser = share)]
    review_share: Option<f64>,
    /// Who votes, of those who were asked, advisers as well; can be given several times. Those that voted then, where nobody
    /// is named.
    #[arg(long = "voter")]
    voters: Vec<String>,
    /// How many of them must agree: unanimous or majority; as it was then, where nothing is said.
    #[arg(long)]
    mode: Option<Mode>,
    /// Valid votes that are needed; 0 for the mode's own number.
    #[arg(long)]
    quorum: Option<usize>,
    /// From this severity on nothing is closed.
    #[arg(long)]
    veto_severity: Option<Severity>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "must be a share between 0 and 1, as 0.02".to_owned())
}

impl Replay {
    /// Plays and tells.
    pub async fn run(self, store: &Store, config: &Config) -> Result<ExitCode, CliError> {
        let mut tx = store.read().await?;
        let Some(org) = orgs::by_slug(&mut tx, &self.org).await? else {
            return failed(format!("--org: there is no organisation {}", self.org));
        };
        let policy = config.policy.of(&policies::of_org(&mut tx, org.id).await?);
        let since_ms = self.days.map_or(i64::MIN, |days| now_ms() - i64::from(days) * DAY_MS);
        let judged = match self.other_panel(config, &policy)? {
            Some(panel) => Some(anew::judged(&mut tx, org.id, &panel, since_ms).await?),
            None => None,
        };
        self.asked(judged.as_ref())?;
        let mut past = match &judged {
            Some(judged) => judged.past.clone(),
            None => eligible(&mut tx, org.id).await?,
        };
        past.retain(|one| one.at_ms >= since_ms);
        drop(tx);
        let reviewed = self.review_share.unwrap_or(policy.review_share);
        let limits = if self.limits.is_empty() { LIMITS.to_vec() } else { self.limits.clone() };
        let tried =
            limits.into_iter().flat_map(|limit| [false, true].map(|back_off| Tried { limit, reviewed, back_off }));
        let rows: Vec<(Tried, Lived)> = tried.map(|tried| (tried, replay(&past, &tried))).collect();
        if self.json {
            println!("{:#}", told(&past, judged.as_ref(), &rows));
        } else {
            tell(&self.org, &past, judged.as_ref(), &rows);
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The panel that is tried, where another one is.
    fn other_panel(&self, config: &Config, policy: &Policy) -> Result<Option<OtherPanel>, CliError> {
        let asked = !self.voters.is_empty() || self.mode.is_some() || self.quorum.is_some();
        if !asked && self.veto_severity.is_none() {
            return Ok(None);
        }
        if self.mode == Some(Mode::Weighted) {
            return failed("--mode: what votes weighed then is not kept; try unanimous or majority");
        }
        if let Some(twice) = self.voters.iter().enumerate().find(|(at, name)| self.voters[..*at].contains(name)) {
            return failed(format!("--voter: {} is named twice", twice.1));
        }
        if self.quorum.is_some_and(|quorum| !self.voters.is_empty() && quorum > self.voters.len()) {
            return failed("--quorum: is larger than the panel");
        }
        Ok(Some(OtherPanel {
            voters: self.voters.clone(),
            mode: self.mode,
            quorum: self.quorum.unwrap_or(config.panel.quorum),
            severity: self.veto_severity.unwrap_or(policy.veto_severity),
        }))
    }

    /// Whether everybody who is named was asked once.
    fn asked(&self, judged: Option<&Judged>) -> Result<(), CliError> {
        let Some(judged) = judged.filter(|judged| judged.cases > 0) else { return Ok(()) };
        match self.voters.iter().find(|name| !judged.known.contains(*name)) {
            None => Ok(()),
            Some(name) => {
                let known = judged.known.iter().filter(|name| !is_second_look(name)).cloned().collect::<Vec<_>>();
                failed(format!("--voter: nobody named {name} was asked; there are {}", known.join(", ")))
            }
        }
    }
}

/// The cases that are or were eligible.
async fn eligible(tx: &mut Tx, org_id: i64) -> Result<Vec<Past>, CliError> {
    let (mut past, mut after) = (Vec::new(), 0);
    loop {
        let page = gates::of_org_after(tx, org_id, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(past) };
        after = last.case_number;
        past.extend(page.into_iter().map(|one| Past {
            case: one.case_number,
            scopes: one.gates(),
            at_ms: one.at_ms,
            verdict: one.verdict,
            declared_ms: one.declared_ms,
            act: one.act,
        }));
    }
}

fn day(ms: Option<i64>) -> String {
    let at = ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    at.map_or_else(|| "never".to_owned(), |at| at.strftime("%Y-%m-%d").to_string())
}

fn declared(past: &[Past]) -> usize {
    past.iter().filter(|one| one.verdict.decided()).count()
}

fn told(past: &[Past], judged: Option<&Judged>, rows: &[(Tried, Lived)]) -> Value {
    let rows = rows.iter().map(|(tried, lived)| {
        json!({
            "limit": tried.limit, "review_share": tried.reviewed, "back_off": tried.back_off, "switched_on": lived.opened, "shut": lived.shut,
            "first_on": lived.first_ms.map(|ms| day(Some(ms))), "closed": lived.closed, "true_positives_closed": lived.missed,
            "undecided_closed": lived.undecided, "acts_spared": lived.spared,
        })
    });
    let panel = judged.map(|judged| {
        json!({"voters": judged.panel.voters, "mode": judged.panel.mode, "quorum": judged.panel.quorum,
            "veto_severity": judged.panel.severity, "cases": judged.cases, "unknown": judged.unknown,
            "unknown_true_positives": judged.unknown_positive})
    });
    json!({"eligible": past.len(), "declared": declared(past), "panel": panel, "rows": rows.collect::<Vec<_>>()})
}

fn tell(org: &str, past: &[Past], judged: Option<&Judged>, rows: &[(Tried, Lived)]) {
    if let Some(judged) = judged {
        println!("{judged}");
    }
    let (first, last) = (past.iter().map(|one| one.at_ms).min(), past.iter().map(|one| one.at_ms).max());
    println!(
        "{}: {} eligible cases, {} of them declared, {} to {}.",
        org,
        past.len(),
        declared(past),
        day(first),
        day(last)
    );
    println!("Whatever is proven is switched on at once; what would have been closed, nobody would have reviewed.\n");
    println!("limit   counts for            on  shut  first on    closed  true positives  undecided  acts spared");
    for (tried, lived) in rows {
        let scope = if tried.back_off { "rules, families, all" } else { "rules" };
        println!(
            "{:>4.1} %  {scope:<20} {:>3} {:>5}  {:<10} {:>7} {:>15} {:>10} {:>12}",
            100.0 * tried.limit,
            lived.opened,
            lived.shut,
            day(lived.first_ms),
            lived.closed,
            lived.missed,
            lived.undecided,
            lived.spared
        );
    }
}
