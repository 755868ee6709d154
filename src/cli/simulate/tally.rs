//! What many histories of a kind came to, with how sure that is.
use super::history::{Lived, Setting};
use crate::triage::gate::DELTA;
use crate::triage::measure::bounds_by;
use serde_json::{Value, json};
use std::fmt::Write;

/// Histories of one kind.
#[derive(Debug, Clone)]
pub struct Row {
    /// The kind.
    pub setting: Setting,
    histories: i64,
    /// In how many the gate, of the family where there is one, was ever open.
    open: i64,
    /// In how many the naive rule opened.
    naive: i64,
    /// Reviews until it opened.
    after: Vec<i64>,
    /// True positives closed before the first suspension.
    at_first: Vec<i64>,
    closed: i64,
    missed: i64,
    /// Rules of families whose own share is above the limit, and of those, how many any gate ever let close.
    worse_rules: (i64, i64),
    /// Gates of such rules themselves, and those ever open.
    worse_gates: (i64, i64),
}

impl Row {
    /// None yet.
    pub fn of(setting: Setting) -> Self {
        let (after, at_first) = (Vec::new(), Vec::new());
        let (open, naive, closed, missed) = (0, 0, 0, 0);
        let (worse_rules, worse_gates) = ((0, 0), (0, 0));
        Self { setting, histories: 0, open, naive, after, at_first, closed, missed, worse_rules, worse_gates }
    }

    /// Adds a history.
    pub fn add(&mut self, lived: &Lived) {
        self.histories += 1;
        self.open += i64::from(lived.whole.opened_after.is_some());
        self.naive += i64::from(lived.whole.naive);
        self.after.extend(lived.whole.opened_after);
        self.at_first.push(lived.missed_at_first);
        self.closed += lived.closed;
        self.missed += lived.missed;
        for (rule, ever) in lived.rules.iter().zip(&lived.ever).filter(|(rule, _)| rule.share > self.setting.limit) {
            self.worse_rules = (self.worse_rules.0 + 1, self.worse_rules.1 + i64::from(*ever));
            let open = i64::from(rule.opened_after.is_some());
            self.worse_gates = (self.worse_gates.0 + 1, self.worse_gates.1 + open);
        }
    }

    fn is_above(&self) -> bool {
        self.setting.factor > 1.0
    }
}

fn median(all: &[i64]) -> Option<i64> {
    let mut sorted = all.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

/// A share with its two-sided 95 % Clopper–Pearson interval.
fn interval(k: i64, n: i64) -> Value {
    let (low, high) = bounds_by(k, n, 0.025);
    #[expect(clippy::cast_precision_loss, reason = "counts of histories")]
    let share = if n == 0 { 0.0 } else { k as f64 / n as f64 };
    json!({"of": n, "is": k, "share": share, "low": low, "high": high})
}

/// Whether the promise was kept: of no kind of history above the limit the share that was ever open is surely more than
/// 5 %.
pub fn holds(rows: &[Row]) -> bool {
    rows.iter().filter(|row| row.is_above()).all(|row| bounds_by(row.open, row.histories, 0.025).0 <= DELTA)
}

/// All above the limit together: histories, those in which the gate opened, those in which the naive rule did.
fn above(rows: &[Row]) -> (i64, i64, i64) {
    rows.iter()
        .filter(|row| row.is_above())
        .fold((0, 0, 0), |sum, row| (sum.0 + row.histories, sum.1 + row.open, sum.2 + row.naive))
}

/// Everything as JSON.
pub fn json(rows: &[Row], histories: u32, seed: u64) -> Value {
    let row = |row: &Row| {
        json!({
            "limit": row.setting.limit, "factor": row.setting.factor, "back_off": row.setting.back_off, "jumps_to": row.setting.jumps_to,
            "ever_open": interval(row.open, row.histories), "naive_ever_open": interval(row.naive, row.histories),
            "median_reviews_to_open": median(&row.after), "median_missed_before_suspension": median(&row.at_first),
            "closed": row.closed, "missed": row.missed,
            "rules_above_limit_ever_closed": interval(row.worse_rules.1, row.worse_rules.0),
            "gates_of_rules_above_limit_ever_open": interval(row.worse_gates.1, row.worse_gates.0),
        })
    };
    let (n, open, naive) = above(rows);
    json!({
        "histories": histories, "seed": seed, "promise": DELTA, "holds": holds(rows),
        "above_limit": {"ever_open": interval(open, n), "naive_ever_open": interval(naive, n)},
        "rows": rows.iter().map(row).collect::<Vec<_>>(),
    })
}

/// Everything for people.
pub fn text(rows: &[Row], histories: u32, seed: u64) -> String {
    let mut text = format!("{histories} histories of each kind, seed {seed}\n\n");
    text.push_str("limit  true share  scope   ever open (95 % interval)   naive rule  reviews to open  closed   true positives closed\n");
    for row in rows {
        let (low, high) = bounds_by(row.open, row.histories, 0.025);
        let share = |k: i64| percent(k, row.histories);
        let scope = if row.setting.back_off { "family" } else { "rule" };
        let jump = row.setting.jumps_to.map(|to| format!(", then {to}×")).unwrap_or_default();
        let first = median(&row.at_first).filter(|_| row.setting.jumps_to.is_some());
        let first = first.map(|at| format!(", median before suspension {at}")).unwrap_or_default();
        let _ = writeln!(
            text,
            "{:>4.0} %  {:>9}  {scope:<6}  {:>6} ({:.1} to {:.1} %)        {:>7}    {:>8}  {:>9}  {}{first}",
            row.setting.limit * 100.0,
            format!("{}×{jump}", row.setting.factor),
            share(row.open),
            low * 100.0,
            high * 100.0,
            share(row.naive),
            median(&row.after).map_or("never".to_owned(), |reviews| reviews.to_string()),
            row.closed,
            row.missed,
        );
    }
    text.push_str(&summary(rows));
    text
}

fn summary(rows: &[Row]) -> String {
    let (n, open, naive) = above(rows);
    let (low, high) = bounds_by(open, n, 0.025);
    let told = if holds(rows) { "kept" } else { "NOT KEPT" };
    let worse = |of: fn(&Row) -> (i64, i64)| {
        rows.iter().filter(|row| row.is_above()).map(of).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    };
    let (rules, gates) = (worse(|row| row.worse_rules), worse(|row| row.worse_gates));
    format!(
        "\nAbove the limit a gate was ever open in {} of {n} histories ({:.2} to {:.2} %, promised at most 5 %: {told}); by 20 clean reviews in {}.\n\
         Of rules above the limit in families above it, their own gate was ever open for {}, any gate of theirs for {}.\n",
        percent(open, n),
        low * 100.0,
        high * 100.0,
        percent(naive, n),
        percent(gates.1, gates.0),
        percent(rules.1, rules.0),
    )
}

fn percent(k: i64, n: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "counts of histories")]
    let share = if n == 0 { 0.0 } else { k as f64 / n as f64 * 100.0 };
    format!("{share:.1} %")
}
