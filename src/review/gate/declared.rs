//! What a declaration counts for.
//!
//! A clean declaration counts where the case is eligible at that moment, and only a person's: a program that declares
//! everything false positive proves nothing. A true positive counts on every case that ever was eligible, whoever
//! declares it, and whenever: at its first eligible moment the machine would have closed it.
use super::Scopes;
use crate::domain::{Blind, GateEvent, Verdict};
use crate::review::blind;
use crate::review::declare::By;
use crate::store::cases::{Case, Decision};
use crate::store::gates::{self, Kept, Review};
use crate::store::runs::RunState;
use crate::store::{ActorKind, Result, Tx, cases, fingerprints};
use crate::triage::gate as rules;
use serde_json::json;

/// The longest row of duplicates of duplicates that is followed.
const CHAIN: usize = 50;

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

/// Counts what a decision says of a case that is or was eligible, and of those that are what it is. `case` is the case
/// before it.
pub(in crate::review) async fn declared(
    tx: &mut Tx,
    by: By<'_>,
    case: &Case,
    to: &Decision,
    now_ms: i64,
) -> Result<()> {
    if case.verdict != to.verdict {
        if let Some(kept) = gates::kept(tx, case.number).await? {
            own(tx, by, (case, &kept), to, now_ms).await?;
        }
        if Verdict::TruePositive == case.verdict || to.verdict == Verdict::TruePositive {
            followed(tx, by, case.number, now_ms).await?;
        }
    }
    if case.duplicate_of != to.duplicate_of {
        follow(tx, by, (case.number, to.duplicate_of), now_ms).await?;
        // What was a duplicate of it comes along.
        followed(tx, by, case.number, now_ms).await?;
    }
    Ok(())
}

/// Whether a case, or what it is part or a duplicate of, is a true positive.
async fn belongs_to_error(tx: &mut Tx, mut number: Option<i64>) -> Result<bool> {
    for _ in 0..CHAIN {
        let Some(next) = number else { return Ok(false) };
        let case = cases::by_number(tx, next).await?;
        if case.verdict == Verdict::TruePositive {
            return Ok(true);
        }
        number = case.merged_into.or(case.duplicate_of);
    }
    Ok(false)
}

async fn own(tx: &mut Tx, by: By<'_>, (case, kept): (&Case, &Kept), to: &Decision, now_ms: i64) -> Result<()> {
    let act = match by.act {
        Some(bulk) => format!("bulk:{bulk}"),
        None => act_of(case),
    };
    let class = rules::is_error(to.verdict).filter(|error| *error || by.actor.kind == ActorKind::Person);
    let fresh = kept.act.is_none();
    let counts = match class {
        Some(false) if fresh => is_eligible(tx, case, kept).await?,
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
    count(tx, case, kept, said, now_ms).await
}

fn act_of(case: &Case) -> String {
    format!("case:{}:{}", case.number, case.version)
}

/// Counts what had been declared of a case before it was found eligible. A true positive is an error: without that
/// declaration the machine would have closed it, and the clearest attacks are declared before the panel has voted. Anything
/// else counts only where it was declared blind, so that what is drawn stays a fair sample.
pub(crate) async fn declared_before(tx: &mut Tx, case: &Case, now_ms: i64) -> Result<()> {
    let Some(kept) = gates::kept(tx, case.number).await?.filter(|kept| kept.act.is_none()) else { return Ok(()) };
    let blind = case.blind == Blind::Committed;
    let belongs = belongs_to_error(tx, case.merged_into.or(case.duplicate_of)).await?;
    let verdict = if belongs { Verdict::TruePositive } else { case.verdict };
    let Some(error) = rules::is_error(verdict).filter(|error| *error || blind) else { return Ok(()) };
    let by = case.decided_by.clone();
    count(tx, case, &kept, Said { act: act_of(case), from: None, to: Some(error), verdict, by, blind }, now_ms).await
}

/// Cases that are part or a duplicate of a true positive are ones, whatever people had said of them, and whether or not
/// the machine had closed them; where it is none any more, they are not for that reason.
///
/// # Errors
/// Where the database refuses.
pub(in crate::review) async fn followed(tx: &mut Tx, by: By<'_>, holder: i64, now_ms: i64) -> Result<()> {
    for number in gates::that_follow(tx, holder).await? {
        follow(tx, by, (number, Some(holder)), now_ms).await?;
    }
    Ok(())
}

/// The same of one case that is part or a duplicate of `holder`, or of none any more.
///
/// # Errors
/// Where the database refuses.
pub(in crate::review) async fn follow(
    tx: &mut Tx,
    by: By<'_>,
    (number, holder): (i64, Option<i64>),
    now_ms: i64,
) -> Result<()> {
    let Some(kept) = gates::kept(tx, number).await? else { return Ok(()) };
    let case = cases::by_number(tx, number).await?;
    // What was declared of it alone holds again once it stands alone.
    let own = case.verdict == Verdict::TruePositive && case.merged_into.is_none();
    let error = own || belongs_to_error(tx, case.merged_into.or(case.duplicate_of)).await?;
    if error == (kept.verdict == Verdict::TruePositive) {
        return Ok(());
    }
    let from = rules::is_error(kept.verdict).filter(|_| kept.act.is_some());
    // However many come with one case, it is one act.
    let act = kept.act.clone().unwrap_or_else(|| format!("case:{}:with", holder.unwrap_or(number)));
    let (verdict, to) = if error { (Verdict::TruePositive, Some(true)) } else { (Verdict::Pending, None) };
    let said = Said { act, from, to, verdict, by: by.actor.name.clone(), blind: blind::counts(&case, by.actor, true) };
    count(tx, &case, &kept, said, now_ms).await
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
    let taken = is_taken(&scopes, kept, now_ms);
    for at in 0..scopes.gates.len() {
        counted |= i64::from(review(tx, &mut scopes, at, (kept, &said, taken), now_ms).await?) << at;
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

/// Whether the machine takes cases like this one away from people, so that those which people decide all the same say
/// nothing of the rest: not of this gate, nor of a finer or coarser one.
fn is_taken(scopes: &Scopes, kept: &Kept, now_ms: i64) -> bool {
    let standing: Vec<_> = scopes.gates.iter().map(super::standing).collect();
    kept.closed_ms.is_some() || rules::opens(&standing, now_ms).is_some()
}

/// Counts a case in one of its gates; `true` where it counts there now.
async fn review(
    tx: &mut Tx,
    scopes: &mut Scopes,
    at: usize,
    (kept, said, taken): (&Kept, &Said, bool),
    now_ms: i64,
) -> Result<bool> {
    let gate = &scopes.gates[at];
    let before = kept.counted >> at & 1 == 1;
    let fresh = said.from.is_none() && said.to.is_some();
    let blind = kept.drawn && said.blind;
    // An error says something however it was found, and whatever was said before it; a clean one nothing where other
    // cases were let through when it was found eligible.
    let error = said.to == Some(true);
    let fair = error || (!taken || blind) && kept.at_ms >= gate.since_ms;
    let first = (fresh || error && !before) && rules::is_counted(gate.state, blind);
    let stays = before && (fair || said.from == said.to);
    let now = said.to.is_some() && (stays || first && fair);
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
