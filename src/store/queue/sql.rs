//! The text of a list's query. A condition stands in it only where it is asked for, so that the
//! planner can choose the index that fits; the numbers of the places are those of [`super::page`].
use super::super::ORGS;
use super::super::cases::{COLUMNS, TABLES};
use super::{Filter, Sort, View};

/// What a view holds, in the words of its partial index.
pub(super) const fn condition(view: View) -> &'static str {
    match view {
        View::NeedsDecision => {
            "c.open = TRUE AND c.verdict = 'pending' AND c.triage_state NOT IN ('queued', 'running')"
        }
        View::SplitVotes => {
            "c.open = TRUE AND c.verdict = 'pending' AND c.outcome IN ('split', 'degraded', 'no_quorum')"
        }
        View::LikelyTruePositive => "c.open = TRUE AND c.verdict = 'pending' AND c.machine_verdict = 'true_positive'",
        View::Triaging => "c.open = TRUE AND c.triage_state IN ('queued', 'running')",
        View::Mine => "c.open = TRUE AND c.assignee_id = $3",
        View::AllOpen => "c.open = TRUE",
        View::Closed => "c.open = FALSE",
        View::All => "TRUE",
    }
}

/// The query of one page.
pub(super) fn page(filter: &Filter) -> String {
    ordered(filter, order(filter.sort))
}

/// The query of what stands before a place, nearest first.
pub(super) fn before(filter: &Filter) -> String {
    ordered(filter, backwards(filter.sort))
}

fn ordered(filter: &Filter, (keyset, order): (&str, &str)) -> String {
    let mut conditions = vec![condition(filter.view).to_owned(), format!("c.org_id IN {ORGS}"), keyset.to_owned()];
    let fields = [
        (&filter.status, "c.status = $7"),
        (&filter.verdict, "c.verdict = $8"),
        (&filter.machine_verdict, "c.machine_verdict = $9"),
        (&filter.severity, "c.severity = $10"),
        (&filter.org, "o.slug = $11"),
        (&filter.assignee, "c.assignee_id = (SELECT a.id FROM users a WHERE a.username = $12)"),
        (&filter.sensor, "c.sensor_id IN (SELECT s.id FROM sensors s WHERE s.sid = $14)"),
    ];
    conditions.extend(fields.into_iter().filter(|(value, _)| !value.is_empty()).map(|(_, sql)| sql.to_owned()));
    if !filter.rule.is_empty() {
        conditions.push(format!("c.rule_id IN (SELECT x.id FROM rules x WHERE x.path = $13 AND x.org_id IN {ORGS})"));
    }
    if !filter.q.is_empty() {
        conditions.push(format!("c.number IN ({SEARCH})"));
    }
    if !filter.fingerprint.is_empty() {
        conditions.push(format!(
            "c.number IN (SELECT f.case_number FROM case_fingerprints f WHERE f.org_id IN {ORGS} AND f.fingerprint = $19)"
        ));
    }
    format!(
        "SELECT {COLUMNS}, c.queue_rank, COALESCE(p.cases, 0) AS seen, COALESCE(p.false_positive, 0) AS seen_fp,
            COALESCE(p.benign_true_positive, 0) AS seen_btp, COALESCE(p.true_positive, 0) AS seen_tp
         FROM {TABLES} LEFT JOIN precedents p ON p.org_id = c.org_id AND p.fingerprint = c.fingerprint
         WHERE {} ORDER BY {order} LIMIT $1",
        conditions.join(" AND ")
    )
}

/// The condition that a page begins after the last row of the one before, and the order.
const fn order(sort: Sort) -> (&'static str, &'static str) {
    match sort {
        Sort::Risk => (
            "c.queue_rank <= $4 AND (c.queue_rank < $4 OR (c.opened_ms, c.number) > ($5, $6))",
            "c.queue_rank DESC, c.opened_ms, c.number",
        ),
        Sort::Newest => ("(c.opened_ms, c.number) < ($5, $6)", "c.opened_ms DESC, c.number DESC"),
        Sort::Oldest => ("(c.opened_ms, c.number) > ($5, $6)", "c.opened_ms, c.number"),
    }
}

/// The same the other way round: the condition that a row stands before a place, and the order away from it.
const fn backwards(sort: Sort) -> (&'static str, &'static str) {
    match sort {
        Sort::Risk => (
            "c.queue_rank >= $4 AND (c.queue_rank > $4 OR (c.opened_ms, c.number) < ($5, $6))",
            "c.queue_rank, c.opened_ms DESC, c.number DESC",
        ),
        Sort::Newest => ("(c.opened_ms, c.number) > ($5, $6)", "c.opened_ms, c.number"),
        Sort::Oldest => ("(c.opened_ms, c.number) < ($5, $6)", "c.opened_ms DESC, c.number DESC"),
    }
}

/// Cases whose host or title begins with the text, or that hold it as an observable: index look-ups only.
const SEARCH: &str = "SELECT number FROM cases WHERE hostname >= $17 AND hostname < $18
    UNION SELECT number FROM cases WHERE title >= $15 AND title < $16
    UNION SELECT co.case_number FROM observables ob JOIN case_observables co ON co.observable_id = ob.id WHERE ob.value IN ($15, $17)";
