//! One detection becomes part of a case, or is counted as a repeat.
use crate::domain::{Detection, Severity, path::file_name};
use crate::jobs::triage::Ask;
use crate::limits;
use crate::store::activity::{self, Day, Subject};
use crate::store::{
    Actor, Change, Result, Tx, cases, detections, fingerprints, observables, precedents, record, rules, sensors,
    techniques,
};
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
struct Facts<'a> {
    delivery: Delivery<'a>,
    fingerprint: String,
    rule_id: i64,
    sensor_id: i64,
    event_ms: i64,
}

/// Takes a detection in.
///
/// # Errors
/// Where the database refuses; then nothing has changed.
pub async fn accept(tx: &mut Tx, delivery: Delivery<'_>) -> Result<Accepted> {
    let detection = delivery.detection;
    if detections::repeat(tx, delivery.org_id, &detection.detect_id).await? {
        cases::add_repeat(tx, delivery.org_id, &detection.detect_id).await?;
        return Ok(Accepted::Duplicate);
    }
    let event_ms = detection.event_ms.or(detection.gen_ms).unwrap_or(delivery.received_ms);
    let facts = Facts {
        fingerprint: fingerprint::of(detection),
        rule_id: rules::upsert(tx, delivery.org_id, &detection.rule, delivery.received_ms).await?,
        sensor_id: sensors::upsert(tx, delivery.org_id, detection, event_ms).await?,
        delivery,
        event_ms,
    };
    let (case, opened) = find_or_open(tx, &facts).await?;
    let id = store(tx, &facts, case).await?;
    tell(tx, &facts, case, opened).await?;
    let new_behaviour =
        fingerprints::add(tx, case, delivery.org_id, facts.sensor_id, &facts.fingerprint, event_ms).await?;
    if new_behaviour {
        precedents::seen(tx, delivery.org_id, &facts.fingerprint, delivery.received_ms).await?;
        if let Some(at_ms) = delivery.triage_at_ms {
            let ask = Ask {
                case,
                detection_id: id,
                fingerprint: &facts.fingerprint,
                asked_by: "FusionSOC",
                continues: None,
                tries: 0,
                run_at_ms: at_ms,
            };
            crate::jobs::triage::enqueue(tx, ask, delivery.received_ms).await?;
        }
    }
    Ok(Accepted::New { case, id })
}

/// The open case of this behaviour on this sensor within the window, or a new one; `true` where it is new.
async fn find_or_open(tx: &mut Tx, facts: &Facts<'_>) -> Result<(i64, bool)> {
    let Facts { delivery, fingerprint, sensor_id, event_ms, .. } = facts;
    let found =
        fingerprints::matching(tx, delivery.org_id, *sensor_id, fingerprint, *event_ms, limits::GROUPING_WINDOW_MS)
            .await?;
    if let Some(found) = found.filter(|found| found.open) {
        return Ok((found.case_number, false));
    }
    let previous_case = fingerprints::last_closed(tx, delivery.org_id, *sensor_id, fingerprint).await?;
    let detection = delivery.detection;
    let new = cases::New {
        number: delivery.number,
        org_id: delivery.org_id,
        title: &detection.rule.title,
        rule_id: facts.rule_id,
        sensor_id: *sensor_id,
        hostname: &shown_host(detection),
        user_name: &detection.user().chars().take(255).collect::<String>(),
        chain: &chain(detection),
        fingerprint,
        severity: detection.rule_severity(),
        rule_level: detection.rule.level,
        previous_case,
        event_ms: *event_ms,
        opened_ms: delivery.received_ms,
    };
    Ok((cases::insert(tx, &new).await?, true))
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
    let id = detections::insert(tx, &new).await?;
    let day = event_ms.div_euclid(activity::DAY_MS);
    for (subject, id) in [(Subject::Rule, facts.rule_id), (Subject::Sensor, facts.sensor_id)] {
        activity::add(tx, Day { subject, id, day }, 1).await?;
    }
    for observable in extract::of(detection) {
        let id = observables::add(tx, case, delivery.org_id, &observable, *event_ms).await?;
        activity::add(tx, Day { subject: Subject::Observable, id, day }, 1).await?;
    }
    for technique in detection.techniques() {
        techniques::add(tx, case, &technique, "rule").await?;
    }
    Ok(id)
}

/// Counts the detection in its case and writes what happened; a severity only rises.
async fn tell(tx: &mut Tx, facts: &Facts<'_>, case: i64, opened: bool) -> Result<()> {
    let Facts { delivery, event_ms, .. } = facts;
    let detection = delivery.detection;
    let before = cases::by_number(tx, case).await?;
    let severity = before.severity.max(detection.rule_severity());
    let raised = !opened && before.severity_by == "rule" && severity > before.severity;
    let kept: Severity = if raised { severity } else { before.severity };
    let level = before.rule_level.max(detection.rule.level);
    cases::add_detection(tx, case, level, kept, *event_ms).await?;
    let text = match (opened, before.previous_case, raised) {
        (true, Some(previous), _) => {
            format!("Case opened by detection {}; repeats closed case #{previous}", detection.detect_id)
        }
        (true, None, _) => format!("Case opened by detection {}", detection.detect_id),
        (false, _, true) => {
            format!("Detection {} joined; severity raised to {}", detection.detect_id, severity.label().to_lowercase())
        }
        (false, _, false) => format!("Detection {} joined", detection.detect_id),
    };
    let kind = if opened { "case_opened" } else { "detection_joined" };
    let change = Change {
        org_id: delivery.org_id,
        case,
        kind,
        text: &text,
        old: "",
        new: &detection.detect_id,
        run: None,
        undo: None,
    };
    record(tx, &Actor::system(), change, delivery.received_ms).await?;
    Ok(())
}

fn shown_host(detection: &Detection) -> String {
    detection.host_label().chars().take(255).collect::<String>().to_lowercase()
}

/// `parent → child` by file names, or the event's type where there is no process.
fn chain(detection: &Detection) -> String {
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
