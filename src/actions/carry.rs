//! Carries an action out: once, after the undo window, and never again where its effect is unknown.
//!
//! An action is marked as running before the sensor is asked. Where the worker dies in between,
//! the next one finds that mark and ends it as unknown: a person says what became of it, or has
//! the sensor asked. An effect that takes time is awaited by jobs that only look.
use super::effect::{self, Came, On, Trouble};
use crate::clock::now_ms;
use crate::domain::Detection;
use crate::domain::action::{ActionState, Plan};
use crate::domain::evidence::Piece;
use crate::jobs::{JobError, Worker};
use crate::store::actions::{self, Action};
use crate::store::evidence::{self, Place};
use crate::store::{Actor, Change, Tx, backups, cases, detections, jobs, record, sensors};
use serde::{Deserialize, Serialize};

/// The kind of job that carries an action out.
pub const KIND: &str = "action";
/// Tries of an action that certainly had no effect.
const TRIES: i64 = 4;
/// How long after a try the next one comes.
const AGAIN_MS: i64 = 15_000;
/// How often an awaited effect is looked for at first, and from ten minutes on.
const LOOK_MS: (i64, i64) = (5_000, 60_000);
const SOON_MS: i64 = 10 * 60 * 1000;
/// After this time an awaited effect is given up.
const PATIENCE_MS: i64 = 24 * 60 * 60 * 1000;
/// More urgent than any triage.
const PRIORITY: i64 = 100;

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    action: i64,
    /// Only ask whether it took effect.
    check: bool,
}

async fn queue(tx: &mut Tx, action: i64, check: bool, at: i64) -> crate::store::Result<()> {
    let payload = serde_json::to_string(&Payload { action, check }).unwrap_or_default();
    let key = if check { format!("action:{action}:check") } else { format!("action:{action}") };
    jobs::enqueue(tx, KIND, &key, &payload, PRIORITY, at).await?;
    Ok(())
}

/// Queues an action for a moment.
///
/// # Errors
/// Where the database refuses.
pub async fn enqueue(tx: &mut Tx, action: i64, at: i64) -> crate::store::Result<()> {
    queue(tx, action, false, at).await
}

/// Queues the question whether an action took effect.
///
/// # Errors
/// Where the database refuses.
pub async fn enqueue_check(tx: &mut Tx, action: i64, at: i64) -> crate::store::Result<()> {
    queue(tx, action, true, at).await
}

/// Carries an action out, or looks what became of it.
///
/// # Errors
/// See [`JobError`].
pub async fn work(worker: &Worker, job: &jobs::Job) -> Result<(), JobError> {
    let payload: Payload =
        serde_json::from_str(&job.payload).map_err(|error| JobError::Unusable(format!("payload: {error}")))?;
    let Some(step) = begin(worker, job, &payload).await? else { return Ok(()) };
    let came = done(worker, &step).await;
    let mut tx = worker.store.write().await?;
    if !jobs::holds(&mut tx, job).await? {
        return Err(JobError::LeaseLost);
    }
    jobs::finish(&mut tx, job).await?;
    conclude(&mut tx, &step, came, now_ms()).await?;
    Ok(tx.commit().await?)
}

/// What is to be done now.
struct Step {
    action: Action,
    plan: Plan,
    org: i64,
    /// The organisation's short name.
    slug: String,
    sid: String,
    /// The sensor's id here, the behaviour, and the newest detection.
    about: (i64, String, Option<Detection>),
    /// Only look.
    look: bool,
}

/// Marks the action as running; nothing where there is nothing to do.
async fn begin(worker: &Worker, job: &jobs::Job, payload: &Payload) -> Result<Option<Step>, JobError> {
    let now = now_ms();
    let mut tx = worker.store.write().await?;
    if !jobs::holds(&mut tx, job).await? {
        return Err(JobError::LeaseLost);
    }
    // Nobody takes it back between this look and what is stored of it.
    let action = actions::locked(&mut tx, payload.action).await?;
    let plan = action.as_ref().and_then(Action::plan);
    let (Some(action), Some(plan)) = (action, plan) else {
        return Err(JobError::Unusable("there is no such action".to_owned()));
    };
    let case = cases::by_number(&mut tx, action.case_number).await?;
    // A case has detections of several hosts once others became part of it: an action is about one of them.
    let about = cases::by_number(&mut tx, action.about()).await?;
    let sid = sensors::by_id(&mut tx, about.sensor_id).await?.sid;
    let newest = detections::newest_of(&mut tx, case.number, about.sensor_id).await?;
    let newest = newest.and_then(|newest| Detection::read(&serde_json::from_str(&newest.raw).ok()?).ok());
    let look = match action.state {
        ActionState::Queued if !payload.check => {
            actions::start(&mut tx, action.id).await?;
            let text = format!("Started: {}", plan.words());
            tell(&mut tx, (&action, case.org_id), "action_started", &text, ActionState::Running, now).await?;
            false
        }
        // A question changes nothing, so it may be asked again.
        ActionState::Running if plan.only_reads() => false,
        ActionState::Running if action.sent_ms.is_some() => true,
        ActionState::Unknown if payload.check => true,
        state => {
            if state == ActionState::Running {
                interrupted(&mut tx, &action, &plan, case.org_id, now).await?;
            }
            jobs::finish(&mut tx, job).await?;
            tx.commit().await?;
            return Ok(None);
        }
    };
    tx.commit().await?;
    let about = (about.sensor_id, about.fingerprint, newest);
    Ok(Some(Step { org: case.org_id, slug: case.org, action, plan, sid, about, look }))
}

async fn interrupted(tx: &mut Tx, action: &Action, plan: &Plan, org: i64, now: i64) -> Result<(), JobError> {
    let text = "The worker stopped while it asked the sensor. It was not asked again.";
    Ok(end(tx, (action, plan, org), ActionState::Unknown, text, now).await?)
}

async fn done(worker: &Worker, step: &Step) -> Result<Came, Trouble> {
    // Only what was asked for and approved is done, on the very sensor that stood there then.
    if step.plan.target(&step.sid) != step.action.target {
        return Err(Trouble::Failed("the case is about another sensor now; ask again".to_owned()));
    }
    let Some(client) = worker.connections.of(&step.slug) else {
        return Err(Trouble::Failed("no LimaCharlie key is set up for this organisation".to_owned()));
    };
    let Some(effect) = effect::of(&step.plan) else {
        return Err(Trouble::Failed("this is not done on a sensor".to_owned()));
    };
    let detection = step.about.2.as_ref();
    let on = On { client, sid: &step.sid, plan: &step.plan, detection, action: step.action.id };
    if step.look { effect.check(&on).await } else { effect.run(&on).await }
}

/// Stores how far it came, and queues the next look or try.
async fn conclude(tx: &mut Tx, step: &Step, came: Result<Came, Trouble>, now: i64) -> Result<(), JobError> {
    let Step { action, plan, org, look, .. } = step;
    let this = (action, plan, *org);
    let was_unknown = action.state == ActionState::Unknown;
    let said = match &came {
        Ok(Came::Done(text) | Came::Awaited(text) | Came::Found(text, _) | Came::Not(text)) => text.clone(),
        Err(trouble) => trouble.to_string(),
    };
    actions::attempt(tx, action.id, &said, now).await?;
    match came {
        Ok(Came::Found(text, piece)) => {
            keep(tx, step, &piece).await?;
            Ok(end(tx, this, ActionState::Done, &text, now).await?)
        }
        Ok(Came::Done(text)) => Ok(end(tx, this, ActionState::Done, &text, now).await?),
        // An answer on the way to what was wished is no proof that our request did it or failed.
        Ok(Came::Awaited(text)) if was_unknown => Ok(end(tx, this, ActionState::Unknown, &text, now).await?),
        Ok(Came::Awaited(text)) => await_on(tx, this, &text, now).await,
        Err(_) if was_unknown => Ok(()),
        Err(Trouble::Again(text) | Trouble::Unknown(text)) if *look => await_on(tx, this, &text, now).await,
        Err(Trouble::Again(_)) if action.attempts + 1 < TRIES => {
            let at = now + AGAIN_MS;
            actions::put_back(tx, action.id, at).await?;
            let text = format!("Tried again soon: {}. {said}", plan.words());
            tell(tx, (action, *org), "action_again", &text, ActionState::Queued, now).await?;
            Ok(enqueue(tx, action.id, at).await?)
        }
        Ok(Came::Not(text)) | Err(Trouble::Again(text) | Trouble::Failed(text)) => {
            Ok(end(tx, this, ActionState::Failed, &text, now).await?)
        }
        Err(Trouble::Unknown(text)) => Ok(end(tx, this, ActionState::Unknown, &text, now).await?),
    }
}

/// Keeps what was found; its case may have become part of another one meanwhile.
async fn keep(tx: &mut Tx, step: &Step, piece: &Piece) -> Result<(), JobError> {
    let (sensor_id, fingerprint, _) = &step.about;
    let now = actions::by_id(tx, step.action.id).await?;
    let Action { id, case_number: case, origin_case: origin, .. } = *now.as_ref().unwrap_or(&step.action);
    let place = Place { org_id: step.org, case, origin, sensor_id: *sensor_id, fingerprint, action_id: Some(id) };
    evidence::insert(tx, place, piece).await?;
    Ok(())
}

/// Looks again later; after a day without effect it has failed.
async fn await_on(tx: &mut Tx, this: (&Action, &Plan, i64), text: &str, now: i64) -> Result<(), JobError> {
    let (action, ..) = this;
    let since = now - action.sent_ms.unwrap_or(now);
    if since > PATIENCE_MS {
        let text = format!("{text} Nothing changed in a day; it is not looked for any more.");
        return Ok(end(tx, this, ActionState::Unknown, &text, now).await?);
    }
    actions::sent(tx, action.id, text, now).await?;
    let wait = if since < SOON_MS { LOOK_MS.0 } else { LOOK_MS.1 };
    Ok(queue(tx, action.id, false, now + wait).await?)
}

async fn end(
    tx: &mut Tx,
    (action, plan, org): (&Action, &Plan, i64),
    state: ActionState,
    result: &str,
    now: i64,
) -> crate::store::Result<()> {
    let ended = actions::end(tx, action.id, state, result, now).await?;
    // A person may have said meanwhile what became of it.
    if ended == 0 || action.state == state {
        return Ok(());
    }
    let text = format!("{}: {}. {result}", state.label(), plan.words());
    tell(tx, (action, org), "action_ended", &text, state, now).await
}

/// A step in timeline and ledger, from the state that the action had before it.
async fn tell(
    tx: &mut Tx,
    (action, org_id): (&Action, i64),
    kind: &str,
    text: &str,
    state: ActionState,
    now: i64,
) -> crate::store::Result<()> {
    let new = format!("action:{} {state}", action.id);
    let (case, old) = (action.case_number, action.state.as_str());
    let change = Change { org_id, case, kind, text, old, new: &new, run: None, undo: None };
    record(tx, &Actor::system(), change, now).await?;
    Ok(())
}

/// Ends every action that waited when a backup was made: it may have been carried out since, so it is not done again by
/// itself.
///
/// # Errors
/// Where the database refuses.
pub(crate) async fn restored(tx: &mut Tx, now: i64) -> crate::store::Result<()> {
    let text = "A backup was restored: it may have been carried out since the backup. It was not asked again.";
    for (key, payload) in backups::jobs_of(tx, KIND).await? {
        let Ok(Payload { action, check: false }) = serde_json::from_str(&payload) else { continue };
        let found = actions::by_id(tx, action).await?.filter(|action| action.state == ActionState::Queued);
        let plan = found.as_ref().and_then(Action::plan).filter(|plan| !plan.only_reads());
        let (Some(action), Some(plan)) = (found, plan) else { continue };
        let org = cases::by_number(tx, action.case_number).await?.org_id;
        end(tx, (&action, &plan, org), ActionState::Unknown, text, now).await?;
        jobs::withdraw(tx, &key, now).await?;
    }
    Ok(())
}

/// Ends the action of a job that was given up.
///
/// # Errors
/// Where the database refuses.
pub async fn give_up(tx: &mut Tx, job: &jobs::Job, error: &str, now: i64) -> Result<(), sqlx::Error> {
    let Ok(payload) = serde_json::from_str::<Payload>(&job.payload) else { return Ok(()) };
    if job.kind != KIND {
        return Ok(());
    }
    let action = actions::by_id(tx, payload.action).await?.filter(|action| action.finished_ms.is_none());
    let plan = action.as_ref().and_then(Action::plan);
    let (Some(action), Some(plan)) = (action, plan) else { return Ok(()) };
    let org = cases::by_number(tx, action.case_number).await?.org_id;
    let state = if action.state == ActionState::Queued { ActionState::Failed } else { ActionState::Unknown };
    end(tx, (&action, &plan, org), state, &format!("This could not be carried out: {error}"), now).await
}
