//! What another panel makes of runs of the past: some of the voters that were asked then, counted anew.
//!
//! Votes stand as they were given, those of advisers as well; nobody is asked again. What rests on who votes is asked
//! anew: missing voters, claims, doubts of built-in voters, severity, second look. What rests on the event stays as it was
//! found. Where only a second look could keep a case open, and nobody was asked for it then, nothing can be said.
use super::second_look::{FAILED, FLAG, looked};
use crate::domain::{Claim, Failure, MachineVerdict, Severity, Vote, VoteState, Weights};
use crate::store::past::{Given, Ran};
use crate::store::votes::MASKED;
use crate::triage::vote::{self, Panel};
use crate::triage::{claims, policy};
use crate::voters::Kind;

/// The voter whose precedents are of nearly the same behaviour at times.
const PRECEDENT: &str = "builtin:precedent";
/// Vetoes that rest on who votes.
const OF_VOTERS: [&str; 6] = ["severity", "degraded", "claim_contradicted", "unsure", FLAG, FAILED];
/// The veto of near precedents, which the votes alone don't tell.
const NEARLY: &str = "near_precedents";

/// Who is to vote, and how that is counted.
#[derive(Debug, Clone)]
pub struct OtherPanel {
    /// How votes are counted; weights are those of the start.
    pub rules: Panel,
    /// The voters' names; one without a vote is missing.
    pub voters: Vec<String>,
    /// From this severity on nothing may be closed.
    pub severity: Severity,
}

/// What it makes of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Says {
    /// Its verdict.
    Voted {
        /// The verdict.
        verdict: MachineVerdict,
        /// What it would allow the machine to do.
        auto_action: Option<&'static str>,
        /// What keeps the machine from that.
        vetoes: Vec<String>,
    },
    /// What it needs was not asked then.
    Unknown,
}

impl OtherPanel {
    /// Counts the votes of a run anew.
    pub fn says(&self, ran: &Ran, given: &[&Given]) -> Says {
        let seat = |name: &String| given.iter().find(|one| one.role != MASKED && one.voter == *name).copied();
        let panel: Vec<Vote> =
            self.voters.iter().map(|name| seat(name).map_or_else(|| absent(name), Given::vote)).collect();
        let seated: Vec<&Given> = self.voters.iter().filter_map(seat).collect();
        let stated: Vec<Claim> = seated.iter().flat_map(|one| one.claims.0.clone()).collect();
        let rule = ran.level.as_deref().and_then(|level| level.parse().ok()).unwrap_or(Severity::Medium);
        let counted = claims::counted(&panel, &stated);
        let mut count = vote::count(self.rules, &counted, &Weights::default(), rule);
        let (mut second, mut lacking) = (None, false);
        let models = seated.iter().any(|one| one.kind != Kind::Builtin.as_str() && one.state == VoteState::Ok);
        if count.verdict == MachineVerdict::FalsePositive && models {
            match given.iter().find(|one| one.role == MASKED) {
                Some(look) => second = looked(&mut count, &look.voter, look.vote().verdict()).veto,
                None => lacking = true,
            }
        }
        // A precedent voter that only advised then was never held against how near its precedents are.
        lacking |= seated.iter().any(|one| one.voter == PRECEDENT && one.role != "panel");
        let sits = seated.iter().any(|one| one.voter == PRECEDENT);
        let stays = |kind: &str| !OF_VOTERS.contains(&kind) && (kind != NEARLY || sits);
        let mut vetoes: Vec<String> =
            ran.vetoes.0.iter().filter(|veto| stays(&veto.kind)).map(|veto| veto.text.clone()).collect();
        if count.severity >= self.severity {
            vetoes.push(format!("The severity is {}.", count.severity.label().to_lowercase()));
        }
        if count.missing > 0 {
            vetoes.push("A voter of the panel is missing.".to_owned());
        }
        let asked_anew = [policy::claims(&stated), policy::unsure(&panel), second];
        vetoes.extend(asked_anew.into_iter().flatten().map(|(_, text)| text));
        if lacking && policy::closable_by(count.auto_action, vetoes.len()) {
            return Says::Unknown;
        }
        Says::Voted { verdict: count.verdict, auto_action: count.auto_action, vetoes }
    }
}

/// The vote of somebody who was not asked then.
fn absent(name: &str) -> Vote {
    Vote { voter: name.to_owned(), state: VoteState::Failed, failure: Some(Failure::Http), answer: None }
}
