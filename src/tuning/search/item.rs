//! Single conditions that several false positives meet: values, folders and patterns in common.
use super::bits::Bits;
use super::column::{Column, Kind, subject, title};
use super::place;
use super::{LEAST, Samples};
use crate::domain::path::file_name;
use crate::tuning::condition::{Condition, equals, loosen};
use regex::{Regex, RegexBuilder};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Conditions that are combined.
const MOST: usize = 48;
/// Conditions of one kind on one field.
const MOST_OF_FIELD: usize = 6;

/// A condition, and the samples that meet it.
#[derive(Debug)]
pub(super) struct Item {
    /// The condition.
    pub condition: Condition,
    /// The field.
    pub path: String,
    /// What it is about.
    pub subject: String,
    /// From what is hardest to forge to what is easiest.
    pub class: u8,
    /// Whether an attacker can write the value.
    pub written: bool,
    /// Whether it places a file among installed software.
    pub installed: bool,
    /// The false positives that meet it.
    pub targets: Bits,
    /// Those that must not be hidden and meet it.
    pub kept: Bits,
}

/// A condition that is offered, before it is known who meets it.
#[derive(Clone)]
struct Offer {
    rule: Value,
    label: String,
    test: Test,
    class: u8,
    written: bool,
    specific: bool,
    installed: bool,
}

#[derive(Clone)]
enum Test {
    /// Equal, in lower case where case plays no part.
    Is {
        value: Value,
        cased: bool,
    },
    Below(String),
    Named(String),
    Like(Regex),
}

impl Test {
    fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Is { value: Value::String(wanted), cased }, Value::String(text)) => {
                if *cased {
                    wanted == text
                } else {
                    same(wanted, text)
                }
            }
            (Self::Is { value: wanted, .. }, value) => wanted == value,
            (Self::Below(folder), Value::String(text)) => {
                text.get(..folder.len()).is_some_and(|start| same(folder, start))
            }
            (Self::Named(name), Value::String(text)) => same(name, file_name(text)),
            (Self::Like(pattern), Value::String(text)) => pattern.is_match(text),
            _ => false,
        }
    }
}

/// Equal but for case, as the rule itself compares; most texts are plain ones, which need no copy.
fn same(one: &str, other: &str) -> bool {
    let plain = one.is_ascii() && other.is_ascii();
    one.eq_ignore_ascii_case(other) || !plain && one.to_lowercase() == other.to_lowercase()
}

/// The conditions that enough acts of people agree on, those hardest to forge first.
pub(super) fn of(columns: &[Column<'_>], samples: &Samples<'_>) -> Vec<Item> {
    let mut items = Vec::new();
    for column in columns {
        for offer in offers(column, samples) {
            let holds: Vec<bool> = column.values.iter().map(|value| offer.test.holds(value)).collect();
            let met = |sample: usize| column.of[sample].is_some_and(|place| holds[place]);
            let targets = Bits::of(samples.targets.len(), |at| met(samples.targets[at]));
            if samples.acts_of(&targets) < LEAST {
                continue;
            }
            let kept = Bits::of(samples.kept.len(), |at| met(samples.kept[at]));
            items.push(item(column, offer, targets, kept));
        }
    }
    let key = |item: &Item| (item.class, std::cmp::Reverse(item.targets.count()));
    items.sort_by(|one, other| {
        let text = |item: &Item| (item.path.clone(), item.condition.rule.to_string());
        key(one).cmp(&key(other)).then_with(|| text(one).cmp(&text(other)))
    });
    items.truncate(MOST);
    items
}

fn item(column: &Column<'_>, offer: Offer, targets: Bits, kept: Bits) -> Item {
    let Offer { rule, label, class, written, specific, installed, .. } = offer;
    let key = format!("found:{}", column.path);
    Item {
        condition: Condition { key, label, rule, specific },
        path: column.path.clone(),
        subject: subject(&column.path, column.kind),
        class,
        written,
        installed,
        targets,
        kept,
    }
}

/// A value of the false positives, and how many have it.
type Counted<'a> = (&'a Value, usize);

fn offers(column: &Column<'_>, samples: &Samples<'_>) -> Vec<Offer> {
    let mut counts = vec![0; column.values.len()];
    for place in samples.targets.iter().filter_map(|at| column.of[*at]) {
        counts[place] += 1;
    }
    let values: Vec<Counted<'_>> = column.values.iter().copied().zip(counts).filter(|(_, count)| *count > 0).collect();
    let texts: Vec<(&str, usize)> =
        values.iter().filter_map(|(value, count)| Some((value.as_str()?, *count))).collect();
    match column.kind {
        Kind::Command => commands(column, &texts),
        Kind::Path => {
            [exact(column, &texts), folders(column, &texts), templates(column, &texts), names(column, &texts)].concat()
        }
        _ => [exact(column, &texts), numbers(column, &values)].concat(),
    }
}

/// What comes up often enough, most often first: what it is, the first text that led to it, how many texts did.
fn often<'a>(all: impl Iterator<Item = (String, &'a str, usize)>) -> Vec<(String, &'a str, usize)> {
    let mut counts: HashMap<String, (usize, usize, &'a str)> = HashMap::new();
    for (key, text, count) in all {
        let entry = counts.entry(key).or_insert((0, 0, text));
        entry.0 += count;
        entry.1 += 1;
    }
    let mut often: Vec<_> = counts.into_iter().filter(|(_, (count, ..))| *count >= LEAST).collect();
    often.sort_by(|one, other| other.1.0.cmp(&one.1.0).then_with(|| one.0.cmp(&other.0)));
    often.into_iter().map(|(key, (_, texts, first))| (key, first, texts)).collect()
}

fn exact(column: &Column<'_>, texts: &[(&str, usize)]) -> Vec<Offer> {
    let cased = !matches!(column.kind, Kind::Path | Kind::Hash | Kind::Little);
    let name = title(&column.path);
    let key = |text: &str| if cased { text.to_owned() } else { text.to_lowercase() };
    let keyed = texts.iter().map(|(text, count)| (key(text), *text, *count));
    let of_text = |(_, text, _): (String, &str, usize)| {
        let trusted = column.kind == Kind::Path && place::is_trusted(text);
        let (class, written) = match column.kind {
            // Whoever signs a file chooses the name; only a check of the certificate tells who it was.
            Kind::Signer => (0, true),
            Kind::Path if trusted => (1, false),
            Kind::Hash => (2, false),
            Kind::Little => (5, false),
            _ => (6, true),
        };
        Offer {
            rule: equals(&column.path, text, cased),
            label: format!("{name} is {text}"),
            test: Test::Is { value: json!(text), cased },
            class,
            written,
            specific: column.kind != Kind::Little,
            installed: column.kind == Kind::Path && place::is_installed(text),
        }
    };
    often(keyed).into_iter().take(MOST_OF_FIELD).map(of_text).collect()
}

/// Numbers say little; that a file is not signed is no reason to trust it.
fn numbers(column: &Column<'_>, values: &[Counted<'_>]) -> Vec<Offer> {
    let (signed, name) = (column.path.ends_with("FILE_IS_SIGNED"), title(&column.path));
    let numbers = values.iter().filter_map(|(value, count)| Some((value.as_i64()?, *count)));
    let often = numbers.filter(|(number, count)| *count >= LEAST && (!signed || *number == 1)).take(MOST_OF_FIELD);
    let offer = |(number, _)| Offer {
        rule: json!({"op": "is", "path": column.path, "value": number}),
        label: if signed { format!("{name} is signed") } else { format!("{name} is {number}") },
        test: Test::Is { value: json!(number), cased: true },
        class: 5,
        written: false,
        specific: false,
        installed: false,
    };
    often.map(offer).collect()
}

/// Folders of installed software in which several files lie; of those with the same files the deepest.
fn folders(column: &Column<'_>, texts: &[(&str, usize)]) -> Vec<Offer> {
    let all = texts.iter().copied().flat_map(|(text, count)| {
        place::folders(text).into_iter().map(move |folder| (folder.to_lowercase(), folder, count))
    });
    let several: Vec<_> = often(all).into_iter().filter(|one| one.2 > 1).collect();
    let deepest = several.iter().filter(|(lower, _, files)| {
        let below = |other: &str| other.len() > lower.len() && other.starts_with(lower.as_str());
        !several.iter().any(|(other, _, own)| below(other) && own == files)
    });
    let offer = |(lower, folder, _): &(String, &str, usize)| Offer {
        rule: json!({"op": "starts with", "path": column.path, "value": folder, "case sensitive": false}),
        label: format!("{} lies in {folder}", title(&column.path)),
        test: Test::Below(lower.clone()),
        class: 4,
        written: false,
        specific: true,
        installed: true,
    };
    deepest.take(MOST_OF_FIELD).map(offer).collect()
}

fn like(column: &Column<'_>, pattern: &str) -> Option<(Value, Test)> {
    let test = RegexBuilder::new(pattern).case_insensitive(true).build().ok()?;
    let rule = json!({"op": "matches", "path": column.path, "re": pattern, "case sensitive": false});
    Some((rule, Test::Like(test)))
}

/// Paths that differ by a profile, a version or a number alone.
fn templates(column: &Column<'_>, texts: &[(&str, usize)]) -> Vec<Offer> {
    let all = texts.iter().filter_map(|(text, count)| Some((place::template(&text.to_lowercase())?.0, *text, *count)));
    let offer = |(_, text, _): (String, &str, usize)| {
        let (pattern, words) = place::template(text)?;
        let (rule, test) = like(column, &pattern)?;
        let trusted = place::is_trusted(text);
        Some(Offer {
            rule,
            label: format!("{} is {words}", title(&column.path)),
            test,
            class: if trusted { 3 } else { 6 },
            written: !trusted,
            specific: true,
            installed: place::is_installed(text),
        })
    };
    often(all).into_iter().filter(|one| one.2 > 1).take(MOST_OF_FIELD).filter_map(offer).collect()
}

/// Files of one name in several folders.
fn names(column: &Column<'_>, texts: &[(&str, usize)]) -> Vec<Offer> {
    let all = texts.iter().filter_map(|(text, count)| Some((place::name(text)?, *text, *count)));
    let offer = |(name, _, _): (String, &str, usize)| {
        let mut rule = equals(&column.path, &name, false);
        rule["file name"] = json!(true);
        let label = format!("{} is named {name}, in any folder", title(&column.path));
        Offer { rule, label, test: Test::Named(name), class: 6, written: true, specific: true, installed: false }
    };
    often(all).into_iter().filter(|one| one.2 > 1).take(MOST_OF_FIELD).map(offer).collect()
}

/// Command lines, GUIDs and long numbers in them aside.
fn commands(column: &Column<'_>, texts: &[(&str, usize)]) -> Vec<Offer> {
    let all = texts.iter().map(|(text, count)| (loosen(&text.to_lowercase()).0, *text, *count));
    let offer = |(_, text, _): (String, &str, usize)| {
        let (pattern, open) = loosen(text);
        let (rule, test) = like(column, &format!("^{pattern}$"))?;
        let aside = if open { ", with any numbers and identifiers in it" } else { "" };
        let label = format!("{} is {text}{aside}", title(&column.path));
        Some(Offer { rule, label, test, class: 6, written: true, specific: true, installed: false })
    };
    often(all).into_iter().take(MOST_OF_FIELD).filter_map(offer).collect()
}
