//! What a change of policy would have done, in sentences.
use super::policy::percent;
use super::words;
use crate::admin::policy::Preview;
use crate::config::Policy;
use crate::domain::AutoClose;
use crate::triage::gate;
use crate::triage::preview::Declared;

/// A sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What it says.
    pub text: String,
    /// Cases that it speaks of, at most [`NAMED`].
    pub cases: Vec<i64>,
    /// Whether it speaks against the change.
    pub alarming: bool,
}

/// So many cases are named.
const NAMED: usize = 20;

fn said(text: String) -> Said {
    Said { text, cases: Vec::new(), alarming: false }
}

/// The sentences about a change.
pub fn sentences(preview: &Preview, before: &Policy, after: &Policy) -> Vec<Said> {
    let effect = &preview.effect;
    let mut all = Vec::new();
    if effect.cases == 0 {
        all.push(said("There is no case here with a finished vote that this could be tried on.".to_owned()));
        all.extend(proof(before, after).map(said));
        return all;
    }
    all.push(said(format!(
        "Of the last {} with a finished vote{}, the vote would let {} be closed as the policy is, and {} with this change.",
        cases(effect.cases),
        preview.since_ms.map(|since| format!(" (since {})", words::when(since).date())).unwrap_or_default(),
        effect.before.total(),
        effect.after.total(),
    )));
    if effect.more.total() + effect.fewer.total() == 0 {
        all.push(said("No case would have been treated otherwise.".to_owned()));
    }
    if effect.more.total() > 0 {
        let text = format!("{} more could be closed: {}.", cases(effect.more.total()), declared(&effect.more));
        all.push(said(text));
    }
    if !effect.missed.is_empty() {
        let text = format!("{} of them would have been closed although it was a true positive:", effect.missed.len());
        let named = effect.missed.iter().copied().take(NAMED).collect();
        all.push(Said { text, cases: named, alarming: true });
    }
    if effect.fewer.total() > 0 {
        let text = format!("{} would be kept for a person: {}.", cases(effect.fewer.total()), declared(&effect.fewer));
        all.push(said(text));
    }
    all.extend(drawn(preview, before, after).map(said));
    if preview.unknown > 0 {
        let text = format!("{} left out, because documents were removed.", cases(preview.unknown));
        all.push(said(text));
    }
    all.extend(mode(before, after).map(said));
    all.extend(proof(before, after).map(said));
    all
}

/// What a gate would need at another limit.
fn proof(before: &Policy, after: &Policy) -> Option<String> {
    let needed = |policy: &Policy| gate::needed(policy.limit, gate::spent(1));
    let text = match (needed(before), needed(after)) {
        (Some(was), Some(becomes)) if was != becomes => {
            let reviews = words::plural(becomes, "review");
            format!("A rule would have to prove itself by {reviews} without a true positive, instead of {was}.")
        }
        (Some(_), None) => "No number of reviews would ever let the machine close a case.".to_owned(),
        (None, Some(becomes)) => {
            format!(
                "A rule would have to prove itself by {} without a true positive.",
                words::plural(becomes, "review")
            )
        }
        _ => return None,
    };
    Some(text)
}

/// How many of them people would have reviewed blind.
fn drawn(preview: &Preview, before: &Policy, after: &Policy) -> Option<String> {
    let of = |share: f64, cases: usize| {
        let cases = u32::try_from(cases).unwrap_or(u32::MAX);
        (share * f64::from(cases)).round()
    };
    let effect = &preview.effect;
    let share = |policy: &Policy| if policy.blind_first { 1.0 } else { policy.review_share };
    let (was, becomes) = (of(share(before), effect.before.total()), of(share(after), effect.after.total()));
    (was.total_cmp(&becomes).is_ne()).then(|| {
        format!(
            "About {becomes} of those would have been drawn for blind review at {}%, instead of {was} at {}%.",
            percent(share(after)),
            percent(share(before))
        )
    })
}

/// What would have become of what could be closed.
fn mode(before: &Policy, after: &Policy) -> Option<String> {
    let text = match after.auto_close {
        AutoClose::Off => "No case would be closed without a person, and nothing would be said of it.",
        AutoClose::Shadow => "No case would be closed without a person: what the machine would close is only noted.",
        AutoClose::Propose => {
            "No case would be closed without a person: where a rule has earned it, closing is proposed."
        }
        AutoClose::Auto => "Where a rule has earned it, those would be closed without a person.",
    };
    (before.auto_close != after.auto_close).then(|| text.to_owned())
}

fn cases(count: usize) -> String {
    words::plural(i64::try_from(count).unwrap_or(i64::MAX), "case")
}

fn declared(tally: &Declared) -> String {
    let told = [
        (tally.false_positive, "declared false positive"),
        (tally.benign_true_positive, "benign true positive"),
        (tally.true_positive, "true positive"),
        (tally.undetermined, "without enough evidence"),
        (tally.pending, "not decided"),
    ];
    let told = told.into_iter().filter(|(cases, _)| *cases > 0).map(|(cases, word)| format!("{cases} {word}"));
    told.collect::<Vec<_>>().join(", ")
}
