//! What a declaration counts for.
//!
//! A clean declaration counts where the case is eligible at that moment, and only a person's: a program that declares
//! everything false positive proves nothing. A true positive counts on every case that ever was eligible, whoever
//! declares it: at its first eligible moment the machine would have closed it.
use super::Scopes;
use crate::domain::{GateEvent, Verdict};
use crate::review::blind;
use crate::review::declare::By;
use crate::store::cases::{Case, Decision};
use crate::store::gates::{self, Kept, Review};
use crate::store::runs::RunState;
use crate::store::{ActorKind, Result, Tx, cases, fingerprints};
use crate::triage::gate as rules;
use serde_json::json;

/// How what is said of a case changes.
struct Said {
    act: String,
    /// Whether it counted as an error before; nothing where it did not count.
    from: Option<bool>,
    /// Whether it does now.
    to: Option<bool>,
    verdict: Verdict,
    by: String,
    /// Whether it was made before what the panel says was known.
    blind: bool,
}

/// Counts what a decision says of a case that is or was eligible. `case` is the case before it.
pub(in crate::review) async fn declared(
    tx: &mut Tx,
    by: By<'_>,
    case: &Case,
    to: &Decision,
    now_ms: i64,
) -> Result<()> {
    if case.verdict == to.verdict {
        return Ok(());
    }
    let Some(kept) = gates::kept(tx, case.number).await? else { return Ok(()) };
    let act = match by.act {
        Some(bulk) => format!("bulk:{bulk}"),
        None => format!("case:{}:{}", case.number, case.version),
    };
    let class = rules::is_error(to.verdict).filter(|error| *error || by.actor.kind == ActorKind::Person);
    let fresh = kept.act.is_none();
    let counts = match class {
        Some(false) if fresh => is_eligible(tx, case, &kept).await?,
        class => class.is_some(),
    };
    let said = Said {
        act: kept.act.clone().unwrap_or(act),
        from: rules::is_error(kept.verdict).filter(|_| !fresh),
        to: class.filter(|_| counts),
        verdict: to.verdict,
        by: by.actor.name.clone(),
        blind: blind::counts(case, by.actor, !fresh || class == Some(true)),
    };
    count(tx, case, &kept, said, now_ms).await?;
    if to.verdict == Verdict::TruePositive {
        merged(tx, by, case.number, now_ms).await?;
    }
    Ok(())
}

/// Cases that became part of a true positive were ones: what people had said of them counts as an error, and so does
/// that the machine had closed them.
pub(in crate::review) async fn merged(tx: &mut Tx, by: By<'_>, into: i64, now_ms: i64) -> Result<()> {
    for number in gates::merged_reviews(tx, into).await? {
        let Some(kept) = gates::kept(tx, number).await? else { continue };
        if kept.verdict == Verdict::TruePositive {
            continue;
        }
        let from = rules::is_error(kept.verdict).filter(|_| kept.act.is_some());
        let act = kept.act.clone().unwrap_or_else(|| format!("case:{number}:merged"));
        let case = cases::by_number(tx, number).await?;
        let (verdict, blind) = (Verdict::TruePositive, blind::counts(&case, by.actor, true));
        let said = Said { act, from, to: Some(true), verdict, by: by.actor.name.clone(), blind };
        count(tx, &case, &kept, said, now_ms).await?;
    }
    Ok(())
}

/// Whether the case still is what was found eligible.
async fn is_eligible(tx: &mut Tx, case: &Case, kept: &Kept) -> Result<bool> {
    if !kept.eligible || case.triage_state != RunState::Done {
        return Ok(false);
    }
    let behaviours = fingerprints::of_case(tx, case.number).await?.len();
    Ok(i64::try_from(behaviours).is_ok_and(|count| count == kept.behaviours))
}

async fn count(tx: &mut Tx, case: &Case, kept: &Kept, said: Said, now_ms: i64) -> Result<()> {
    let mut scopes = Scopes::begin(tx, kept.org_id).await?;
    scopes.gates = gates::of_case(tx, kept).await?;
    let mut counted = 0;
    for at in 0..scopes.gates.len() {
        counted |= i64::from(review(tx, &mut scopes, at, (kept, &said), now_ms).await?) << at;
    }
    let (act, at_ms) = (said.to.map(|_| said.act.as_str()), said.to.map(|_| now_ms));
    gates::set_declared(tx, case.number, (said.verdict, at_ms), (act, counted)).await?;
    scopes.count(tx, now_ms).await?;
    let error = said.to == Some(true) && said.from != Some(true);
    for at in 0..scopes.gates.len() {
        if error {
            scopes.gates[at].last_tp_ms = Some(now_ms);
        } else if said.from == Some(true) {
            scopes.gates[at].last_tp_ms = gates::last_true_positive(tx, &scopes.gates[at]).await?;
        }
        if said.from.is_some() || said.to.is_some() {
            scopes.follow(at, error, now_ms);
        }
    }
    scopes.keep(tx, Some(case), now_ms).await
}

/// Counts a case in one of its gates; `true` where it counts there now.
async fn review(
    tx: &mut Tx,
    scopes: &mut Scopes,
    at: usize,
    (kept, said): (&Kept, &Said),
    now_ms: i64,
) -> Result<bool> {
    let gate = &scopes.gates[at];
    let before = kept.counted >> at & 1 == 1;
    let fresh = said.from.is_none() && said.to.is_some();
    let now = said.to.is_some() && (before || fresh && rules::is_counted(gate.state, kept.drawn && said.blind));
    if before || now {
        let known = gates::review(tx, gate.id, &said.act).await?;
        let old = known.unwrap_or(Review { epoch: gate.epoch, at_ms: now_ms, clean: 0, errors: 0 });
        let mut new = old;
        move_by(&mut new, said.from.filter(|_| before), -1);
        move_by(&mut new, said.to.filter(|_| now), 1);
        gates::set_review(tx, gate, &said.act, &new).await?;
        let ((n, k), (had, erred)) = (new.counted(), old.counted());
        gates::count(tx, gate, (rules::day(old.at_ms), old.epoch), (n - had, k - erred, 0)).await?;
    }
    if said.from.is_some() || said.to.is_some() {
        let kind = if fresh { GateEvent::Review } else { GateEvent::ReviewChanged };
        let data = json!({
            "act": said.act, "case": kept.case_number, "verdict": said.verdict, "error": said.to, "counted": now,
            "drawn": kept.drawn && said.blind, "by": said.by,
        });
        scopes.tell(at, kind, &data, now_ms);
    }
    Ok(now)
}

fn move_by(review: &mut Review, error: Option<bool>, by: i64) {
    match error {
        Some(true) => review.errors += by,
        Some(false) => review.clean += by,
        None => {}
    }
}
