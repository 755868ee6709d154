//! What another panel makes of runs of the past: some of the voters that were asked then, counted anew.
//!
//! Votes stand as they were given, those of advisers as well; nobody is asked again. What rests on who votes is asked
//! anew: missing voters, claims, doubts of the statistical voter, severity, second look. What rests on the event stays as
//! it was found. Where only something that was not asked then could keep a case open, nothing can be said.
use super::second_look::{FAILED, FLAG, looked, voter_of};
use crate::domain::{Claim, Failure, MachineVerdict, Outcome, Severity, Vote, VoteState, Weights};
use crate::store::past::{Given, Ran};
use crate::store::votes::MASKED;
use crate::triage::gate::{self, Juror};
use crate::triage::vote::{self, Count, Mode, Panel};
use crate::triage::{claims as stated, policy};
use crate::voters::Kind;

/// The voter whose precedents are of nearly the same behaviour at times.
const PRECEDENT: &str = "builtin:precedent";
/// Vetoes that rest on who votes.
const OF_VOTERS: [&str; 6] = ["severity", "degraded", "claim_contradicted", "unsure", FLAG, FAILED];
/// The veto of rules that only people close.
const RULE: &str = "rule";
/// The veto of near precedents, which the votes alone don't tell.
const NEARLY: &str = "near_precedents";

/// Who is to vote, and how that is counted.
#[derive(Debug, Clone)]
pub struct OtherPanel {
    /// The voters' names, one without a vote is missing; none for those that voted then.
    pub voters: Vec<String>,
    /// How many must agree; nothing for the mode of then.
    pub mode: Option<Mode>,
    /// Valid votes that are needed; 0 for the mode's own number.
    pub quorum: usize,
    /// From this severity on nothing may be closed.
    pub severity: Severity,
    /// Patterns of rules that only people close; nothing for those of then.
    pub rules: Option<Vec<String>>,
}

/// What was not asked then and could keep the machine from acting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lacking {
    /// A second look, or how near precedents are.
    pub asked: bool,
    /// What votes weigh in this panel.
    pub weights: bool,
}

impl Lacking {
    /// Whether anything is.
    pub const fn any(self) -> bool {
        self.asked || self.weights
    }

    /// What either lacks.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self { asked: self.asked || other.asked, weights: self.weights || other.weights }
    }
}

/// What it makes of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Says {
    /// The verdict.
    pub verdict: MachineVerdict,
    /// What it would allow the machine to do.
    pub auto_action: Option<&'static str>,
    /// What keeps the machine from that.
    pub vetoes: Vec<String>,
    /// Who voted, as gates tell panels apart; nothing where somebody is missing.
    pub version: Option<String>,
    /// What was not asked that could keep the machine from it.
    pub lacking: Lacking,
}

impl OtherPanel {
    /// Counts the votes of a run anew.
    pub fn says(&self, ran: &Ran, given: &[Given]) -> Says {
        let mode = self.mode.or_else(|| ran.mode.parse().ok()).unwrap_or(Mode::Unanimous);
        let (panel, seated) = self.seats(given);
        let claims: Vec<Claim> = seated.iter().flat_map(|one| one.claims.0.clone()).collect();
        // Where the rule has no level, what voters say of the severity stands as they said it.
        let rule = level(ran).unwrap_or(Severity::Critical);
        let rules = Panel { mode, quorum: self.quorum.min(panel.len()) };
        // Where votes are weighed, all must agree as well; whether their weight suffices is asked apart.
        let all = if mode == Mode::Weighted { Mode::Unanimous } else { mode };
        let by = Panel { mode: all, ..rules };
        let mut count = vote::count(by, &stated::counted(&panel, &claims), &Weights::default(), rule);
        let mut lacking = Lacking::default();
        if mode == Mode::Weighted {
            lacking.weights = self.weighed(&mut count, ran, given);
        }
        let second = second(&mut count, &seated, given);
        // A precedent voter that only advised then was never held against how near its precedents are.
        lacking.asked =
            second == Look::Missing || seated.iter().any(|one| one.voter == PRECEDENT && one.role != "panel");
        let mut vetoes = self.found(ran, &seated);
        if let Look::Against(veto) = second {
            vetoes.push(veto);
        }
        vetoes.extend(policy::severe(count.severity, stated_level(ran), self.severity).map(|(_, text)| text));
        if count.missing > 0 {
            vetoes.push("A voter of the panel is missing.".to_owned());
        }
        let asked_anew = [policy::claims(&claims), policy::unsure(&panel)];
        vetoes.extend(asked_anew.into_iter().flatten().map(|(_, text)| text));
        let version = version(rules, &panel, &seated);
        Says { verdict: count.verdict, auto_action: count.auto_action, vetoes, version, lacking }
    }

    /// What stood against it then and stands now, and the veto of rules where other ones are tried.
    fn found(&self, ran: &Ran, seated: &[&Given]) -> Vec<String> {
        let sits = seated.iter().any(|one| one.voter == PRECEDENT);
        let anew = |kind: &str| OF_VOTERS.contains(&kind) || kind == NEARLY && !sits;
        let stays = |kind: &str| !anew(kind) && (kind != RULE || self.rules.is_none());
        let found = ran.vetoes.0.iter().filter(|veto| stays(&veto.kind)).map(|veto| veto.text.clone());
        let never = self.rules.as_ref().and_then(|rules| policy::never(&ran.rule, rules));
        found.chain(never.map(|(_, text)| text)).collect()
    }

    /// Takes back what a count of weighted votes would allow where their weight did not suffice; `true` where nobody
    /// can tell. What the votes of a panel weighed is known of the panel of then only.
    fn weighed(&self, count: &mut Count, ran: &Ran, given: &[Given]) -> bool {
        let sat: Vec<&str> = given.iter().filter(|one| one.role == "panel").map(|one| one.voter.as_str()).collect();
        let same = self.voters.len() == sat.len() && self.voters.iter().all(|name| sat.contains(&name.as_str()));
        if !same && !self.voters.is_empty() || !ran.allowed && ran.outcome == Some(Outcome::NoQuorum) {
            return true;
        }
        if !ran.allowed {
            count.auto_action = None;
        }
        false
    }

    /// The votes of the panel, and those of them that were given.
    fn seats<'a>(&self, given: &'a [Given]) -> (Vec<Vote>, Vec<&'a Given>) {
        if self.voters.is_empty() {
            let seated: Vec<&Given> = given.iter().filter(|one| one.role == "panel").collect();
            return (seated.iter().map(|one| one.vote()).collect(), seated);
        }
        let seat = |name: &String| given.iter().find(|one| one.role != MASKED && one.voter == *name);
        let votes = self.voters.iter().map(|name| seat(name).map_or_else(|| absent(name), Given::vote));
        (votes.collect(), self.voters.iter().filter_map(seat).collect())
    }
}

fn level(ran: &Ran) -> Option<Severity> {
    ran.level.as_deref().and_then(|level| level.parse().ok())
}

/// What the rule itself says of the severity: without a level the least, where a veto that stood then says no more.
fn stated_level(ran: &Ran) -> Severity {
    let stood = ran.vetoes.0.iter().any(|veto| veto.kind == "severity");
    level(ran).unwrap_or(if stood { Severity::Critical } else { Severity::Informational })
}

/// What a second look says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Look {
    /// Nothing against it, or none is needed.
    Passed,
    /// It keeps the machine from acting; why.
    Against(String),
    /// It is needed, and nobody was asked for it.
    Missing,
}

fn second(count: &mut Count, seated: &[&Given], given: &[Given]) -> Look {
    let model = seated.iter().find(|one| one.kind != Kind::Builtin.as_str() && one.state == VoteState::Ok);
    let Some(model) = model.filter(|_| count.verdict == MachineVerdict::FalsePositive) else { return Look::Passed };
    // The first model of the panel is the one that is asked.
    let look = given.iter().find(|one| one.role == MASKED && voter_of(&one.voter) == model.voter);
    let Some(look) = look else { return Look::Missing };
    match looked(count, &look.voter, look.vote().verdict()).veto {
        Some((_, text)) => Look::Against(text),
        None => Look::Passed,
    }
}

/// Whether the name of a vote is that of a second look, not of a voter.
pub fn is_second_look(name: &str) -> bool {
    voter_of(name) != name
}

/// The vote of somebody who was not asked then.
fn absent(name: &str) -> Vote {
    Vote { voter: name.to_owned(), state: VoteState::Failed, failure: Some(Failure::Http), answer: None }
}

fn version(rules: Panel, panel: &[Vote], seated: &[&Given]) -> Option<String> {
    let given = |vote: &Vote| matches!(vote.state, VoteState::Ok | VoteState::Abstained);
    if panel.is_empty() || !panel.iter().all(given) {
        return None;
    }
    let jurors: Vec<Juror<'_>> = seated
        .iter()
        .map(|one| Juror {
            name: &one.voter,
            kind: &one.kind,
            model: &one.model,
            digest: &one.digest,
            prompt: &one.prompt_version,
        })
        .collect();
    Some(gate::panel((rules.mode.as_str(), rules.quorum), &jurors))
}
