//! Which panel voted on which words: the scopes of a case.
use super::super::super::{JobError, Worker};
use super::Under;
use crate::domain::{GateLevel, MachineVerdict, VoteState, gate as words};
use crate::review::gate::Scopes;
use crate::store::cases::Case;
use crate::store::gates::{self as store, Ran, Wanted};
use crate::store::votes::{self, Stored};
use crate::store::{Actor, Tx, rules};
use crate::triage::gate::{self as judge, Juror};
use crate::triage::vote::Panel;
use serde_json::json;
use std::collections::BTreeSet;

/// The version of the panel of each run; nothing where somebody is missing, because nobody knows who they would be.
pub(super) async fn panels(tx: &mut Tx, ran: &[Ran], rules: Panel) -> Result<Vec<Option<String>>, JobError> {
    let mut all = Vec::with_capacity(ran.len());
    for one in ran {
        // Of many behaviours one that can't be closed settles it.
        let needed = ran.len() == 1 || one.machine_verdict == MachineVerdict::FalsePositive;
        let votes = if needed { votes::of_run(tx, one.id).await? } else { Vec::new() };
        all.push(version(&votes, rules));
    }
    Ok(all)
}

fn version(votes: &[Stored], rules: Panel) -> Option<String> {
    let panel: Vec<&Stored> = votes.iter().filter(|vote| vote.counts()).collect();
    let given = |vote: &&Stored| matches!(vote.state, VoteState::Ok | VoteState::Abstained);
    if panel.is_empty() || !panel.iter().all(given) {
        return None;
    }
    let jurors: Vec<Juror<'_>> = panel.into_iter().map(juror).collect();
    Some(judge::panel((rules.mode.as_str(), rules.quorum), &jurors))
}

fn juror(vote: &Stored) -> Juror<'_> {
    Juror {
        name: &vote.voter,
        kind: &vote.kind,
        model: &vote.model,
        digest: &vote.digest,
        prompt: &vote.prompt_version,
    }
}

/// The words of a rule, in the order in which they make its version.
pub(super) async fn on_rule(tx: &mut Tx, rule_id: i64, panel: &str) -> Result<(String, String), JobError> {
    let rule = rules::by_id(tx, rule_id).await?;
    let level = rule.level.map(|level| level.to_string()).unwrap_or_default();
    let lists = [&rule.false_positives.0, &rule.refs.0, &rule.tags.0].map(|list| json!(list).to_string());
    let [known, refs, tags] = &lists;
    let all = [&rule.path, &rule.title, &level, &rule.author, &rule.description, known, refs, tags];
    Ok((judge::rule_text(panel, &all.map(String::as_str)), rule.path))
}

/// The scopes of a rule under a panel, from the rule's to the organisation's.
pub(super) fn scopes_of<'a>(path: &'a str, on_rule: &'a str, panel: &'a str) -> Vec<Wanted<'a>> {
    let wanted = |level, key, version| Wanted { level, key, version };
    let family = words::family(path).map(|family| wanted(GateLevel::Family, family, panel));
    let rule = wanted(GateLevel::Rule, path, on_rule);
    [Some(rule), family, Some(wanted(GateLevel::Org, "", panel))].into_iter().flatten().collect()
}

/// Who is to be asked for evidence of a case, one a line: the sensor, by LimaCharlie, and providers of intelligence. Whom
/// this worker can't ask is among them: cases that it judges lack what was to be asked, and stay with people.
pub(super) fn sources(worker: &Worker, case: &Case) -> String {
    let sensor = worker.connections.set_up(&case.org).map(|_| "sensor");
    let providers = worker.intel.seats.iter().map(|seat| seat.provider.name());
    let all: BTreeSet<&str> = sensor.into_iter().chain(providers).collect();
    all.into_iter().collect::<Vec<_>>().join("\n")
}

/// The gates of a case, opened where it is the first one of theirs, and with today's counts, limit, vetoes and sources.
pub(super) async fn opened(
    tx: &mut Tx,
    (case, sources): (&Case, &str),
    rule_id: i64,
    panel: &str,
    under: Under<'_>,
) -> Result<Scopes, JobError> {
    let (now, limit) = (under.now_ms, under.policy.limit);
    let (on_rule, path) = on_rule(tx, rule_id, panel).await?;
    let mut scopes = Scopes::begin(tx, case.org_id).await?;
    for wanted in scopes_of(&path, &on_rule, panel) {
        scopes.gates.push(match store::of_scope(tx, case.org_id, &wanted).await? {
            Some(gate) => gate,
            None => store::insert(tx, case.org_id, &wanted, (panel, limit), now).await?,
        });
    }
    scopes.count(tx, now).await?;
    let vetoes = under.policy.vetoes().into();
    for at in 0..scopes.gates.len() {
        scopes.accept(at, (limit, &vetoes), now);
        scopes.asked(at, sources, now);
        // Evidence may have grown too old since anybody looked.
        if scopes.gates[at].state.stands() {
            scopes.follow(at, false, now);
        }
    }
    Ok(scopes)
}

/// Suspends gates of the same scopes that rest on another panel than the one that voted now.
pub(super) async fn other_panels(tx: &mut Tx, case: &Case, panel: &str, now_ms: i64) -> Result<(), JobError> {
    let (on_rule, path) = on_rule(tx, case.rule_id, panel).await?;
    let mut others = Vec::new();
    for wanted in scopes_of(&path, &on_rule, panel) {
        others.extend(store::others(tx, case.org_id, &wanted).await?);
    }
    if others.is_empty() {
        return Ok(());
    }
    let mut scopes = Scopes::begin(tx, case.org_id).await?;
    for other in others {
        // Read again, now that nobody else works on it.
        scopes.gates.extend(store::by_id(tx, other.id).await?.filter(|gate| gate.state.stands()));
    }
    for at in 0..scopes.gates.len() {
        scopes.suspend(at, &Actor::system(), judge::Broken::Version.words(), now_ms);
    }
    Ok(scopes.keep(tx, Some(case), now_ms).await?)
}
