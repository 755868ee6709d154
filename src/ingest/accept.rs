//! One detection becomes part of a case, or is counted as a repeat.
use super::drawing;
use super::gathered::{Gathered, Place};
use super::joining::{self, Home};
use super::templates;
use crate::domain::{Detection, Severity, path::file_name};
use crate::jobs::triage::{self, Ask};
use crate::review::{self, Why};
use crate::store::cases::Grown;
use crate::store::intake::{Intake, MINUTE_MS, Minute};
use crate::store::record::Happened;
use crate::store::runs::RunState;
use crate::store::{Actor, Result, Tx, atoms, cases, detections, fingerprints};
use crate::triage::{fingerprint, observables as extract};

/// A detection on its way in.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// The organisation that the token, the source or the command decided.
    pub org_id: i64,
    /// Where it came from, such as `api`.
    pub source: &'a str,
    /// The document exactly as it came.
    pub raw: &'a str,
    /// The document read.
    pub detection: &'a Detection,
    /// When it arrived.
    pub received_ms: i64,
    /// A case number of choice, for a recorded case.
    pub number: Option<i64>,
    /// Whether the panel is to be asked, and when.
    pub triage_at_ms: Option<i64>,
}

/// What became of a detection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// It is in this case under this id.
    New {
        /// The case.
        case: i64,
        /// The stored detection.
        id: i64,
    },
    /// It was known already.
    Duplicate,
}

/// Everything about a new detection that the steps below need.
pub(super) struct Facts<'a> {
    pub(super) delivery: Delivery<'a>,
    pub(super) fingerprint: String,
    pub(super) rule_id: i64,
    pub(super) sensor_id: i64,
    pub(super) event_ms: i64,
}

impl Facts<'_> {
    pub(super) fn severity(&self) -> Severity {
        self.delivery.detection.rule_severity()
    }
}

/// Takes a detection in; what it has in common with others waits in `gathered`, to be written before the commit.
///
/// # Errors
/// Where the database refuses; then nothing has changed.
pub async fn accept(tx: &mut Tx, gathered: &mut Gathered, delivery: Delivery<'_>) -> Result<Accepted> {
    let detection = delivery.detection;
    let minute = delivery.received_ms.div_euclid(MINUTE_MS);
    let at = Minute { org_id: delivery.org_id, source: delivery.source.to_owned(), minute };
    let may_be_stored = gathered.known.may_be_stored(delivery.org_id, detection);
    if may_be_stored && detections::repeat(tx, delivery.org_id, &detection.detect_id).await? {
        cases::add_repeat(tx, delivery.org_id, &detection.detect_id).await?;
        gathered.count(at, Intake { duplicates: 1, ..Intake::default() });
        return Ok(Accepted::Duplicate);
    }
    let event_ms = detection.event_ms.or(detection.gen_ms).unwrap_or(delivery.received_ms);
    let facts = Facts {
        fingerprint: gathered
            .known
            .fingerprint(delivery.org_id, detection)
            .cloned()
            .unwrap_or_else(|| fingerprint::of(detection)),
        rule_id: gathered.rule(tx, delivery.org_id, detection, delivery.received_ms).await?,
        sensor_id: gathered.sensor(tx, delivery.org_id, detection, event_ms).await?,
        delivery,
        event_ms,
    };
    let home = joining::find(tx, gathered, &facts).await?;
    let (case, drawn) = enter(tx, gathered, &facts, &home).await?;
    let id = store(tx, &facts, case).await?;
    tell(gathered, &facts, (case, drawn), &home);
    let place =
        Place { id, org_id: delivery.org_id, case, rule_id: facts.rule_id, sensor_id: facts.sensor_id, event_ms };
    gathered.add(place, detection, extract::of(detection));
    gathered.known.add(delivery.org_id, detection, &facts.fingerprint);
    let lag = delivery.received_ms - detection.gen_ms.unwrap_or(delivery.received_ms);
    gathered.count(at, Intake { accepted: 1, lag_ms: lag, lag_max_ms: lag, ..Intake::default() });
    behaviour(tx, gathered, &facts, case, id, &home).await?;
    Ok(Accepted::New { case, id })
}

/// The number of the case, opened with its tasks or woken from its snooze, and whether it was just drawn for blind
/// review.
async fn enter(tx: &mut Tx, gathered: &mut Gathered, facts: &Facts<'_>, home: &Home) -> Result<(i64, bool)> {
    match home {
        Home::Case(case) => {
            if case.snoozed {
                review::wake(tx, &Actor::system(), case, Why::Detection, facts.delivery.received_ms).await?;
                gathered.forget(case.number);
            }
            Ok((case.number, false))
        }
        Home::New { previous } => {
            let share = drawing::share(tx, gathered, facts).await?;
            let case = open(tx, facts, *previous, share).await?;
            let drawn = drawing::draw(tx, gathered, case, share).await?;
            templates::apply(tx, gathered, facts, case).await?;
            Ok((case, drawn))
        }
    }
}

/// A behaviour that the case did not hold is triaged, and opens the question again.
async fn behaviour(
    tx: &mut Tx,
    gathered: &mut Gathered,
    facts: &Facts<'_>,
    case: i64,
    id: i64,
    home: &Home,
) -> Result<()> {
    let Facts { delivery, fingerprint, sensor_id, event_ms, .. } = facts;
    let processes = joining::atoms(delivery.detection);
    if !processes.is_empty() {
        atoms::add(tx, *sensor_id, &processes, case, *event_ms).await?;
    }
    if let Home::Case(joined) = home {
        if fingerprints::seen(tx, case, fingerprint, *event_ms).await? {
            return Ok(());
        }
        joining::reopen_question(tx, joined, delivery.received_ms).await?;
        gathered.forget(case);
    }
    fingerprints::add(tx, case, delivery.org_id, *sensor_id, fingerprint, *event_ms).await?;
    gathered.behaviour(delivery.org_id, facts.rule_id, (fingerprint, delivery.detection));
    if let Some(run_at_ms) = delivery.triage_at_ms {
        let ask = Ask {
            case,
            detection_id: id,
            fingerprint,
            asked_by: "FusionSOC",
            continues: None,
            tries: 0,
            run_at_ms,
            by_hand: false,
        };
        match home {
            Home::Case(_) => drop(triage::enqueue(tx, ask, delivery.received_ms).await?),
            Home::New { .. } => triage::begin_with(tx, ask, facts.severity(), delivery.received_ms).await?,
        }
    }
    Ok(())
}

async fn open(tx: &mut Tx, facts: &Facts<'_>, previous_case: Option<i64>, blind_share: f64) -> Result<i64> {
    let Facts { delivery, fingerprint, sensor_id, event_ms, .. } = facts;
    let detection = delivery.detection;
    let new = cases::New {
        number: delivery.number,
        org_id: delivery.org_id,
        title: &detection.rule.title,
        rule_id: facts.rule_id,
        sensor_id: *sensor_id,
        hostname: &shown_host(detection),
        user_name: &shown_user(detection),
        chain: &chain(detection),
        fingerprint,
        severity: detection.rule_severity(),
        rule_level: detection.rule.level,
        previous_case,
        event_ms: *event_ms,
        opened_ms: delivery.received_ms,
        triage_state: if delivery.triage_at_ms.is_some() { RunState::Queued } else { RunState::None },
        blind_share,
    };
    cases::insert(tx, &new).await
}

async fn store(tx: &mut Tx, facts: &Facts<'_>, case: i64) -> Result<i64> {
    let Facts { delivery, fingerprint, event_ms, .. } = facts;
    let detection = delivery.detection;
    let new = detections::New {
        org_id: delivery.org_id,
        case_number: case,
        detect_id: &detection.detect_id,
        rule_id: facts.rule_id,
        sensor_id: facts.sensor_id,
        source: delivery.source,
        title: &detection.rule.title,
        level: detection.rule.level,
        event_type: &detection.event_type,
        fingerprint,
        event_ms: *event_ms,
        gen_ms: detection.gen_ms,
        received_ms: delivery.received_ms,
        raw: delivery.raw,
    };
    detections::insert(tx, &new).await
}

/// Counts the detection in its case and tells what happened; a severity only rises.
fn tell(gathered: &mut Gathered, facts: &Facts<'_>, (case, drawn): (i64, bool), home: &Home) {
    let Facts { delivery, event_ms, .. } = facts;
    let detection = delivery.detection;
    let severity = facts.severity();
    let id = &detection.detect_id;
    let (kind, level, severity, text) = match home {
        Home::New { previous } => {
            let follows = previous.map(|previous| format!("; follows closed case #{previous}")).unwrap_or_default();
            let blind = if drawn { "; drawn for blind review" } else { "" };
            let text = format!("Case opened by detection {id}{follows}{blind}");
            ("case_opened", detection.rule.level, severity, text)
        }
        Home::Case(before) => {
            let raised = before.severity_by == "rule" && severity > before.severity;
            let kept = if raised { severity } else { before.severity };
            let why = if raised {
                format!("; severity raised to {}", severity.label().to_lowercase())
            } else {
                String::new()
            };
            let level = before.rule_level.max(detection.rule.level);
            ("detection_joined", level, kept, format!("Detection {id} joined{why}"))
        }
    };
    let now_ms = delivery.received_ms;
    let (first_ms, last_ms) = (*event_ms, *event_ms);
    let grown = Grown { number: case, detections: 1, first_ms, last_ms, severity, level, now_ms };
    let happened =
        Happened { org_id: delivery.org_id, case, kind, text, detect_id: id.clone(), at_ms: delivery.received_ms };
    gathered.grow(grown, happened);
}

/// The host that a case shows.
pub(crate) fn shown_host(detection: &Detection) -> String {
    detection.host_label().chars().take(255).collect::<String>().to_lowercase()
}

/// The user that a case shows, or empty.
pub(crate) fn shown_user(detection: &Detection) -> String {
    detection.user().chars().take(255).collect()
}

/// `parent → child` by file names, or the event's type where there is no process.
pub(crate) fn chain(detection: &Detection) -> String {
    let names = [detection.parent(), detection.process()].into_iter().flatten().map(|process| {
        let name = file_name(&process.path);
        if name.is_empty() {
            process.command_line.split_whitespace().next().unwrap_or("?").to_owned()
        } else {
            name.to_owned()
        }
    });
    let chain = names.collect::<Vec<_>>().join(" → ");
    if chain.is_empty() { detection.event_type.clone() } else { chain.chars().take(200).collect() }
}
