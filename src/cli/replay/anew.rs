//! All cases of an organisation, judged anew by another panel: each as it went, run by run, until it was declared.
//!
//! A case that became part of another one is judged by its own runs and counts as what the other one was declared, both
//! by one act. How the words of a rule were in the past is not known; what is proven of other words is counted together.
use super::{CliError, PAGE};
use crate::domain::Verdict;
use crate::domain::gate::family;
use crate::jobs::triage::other_panel::{Lacking, OtherPanel, Says};
use crate::store::past::{self, Arose, Given, Ran};
use crate::store::{Tx, exclusions};
use crate::triage::gate::{Heard, Past, eligible};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;

/// What was judged.
#[derive(Debug)]
pub(super) struct Judged {
    /// By whom.
    pub(super) panel: OtherPanel,
    /// The cases of the period.
    pub(super) counted: Tally,
    /// Those before it.
    pub(super) before: Tally,
    /// Those that were eligible once, whenever that was.
    pub(super) past: Vec<Past>,
    /// Who ever voted.
    pub(super) known: BTreeSet<String>,
}

/// How many were judged.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    /// Cases with a vote.
    pub(super) cases: usize,
    /// Those of which it can't be said, because something was not asked then.
    pub(super) unknown: usize,
    /// True positives among these.
    pub(super) unknown_positive: usize,
    /// Those of the unknown ones whose votes were weighted.
    pub(super) weighted: usize,
}

impl Tally {
    fn add(&mut self, came: &Came<'_>, verdict: Verdict) {
        self.cases += 1;
        if let Came::Unknown(lacking) = came {
            self.unknown += 1;
            self.unknown_positive += usize::from(verdict == Verdict::TruePositive);
            self.weighted += usize::from(lacking.weights);
        }
    }
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { panel, counted, before, .. } = self;
        let Tally { cases, unknown, unknown_positive, weighted } = counted;
        let voters = if panel.voters.is_empty() { "who voted then".to_owned() } else { panel.voters.join(", ") };
        let mode = panel.mode.map_or("counted as then", |mode| mode.as_str());
        writeln!(f, "{cases} cases, judged anew by {voters} ({mode}); closed below severity {}.", panel.severity)?;
        write!(
            f,
            "Of {unknown} it can't be said whether they would have been closed, because a second look, or how near "
        )?;
        write!(f, "precedents or weights were, was not asked then; {unknown_positive} of these are true positives.")?;
        let weighted = weighted + before.weighted;
        if weighted > 0 {
            write!(
                f,
                "\nIn {weighted} cases of which it can't be said votes were weighted, and what they weigh in another "
            )?;
            write!(f, "panel is not known: --mode unanimous or --mode majority counts them otherwise.")?;
        }
        if before.unknown > 0 {
            write!(f, "\nOf {} of the {} cases before the period it can't be said ", before.unknown, before.cases)?;
            write!(f, "either; what was declared of them proves nothing here.")?;
        }
        Ok(())
    }
}

/// Judges all cases that were voted on, a page at a time; those of a period, from a time to another, are counted apart.
pub(super) async fn judged(
    tx: &mut Tx,
    org_id: i64,
    panel: &OtherPanel,
    (since_ms, until_ms): (i64, i64),
) -> Result<Judged, CliError> {
    let (counted, before) = (Tally::default(), Tally::default());
    let mut judged = Judged { panel: panel.clone(), counted, before, past: Vec::new(), known: BTreeSet::new() };
    let (mut after, mut scopes) = (0, Ids::default());
    loop {
        let numbers = past::numbers_after(tx, org_id, after, PAGE).await?;
        let Some(last) = numbers.last() else { return Ok(judged) };
        after = *last;
        let page = Page::read(tx, &numbers).await?;
        for runs in page.runs.chunk_by(|left, right| left.case_number == right.case_number) {
            let came = page.of_case(&judged.panel, runs);
            match came.at_ms(runs[0].finished_ms) {
                at_ms if at_ms >= until_ms => {}
                at_ms if at_ms >= since_ms => judged.counted.add(&came, runs[0].verdict),
                _ => judged.before.add(&came, runs[0].verdict),
            }
            if let Came::Eligible(at) = came {
                judged.past.push(page.past(at, &mut scopes));
            }
        }
        judged.known.extend(page.votes.into_values().flatten().map(|one| one.voter));
    }
}

/// Cases, with all that is needed to judge them.
struct Page {
    runs: Vec<Ran>,
    votes: HashMap<i64, Vec<Given>>,
    arose: HashMap<i64, Vec<Arose>>,
    acts: HashMap<i64, i64>,
    programs: HashSet<i64>,
}

/// A run after which a case was eligible, and by which panel.
struct At<'a> {
    ran: &'a Ran,
    version: String,
}

enum Came<'a> {
    Never,
    Unknown(Lacking),
    Eligible(At<'a>),
}

impl Came<'_> {
    /// When it belongs to the past: when it was eligible, otherwise when it was voted on first.
    const fn at_ms(&self, first_ms: i64) -> i64 {
        match self {
            Self::Eligible(at) => at.ran.finished_ms,
            Self::Never | Self::Unknown(_) => first_ms,
        }
    }
}

impl Page {
    async fn read(tx: &mut Tx, numbers: &[i64]) -> Result<Self, CliError> {
        let runs = past::ran(tx, numbers).await?;
        let ids: Vec<i64> = runs.iter().map(|one| one.run_id).collect();
        let mut votes: HashMap<i64, Vec<Given>> = HashMap::new();
        for one in past::given(tx, &ids).await? {
            votes.entry(one.run_id).or_default().push(one);
        }
        let holders: BTreeSet<i64> = runs.iter().map(|one| one.holder).collect();
        let holders: Vec<i64> = holders.into_iter().collect();
        let mut arose: HashMap<i64, Vec<Arose>> = HashMap::new();
        for one in past::arose(tx, &holders).await? {
            arose.entry(one.case_number).or_default().push(one);
        }
        let acts = exclusions::acts(tx, &holders).await?.into_iter().collect();
        let programs = exclusions::by_programs(tx, &holders).await?.into_iter().collect();
        Ok(Self { runs, votes, arose, acts, programs })
    }

    /// The first moment at which a case was eligible. What was voted after its declaration closes nothing any more.
    fn of_case<'a>(&self, panel: &OtherPanel, runs: &'a [Ran]) -> Came<'a> {
        let mut newest: Vec<(&Ran, Says)> = Vec::new();
        for ran in runs.iter().filter(|ran| ran.decided_ms.is_none_or(|decided_ms| ran.finished_ms <= decided_ms)) {
            newest.retain(|(one, _)| one.fingerprint != ran.fingerprint);
            let given = self.votes.get(&ran.run_id).map(Vec::as_slice).unwrap_or_default();
            newest.push((ran, panel.says(ran, given)));
            let heard: Vec<Heard<'_>> = newest.iter().map(|(ran, says)| heard(ran, says)).collect();
            let arose = self.arose.get(&ran.case_number).into_iter().flatten();
            let behaviours = arose.filter(|one| one.first_ms <= ran.finished_ms).map(|one| one.fingerprint.clone());
            if eligible(&heard, &behaviours.collect::<Vec<_>>(), false).is_ok() {
                let Some(version) = newest[0].1.version.clone() else { continue };
                let lacking = newest.iter().fold(Lacking::default(), |all, (_, says)| all.or(says.lacking));
                return if lacking.any() { Came::Unknown(lacking) } else { Came::Eligible(At { ran, version }) };
            }
        }
        Came::Never
    }

    fn past(&self, at: At<'_>, scopes: &mut Ids) -> Past {
        let At { ran, version } = at;
        let family = family(&ran.rule).map(|name| format!("family {name} {version}"));
        let named = [Some(format!("rule {} {version}", ran.rule_id)), family, Some(format!("all {version}"))];
        // Only people prove something; an error counts whoever declared it.
        let counts = ran.verdict == Verdict::TruePositive || !self.programs.contains(&ran.holder);
        let act = self.acts.get(&ran.holder).map_or_else(|| format!("case {}", ran.holder), |act| format!("act {act}"));
        Past {
            case: ran.case_number,
            scopes: named.into_iter().flatten().map(|name| scopes.id(name)).collect(),
            at_ms: ran.finished_ms,
            verdict: if counts { ran.verdict } else { Verdict::Pending },
            declared_ms: ran.decided_ms,
            act: Some(act),
            counted: true,
        }
    }
}

fn heard<'a>(ran: &'a Ran, says: &'a Says) -> Heard<'a> {
    Heard {
        fingerprint: &ran.fingerprint,
        rule_id: ran.rule_id,
        verdict: says.verdict,
        auto_action: says.auto_action,
        vetoes: says.vetoes.iter().map(String::as_str).collect(),
        recorded: false,
        panel: says.version.as_deref(),
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
