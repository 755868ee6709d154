//! MITRE ATT&CK techniques: ids from rules and voters, names and tactics from the v18.1 table.
use std::collections::HashMap;
use std::sync::LazyLock;

/// A technique as the table knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Technique {
    /// Its name, such as `System Binary Proxy Execution`.
    pub name: &'static str,
    /// Its tactics, separated by `;`, such as `persistence;privilege-escalation`.
    pub tactics: &'static str,
}

static TABLE: LazyLock<HashMap<&'static str, Technique>> =
    LazyLock::new(|| include_str!("attack_techniques.csv").lines().skip(1).filter_map(row).collect());

/// `id,name,tactics,is_subtechnique`; no name of the table holds a comma.
fn row(line: &'static str) -> Option<(&'static str, Technique)> {
    let mut cells = line.split(',');
    let (id, name, tactics) = (cells.next()?, cells.next()?, cells.next()?);
    Some((id, Technique { name, tactics }))
}

/// Looks an id up. Ids of later ATT&CK versions are not in the table and are still valid.
pub fn lookup(id: &str) -> Option<Technique> {
    TABLE.get(id).copied()
}

/// Reads an id: `T` and four digits, optionally a dot and three more. Upper-cases the T.
pub fn parse(text: &str) -> Option<String> {
    let id = text.trim().to_ascii_uppercase();
    let (main, sub) = id.split_once('.').map_or((id.as_str(), None), |(main, sub)| (main, Some(sub)));
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let main_ok = main.strip_prefix('T').is_some_and(|rest| digits(rest, 4));
    (main_ok && sub.is_none_or(|sub| digits(sub, 3))).then_some(id)
}

/// The technique ids in a rule's tags (`attack.t1218` → `T1218`), sorted, each once.
pub fn from_tags<'a>(tags: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut ids: Vec<_> = tags
        .into_iter()
        .filter_map(|tag| tag.get(..7).filter(|p| p.eq_ignore_ascii_case("attack.")).and_then(|_| parse(&tag[7..])))
        .collect();
    ids.sort();
    ids.dedup();
    ids
}
