//! Numbers as words and rows.
use fusionsoc::domain::MachineVerdict;
use fusionsoc::triage::figures::{Confusion, Judged, share};
use fusionsoc::triage::measure::bounds;
use std::collections::{BTreeMap, BTreeSet};

/// Counts with their names, the largest first.
pub fn listed(counts: &BTreeMap<String, usize>) -> String {
    let ordered: BTreeSet<_> = counts.iter().map(|(name, count)| (std::cmp::Reverse(*count), name)).collect();
    ordered.into_iter().map(|(count, name)| format!("{name} {}", count.0)).collect::<Vec<_>>().join("; ")
}

/// What a panel says that agrees with a label.
pub const fn called(positive: bool) -> MachineVerdict {
    if positive { MachineVerdict::TruePositive } else { MachineVerdict::FalsePositive }
}

/// A difference with its sign.
pub fn signed(to: usize, from: usize) -> String {
    format!("{:+}", number(to) - number(from))
}

/// As the figures of the program count.
pub fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap()
}

/// How many of a thousand.
#[allow(clippy::cast_precision_loss)]
pub fn thousand(part: usize, all: usize) -> f64 {
    1000.0 * part as f64 / all as f64
}

/// A row of the table of what the panel said.
pub fn row(name: &str, cases: &[Judged]) {
    let count = |wanted: fn(&&Judged) -> bool| number(cases.iter().filter(wanted).count());
    let percent = |share: Option<f64>| share.map_or("–".to_owned(), |share| format!("{:.1} %", 100.0 * share));
    let confusion = Confusion::of(cases);
    let (bad, good) = (confusion.true_positive, confusion.false_positive);
    let (closable, hidden) = (count(|one| one.closable), count(|one| one.closable && one.positive));
    println!(
        "{name:<21} {:>4} {:>6} {closable:>8} {:>9} {hidden:>10} {:>17} {:>21} {:>10} {:>10}",
        bad.total(),
        good.total(),
        closable - hidden,
        percent((closable > 0).then(|| bounds(hidden, closable).1)),
        percent(share(bad.total() - bad.false_positive, bad.total())),
        percent(share(good.false_positive, good.total())),
        percent(confusion.balanced())
    );
}
