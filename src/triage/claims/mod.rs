//! Claims: what voters state in their own words, compared by code with the raw fields of the event.
//!
//! `text` cuts a text into sentences and words, `stance` tells a statement from a denial, a question and a
//! supposition, `subject` tells whom it is about, `facts` holds what the event says. Each other file looks
//! for statements of one kind. A soft hedge ("appears to be signed") is a statement: the vote rests on it.
//! What the event does not say is unsupported; only the opposite of what it says is contradicted.
mod facts;
mod hash;
mod parent;
mod path;
mod place;
mod reputation;
mod signature;
mod signer;
mod stance;
mod subject;
mod text;
mod user;

use crate::domain::claim::{Claim, ClaimKind, ClaimState, Passage};
use crate::domain::{Answer, Dossier, MachineVerdict, Vote};
use facts::{Facts, Judged, Subject};
use text::Sentence;

/// A statement within a sentence.
struct Found {
    kind: ClaimKind,
    /// The places of its first and last word.
    from: usize,
    to: usize,
    judged: Judged,
}

/// A sentence and all that is needed to judge it.
struct Ctx<'a> {
    sentence: &'a Sentence<'a>,
    facts: &'a Facts<'a>,
    /// Whom the sentence before was about.
    carried: Subject,
    found: Vec<Found>,
}

impl Ctx<'_> {
    fn add(&mut self, kind: ClaimKind, (from, to): (usize, usize), judged: Judged) {
        let again = |other: &Found| other.kind == kind && other.from <= to && from <= other.to;
        if !self.found.iter().any(again) {
            self.found.push(Found { kind, from, to, judged });
        }
    }

    fn subject(&self, at: usize) -> Subject {
        subject::of(self.sentence, at, self.facts, self.carried)
    }
}

/// The statements of a text, as if a voter had written it in this part of its answer.
pub fn of_text(dossier: &Dossier, voter: &str, field: Passage, text: &str) -> Vec<Claim> {
    let facts = Facts::of(dossier);
    of_passage(&facts, voter, field, text)
}

/// The statements of an answer.
pub fn of_answer(dossier: &Dossier, voter: &str, answer: &Answer) -> Vec<Claim> {
    let facts = Facts::of(dossier);
    let passages = [
        (Passage::WhatHappened, &answer.what_happened),
        (Passage::EvidenceMalicious, &answer.evidence_malicious),
        (Passage::EvidenceBenign, &answer.evidence_benign),
        (Passage::IocAnalysis, &answer.ioc_analysis),
        (Passage::FalsePositiveReason, &answer.false_positive_reason),
    ];
    passages.into_iter().flat_map(|(field, text)| of_passage(&facts, voter, field, text)).collect()
}

/// So much of a text is looked at, and so many statements are kept.
const LONGEST: usize = 16 * 1024;
const MOST: usize = 100;

fn of_passage(facts: &Facts<'_>, voter: &str, field: Passage, text: &str) -> Vec<Claim> {
    let text = &text[..text.floor_char_boundary(LONGEST)];
    let mut claims = Vec::new();
    let mut carried = Subject::Process;
    for sentence in text::sentences(text) {
        if claims.len() >= MOST {
            break;
        }
        let mut ctx = Ctx { sentence: &sentence, facts, carried, found: Vec::new() };
        signer::find(&mut ctx);
        signature::find(&mut ctx);
        path::find(&mut ctx);
        place::find(&mut ctx);
        user::find(&mut ctx);
        hash::find(&mut ctx);
        parent::find(&mut ctx);
        reputation::find(&mut ctx);
        for Found { kind, from, to, judged: (state, says) } in ctx.found {
            let (start, end) = (sentence.tokens[from].start, sentence.tokens[to].end);
            let quote = text[start..end].to_owned();
            claims.push(Claim { voter: voter.to_owned(), field, start, end, kind, quote, state, says });
        }
        carried = (0..sentence.tokens.len()).find_map(|at| subject::mention(&sentence, at, facts)).unwrap_or(carried);
    }
    claims.sort_by_key(|claim| (claim.start, claim.end));
    claims
}

/// The votes as they are counted: one whose ground the event contradicts asks for a review instead.
pub fn counted(panel: &[Vote], claims: &[Claim]) -> Vec<Vote> {
    panel.iter().map(|vote| counted_one(vote, claims)).collect()
}

fn counted_one(vote: &Vote, claims: &[Claim]) -> Vote {
    let mut vote = vote.clone();
    if let Some(answer) = vote.answer.as_mut()
        && claims.iter().any(|claim| claim.voter == vote.voter && claim.breaks(answer.verdict))
    {
        answer.verdict = MachineVerdict::NeedsReview;
    }
    vote
}

/// Whether anybody states what the event contradicts.
pub fn contradicted(claims: &[Claim]) -> bool {
    claims.iter().any(|claim| claim.state == ClaimState::Contradicted)
}
