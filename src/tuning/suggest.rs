//! What the search for exclusions looks at: a rule's declared detections of the last 90 days, and what became of them.
//!
//! Gathering reads the store; the search itself takes a while and no transaction, see [`Gathered::search`].
use super::Rule;
use super::search::{self, Found, LEAST, Sample, Side};
use crate::domain::intel::IntelVerdict;
use crate::domain::{Detection, ExclusionState, Verdict};
use crate::store::activity::DAY_MS;
use crate::store::exclusions::{self, Exclusion, Place};
use crate::store::{Result, Tx};
use crate::triage::injection;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// False positives are looked for in so many days.
pub const DAYS: i64 = 90;
/// Detections of false positives, of others that must be kept, and of benign ones.
const MOST: [(Side, usize); 4] =
    [(Side::FalsePositive, 800), (Side::TruePositive, 800), (Side::Undetermined, 800), (Side::Benign, 200)];
/// Detections of one behaviour in one case that was false positive or benign; what must be kept is all looked at.
const MOST_ALIKE: usize = 5;
/// Behaviours that no vote has scanned for texts to a model and that are scanned here, those of the newest detections.
const MOST_SCANNED: usize = 60;
/// Exclusions of the organisation that are known.
const EXCLUSIONS: i64 = 200;

/// What was gathered for one rule of an organisation.
#[derive(Debug)]
pub struct Gathered {
    places: Vec<Place>,
    raws: HashMap<i64, String>,
    acts: HashMap<i64, i64>,
    /// Cases in which a text tries to steer a model, or of which a provider calls a value malicious.
    flagged: BTreeSet<i64>,
    /// Behaviours of cases that the votes' own scan found to be clean.
    scanned: HashSet<(i64, String)>,
    exclusions: Vec<Exclusion>,
    now_ms: i64,
}

/// What the search found, and of what.
#[derive(Debug)]
pub struct Suggested {
    /// The candidates.
    pub found: Found,
    /// Detections that were looked at, by what became of their cases.
    pub counts: BTreeMap<Side, usize>,
    /// Detections of false positives that an exclusion covers already.
    pub covered: usize,
    /// The exclusions of this rule that hide something or are about to, newest first.
    pub exclusions: Vec<Exclusion>,
}

/// Reads what the search needs; nothing where too few acts of people declared a false positive.
///
/// # Errors
/// Where the database refuses.
pub async fn gather(tx: &mut Tx, org_id: i64, rule_id: i64, now_ms: i64) -> Result<Option<Gathered>> {
    let mut places = exclusions::places_of_rule(tx, rule_id, now_ms - DAYS * DAY_MS).await?;
    leave_out_programs(tx, &mut places).await?;
    let places = chosen(places);
    let false_positive = places.iter().filter(|place| place.verdict == Verdict::FalsePositive);
    let cases: BTreeSet<i64> = false_positive.map(|place| place.case_number).collect();
    let cases: Vec<i64> = cases.into_iter().collect();
    let decided = deciding(&places);
    let acts: HashMap<i64, i64> = exclusions::acts(tx, &decided).await?.into_iter().collect();
    let distinct: BTreeSet<String> = decided.iter().map(|case| act(&acts, *case)).collect();
    if distinct.len() < LEAST {
        return Ok(None);
    }
    let mut flagged = BTreeSet::new();
    let mut scanned = HashSet::new();
    for (case, fingerprint, steered) in exclusions::steered(tx, &cases).await? {
        if steered == 1 {
            flagged.insert(case);
        }
        scanned.insert((case, fingerprint));
    }
    let answers = exclusions::answers(tx, &cases).await?.into_iter();
    let bad = answers.filter(|(_, one)| one.opinion().is_some_and(|said| said.verdict == IntelVerdict::Malicious));
    flagged.extend(bad.map(|(case, _)| case));
    let ids: Vec<i64> = places.iter().map(|place| place.id).collect();
    let raws = exclusions::documents(tx, &ids).await?.into_iter().collect();
    let exclusions = exclusions::page(tx, org_id, i64::MAX, EXCLUSIONS).await?;
    Ok(Some(Gathered { places, raws, acts, flagged, scanned, exclusions, now_ms }))
}

/// The cases whose verdict, as it stands, makes some of these false positives. A duplicate is no decision of its own.
fn deciding(places: &[Place]) -> Vec<i64> {
    let of = places.iter().filter(|place| place.verdict == Verdict::FalsePositive).map(|place| place.decided_in);
    of.collect::<BTreeSet<i64>>().into_iter().collect()
}

/// What programs declared false teaches nothing: an exclusion rests on what people decided.
async fn leave_out_programs(tx: &mut Tx, places: &mut Vec<Place>) -> Result<()> {
    let programs: HashSet<i64> = exclusions::by_programs(tx, &deciding(places)).await?.into_iter().collect();
    places.retain(|place| place.verdict != Verdict::FalsePositive || !programs.contains(&place.decided_in));
    Ok(())
}

/// The act by which a case was declared: many cases decided at once are one.
fn act(acts: &HashMap<i64, i64>, case: i64) -> String {
    acts.get(&case).map_or_else(|| format!("case:{case}"), |act| format!("bulk:{act}"))
}

const fn side(verdict: Verdict) -> Option<Side> {
    match verdict {
        Verdict::FalsePositive => Some(Side::FalsePositive),
        Verdict::BenignTruePositive => Some(Side::Benign),
        Verdict::TruePositive => Some(Side::TruePositive),
        Verdict::Undetermined => Some(Side::Undetermined),
        Verdict::Pending => None,
    }
}

/// As many as are looked at, newest first: of one behaviour in one case only some.
fn chosen(places: Vec<Place>) -> Vec<Place> {
    let mut alike: HashMap<(i64, String), usize> = HashMap::new();
    let mut of_side: BTreeMap<Side, usize> = BTreeMap::new();
    let mut wanted = |place: &Place| {
        let Some(side) = side(place.verdict) else { return false };
        let most = MOST.iter().find(|(of, _)| *of == side).map_or(0, |(_, most)| *most);
        let kept = matches!(side, Side::TruePositive | Side::Undetermined);
        let (alike, count) = (
            alike.entry((place.case_number, place.fingerprint.clone())).or_insert(0),
            of_side.entry(side).or_insert(0),
        );
        let fits = (kept || *alike < MOST_ALIKE) && *count < most;
        if fits {
            *alike += 1;
            *count += 1;
        }
        fits
    };
    places.into_iter().filter(|place| wanted(place)).collect()
}

impl Gathered {
    /// Searches. It takes up to some hundred milliseconds of one processor, so it belongs on a thread of its own.
    pub fn search(self) -> Suggested {
        let mut all: Vec<(Sample, String)> = self.places.iter().filter_map(|place| self.sample(place)).collect();
        self.flag(&mut all);
        let standing = self.standing(&all);
        let rules: Vec<Rule> = standing.iter().filter_map(|one| Rule::read(&one.rule.0).ok()).collect();
        let covered = |sample: &Sample| {
            let hidden = rules.iter().any(|rule| rule.matches(&sample.document).unwrap_or(false));
            hidden && sample.side == Side::FalsePositive
        };
        let before = all.len();
        let samples: Vec<Sample> =
            all.into_iter().map(|(sample, _)| sample).filter(|sample| !covered(sample)).collect();
        let mut counts = BTreeMap::new();
        for sample in &samples {
            *counts.entry(sample.side).or_insert(0) += 1;
        }
        let found = search::search(&samples, &self.refused());
        Suggested { found, counts, covered: before - samples.len(), exclusions: standing }
    }

    fn sample(&self, place: &Place) -> Option<(Sample, String)> {
        let document: Value = serde_json::from_str(self.raws.get(&place.id)?).ok()?;
        let side = match side(place.verdict)? {
            Side::FalsePositive if self.flagged.contains(&place.case_number) => Side::Flagged,
            side => side,
        };
        let sample = Sample { case: place.case_number, act: act(&self.acts, place.decided_in), side, document };
        Some((sample, place.fingerprint.clone()))
    }

    /// Keeps detections whose texts try to steer a model where no vote's scan has told: an event that steers has a
    /// fingerprint of its own, so each is scanned once. Beyond [`MOST_SCANNED`] of these nothing unscanned is looked at.
    fn flag(&self, all: &mut Vec<(Sample, String)>) {
        let mut known: HashMap<String, bool> = HashMap::new();
        all.retain_mut(|(sample, fingerprint)| {
            let told = self.scanned.contains(&(sample.case, fingerprint.clone()));
            if told || sample.side != Side::FalsePositive {
                return true;
            }
            if known.len() == MOST_SCANNED && !known.contains_key(fingerprint.as_str()) {
                return false;
            }
            let steers = known.entry(fingerprint.clone()).or_insert_with(|| {
                Detection::read(&sample.document).map_or(true, |detection| !injection::scan(&detection).is_empty())
            });
            if *steers {
                sample.side = Side::Flagged;
            }
            true
        });
    }

    /// The exclusions that hide detections of this rule, or are about to.
    fn standing(&self, all: &[(Sample, String)]) -> Vec<Exclusion> {
        let stands = |one: &&Exclusion| {
            let state = one.state_at(self.now_ms);
            let rule = Rule::read(&one.rule.0).ok().filter(|_| state == ExclusionState::Proposed || state.in_force());
            rule.is_some_and(|rule| all.iter().any(|(sample, _)| rule.matches(&sample.document).unwrap_or(false)))
        };
        self.exclusions.iter().filter(stands).cloned().collect()
    }

    /// What people refused or took back.
    fn refused(&self) -> Vec<Value> {
        let refused =
            |one: &&Exclusion| matches!(one.state_at(self.now_ms), ExclusionState::Refused | ExclusionState::Disabled);
        self.exclusions.iter().filter(refused).map(|one| one.rule.0.clone()).collect()
    }
}
