//! Members that differ from nearly all others: another parent, another path, an image that is not signed.
use super::tally::{Tally, hash};
use crate::domain::Detection;
use crate::domain::detection::Process;
use crate::store::bulk::Facts;
use crate::triage::fingerprint::{path, user_class};
use std::collections::HashMap;

/// Among fewer cases none is out of the ordinary.
const LEAST: usize = 10;
/// So many of a hundred must agree.
const AGREE: usize = 90;

/// The fields by which a member can be out of the ordinary, with their names.
pub(super) const FIELDS: [&str; 8] =
    ["Rule", "Event", "Image", "Parent", "Signature", "Kind of user", "Severity", "Behaviours in the case"];

/// What a member says in each of these fields: the value that is compared, and as what it is shown.
pub(super) type Values = [(u64, String); FIELDS.len()];

/// The values of a member.
pub(super) fn values(facts: &Facts, read: Option<&Detection>) -> Values {
    let process = read.and_then(Detection::process).unwrap_or_default();
    let parent = read.and_then(Detection::parent).unwrap_or_default();
    let user = read.map(Detection::user).unwrap_or_default();
    let texts = [
        (facts.case.rule_path.clone(), facts.case.title.clone()),
        same(read.map(|read| read.event_type.clone()).unwrap_or_default()),
        (path(&process.path), process.path.clone()),
        (path(&parent.path), parent.path),
        same(signature(&process)),
        same(user_class(&user).to_owned()),
        same(facts.case.severity.label().to_owned()),
        same(facts.behaviours.to_string()),
    ];
    texts.map(|(value, text)| (hash(&value), if text.is_empty() { "none".to_owned() } else { text }))
}

fn same(text: String) -> (String, String) {
    (text.clone(), text)
}

fn signature(process: &Process) -> String {
    let word = match process.signed {
        Some(true) => "signed",
        Some(false) => "not signed",
        None => "unknown",
    };
    word.to_owned()
}

/// Members, and what they say: of all of them, and of those of each rule.
#[derive(Debug, Clone, Default)]
pub(super) struct Agreement {
    members: Vec<(usize, [u64; FIELDS.len()])>,
    of_all: [Tally; FIELDS.len()],
    of_rule: HashMap<u64, [Tally; FIELDS.len()]>,
}

impl Agreement {
    /// Adds the member at a place.
    pub(super) fn add(&mut self, at: usize, values: &Values) {
        let hashes = std::array::from_fn(|field| values[field].0);
        self.members.push((at, hashes));
        let of_rule = self.of_rule.entry(hashes[0]).or_default();
        for (field, (value, text)) in values.iter().enumerate() {
            self.of_all[field].add(*value, text);
            of_rule[field].add(*value, text);
        }
    }

    /// What all members say in a field.
    pub(super) const fn of_all(&self) -> &[Tally; FIELDS.len()] {
        &self.of_all
    }

    /// The places of members that differ, each with how.
    pub(super) fn odd_ones(&self) -> Vec<(usize, String)> {
        let usual = usual(&self.of_all);
        let by_rule: HashMap<u64, _> =
            self.of_rule.iter().map(|(rule, tallies)| (*rule, self::usual(tallies))).collect();
        let how = |(at, hashes): &(usize, [u64; FIELDS.len()])| {
            let of_rule = self.of_rule.get(&hashes[0]).zip(by_rule.get(&hashes[0]));
            let among = of_rule.into_iter().chain([(&self.of_all, &usual)]);
            let differs = among.flat_map(|(tallies, usual)| differs(hashes, tallies, usual)).next();
            differs.map(|differs| (*at, differs))
        };
        self.members.iter().filter_map(how).collect()
    }
}

/// For each field the value that nearly all have, where there is one.
fn usual(tallies: &[Tally; FIELDS.len()]) -> [Option<u64>; FIELDS.len()] {
    std::array::from_fn(|field| {
        let tally = &tallies[field];
        let usual = tally.usual().filter(|_| tally.all() >= LEAST)?;
        (tally.of(usual).0 * 100 >= tally.all() * AGREE).then_some(usual)
    })
}

/// Where a member says something else than nearly all, in words.
fn differs<'a>(
    hashes: &'a [u64; FIELDS.len()],
    tallies: &'a [Tally; FIELDS.len()],
    usual: &'a [Option<u64>; FIELDS.len()],
) -> impl Iterator<Item = String> + 'a {
    usual.iter().enumerate().filter_map(move |(field, usual)| {
        let usual = (*usual)?;
        let (count, most) = tallies[field].of(usual);
        let (_, own) = tallies[field].of(hashes[field]);
        (usual != hashes[field])
            .then(|| format!("{}: {own}; {count} of {} have {most}.", FIELDS[field], tallies[field].all()))
    })
}
