//! What a change of policy would have done, in sentences.
use super::policy::percent;
use super::words;
use crate::admin::policy::Preview;
use crate::config::Policy;
use crate::domain::AutoClose;
use crate::limits;
use crate::triage::gate::{self, Lived};
use crate::triage::measure;
use crate::triage::preview::{Declared, Effect};

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

fn alarming(text: String, cases: &[i64]) -> Said {
    Said { text, cases: cases.iter().copied().take(NAMED).collect(), alarming: true }
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
    all.extend(votes(effect));
    all.extend(closing(preview, before, after));
    all.extend(drawn(preview, before, after).map(said));
    if preview.unknown > 0 {
        let text = format!("{} left out, because documents were removed or are too large.", cases(preview.unknown));
        all.push(said(text));
    }
    all.extend(mode(before, after).map(said));
    all.extend(proof(before, after).map(said));
    all
}

/// What the votes would let be closed otherwise.
fn votes(effect: &Effect) -> Vec<Said> {
    let mut all = Vec::new();
    if effect.more.total() > 0 {
        let text = format!("{} more could be closed: {}.", cases(effect.more.total()), declared(&effect.more));
        all.push(said(text));
    }
    if !effect.missed.is_empty() {
        let text = format!("{} of these declared true positive:", effect.missed.len());
        all.push(alarming(text, &effect.missed));
    }
    if effect.fewer.total() > 0 {
        let text = format!("{} would be kept for a person: {}.", cases(effect.fewer.total()), declared(&effect.fewer));
        all.push(said(text));
    }
    all
}

/// What the gates would have let the machine close alone.
fn closing(preview: &Preview, before: &Policy, after: &Policy) -> Vec<Said> {
    let played = &preview.played;
    let alone = |policy: &Policy, lived: &Lived| if policy.auto_close == AutoClose::Auto { lived.closed } else { 0 };
    let (was, becomes) = (alone(before, &played.before), alone(after, &played.after));
    let those = cases(preview.effect.cases);
    let mut all = vec![said(if was == becomes {
        format!("Of these {those}, the machine would have closed {becomes} alone, with this change or without it.")
    } else {
        format!("Of these {those}, the machine would have closed {becomes} alone with this change, instead of {was}.")
    })];
    if becomes > 0 {
        all.extend(missed(&played.after));
    } else if after.auto_close == AutoClose::Auto && played.after.opened == 0 {
        all.push(said("Nothing here would have proven itself by enough reviews.".to_owned()));
    } else if after.auto_close == AutoClose::Propose && played.after.closed > 0 {
        all.push(said(format!("It would have proposed to close {} of them.", played.after.closed)));
    }
    if preview.effect.more.total() > 0 {
        let text = "Those that only this change lets be closed are not among these: where vetoes let more through, \
            everything has to prove itself anew.";
        all.push(said(text.to_owned()));
    }
    all.push(said(basis(preview)));
    all
}

/// What people declared of the cases that the machine would have closed.
fn missed(lived: &Lived) -> Vec<Said> {
    let missed = i64::try_from(lived.missed.len()).unwrap_or(i64::MAX);
    let decided = lived.closed - lived.undecided;
    let (low, high) = measure::wilson(missed, decided);
    let share = format!("of {decided} that were decided: {:.1} to {:.1}% (95% interval)", low * 100.0, high * 100.0);
    let found = match (missed, decided) {
        (0, 0) => None,
        (0, _) => Some(said(format!("None of these was declared true positive, {share}."))),
        _ => Some(alarming(format!("{missed} of these declared true positive, {share}:"), &lived.missed)),
    };
    let open = (lived.undecided > 0).then(|| said(format!("{} of these not decided.", lived.undecided)));
    found.into_iter().chain(open).collect()
}

/// What was played, and how.
fn basis(preview: &Preview) -> String {
    let played = &preview.played;
    let since = played.since_ms.map(|since| format!(", since {},", words::when(since).date())).unwrap_or_default();
    let evidence = match played.evidence {
        0 => format!("No other of the last {} cases counts as evidence", limits::PREVIEW_PLAYED),
        count => format!(
            "Of the last {} cases, {count} more that the vote would have let be closed{since} count as evidence",
            limits::PREVIEW_PLAYED
        ),
    };
    format!("{evidence}; whatever proved itself is taken as switched on at once.")
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
    let (was, becomes) = (of(before.reviewed(), effect.before.total()), of(after.reviewed(), effect.after.total()));
    (was.total_cmp(&becomes).is_ne()).then(|| {
        format!(
            "About {becomes} of those that the vote lets be closed would have been drawn for blind review at {}%, \
             instead of {was} at {}%.",
            percent(after.reviewed()),
            percent(before.reviewed())
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
        AutoClose::Auto => "Where a rule has earned it, cases are closed without a person.",
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
