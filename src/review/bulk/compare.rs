//! How the members of a selection compare: patterns, what is the same in all, and what differs.
use super::odd::{self, Agreement, FIELDS};
use super::tally::{Tally, hash};
use crate::domain::{Detection, Outcome};
use crate::review::sight;
use crate::store::bulk::{Facts, NewMember, Why};
use std::collections::{HashMap, HashSet};

/// So many patterns are shown.
const PATTERNS: usize = 20;
/// So many values of a field are shown.
const VALUES: usize = 5;
/// So many words of command lines are shown, and so many compared.
const WORDS: usize = 12;
const WORDS_COMPARED: usize = 2_000;
/// The longest command line that is compared, in bytes.
const LONGEST_LINE: usize = 8 * 1024;

/// Cases of one behaviour within a selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The behaviour.
    pub fingerprint: String,
    /// Its organisation's slug.
    pub org: String,
    /// The title of one of its cases.
    pub title: String,
    /// `parent → child`, or empty.
    pub chain: String,
    /// How many cases.
    pub cases: usize,
    /// How many of them would be decided.
    pub going: usize,
    /// How many hosts.
    pub hosts: usize,
}

/// A field in which members differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The field.
    pub field: &'static str,
    /// How many different values.
    pub distinct: usize,
    /// The most frequent ones, and in how many cases.
    pub values: Vec<(String, usize)>,
}

/// How the members of a selection compare. Those that somebody decided already are not compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// The patterns with most cases.
    pub patterns: Vec<Pattern>,
    /// How many patterns there are.
    pub all_patterns: usize,
    /// What is the same in all: field and value.
    pub same: Vec<(&'static str, String)>,
    /// What differs.
    pub differ: Vec<Difference>,
    /// The first and the last event.
    pub events_ms: Option<(i64, i64)>,
}

/// What is counted besides the fields of [`odd`].
const MORE: [&str; 5] = ["Host", "User", "Command line", "Votes", "Organisation"];

/// Members as they are read.
#[derive(Debug, Clone, Default)]
pub(super) struct Compared {
    seen: usize,
    agreement: Agreement,
    more: [Tally; MORE.len()],
    words: HashMap<String, usize>,
    lines: usize,
    patterns: HashMap<(i64, String), (Pattern, HashSet<i64>)>,
    of_member: Vec<(i64, String)>,
    events_ms: Option<(i64, i64)>,
}

impl Compared {
    /// Adds the next member.
    pub(super) fn add(&mut self, facts: &Facts, why: Option<Why>) {
        let case = &facts.case;
        let at = self.seen;
        self.seen += 1;
        self.of_member.push((case.org_id, case.fingerprint.clone()));
        let pattern = self.patterns.entry((case.org_id, case.fingerprint.clone())).or_insert_with(|| {
            let (fingerprint, org) = (case.fingerprint.clone(), case.org.clone());
            let (title, chain) = (case.title.clone(), case.chain.clone());
            (Pattern { fingerprint, org, title, chain, cases: 0, going: 0, hosts: 0 }, HashSet::new())
        });
        pattern.0.cases += 1;
        pattern.1.insert(case.sensor_id);
        if why == Some(Why::Decided) {
            return;
        }
        let document = facts.raw.as_deref().and_then(|raw| serde_json::from_str(raw).ok());
        let read = document.and_then(|document| Detection::read(&document).ok());
        self.agreement.add(at, &odd::values(facts, read.as_ref()));
        self.count(facts, read.as_ref());
        let (first, last) = self.events_ms.unwrap_or((i64::MAX, i64::MIN));
        self.events_ms = Some((first.min(case.first_event_ms), last.max(case.last_event_ms)));
    }

    fn count(&mut self, facts: &Facts, read: Option<&Detection>) {
        let case = &facts.case;
        let outcome = case.outcome.map_or("", Outcome::label).to_lowercase();
        let blind = sight(case).is_blind();
        let line = read.and_then(Detection::process).map(|process| process.command_line).unwrap_or_default();
        let texts = [
            &case.hostname,
            &case.user_name,
            &line,
            &if blind { "in blind review".to_owned() } else { format!("{}, {outcome}", case.machine_verdict.label()) },
            &case.org,
        ];
        for (tally, text) in self.more.iter_mut().zip(texts) {
            tally.add(hash(text), if text.is_empty() { "none" } else { text });
        }
        self.lines += 1;
        let cut = &line[..line.floor_char_boundary(LONGEST_LINE)];
        for word in cut.split_whitespace().collect::<HashSet<_>>() {
            if let Some(count) = self.words.get_mut(word) {
                *count += 1;
            } else if self.words.len() < WORDS_COMPARED {
                self.words.insert(word.to_owned(), 1);
            }
        }
    }

    /// The places of members that differ from nearly all others, each with how.
    pub(super) fn odd_ones(&self) -> Vec<(usize, String)> {
        self.agreement.odd_ones()
    }

    /// How they compare; `members` in the order in which they were added.
    pub(super) fn comparison(mut self, members: &[NewMember]) -> Comparison {
        for (member, key) in members.iter().zip(&self.of_member) {
            if let Some((pattern, _)) = self.patterns.get_mut(key) {
                pattern.going += usize::from(member.goes());
            }
        }
        let all_patterns = self.patterns.len();
        let (same, differ) = self.fields();
        let hosts = |(pattern, hosts): (Pattern, HashSet<i64>)| Pattern { hosts: hosts.len(), ..pattern };
        let mut patterns: Vec<_> = self.patterns.into_values().map(hosts).collect();
        patterns
            .sort_by(|left, right| right.cases.cmp(&left.cases).then_with(|| left.fingerprint.cmp(&right.fingerprint)));
        patterns.truncate(PATTERNS);
        Comparison { patterns, all_patterns, same, differ, events_ms: self.events_ms }
    }

    fn fields(&self) -> (Vec<(&'static str, String)>, Vec<Difference>) {
        let (mut same, mut differ) = (Vec::new(), Vec::new());
        let tallies = FIELDS.iter().zip(self.agreement.of_all()).chain(MORE.iter().zip(&self.more));
        for (field, tally) in tallies {
            let values = tally.top(VALUES);
            match (tally.distinct(), values.first()) {
                (1, Some((value, _))) => same.push((*field, value.clone())),
                (2.., _) => differ.push(Difference { field, distinct: tally.distinct(), values }),
                _ => {}
            }
        }
        differ.extend(self.words());
        (same, differ)
    }

    /// The words of command lines that not all have, the most frequent first.
    fn words(&self) -> Option<Difference> {
        let mut some: Vec<_> = self.words.iter().filter(|(_, count)| **count < self.lines).collect();
        some.sort_by(|left, right| right.1.cmp(left.1).then_with(|| left.0.cmp(right.0)));
        let distinct = some.len();
        let values = some.into_iter().take(WORDS).map(|(word, count)| (word.clone(), *count)).collect();
        (distinct > 0).then_some(Difference { field: "Words of the command line that not all have", distinct, values })
    }
}
