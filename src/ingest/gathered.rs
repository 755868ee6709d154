//! What a batch of detections has in common is written once at its end, by a few statements with
//! many rows: observables, their cases, techniques, counters. Rules and sensors are looked up once.
use super::drawing::Lots;
use super::joining::held;
use super::known::Known;
use crate::config::Policy;
use crate::domain::{Detection, Observable, ObservableKind};
use crate::metrics;
use crate::store::activity::{self, Day, Subject};
use crate::store::cases::{self, Case, Grown};
use crate::store::intake::{self, Intake, Minute};
use crate::store::record::{Happened, record_all};
use crate::store::templates::{self, Template};
use crate::store::{Result, Tx, observables, precedents, rules, search, sensors, techniques};
use crate::triage::fingerprint::{self, Behaviour};
use crate::triage::words;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What is still to be written for the detections of a transaction. See [`Gathered::write`].
#[derive(Debug, Default)]
pub struct Gathered {
    pub(super) known: Known,
    pub(super) lots: Lots,
    words: Vec<(i64, String)>,
    rules: HashMap<(i64, String), i64>,
    sensors: HashMap<(i64, String), (i64, i64)>,
    observables: BTreeMap<Key, Seen>,
    techniques: BTreeSet<(i64, String)>,
    activity: BTreeMap<Day, i64>,
    intake: BTreeMap<Minute, Intake>,
    cases: HashMap<i64, Case>,
    grown: BTreeMap<i64, Grown>,
    behaviours: BTreeMap<(i64, String), Held>,
    happened: Vec<Happened>,
    templates: HashMap<i64, Vec<Template>>,
    /// What was written, by source.
    counted: Vec<(String, Intake)>,
}

/// A behaviour that cases gained, and how many of them.
#[derive(Debug)]
struct Held {
    rule_id: i64,
    behaviour: Behaviour,
    cases: i64,
}

/// Organisation, type, value.
type Key = (i64, ObservableKind, String);

/// When an observable was seen, on which days how often, in which cases and where.
#[derive(Debug)]
struct Seen {
    first_ms: i64,
    last_ms: i64,
    days: BTreeMap<i64, i64>,
    cases: BTreeMap<i64, String>,
}

/// Where a detection belongs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub id: i64,
    pub org_id: i64,
    pub case: i64,
    pub rule_id: i64,
    pub sensor_id: i64,
    pub event_ms: i64,
}

impl Gathered {
    /// Nothing gathered yet; new cases are drawn for blind review by the policy of the settings. Without one none is.
    pub fn drawn_by(policy: &Policy) -> Self {
        Self { lots: Lots::by(policy), ..Self::default() }
    }

    /// Asks once what the store knows of detections that are about to come, each with its organisation and fingerprint.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn prepare(&mut self, tx: &mut Tx, all: &[(i64, &Detection, &str)]) -> Result<()> {
        self.known.ask(tx, all).await
    }

    /// The id of a detection's rule.
    pub(super) async fn rule(&mut self, tx: &mut Tx, org_id: i64, detection: &Detection, now_ms: i64) -> Result<i64> {
        let key = (org_id, detection.rule.path.clone());
        if let Some(id) = self.rules.get(&key) {
            return Ok(*id);
        }
        let id = rules::upsert(tx, org_id, &detection.rule, now_ms).await?;
        self.rules.insert(key, id);
        Ok(id)
    }

    /// The id of a detection's sensor.
    pub(super) async fn sensor(
        &mut self,
        tx: &mut Tx,
        org_id: i64,
        detection: &Detection,
        event_ms: i64,
    ) -> Result<i64> {
        let key = (org_id, sensors::sid(detection));
        match self.sensors.get(&key) {
            Some((id, newest)) if *newest >= event_ms => Ok(*id),
            _ => {
                let id = sensors::upsert(tx, org_id, detection, event_ms).await?;
                self.sensors.insert(key, (id, event_ms));
                Ok(id)
            }
        }
    }

    /// The templates that an organisation's cases are opened with.
    pub(super) async fn templates(&mut self, tx: &mut Tx, org_id: i64) -> Result<Vec<Template>> {
        if let Some(known) = self.templates.get(&org_id) {
            return Ok(known.clone());
        }
        let found = templates::opening(tx, org_id).await?;
        self.templates.insert(org_id, found.clone());
        Ok(found)
    }

    /// Takes note of a stored detection and of the words to find it by.
    pub(super) fn add(&mut self, place: Place, detection: &Detection, observables: Vec<Observable>) {
        self.words.push((place.id, words::of(place.org_id, detection, &observables)));
        let day = place.event_ms.div_euclid(activity::DAY_MS);
        for (subject, id) in [(Subject::Rule, place.rule_id), (Subject::Sensor, place.sensor_id)] {
            *self.activity.entry(Day { subject, id, day }).or_default() += 1;
        }
        for observable in observables {
            let key = (place.org_id, observable.kind, observable.value);
            let seen = self.observables.entry(key).or_insert_with(|| Seen {
                first_ms: place.event_ms,
                last_ms: place.event_ms,
                days: BTreeMap::new(),
                cases: BTreeMap::new(),
            });
            seen.first_ms = seen.first_ms.min(place.event_ms);
            seen.last_ms = seen.last_ms.max(place.event_ms);
            *seen.days.entry(day).or_default() += 1;
            seen.cases.entry(place.case).or_insert(observable.role);
        }
        self.techniques.extend(detection.techniques().into_iter().map(|technique| (place.case, technique)));
    }

    /// A case as it is with what was gathered for it, or the one that it became part of. It may have been closed while
    /// this waited for its row.
    pub(super) async fn case(&mut self, tx: &mut Tx, number: i64) -> Result<Case> {
        if let Some(case) = self.cases.get(&number) {
            return Ok(case.clone());
        }
        let mut case = held(tx, number).await?;
        if let Some(grown) = self.grown.get(&case.number) {
            (case.severity, case.rule_level) = (grown.severity, grown.level.or(case.rule_level));
        }
        self.cases.insert(case.number, case.clone());
        Ok(case)
    }

    /// Forgets how a case was: something else has changed it.
    pub(super) fn forget(&mut self, number: i64) {
        self.cases.remove(&number);
    }

    /// Takes note that a case gains a detection, and of what is to be told about it.
    pub(super) fn grow(&mut self, gain: Grown, happened: Happened) {
        let grown = self.grown.entry(gain.number).or_insert(Grown { detections: 0, ..gain });
        *grown = Grown {
            detections: grown.detections + gain.detections,
            first_ms: grown.first_ms.min(gain.first_ms),
            last_ms: grown.last_ms.max(gain.last_ms),
            ..gain
        };
        if let Some(case) = self.cases.get_mut(&gain.number) {
            (case.severity, case.rule_level) = (gain.severity, gain.level);
        }
        self.happened.push(happened);
    }

    /// Takes note that a case holds a detection's behaviour.
    pub(super) fn behaviour(&mut self, org_id: i64, rule_id: i64, (fingerprint, detection): (&str, &Detection)) {
        let held = self.behaviours.entry((org_id, fingerprint.to_owned()));
        held.or_insert_with(|| Held { rule_id, behaviour: fingerprint::behaviour(detection), cases: 0 }).cases += 1;
    }

    /// Counts what a source delivered.
    pub(super) fn count(&mut self, at: Minute, what: Intake) {
        self.intake.entry(at).or_default().add(what);
    }

    /// Counts a bad item.
    pub(super) fn reject(&mut self, org_id: i64, source: &str, received_ms: i64) {
        let at = Minute { org_id, source: source.to_owned(), minute: received_ms.div_euclid(intake::MINUTE_MS) };
        self.count(at, Intake { rejected: 1, ..Intake::default() });
    }

    /// Writes what was gathered; rules and sensors stay known.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn write(&mut self, tx: &mut Tx) -> Result<()> {
        let all = std::mem::take(&mut self.observables);
        let mut days = std::mem::take(&mut self.activity);
        let rows: Vec<observables::Seen<'_>> = all
            .iter()
            .map(|((org_id, kind, value), seen)| (*org_id, *kind, value.as_str(), seen.first_ms, seen.last_ms))
            .collect();
        let mut links = Vec::new();
        for (id, org_id, kind, value) in observables::upsert(tx, &rows).await? {
            let Some(seen) = all.get(&(org_id, kind, value)) else { continue };
            links.extend(seen.cases.iter().map(|(case, role)| (*case, id, role.as_str())));
            days.extend(
                seen.days.iter().map(|(day, count)| (Day { subject: Subject::Observable, id, day: *day }, *count)),
            );
        }
        links.sort_unstable();
        observables::link(tx, &links).await?;
        activity::add(tx, &days.into_iter().collect::<Vec<_>>()).await?;
        let named = std::mem::take(&mut self.techniques);
        techniques::add_all(tx, &named.iter().map(|(case, technique)| (*case, technique.as_str())).collect::<Vec<_>>())
            .await?;
        search::index_detections(tx, &std::mem::take(&mut self.words)).await?;
        self.write_cases(tx).await?;
        for (at, what) in std::mem::take(&mut self.intake) {
            intake::add(tx, &at, what).await?;
            self.counted.push((at.source, what));
        }
        Ok(())
    }

    /// Counts what was written, once it is durable.
    pub fn committed(self) {
        for (source, what) in self.counted {
            let each = [("accepted", what.accepted), ("duplicate", what.duplicates), ("rejected", what.rejected)];
            for (result, count) in each.into_iter().filter(|(_, count)| *count > 0) {
                metrics::detections(result, &source, count);
            }
        }
    }

    /// What cases gained, and what is told about it.
    async fn write_cases(&mut self, tx: &mut Tx) -> Result<()> {
        self.cases.clear();
        cases::grow(tx, &std::mem::take(&mut self.grown).into_values().collect::<Vec<_>>()).await?;
        let happened = std::mem::take(&mut self.happened);
        record_all(tx, &happened).await?;
        let behaviours = std::mem::take(&mut self.behaviours);
        let row = |((org_id, fingerprint), held): (&'_ (i64, String), &'_ Held)| precedents::Seen {
            org_id: *org_id,
            fingerprint: fingerprint.clone(),
            cases: held.cases,
            rule_id: held.rule_id,
            family: held.behaviour.family.clone(),
            text: held.behaviour.text.clone(),
        };
        let rows: Vec<_> = behaviours.iter().map(row).collect();
        precedents::seen(tx, &rows, happened.last().map_or(0, |last| last.at_ms)).await
    }
}
