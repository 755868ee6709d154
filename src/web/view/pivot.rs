//! What the pages of rules, sensors and observables share: cases, how they were decided, what stands beside.
use super::case::CaseData;
use super::words::{self, Glyph, Sev, When, when};
use super::{evidence, links, text};
use crate::domain::Verdict;
use crate::review::sight;
use crate::store::fingerprints::Elsewhere;
use crate::store::history::{Behaviour, Beside, Host, Line, WINDOW};

/// A count as shown: `1000+` where counting stopped.
pub fn count(count: i64) -> String {
    if count >= WINDOW { format!("{WINDOW}+") } else { count.to_string() }
}

/// A case in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseView {
    /// Its number.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// Host, or host and organisation.
    pub host: String,
    /// `parent → child`.
    pub chain: String,
    /// Its severity.
    pub severity: Sev,
    /// The verdict that counts: a person's, else the panel's; or that it is in blind review.
    pub glyph: Glyph,
    /// Whose word that is, or empty.
    pub whose: &'static str,
    /// Who decided it, or empty.
    pub by: String,
    /// When that was.
    pub decided: Option<When>,
    /// When it was opened.
    pub opened: When,
}

/// A case for a list.
pub fn case(line: &Line, several_orgs: bool) -> CaseView {
    let decided = line.verdict.decided();
    let host = text::start(&line.hostname, 80);
    let (glyph, whose) = words::said(line.verdict, line.machine_verdict, line.blind);
    CaseView {
        number: line.number,
        title: text::start(&line.title, 200),
        host: if several_orgs { format!("{host} · {}", line.org) } else { host },
        chain: text::start(&line.chain, 120),
        severity: words::severity(line.severity),
        glyph,
        whose,
        by: line.decided_by.clone(),
        decided: line.decided_ms.filter(|_| decided).map(when),
        opened: when(line.opened_ms),
    }
}

/// How people decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Each verdict that occurs with its cases' number and address.
    pub verdicts: Vec<(Glyph, i64, String)>,
    /// Cases in all, as shown.
    pub cases: String,
    /// Whether there are more cases than were looked at.
    pub cut: bool,
    /// Cases that people decided one way or the other.
    pub reviewed: i64,
    /// The share of false positives among those, or empty.
    pub share: String,
    /// How many of the newest cases it looks at.
    pub window: i64,
}

/// How people decided cases, from counts by verdict; `page` is the address of the list.
pub fn tally(counts: &[(Verdict, i64)], page: &str) -> Tally {
    let of = |verdict: Verdict| counts.iter().filter(|(known, _)| *known == verdict).map(|(_, count)| count).sum();
    let all: i64 = counts.iter().map(|(_, count)| count).sum();
    let false_positive: i64 = of(Verdict::FalsePositive);
    let reviewed: i64 = false_positive + of(Verdict::BenignTruePositive) + of(Verdict::TruePositive);
    let waiting = std::iter::once(&Verdict::Pending);
    let verdicts = Verdict::ALL.iter().filter(|verdict| verdict.decided()).chain(waiting).map(|verdict| {
        let href = format!("{page}?verdict={verdict}#cases");
        (words::person(*verdict), of(*verdict), href)
    });
    Tally {
        verdicts: verdicts.filter(|(_, count, _)| *count > 0).collect(),
        cases: count(all),
        cut: all >= WINDOW,
        reviewed,
        share: share(false_positive, reviewed),
        window: WINDOW,
    }
}

/// A share of the reviewed cases, or empty where there are none.
#[expect(clippy::cast_precision_loss, reason = "shown as whole percent")]
pub fn share(part: i64, reviewed: i64) -> String {
    if reviewed == 0 { String::new() } else { words::percent(part as f64 / reviewed as f64) }
}

/// Something that leads to a page, with how many cases it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// What kind of thing it is, or empty.
    pub kind: &'static str,
    /// Its name in pieces that may break.
    pub name: Vec<String>,
    /// Its page.
    pub href: String,
    /// Its cases, as shown.
    pub cases: String,
}

/// The same things of several organisations put together, most cases first.
fn together<T, K: PartialEq>(found: &[T], key: impl Fn(&T) -> K, cases: impl Fn(&T) -> i64) -> Vec<(&T, i64)> {
    let mut seen: Vec<(&T, i64)> = Vec::new();
    for one in found {
        match seen.iter_mut().find(|(known, _)| key(known) == key(one)) {
            Some((_, sum)) => *sum += cases(one),
            None => seen.push((one, cases(one))),
        }
    }
    seen.sort_by_key(|(_, sum)| std::cmp::Reverse(*sum));
    seen
}

/// The hosts with the most cases.
pub fn hosts(found: &[Host], most: usize) -> Vec<Pointer> {
    let view = |(host, cases): (&Host, i64)| Pointer {
        kind: "",
        name: text::pieces(&text::start(if host.hostname.is_empty() { &host.sid } else { &host.hostname }, 120)),
        href: links::sensor(&host.sid),
        cases: count(cases),
    };
    together(found, |host| host.sid.clone(), |host| host.cases).into_iter().take(most).map(view).collect()
}

/// What stands beside something most often.
pub fn beside(found: &[Beside], most: usize) -> Vec<Pointer> {
    let view = |(other, cases): (&Beside, i64)| Pointer {
        kind: other.kind.label(),
        name: text::pieces(&text::start(&text::defang(other.kind, &other.value), 200)),
        href: evidence::observable_page(other.kind, &other.value),
        cases: count(cases),
    };
    let all = together(found, |other| (other.kind, other.value.clone()), |other| other.cases);
    all.into_iter().take(most).map(view).collect()
}

/// The most frequent behaviours, each with its cases in the queue.
pub fn behaviours(found: &[Behaviour], most: usize) -> Vec<Pointer> {
    let view = |(behaviour, cases): (&Behaviour, i64)| Pointer {
        kind: "",
        name: vec![text::start(&behaviour.chain, 120)],
        href: links::cases("fingerprint", &behaviour.fingerprint),
        cases: count(cases),
    };
    let all = together(found, |behaviour| behaviour.fingerprint.clone(), |behaviour| behaviour.cases);
    all.into_iter().take(most).map(view).collect()
}

/// A case with the same behaviour on another host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElsewhereView {
    /// Its number.
    pub number: i64,
    /// The host's name.
    pub host: String,
    /// The host's page.
    pub host_page: String,
    /// `Open` or `Closed`.
    pub state: &'static str,
    /// The verdict that counts: a person's, else the panel's.
    pub glyph: Glyph,
    /// When it was opened.
    pub opened: When,
}

/// The same behaviour in the rest of the organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// The newest cases on other hosts.
    pub elsewhere: Vec<ElsewhereView>,
    /// How many other hosts, as shown.
    pub hosts: String,
    /// How many cases with this one, as shown; empty where this is the only one.
    pub cases: String,
    /// How many of them people decided.
    pub decided: i64,
    /// All of them in the queue.
    pub page: String,
}

/// The same behaviour in the rest of the organisation.
pub fn cluster(data: &CaseData) -> Cluster {
    let view = |other: &Elsewhere| ElsewhereView {
        number: other.number,
        host: text::start(&other.hostname, 80),
        host_page: links::sensor(&other.sid),
        state: if other.open { "open" } else { "closed" },
        glyph: words::said_beside(sight(&data.case), other.verdict, other.machine_verdict, other.blind),
        opened: when(other.opened_ms),
    };
    let others = data.prevalence.cases;
    Cluster {
        elsewhere: data.elsewhere.iter().map(view).collect(),
        hosts: count(data.prevalence.other_hosts),
        cases: if others == 0 { String::new() } else { count(others + 1) },
        decided: data.precedents.total(),
        page: links::cases("fingerprint", &data.case.fingerprint),
    }
}
