//! All cases of an organisation, judged anew by another panel.
use super::{CliError, PAGE};
use crate::domain::gate::family;
use crate::domain::{MachineVerdict, Verdict};
use crate::jobs::triage::other_panel::{OtherPanel, Says};
use crate::store::past::{Given, Ran, given, ran_after};
use crate::store::{Tx, exclusions};
use crate::triage::gate::{Heard, Past, eligible};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

/// What was judged.
#[derive(Debug)]
pub(super) struct Judged {
    /// By whom.
    pub(super) panel: OtherPanel,
    /// Cases with a vote.
    pub(super) cases: usize,
    /// Those of which it can't be said, because the second look that a false positive needs was not asked for then.
    pub(super) unknown: usize,
    /// Those that are eligible.
    pub(super) past: Vec<Past>,
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { panel, cases, unknown, .. } = self;
        let (voters, mode) = (panel.voters.join(", "), panel.rules.mode.label().to_lowercase());
        write!(f, "Judged anew by {voters} ({mode}), closing below severity {}: ", panel.severity)?;
        writeln!(f, "{cases} cases with a vote.")?;
        write!(f, "{unknown} of them can't be judged: a false positive needs a look that nobody was asked for then.")
    }
}

/// Judges all cases, a page at a time.
pub(super) async fn judged(tx: &mut Tx, org_id: i64, panel: &OtherPanel) -> Result<Judged, CliError> {
    let mut judged = Judged { panel: panel.clone(), cases: 0, unknown: 0, past: Vec::new() };
    let (mut after, mut scopes) = (0, Ids::default());
    loop {
        let ran = ran_after(tx, org_id, after, PAGE).await?;
        let Some(last) = ran.last() else { break };
        after = last.case_number;
        let runs: Vec<i64> = ran.iter().map(|one| one.run_id).collect();
        let mut votes: HashMap<i64, Vec<Given>> = HashMap::new();
        for one in given(tx, &runs).await? {
            votes.entry(one.run_id).or_default().push(one);
        }
        let cases: Vec<i64> = ran.iter().map(|one| one.case_number).collect();
        let acts: BTreeMap<i64, i64> = exclusions::acts(tx, &cases).await?.into_iter().collect();
        let programs: HashSet<i64> = exclusions::by_programs(tx, &cases).await?.into_iter().collect();
        for case in ran.chunk_by(|left, right| left.case_number == right.case_number) {
            judged.cases += 1;
            match of_case(panel, case, &votes) {
                None => judged.unknown += 1,
                Some(false) => {}
                Some(true) => judged.past.push(past(case, &mut scopes, &acts, &programs)),
            }
        }
    }
    Ok(judged)
}

/// Whether a case is eligible; nothing where that can't be said.
fn of_case(panel: &OtherPanel, runs: &[Ran], votes: &HashMap<i64, Vec<Given>>) -> Option<bool> {
    let mut said = Vec::with_capacity(runs.len());
    for ran in runs {
        let given: Vec<&Given> = votes.get(&ran.run_id).into_iter().flatten().collect();
        said.push(panel.says(ran, &given));
    }
    let heard: Vec<Heard<'_>> = runs.iter().zip(&said).map(|(ran, said)| heard(ran, said)).collect();
    let voted: HashSet<&str> = runs.iter().map(|ran| ran.fingerprint.as_str()).collect();
    let whole = runs.iter().all(|ran| usize::try_from(ran.behaviours).is_ok_and(|count| count == voted.len()));
    let eligible = whole && eligible(&heard, &[], false).is_ok();
    (!eligible || !said.contains(&Says::Unknown)).then_some(eligible)
}

/// What can't be said is taken for a false positive here: where another behaviour forbids closing, it doesn't matter.
fn heard<'a>(ran: &'a Ran, said: &'a Says) -> Heard<'a> {
    let (verdict, auto_action, vetoes) = match said {
        Says::Voted { verdict, auto_action, vetoes } => (*verdict, *auto_action, vetoes.as_slice()),
        Says::Unknown => (MachineVerdict::FalsePositive, Some(""), [].as_slice()),
    };
    Heard {
        fingerprint: &ran.fingerprint,
        rule_id: ran.rule_id,
        verdict,
        auto_action,
        vetoes: vetoes.iter().map(String::as_str).collect(),
        recorded: false,
        panel: Some("tried"),
    }
}

fn past(runs: &[Ran], scopes: &mut Ids, acts: &BTreeMap<i64, i64>, programs: &HashSet<i64>) -> Past {
    let first = &runs[0];
    let rule = first.rule_id;
    let named = [
        Some(format!("rule {rule}")),
        family(&first.rule).map(|name| format!("family {name}")),
        Some("all".to_owned()),
    ];
    // Only people prove something; an error counts whoever declared it.
    let counts = first.verdict == Verdict::TruePositive || !programs.contains(&first.case_number);
    let verdict = if counts { first.verdict } else { Verdict::Pending };
    // As if it had voted by then, where its votes were given anew later.
    let voted_ms = runs.iter().map(|ran| ran.finished_ms).max().unwrap_or_default();
    Past {
        case: first.case_number,
        scopes: named.into_iter().flatten().map(|name| scopes.id(name)).collect(),
        at_ms: first.decided_ms.map_or(voted_ms, |decided_ms| voted_ms.min(decided_ms)),
        verdict,
        declared_ms: first.decided_ms,
        act: acts.get(&first.case_number).map(|act| format!("act {act}")),
    }
}

/// Numbers for scopes.
#[derive(Debug, Default)]
struct Ids(HashMap<String, i64>);

impl Ids {
    fn id(&mut self, name: String) -> i64 {
        let next = i64::try_from(self.0.len()).unwrap_or(i64::MAX);
        *self.0.entry(name).or_insert(next)
    }
}
