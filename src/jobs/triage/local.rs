//! Local evidence: what our own store knows of a behaviour and its host. Voters get it before they are asked, and a
//! case's page reads it anew each time.
use crate::clock::now_ms;
use crate::domain::dossier::Precedents;
use crate::domain::evidence::{EvidenceState, is_own_tag};
use crate::domain::local::{Beside, HostHistory, Level, Local, Near, NearInTime};
use crate::domain::{Detection, Verdict};
use crate::store::activity::{self, DAY_MS, Subject};
use crate::store::cases::Case;
use crate::store::precedents::{self, COMPARED, Decided};
use crate::store::{Result, Tx, detections, local, sensors};
use crate::triage::fingerprint::{self, Behaviour};
use crate::triage::likeness;

/// Days before and after a case that its host is looked at.
const HOST_DAYS: i64 = 14;
/// How far apart detections are near in time.
const NEAR_MS: i64 = 30 * 60 * 1000;
/// Detections near in time that are kept.
const BESIDE: usize = 12;

/// What the store knows around a detection of a case, whose rule need not be the case's; the case's own declaration is
/// left out.
///
/// # Errors
/// Where the database refuses.
pub(crate) async fn local(
    tx: &mut Tx,
    case: &Case,
    fingerprint: &str,
    rule_id: i64,
    detection: &Detection,
) -> Result<Local> {
    let behaviour = fingerprint::behaviour(detection);
    let at_ms = detection.event_ms.or(detection.gen_ms).unwrap_or(case.last_event_ms);
    let (family, rule) = levels(tx, case, (fingerprint, rule_id), &behaviour).await?;
    let tags = sensors::by_id(tx, case.sensor_id).await?.tags.0;
    Ok(Local {
        taken_ms: now_ms(),
        spread: local::spread(tx, case.org_id, fingerprint).await?,
        family,
        rule,
        host: host(tx, case, at_ms).await?,
        beside: beside(tx, case, at_ms).await?,
        tags: tags.into_iter().filter(|tag| !is_own_tag(tag)).collect(),
    })
}

/// The same for a case's own behaviour; nothing where no detection of it can be read.
///
/// # Errors
/// Where the database refuses.
pub(crate) async fn local_now(tx: &mut Tx, case: &Case) -> Result<Option<Local>> {
    let found = detections::with_behaviour(tx, case, &case.fingerprint).await?;
    let Some(found) = found else { return Ok(None) };
    let document = serde_json::from_str(&found.raw).unwrap_or_default();
    match Detection::read(&document) {
        Ok(detection) => Ok(Some(local(tx, case, &case.fingerprint, found.rule_id, &detection).await?)),
        Err(_) => Ok(None),
    }
}

/// What a case counts for each of its behaviours, taken out: it must not prove itself.
pub(crate) const fn without(mut seen: Precedents, own: Verdict) -> Precedents {
    match own {
        Verdict::FalsePositive => seen.false_positive -= 1,
        Verdict::BenignTruePositive => seen.benign_true_positive -= 1,
        Verdict::TruePositive => seen.true_positive -= 1,
        Verdict::Pending | Verdict::Undetermined => {}
    }
    seen
}

/// The same of the behaviour's own counts, which also tell whose declarations they are.
pub(crate) fn without_case(seen: Precedents, case: &Case) -> Precedents {
    let counts = !matches!(case.verdict, Verdict::Pending | Verdict::Undetermined);
    let programs = seen.programs - i64::from(counts && case.by_program);
    Precedents { programs, ..without(seen, case.verdict) }
}

/// Those of the family, and those that have the rule alone in common; the behaviour itself is in neither.
async fn levels(
    tx: &mut Tx,
    case: &Case,
    (fingerprint, rule_id): (&str, i64),
    behaviour: &Behaviour,
) -> Result<(Level, Level)> {
    let catching_up = precedents::is_catching_up(tx, case.org_id).await?;
    let family = match behaviour.family.as_str() {
        "" => Vec::new(),
        family => precedents::of_family(tx, case.org_id, family, case.number).await?,
    };
    let rule = precedents::of_rule(tx, case.org_id, rule_id, case.number).await?;
    let of = |rows: Vec<Decided>, is_here: &dyn Fn(&Decided) -> bool| {
        let more = i64::try_from(rows.len()).is_ok_and(|rows| rows >= COMPARED);
        let rows = rows.into_iter().filter(|row| row.fingerprint != fingerprint && is_here(row));
        let behaviours: Vec<Near> = rows.filter_map(|row| near(row, case.verdict, &behaviour.text)).collect();
        level(behaviours, more, catching_up)
    };
    let in_family = |row: &Decided| !row.family.is_empty() && row.family == behaviour.family;
    Ok((of(family, &|_| true), of(rule, &|row| !in_family(row))))
}

fn near(row: Decided, own: Verdict, text: &str) -> Option<Near> {
    let decided = Precedents {
        false_positive: row.false_positive,
        benign_true_positive: row.benign_true_positive,
        true_positive: row.true_positive,
        programs: 0,
    };
    let decided = if row.own { without(decided, own) } else { decided };
    let compared = likeness::compare(text, &row.behaviour);
    (decided.total() > 0).then_some(Near {
        fingerprint: row.fingerprint,
        decided,
        alike: compared.alike,
        only_here: compared.only_here,
        only_there: compared.only_there,
        graver: compared.graver,
    })
}

fn level(mut behaviours: Vec<Near>, more: bool, catching_up: bool) -> Level {
    let malicious = |near: &Near| near.decided.true_positive > 0;
    behaviours.sort_by(|a, b| b.alike.total_cmp(&a.alike).then_with(|| malicious(b).cmp(&malicious(a))));
    let decided = behaviours.iter().fold(Precedents::default(), |sum, near| sum.plus(near.decided));
    let state = match behaviours.as_slice() {
        _ if catching_up => EvidenceState::Inconclusive,
        [] => EvidenceState::Empty,
        _ => EvidenceState::Ok,
    };
    Level { state, decided, behaviours, more }
}

async fn host(tx: &mut Tx, case: &Case, at_ms: i64) -> Result<HostHistory> {
    let days = HOST_DAYS * DAY_MS;
    let span = (case.opened_ms - days, case.opened_ms + days);
    let (mut severities, mut verdicts) = (Vec::new(), Vec::new());
    for (severity, verdict, cases) in local::host_cases(tx, case.sensor_id, case.number, span).await? {
        add(&mut severities, severity, cases);
        add(&mut verdicts, verdict, cases);
    }
    severities.sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
    verdicts.sort_unstable();
    let day = at_ms.div_euclid(DAY_MS);
    let seen = activity::since(tx, Subject::Sensor, case.sensor_id, day - HOST_DAYS).await?;
    let detections = seen.iter().filter(|(at, _)| *at <= day + HOST_DAYS).map(|(_, detections)| detections).sum();
    Ok(HostHistory { detections, severities, verdicts })
}

fn add<T: PartialEq>(to: &mut Vec<(T, i64)>, what: T, count: i64) {
    match to.iter_mut().find(|(known, _)| *known == what) {
        Some((_, sum)) => *sum += count,
        None => to.push((what, count)),
    }
}

/// The nearest detections of other cases.
async fn beside(tx: &mut Tx, case: &Case, at_ms: i64) -> Result<Beside> {
    let span = (at_ms - NEAR_MS, at_ms, at_ms + NEAR_MS);
    let mut nearest = local::beside(tx, case.sensor_id, case.number, span).await?;
    let more = nearest.len() > BESIDE;
    nearest.sort_by_key(|one: &NearInTime| one.at_ms.abs_diff(at_ms));
    nearest.truncate(BESIDE);
    nearest.sort_by_key(|one| one.at_ms);
    Ok(Beside { nearest, more })
}
