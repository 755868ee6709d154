//! A saved view may hold what is not known any more: it is told and left out.
use crate::domain::{MachineVerdict, Severity, Status, Verdict};
use crate::store::orgs::Org;
use crate::store::queue::{Sort, View};
use crate::web::view::listing::Listing;
use crate::web::view::text;
use std::str::FromStr;

/// Parameters of a list's address; those of other pages may lead here with more.
const KNOWN: &[&str] = &[
    "view",
    "status",
    "verdict",
    "machine_verdict",
    "severity",
    "org",
    "assignee",
    "rule",
    "sensor",
    "fingerprint",
    "q",
    "sort",
    "limit",
    "after",
    "peek",
    "group",
    "saved",
    "done",
    "undone",
    "snoozed",
    "bulk",
    "assigned",
    "from",
    "tag",
    "opened",
    "decided",
    "first_decided",
    "overturned",
    "decided_by",
    "spot",
    "dissent",
    "reviewed",
];

/// Takes out of a saved view what is not known any more; returns a sentence for each.
pub(super) fn mend(listing: &mut Listing, raw: &str, orgs: &[Org]) -> Vec<String> {
    let mut told: Vec<String> = form_urlencoded::parse(raw.as_bytes())
        .filter(|(name, _)| !KNOWN.contains(&name.as_ref()))
        .map(|(name, value)| left_out(&name, &value))
        .collect();
    let bad_fingerprint =
        listing.fingerprint.len() != 64 || !listing.fingerprint.bytes().all(|b| b.is_ascii_hexdigit());
    let bad_limit = listing.limit.parse().ok().is_none_or(|rows: i64| !(1..=crate::limits::PAGE_MOST).contains(&rows));
    let checks = [
        ("view", &mut listing.view, unknown::<View> as fn(&str) -> bool),
        ("status", &mut listing.status, unknown::<Status>),
        ("verdict", &mut listing.verdict, unknown::<Verdict>),
        ("machine_verdict", &mut listing.machine_verdict, unknown::<MachineVerdict>),
        ("severity", &mut listing.severity, unknown::<Severity>),
        ("sort", &mut listing.sort, unknown::<Sort>),
        ("group", &mut listing.group, |word| word != "off"),
        ("fingerprint", &mut listing.fingerprint, if bad_fingerprint { |_| true } else { |_| false }),
        ("limit", &mut listing.limit, if bad_limit { |_| true } else { |_| false }),
    ];
    for (name, value, is_bad) in checks {
        if !value.is_empty() && is_bad(value) {
            told.push(left_out(name, value));
            value.clear();
        }
    }
    told.extend(listing.moments.mend().into_iter().map(|(name, value)| left_out(name, &value)));
    if !listing.org.is_empty() && !orgs.iter().any(|org| org.slug == listing.org) {
        told.push(format!("No organisation {} is yours, so no case can match.", text::start(&listing.org, 60)));
    }
    told
}

fn unknown<T: FromStr>(word: &str) -> bool {
    word.parse::<T>().is_err()
}

fn left_out(name: &str, value: &str) -> String {
    format!(
        "This view asks for {} {}, which is not known any more: it is left out.",
        text::start(name, 40),
        text::start(value, 60)
    )
}
