//! Asks the voters of a trial about one case, or takes the votes that they gave before.
use super::super::triage::{Private, dossier_of};
use super::super::{JobError, Worker};
use super::is_builtin;
use crate::domain::{Dossier, Failure, Vote, VoteState};
use crate::store::trials::{self, Open, TrialVote};
use crate::triage::prompt;
use crate::voters::{Prompt, Question, Reply, Said, Voter};
use std::sync::Arc;

/// What came of asking.
pub(super) struct Asked {
    /// The evidence.
    pub dossier: Arc<Dossier>,
    /// The votes in the panel's order.
    pub votes: Vec<TrialVote>,
}

/// A case with what its voters are shown.
struct Shown {
    dossier: Arc<Dossier>,
    plain: Arc<Prompt>,
    private: Option<Private>,
    /// Whether the organisation's data may leave.
    cloud: bool,
}

/// Asks everybody about a case, all at once.
pub(super) async fn case(
    worker: &Worker,
    chosen: &[(String, Option<Arc<dyn Voter>>)],
    open: &Open,
) -> Result<Asked, JobError> {
    let mut tx = worker.store.read().await?;
    let dossier = Arc::new(dossier_of(&mut tx, open.case_number, open.run_id).await?);
    let cloud = worker.policy_of(&mut tx, open.case_number).await?.cloud_allowed;
    drop(tx);
    let plain = Arc::new(prompt::build(&dossier, rand::random(), rand::random()));
    let private = chosen.iter().any(|(_, voter)| voter.as_ref().is_some_and(|voter| voter.private()));
    let shown = Shown { private: private.then(|| Private::of(&dossier)), cloud, plain, dossier };
    let asked = chosen.iter().map(|(name, voter)| shown.vote(worker, open, name, voter.as_ref()));
    let votes = futures_util::future::try_join_all(asked).await?;
    Ok(Asked { dossier: shown.dossier, votes })
}

impl Shown {
    async fn vote(
        &self,
        worker: &Worker,
        open: &Open,
        name: &str,
        voter: Option<&Arc<dyn Voter>>,
    ) -> Result<TrialVote, JobError> {
        let Some(voter) = voter else {
            return Ok(refused(name, "", "This voter is no longer set up."));
        };
        let private = self.private.as_ref().filter(|_| voter.private());
        let prompt = private.map_or(&self.plain, Private::prompt);
        if let Some(vote) = self.before(worker, open, voter.as_ref(), prompt).await? {
            return Ok(vote);
        }
        if voter.cloud() && !self.cloud {
            let why = "Not asked: no data of this organisation may leave to a cloud voter until an admin allows it.";
            return Ok(refused(name, voter.model(), why));
        }
        let reply =
            voter.ask(&Question { dossier: Arc::clone(&self.dossier), prompt: Arc::clone(prompt), learnt: None }).await;
        let reply = match private {
            Some(private) => private.restored(reply),
            None => reply,
        };
        Ok(given(voter.as_ref(), prompt, reply))
    }

    /// A vote that is there already. Built-in voters are asked: it costs nothing.
    async fn before(
        &self,
        worker: &Worker,
        open: &Open,
        voter: &dyn Voter,
        prompt: &Prompt,
    ) -> Result<Option<TrialVote>, JobError> {
        if is_builtin(voter) {
            return Ok(None);
        }
        let asked = trials::Asked {
            case: open.case_number,
            run_id: open.run_id,
            voter: voter.name(),
            model: voter.model(),
            version: prompt.version,
            hash: &prompt.hash,
        };
        let answer = trials::given(&mut worker.store.read().await?, asked).await?;
        Ok(answer.map(|answer| TrialVote {
            state: VoteState::Ok,
            answer: Some(answer),
            prompt_version: prompt.version.to_owned(),
            prompt_hash: prompt.hash.clone(),
            reused: true,
            ..refused(voter.name(), voter.model(), "")
        }))
    }
}

/// A vote that nobody was asked for.
fn refused(voter: &str, model: &str, why: &str) -> TrialVote {
    TrialVote {
        voter: voter.to_owned(),
        model: model.to_owned(),
        state: VoteState::Failed,
        failure: (!why.is_empty()).then_some(Failure::Refused),
        detail: why.to_owned(),
        answer: None,
        prompt_version: String::new(),
        prompt_hash: String::new(),
        calls: 0,
        tokens: 0,
        reused: false,
    }
}

fn given(voter: &dyn Voter, prompt: &Prompt, reply: Reply) -> TrialVote {
    let tokens = reply.tokens_in.unwrap_or_default() + reply.tokens_out.unwrap_or_default();
    let (state, failure, detail, answer) = match reply.said {
        Said::Answered(answer) => (VoteState::Ok, None, String::new(), Some(answer)),
        Said::Abstained(why) => (VoteState::Abstained, None, why, None),
        Said::Failed(failure, why) => (VoteState::Failed, Some(failure), why, None),
    };
    let builtin = is_builtin(voter);
    let (prompt_version, prompt_hash) =
        if builtin { Default::default() } else { (prompt.version.to_owned(), prompt.hash.clone()) };
    TrialVote {
        state,
        failure,
        detail,
        answer,
        prompt_version,
        prompt_hash,
        calls: if builtin { 0 } else { reply.attempts },
        tokens,
        ..refused(voter.name(), voter.model(), "")
    }
}

/// A vote as the count sees it.
pub(super) fn as_vote(vote: &TrialVote) -> Vote {
    Vote { voter: vote.voter.clone(), state: vote.state, failure: vote.failure, answer: vote.answer.clone() }
}
