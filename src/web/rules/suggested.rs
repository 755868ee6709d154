//! Exclusions that the search proposes for a rule, and one of them on the way to the form.
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::store::{Tx, rules};
use crate::tuning::search::{Candidate, LEAST, Nothing, Side};
use crate::tuning::suggest::{self, DAYS, Gathered, Suggested};
use crate::web::view::text;
use crate::web::view::words::plural;

/// A candidate in words.
#[derive(Debug)]
pub struct CandidateView {
    /// What it covers.
    pub covers: String,
    /// Its conditions.
    pub conditions: Vec<String>,
    /// Which of its fields an attacker can write, or empty.
    pub caution: String,
    /// The form that proposes it.
    pub href: String,
}

/// What is proposed in one organisation.
#[derive(Debug)]
pub struct SuggestedView {
    /// The organisation, where there are several.
    pub org: String,
    /// The candidates, best first.
    pub candidates: Vec<CandidateView>,
    /// Why there is none, or empty.
    pub none: String,
    /// What an exclusion covers already, or empty.
    pub covered: String,
    /// Exclusions of this rule: id, name, state.
    pub exclusions: Vec<(i64, String, &'static str)>,
}

/// What the search needs of a rule in each organisation.
pub(super) async fn gather(tx: &mut Tx, known: &[rules::Known]) -> Result<Vec<Option<Gathered>>> {
    let mut all = Vec::with_capacity(known.len());
    for one in known {
        all.push(suggest::gather(tx, one.org_id, one.rule.id, now_ms()).await?);
    }
    Ok(all)
}

/// Searches in each organisation, and puts what is found into words.
pub(super) async fn views(all: Vec<Option<Gathered>>, known: &[rules::Known]) -> Result<Vec<SuggestedView>> {
    let mut views = Vec::with_capacity(all.len());
    for (gathered, one) in all.into_iter().zip(known) {
        let org = if known.len() > 1 { text::visible(&one.org) } else { String::new() };
        views.push(view(search(gathered).await?, org, &one.rule.path));
    }
    Ok(views)
}

async fn search(gathered: Option<Gathered>) -> Result<Option<Suggested>> {
    let Some(gathered) = gathered else { return Ok(None) };
    let found = tokio::task::spawn_blocking(move || gathered.search()).await;
    found.map(Some).map_err(|error| AppError::Internal(error.into()))
}

/// What the search finds again by its key for a case, with what it covers in words.
///
/// # Errors
/// `Conflict` where it finds it no more.
pub(in crate::web) async fn one(gathered: Option<Gathered>, key: &str, case: i64) -> Result<(Candidate, String)> {
    let suggested = search(gathered).await?;
    let found = suggested.and_then(|all| {
        let one = all.found.candidates.iter().find(|one| one.key == key && one.case == case)?.clone();
        Some((covers(&one, &all), one))
    });
    let (words, candidate) = found.ok_or_else(|| {
        AppError::Conflict("What was found for this rule has changed meanwhile. Look at the rule again.".to_owned())
    })?;
    let caution = caution(&candidate);
    Ok((candidate, format!("{words}. {caution}").trim().to_owned()))
}

fn view(suggested: Option<Suggested>, org: String, path: &str) -> SuggestedView {
    let few = format!(
        "Fewer than {LEAST} separate decisions declared a false positive of it in {DAYS} days; from {LEAST} on exclusions are looked for."
    );
    let Some(all) = suggested else {
        return SuggestedView {
            org,
            candidates: Vec::new(),
            none: few,
            covered: String::new(),
            exclusions: Vec::new(),
        };
    };
    let none = match all.found.nothing {
        None => String::new(),
        Some(Nothing::Few) if all.covered > 0 => "Nothing is left to look for.".to_owned(),
        Some(Nothing::Few) => few,
        Some(Nothing::Unlike) => format!(
            "None: its false positives have no two fields in common that at least {LEAST} separate decisions agree on."
        ),
        Some(Nothing::Shared) => {
            "None: whatever its false positives have in common would also hide what must be kept.".to_owned()
        }
    };
    let now = now_ms();
    SuggestedView {
        org,
        candidates: all.found.candidates.iter().map(|one| candidate(one, &all, path)).collect(),
        none,
        covered: match all.covered {
            0 => String::new(),
            count => format!("{} covered already.", plural(number(count), "false positive")),
        },
        exclusions: all.exclusions.iter().map(|x| (x.id, x.name.clone(), x.state_at(now).label())).collect(),
    }
}

fn candidate(one: &Candidate, all: &Suggested, path: &str) -> CandidateView {
    let case = one.case.to_string();
    let fields = [("case", case.as_str()), ("rule", path), ("found", one.key.as_str())];
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    CandidateView {
        covers: covers(one, all),
        conditions: one.conditions.iter().map(|condition| text::start(&condition.label, 400)).collect(),
        caution: caution(one),
        href: format!("/tuning/new?{query}"),
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// `Covers 31 of 34 false positives, 0 of 2 true positives`, and what else was looked at.
fn covers(one: &Candidate, all: &Suggested) -> String {
    let of = |side: Side| number(all.counts.get(&side).copied().unwrap_or_default());
    let share = one.false_positives;
    let mut parts = vec![
        format!("Covers {} of {}", share.covered, plural(number(share.all), "false positive")),
        format!("0 of {}", plural(of(Side::TruePositive), "true positive")),
    ];
    if of(Side::Undetermined) > 0 {
        parts.push(format!("0 of {} undetermined", of(Side::Undetermined)));
    }
    if of(Side::Flagged) > 0 {
        parts.push(format!("0 of {} with steering texts or malicious intelligence", of(Side::Flagged)));
    }
    if one.benign.all > 0 {
        let benign = plural(number(one.benign.all), "benign true positive");
        parts.push(format!("{} of {benign}", one.benign.covered));
    }
    parts.join(", ")
}

fn caution(one: &Candidate) -> String {
    let fields = one.written.join(", ");
    let written = match (one.written.is_empty(), one.only_written) {
        (true, _) => String::new(),
        (_, true) => format!("An attacker can write all of this: {fields}."),
        (_, false) => format!("An attacker can write: {fields}."),
    };
    let unasked = one.unasked.as_ref().map(|name| {
        format!(" It hides whatever {} is told to do: no condition is on the command line.", text::visible(name))
    });
    (written + &unasked.unwrap_or_default()).trim().to_owned()
}
