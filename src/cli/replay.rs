//! `replay`: the stored past of an organisation, played through the gate at other limits, by another panel of voters that
//! were asked, or under another veto of severity or of rules.
//!
//! Without `--voter`, `--mode`, `--quorum`, `--veto-severity` or `--veto-rule` the cases are played that the panel and
//! the vetoes of their time made eligible; with one of them all cases, judged anew by the votes that were given. Voters
//! that were never asked are tried by a trial (`/models/trials`).
mod anew;
mod period;

use super::{CliError, failed};
use crate::clock::now_ms;
use crate::config::{Config, Policy};
use crate::domain::Severity;
use crate::jobs::triage::other_panel::{OtherPanel, is_second_look};
use crate::store::{Store, Tx, gates, orgs, policies};
use crate::triage::gate::{Lived, Past, Tried, replay};
use crate::triage::vote::Mode;
use anew::{Judged, Tally};
use clap::Args;
use jiff::Timestamp;
use period::{Counted, Period};
use serde_json::{Value, json};
use std::process::ExitCode;

/// The limits that are tried where none is named.
const LIMITS: [f64; 3] = [0.01, 0.02, 0.05];
/// What is named where no rule is to be left to people.
const NO_RULE: &str = "none";
/// Cases that are read at once.
const PAGE: i64 = 1_000;

/// What is not among the options, and why.
const BEYOND: &str = "\
What the stored past can't tell can't be tried: other tags of hosts (the policy page tries these on the newest cases), \
what voters who were never asked would say (a trial asks them), and what anybody would have done with a case that was \
not closed. Whatever was decided before the period is played as evidence and not counted.";

/// `replay`
#[derive(Debug, Args)]
#[command(after_help = BEYOND)]
pub struct Replay {
    /// The organisation.
    #[arg(long)]
    org: String,
    #[command(flatten)]
    period: Period,
    /// A limit to try, as a share (0.02 is 2 %); can be given several times.
    #[arg(long = "limit", value_parser = share)]
    limits: Vec<f64>,
    /// The share that people review blind; what the organisation's policy says, where nothing is said: 1 with
    /// `blind_first`.
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
    /// A rule of which nothing is closed, by its path; `*` stands for anything, and `none` for no rule. Can be given
    /// several times; those of then, where none is named.
    #[arg(long = "veto-rule")]
    veto_rules: Vec<String>,
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
        let (since_ms, until_ms) = (self.period.since_ms(now_ms()), self.period.until_ms());
        let counted = |at_ms: i64| at_ms >= since_ms && at_ms < until_ms;
        let judged = match self.other_panel(config, &policy)? {
            Some(panel) => Some(anew::judged(&mut tx, org.id, &panel, (since_ms, until_ms)).await?),
            None => None,
        };
        self.asked(judged.as_ref())?;
        let mut past = match &judged {
            Some(judged) => judged.past.clone(),
            None => eligible(&mut tx, org.id).await?,
        };
        drop(tx);
        for one in &mut past {
            one.counted = counted(one.at_ms);
        }
        let reviewed = self.review_share.unwrap_or(policy.reviewed());
        let limits = if self.limits.is_empty() { LIMITS.to_vec() } else { self.limits.clone() };
        let tried =
            limits.into_iter().flat_map(|limit| [false, true].map(|back_off| Tried { limit, reviewed, back_off }));
        let rows: Vec<(Tried, Lived)> = tried.map(|tried| (tried, replay(&past, &tried, until_ms))).collect();
        let counted = Counted::of(&past, until_ms);
        if self.json {
            println!("{:#}", told(&counted, judged.as_ref(), &rows));
        } else {
            tell(&self.org, &counted, judged.as_ref(), &rows);
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The panel that is tried, where another one is.
    fn other_panel(&self, config: &Config, policy: &Policy) -> Result<Option<OtherPanel>, CliError> {
        let asked = !self.voters.is_empty() || self.mode.is_some() || self.quorum.is_some();
        if !asked && self.veto_severity.is_none() && self.veto_rules.is_empty() {
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
            rules: self.rules(),
        }))
    }

    /// The patterns of rules that are tried, where they are.
    fn rules(&self) -> Option<Vec<String>> {
        let named = self.veto_rules.iter().filter(|pattern| *pattern != NO_RULE).cloned();
        (!self.veto_rules.is_empty()).then(|| named.collect())
    }

    /// Whether everybody who is named was asked once.
    fn asked(&self, judged: Option<&Judged>) -> Result<(), CliError> {
        let Some(judged) = judged.filter(|judged| !judged.known.is_empty()) else { return Ok(()) };
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
            counted: true,
        }));
    }
}

fn day(ms: Option<i64>) -> String {
    let at = ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    at.map_or_else(|| "never".to_owned(), |at| at.strftime("%Y-%m-%d").to_string())
}

fn told(counted: &Counted, judged: Option<&Judged>, rows: &[(Tried, Lived)]) -> Value {
    let rows = rows.iter().map(|(tried, lived)| {
        json!({
            "limit": tried.limit, "review_share": tried.reviewed, "back_off": tried.back_off, "switched_on": lived.opened, "shut": lived.shut,
            "first_on": lived.first_ms.map(|ms| day(Some(ms))), "closed": lived.closed,
            "true_positives_closed": lived.missed.len(), "undecided_closed": lived.undecided,
            "acts_spared": lived.spared,
        })
    });
    let panel = judged.map(|judged| {
        let Tally { cases, unknown, unknown_positive, weighted } = judged.counted;
        json!({"voters": judged.panel.voters, "mode": judged.panel.mode, "quorum": judged.panel.quorum,
            "veto_severity": judged.panel.severity, "veto_rules": judged.panel.rules, "cases": cases,
            "unknown": unknown, "unknown_true_positives": unknown_positive, "unknown_weighted": weighted,
            "before": {"cases": judged.before.cases, "unknown": judged.before.unknown}})
    });
    json!({"eligible": counted.eligible, "declared": counted.declared, "eligible_before": counted.before,
        "panel": panel, "rows": rows.collect::<Vec<_>>()})
}

fn tell(org: &str, counted: &Counted, judged: Option<&Judged>, rows: &[(Tried, Lived)]) {
    if let Some(judged) = judged {
        println!("{judged}");
    }
    let Counted { eligible, declared, between, before, since_ms } = counted;
    let (first, last) = (between.map(|between| between.0), between.map(|between| between.1));
    println!("{org}: {eligible} eligible cases, {declared} of them declared, {} to {}.", day(first), day(last));
    if *before > 0 {
        println!(
            "{before} that were eligible before, since {}, are played as evidence and not counted.",
            day(*since_ms)
        );
    }
    println!("Whatever is proven is switched on at once; what would have been closed, nobody would have reviewed.");
    if rows.iter().any(|(tried, _)| tried.reviewed >= 1.0) {
        println!(
            "People review every case blind, so that the machine closes none; --review-share tries another share."
        );
    }
    println!("\nlimit   counts for            on  shut  first on    closed  true positives  undecided  acts spared");
    for (tried, lived) in rows {
        let scope = if tried.back_off { "rules, families, all" } else { "rules" };
        println!(
            "{:>4.1} %  {scope:<20} {:>3} {:>5}  {:<10} {:>7} {:>15} {:>10} {:>12}",
            100.0 * tried.limit,
            lived.opened,
            lived.shut,
            day(lived.first_ms),
            lived.closed,
            lived.missed.len(),
            lived.undecided,
            lived.spared
        );
    }
}
