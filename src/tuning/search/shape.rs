//! What is new in later documents: hosts, users, and values of fields that had been the same in all earlier ones.
use super::column::{Kind, columns, title};
use super::{Sample, Side};
use serde_json::Value;
use std::collections::BTreeSet;

/// A field is steady where so many earlier documents have no more than so many values of it.
const STEADY: (usize, usize) = (5, 3);
/// New values that are told of one kind.
const MOST: usize = 5;

/// What is new.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shape {
    /// Hosts that no earlier document names, in lower case.
    pub hosts: BTreeSet<String>,
    /// Users likewise.
    pub users: BTreeSet<String>,
    /// Steady fields by their names, each with values that no earlier document has.
    pub fields: Vec<(String, Vec<String>)>,
}

/// What is new in `since` against `before`, fields aside whose whole value the rule asks for: these can't differ.
pub fn changed(before: Vec<Value>, since: Vec<Value>, conditioned: &[&str]) -> Shape {
    let earlier = before.len();
    let sample = |document| Sample { case: 0, act: String::new(), side: Side::FalsePositive, document };
    let samples: Vec<Sample> = before.into_iter().chain(since).map(sample).collect();
    let mut shape = Shape::default();
    for column in columns(&samples, |at| at < earlier) {
        let text = |at: usize| {
            let value = column.values[column.of[at]?];
            Some(value.as_str().map_or_else(|| value.to_string(), str::to_lowercase))
        };
        let old: BTreeSet<String> = (0..earlier).filter_map(text).collect();
        let new: BTreeSet<String> =
            (earlier..samples.len()).filter_map(text).filter(|one| !old.contains(one)).collect();
        let name = column.path.rsplit('/').next().unwrap_or_default();
        if conditioned.contains(&column.path.as_str()) || new.is_empty() {
            continue;
        }
        if column.path == "routing/hostname" {
            shape.hosts = new;
        } else if name == "USER_NAME" {
            shape.users.extend(new);
        } else if is_steady(&column.of[..earlier], old.len()) && column.kind != Kind::Hash {
            shape.fields.push((title(&column.path).to_owned(), new.into_iter().take(MOST).collect()));
        }
    }
    shape.fields.truncate(MOST);
    shape
}

/// A hash changes with every update; what else hardly varied should not begin to.
fn is_steady(of: &[Option<usize>], values: usize) -> bool {
    of.iter().flatten().count() >= STEADY.0 && values <= STEADY.1
}
