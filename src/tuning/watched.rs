//! What somebody has to look at of an exclusion in force, in sentences: where it hides what nobody back-tested, or does not
//! hide, or LimaCharlie has something else than what people approved.
//!
//! The sentences hold values that attackers may have written, cut to a length and otherwise as they are.
use super::effect::Effect;
use super::publisher::{PublishError, Published};
use super::search::Shape;
use crate::domain::plural;
use crate::store::exclusions::Exclusion;
use std::collections::BTreeSet;

/// New values of one kind that are named.
const NAMED: usize = 5;
/// Characters of a value that are shown.
const LONGEST: usize = 80;

/// What is amiss with what it does; `active` is whether it should hide by now.
pub fn of_effect(effect: &Effect, active: bool) -> Vec<String> {
    let (mut all, arrived) = (Vec::new(), effect.arrived);
    if active && arrived > 0 {
        let detections = plural(arrived, "detection");
        all.push(format!("{detections} that it should hide arrived all the same. Look whether LimaCharlie has it."));
    }
    let Shape { hosts, users, fields } = &effect.shape;
    for (new, word) in [(hosts, "host"), (users, "user")] {
        if !new.is_empty() {
            let count = plural(i64::try_from(new.len()).unwrap_or(i64::MAX), word);
            all.push(format!("It matches {count} that the back-test did not see: {}.", named(new)));
        }
    }
    for (field, values) in fields {
        let values: BTreeSet<String> = values.iter().cloned().collect();
        all.push(format!("{field} has a value that the back-test did not see: {}.", named(&values)));
    }
    all
}

fn named(values: &BTreeSet<String>) -> String {
    let cut = |value: &String| match value.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.clone(),
    };
    let mut names: Vec<String> = values.iter().take(NAMED).map(cut).collect();
    if values.len() > NAMED {
        names.push(format!("and {} more", values.len() - NAMED));
    }
    names.join(", ")
}

/// What is amiss with what LimaCharlie has of an active one.
pub fn of_limacharlie(known: &Exclusion, there: Result<Option<Published>, PublishError>) -> Option<String> {
    match there {
        Err(error) => Some(format!("LimaCharlie could not be asked whether it has it: {error}.")),
        Ok(None) => Some("LimaCharlie does not have it: it hides nothing.".to_owned()),
        Ok(Some(there)) if there.rule != known.rule.0 => {
            Some("LimaCharlie has another rule under its name, which nobody approved here.".to_owned())
        }
        Ok(Some(there)) if !there.enabled => Some("It is switched off in LimaCharlie: it hides nothing.".to_owned()),
        Ok(Some(there)) if !there.error.is_empty() => Some(format!("LimaCharlie can’t use it: {}.", there.error)),
        Ok(Some(there)) if there.expires_ms != known.expires_ms => {
            Some("In LimaCharlie it ends at another time than was approved.".to_owned())
        }
        Ok(Some(_)) => None,
    }
}
