//! Asks the voters that have not answered yet, all at once, and stores each answer as it comes.
use super::super::{JobError, Worker, learn, panel::Seats};
use super::asking::{state, tell};
use super::second_look::voter_of;
use super::{budget, held, refresh_case};
use crate::clock::now_ms;
use crate::domain::{Detection, Dossier, Failure, VoteState};
use crate::limits;
use crate::store::runs::Run;
use crate::store::versions::{self, Version};
use crate::store::{Tx, cases, is_busy, jobs, prompts, runs, spending, votes};
use crate::triage::prompt;
use crate::triage::template::{self, Template};
use crate::voters::statistical::Model;
use crate::voters::{Mask, Prompt, Question, Reply, Said, Voter};
use std::sync::Arc;
use std::time::Instant;

/// Asks everybody who is still to be asked; `true` where part of the event did not fit into the prompt.
pub(super) async fn panel(
    worker: &Worker,
    job: &jobs::Job,
    run: &Run,
    seats: &Seats,
    dossier: Arc<Dossier>,
) -> Result<bool, JobError> {
    let prompt = Arc::new(prompt::build(&dossier, rand::random(), rand::random()));
    let some = seats.panel.iter().chain(&seats.advisers).any(|voter| voter.private());
    let private = some.then(|| Arc::new(Private::of(&dossier)));
    let cut = private.as_ref().is_some_and(|private| !private.prompt.truncated.is_empty());
    let truncated = cut || !prompt.truncated.is_empty();
    let stored = votes::of_run(&mut worker.store.read().await?, run.id).await?;
    let question = Question { dossier, prompt, learnt: learnt(worker, run).await? };
    let plain = One::new(worker, job, run, question).await?;
    let hidden = private.map(|private| plain.hiding(private));
    let pending = stored.into_iter().filter(|vote| vote.state == VoteState::Pending && !vote.is_beside());
    let asked = pending.map(|vote| {
        let voter = seats.panel.iter().chain(&seats.advisers).find(|voter| voter.name() == vote.voter).cloned();
        let hides = voter.as_ref().is_some_and(|voter| voter.private());
        let one = hidden.as_ref().filter(|_| hides).unwrap_or(&plain);
        async move { one.ask(voter, &vote).await }
    });
    futures_util::future::try_join_all(asked).await?;
    Ok(truncated)
}

/// What the statistical voter learnt in the organisation of a run.
async fn learnt(worker: &Worker, run: &Run) -> Result<Option<Arc<Model>>, JobError> {
    let mut tx = worker.store.read().await?;
    let org_id = cases::by_number(&mut tx, run.case_number).await?.org_id;
    Ok(learn::model(&mut tx, org_id).await?)
}

/// Asks voters one question.
pub(super) struct One<'a> {
    worker: &'a Worker,
    job: &'a jobs::Job,
    run: &'a Run,
    org: i64,
    cloud: bool,
    question: Question,
    /// The mask of a voter that gets words for names and secrets.
    private: Option<Arc<Private>>,
}

/// What leaves the house.
pub(crate) struct Private {
    mask: Mask,
    prompt: Arc<Prompt>,
}

impl Private {
    /// The question without names and secrets.
    pub(crate) fn of(dossier: &Dossier) -> Self {
        let mut mask = Mask::of(dossier);
        let prompt = prompt::private(dossier, rand::random(), rand::random(), &mut mask);
        Self { mask, prompt: Arc::new(prompt) }
    }

    /// The question of a second look.
    pub(crate) fn again(dossier: &Dossier) -> Self {
        let mut mask = Mask::of(dossier);
        let prompt = prompt::masked(dossier, rand::random(), rand::random(), Some(&mut mask));
        Self { mask, prompt: Arc::new(prompt) }
    }

    /// The question with a planted instruction.
    pub(super) fn planted(dossier: &Dossier, planted: &Detection) -> Self {
        let mut mask = Mask::of(dossier);
        let prompt = prompt::of_other(dossier, planted, rand::random(), rand::random(), Some(&mut mask));
        Self { mask, prompt: Arc::new(prompt) }
    }

    /// The prompt as it leaves.
    pub(crate) const fn prompt(&self) -> &Arc<Prompt> {
        &self.prompt
    }

    /// A reply with the names put back.
    pub(crate) fn restored(&self, mut reply: Reply) -> Reply {
        if let Said::Answered(answer) = reply.said {
            reply.said = Said::Answered(self.mask.restore(answer));
        }
        reply
    }
}

impl<'a> One<'a> {
    /// Finds out whose data it is and whether they may leave.
    pub(super) async fn new(
        worker: &'a Worker,
        job: &'a jobs::Job,
        run: &'a Run,
        question: Question,
    ) -> Result<Self, JobError> {
        let mut tx = worker.store.read().await?;
        let org = cases::by_number(&mut tx, run.case_number).await?.org_id;
        let cloud = worker.policy_of(&mut tx, run.case_number).await?.cloud_allowed;
        Ok(Self { worker, job, run, org, cloud, question, private: None })
    }

    /// The same for a voter that gets words for names and secrets.
    pub(super) fn hiding(&self, private: Arc<Private>) -> Self {
        let question = Question { prompt: Arc::clone(&private.prompt), ..self.question.clone() };
        Self { question, private: Some(private), ..*self }
    }

    /// Asks a voter and stores what it says, unless it was asked before.
    pub(super) async fn ask(&self, voter: Option<Arc<dyn Voter>>, vote: &votes::Stored) -> Result<(), JobError> {
        let refused = match &voter {
            None => Some("This voter is no longer set up."),
            Some(voter) if voter.cloud() && !self.cloud => {
                Some("Not asked: no data of this organisation may leave to a cloud voter until an admin allows it.")
            }
            Some(_) => None,
        };
        let reserved = match self.mark(vote, refused.is_none()).await? {
            Marked::Before => return Ok(()),
            Marked::NoRoom(why) => return self.store(vote, &refusal(&why), 0, Paid::Unasked).await,
            Marked::Now(reserved) => reserved,
        };
        let started = Instant::now();
        let reply = match (voter, refused) {
            (Some(voter), None) => voter.ask(&self.question).await,
            (_, why) => refusal(why.unwrap_or_default()),
        };
        let reply = match &self.private {
            Some(private) => private.restored(reply),
            None => reply,
        };
        // The queue at a server says nothing about how fast the model is.
        let took = started.elapsed().saturating_sub(reply.waited);
        if refused.is_none() {
            crate::metrics::vote(&vote.voter, state(&reply.said), took);
        }
        let latency_ms = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
        self.keep(vote, &reply, latency_ms, reserved.map_or(Paid::Nothing, Paid::Reserved)).await
    }

    /// Stores an answer. It was paid for, so a database that is busy or away is waited for.
    async fn keep(&self, vote: &votes::Stored, reply: &Reply, latency_ms: i64, paid: Paid) -> Result<(), JobError> {
        for _ in 0..limits::AWAY_TRIES {
            match self.store(vote, reply, latency_ms, paid).await {
                Err(JobError::Store(error)) if is_busy(&error) => {}
                other => return other,
            }
            tokio::time::sleep(limits::AWAY_AGAIN).await;
        }
        self.store(vote, reply, latency_ms, paid).await
    }

    /// Notes that the voter is being asked, before it is, and sets room aside in the budget.
    async fn mark(&self, vote: &votes::Stored, asks: bool) -> Result<Marked, JobError> {
        let Prompt { system, user, version, hash, .. } = self.question.prompt.as_ref();
        let text = if vote.kind == "builtin" { String::new() } else { format!("{system}\n\n{user}") };
        let (version, hash) = if vote.kind == "builtin" { ("", "") } else { (*version, hash.as_str()) };
        let mut tx = self.worker.store.write().await?;
        held(&mut tx, self.job).await?;
        let mut reserved = None;
        if asks && vote.kind != "builtin" {
            let prompt = self.question.prompt.as_ref();
            match budget::reserve(self.worker, &mut tx, self.org, voter_of(&vote.voter), prompt, now_ms()).await? {
                Ok(room) => reserved = Some(room),
                Err(why) => return Ok(Marked::NoRoom(why)),
            }
        }
        let replaced = self.private.as_ref().map_or(0, |private| private.mask.replaced());
        let sent = votes::Sent { prompt: &text, version, hash, replaced: i64::try_from(replaced).unwrap_or(i64::MAX) };
        let now = now_ms();
        if !votes::asking(&mut tx, vote.id, sent, now).await? {
            return Ok(Marked::Before);
        }
        if vote.kind != "builtin" {
            prompts::used(&mut tx, &kept(now)).await?;
        }
        tx.commit().await?;
        Ok(Marked::Now(reserved))
    }

    async fn store(&self, vote: &votes::Stored, reply: &Reply, latency_ms: i64, paid: Paid) -> Result<(), JobError> {
        let (state, failure, detail, answer) = match &reply.said {
            Said::Answered(answer) => (VoteState::Ok, None, "", Some(answer)),
            Said::Abstained(why) => (VoteState::Abstained, None, why.as_str(), None),
            Said::Failed(failure, why) => (VoteState::Failed, Some(*failure), why.as_str(), None),
        };
        let tokens = (reply.tokens_in, reply.tokens_out);
        let given = votes::Given {
            state,
            failure,
            detail,
            answer,
            raw: &reply.raw,
            digest: &reply.digest,
            tokens,
            attempts: reply.attempts,
            latency_ms,
        };
        let now = now_ms();
        let mut tx = self.worker.store.write().await?;
        held(&mut tx, self.job).await?;
        // A commit whose answer was lost may have done all of this.
        if votes::give(&mut tx, vote.id, &given, now).await? {
            settle(&mut tx, vote.id, reply, paid).await?;
            // Its case may have become part of another one meanwhile.
            let case = runs::by_id(&mut tx, self.run.id).await?.case_number;
            tell(&mut tx, (case, self.run.id), vote, &reply.said, now).await?;
            refresh_case(&mut tx, case).await?;
            if answer.is_some() {
                count(&mut tx, vote, &reply.digest, now).await?;
            }
        }
        tx.commit().await?;
        self.worker.wake.notify_waiters();
        Ok(())
    }
}

/// Counts an answer for its prompt, and notes the version in which its voter answered; a second look is no version.
async fn count(tx: &mut Tx, vote: &votes::Stored, digest: &str, now: i64) -> Result<(), JobError> {
    let mut prompt_version = String::new();
    if vote.kind != "builtin" {
        let template = template::current();
        prompts::count(tx, template.version, template.digest.as_str()).await?;
        template.version.clone_into(&mut prompt_version);
    }
    if !vote.is_beside() {
        let (model, digest) = (vote.model.clone(), digest.to_owned());
        versions::answered(tx, &vote.voter, &Version { model, digest, prompt_version, since_ms: now }).await?;
    }
    Ok(())
}

/// The text that prompts are made from, as it is kept.
fn kept(first_ms: i64) -> prompts::Kept {
    let Template { version, system, user, schema, digest } = template::current().clone();
    prompts::Kept { version: version.to_owned(), digest, system, user_template: user, schema, first_ms, votes: 0 }
}

/// What came of noting that a voter is asked.
enum Marked {
    /// It was asked before.
    Before,
    /// The budget has no room, in words.
    NoRoom(String),
    /// It may be asked now, with this set aside; nothing for a voter that costs nothing.
    Now(Option<budget::Reserved>),
}

/// What is to be put right in the budget.
#[derive(Clone, Copy)]
enum Paid {
    Nothing,
    Unasked,
    Reserved(budget::Reserved),
}

async fn settle(tx: &mut Tx, vote: i64, reply: &Reply, paid: Paid) -> Result<(), JobError> {
    match paid {
        Paid::Reserved(room) => {
            let cost = budget::settle(tx, room, reply).await?;
            spending::cost(tx, vote, cost).await?;
        }
        Paid::Unasked => drop(spending::unasked(tx, vote).await?),
        Paid::Nothing => {}
    }
    Ok(())
}

fn refusal(why: &str) -> Reply {
    Reply { attempts: 0, ..Reply::bare(Said::Failed(Failure::Refused, why.to_owned())) }
}
