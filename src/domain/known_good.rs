//! Values that every organisation has and that tell nothing: addresses of the machine itself,
//! hashes of empty files, public resolvers, certificate status services, built-in accounts.
//!
//! Known means: not worth a look-up. It never speaks for a verdict, because attackers use these too.
use super::ObservableKind;
use std::collections::HashMap;
use std::sync::LazyLock;

static TABLE: LazyLock<HashMap<(&'static str, String), &'static str>> =
    LazyLock::new(|| include_str!("known_good.csv").lines().skip(1).filter_map(row).collect());

/// `type,value,why`.
fn row(line: &'static str) -> Option<((&'static str, String), &'static str)> {
    let mut cells = line.splitn(3, ',');
    let (kind, value, why) = (cells.next()?, cells.next()?, cells.next()?);
    Some(((kind, value.to_lowercase()), why))
}

/// What a known value is, or nothing.
pub fn why(kind: ObservableKind, value: &str) -> Option<&'static str> {
    TABLE.get(&(kind.as_str(), value.to_lowercase())).copied()
}
