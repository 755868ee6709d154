//! The text of a list's query. A condition stands in it only where it is asked for, so that the
//! planner can choose the index that fits; the numbers of the places are those of [`super::page`].
use super::super::ORGS;
use super::super::cases::{COLUMNS, TABLES};
use super::{Filter, Sort, View, cluster};

/// What a view holds, in the words of its partial index.
pub(in crate::store) const fn condition(view: View) -> &'static str {
    match view {
        View::NeedsDecision => {
            "c.open <> FALSE AND c.verdict = 'pending' AND c.triage_state NOT IN ('queued', 'running') AND c.snoozed <> TRUE"
        }
        View::SplitVotes => {
            "c.snoozed <> TRUE AND (c.dissent = TRUE OR (c.open = TRUE AND c.verdict = 'pending' AND c.outcome IN ('split', 'degraded', 'no_quorum')))"
        }
        View::LikelyTruePositive => {
            "c.open <> FALSE AND c.verdict = 'pending' AND c.machine_verdict = 'true_positive' AND c.snoozed <> TRUE"
        }
        View::Triaging => "c.open <> FALSE AND c.triage_state IN ('queued', 'running')",
        View::SpotCheck => "c.open <> TRUE AND c.decided_by = '' AND c.reason = ''",
        View::Mine => "c.open = TRUE AND c.assignee_id = $3 AND c.snoozed <> TRUE",
        View::Snoozed => "c.snoozed <> FALSE",
        View::AllOpen => "c.open = TRUE",
        View::Closed => "c.open = FALSE",
        View::All => "TRUE",
    }
}

/// The query of one page; `sign` stands before the organisation.
pub(super) fn page(filter: &Filter, sign: &str) -> String {
    list(filter, sign, order(filter.sort, time_sign(filter, sign)))
}

/// The query of what stands before a place, nearest first.
pub(super) fn before(filter: &Filter, sign: &str) -> String {
    list(filter, sign, backwards(filter.sort, time_sign(filter, sign)))
}

/// Views with an index of their own are sorted by time rather than looked for among all cases, and so is what is
/// found by the index of another time.
fn time_sign<'a>(filter: &Filter, sign: &'a str) -> &'a str {
    let by_time = matches!(filter.view, View::Mine | View::AllOpen | View::Closed | View::All);
    if by_time && !filter.moments.found() { "" } else { sign }
}

fn list(filter: &Filter, sign: &str, (keyset, order): (String, String)) -> String {
    let fields = fields(filter);
    let mut conditions = vec![condition(filter.view).to_owned(), format!("{sign}c.org_id IN {ORGS}"), keyset];
    if filter.grouped {
        conditions.push(cluster::stands(condition(filter.view), &fields));
    }
    conditions.extend(fields.iter().cloned());
    // The frame around a grouped page tells this column.
    let told = if filter.grouped { "" } else { ", '' AS told" };
    let rows = format!(
        "SELECT {COLUMNS}, c.queue_rank, COALESCE(p.cases, 0) AS seen, COALESCE(p.false_positive, 0) AS seen_fp,
            COALESCE(p.benign_true_positive, 0) AS seen_btp, COALESCE(p.true_positive, 0) AS seen_tp{told}
         FROM {TABLES} LEFT JOIN precedents p ON p.org_id = c.org_id AND p.fingerprint = c.fingerprint
         WHERE {} ORDER BY {order} LIMIT $1",
        conditions.join(" AND ")
    );
    if filter.grouped { cluster::told(&rows, condition(filter.view), &fields) } else { rows }
}

/// The query that counts what passes a filter among the first cases of its view.
pub(super) fn count(filter: &Filter, sign: &str) -> String {
    let mut conditions = fields(filter);
    conditions.push("TRUE".to_owned());
    format!(
        "SELECT CAST(COUNT(*) AS BIGINT), CAST(COALESCE(SUM(w.hit), 0) AS BIGINT) FROM
         (SELECT CASE WHEN {} THEN 1 ELSE 0 END AS hit FROM cases c WHERE {} AND {sign}c.org_id IN {ORGS} LIMIT $1) AS w",
        conditions.join(" AND "),
        condition(filter.view)
    )
}

/// What the filter asks for beside its view. Only columns of `c` may stand outside of brackets, so that
/// the same words can be said of other cases of a behaviour.
fn fields(filter: &Filter) -> Vec<String> {
    let fields = [
        (&filter.status, "c.status = $7"),
        (&filter.verdict, "c.verdict = $8"),
        (&filter.machine_verdict, "c.machine_verdict = $9"),
        (&filter.severity, "c.severity = $10"),
        (&filter.org, "c.org_id = (SELECT x.id FROM orgs x WHERE x.slug = $11)"),
        (&filter.assignee, "c.assignee_id = (SELECT a.id FROM users a WHERE a.username = $12)"),
        (&filter.sensor, "c.sensor_id IN (SELECT s.id FROM sensors s WHERE s.sid = $14)"),
    ];
    let mut conditions: Vec<String> =
        fields.into_iter().filter(|(value, _)| !value.is_empty()).map(|(_, sql)| sql.to_owned()).collect();
    conditions.extend(filter.moments.conditions());
    if !filter.rule.is_empty() {
        conditions.push(format!("c.rule_id IN (SELECT x.id FROM rules x WHERE x.path = $13 AND x.org_id IN {ORGS})"));
    }
    if !filter.tag.is_empty() {
        conditions.push(format!(
            "c.number IN (SELECT t.case_number FROM case_tags t WHERE t.tag = $29 AND t.org_id IN {ORGS})"
        ));
    }
    if !filter.q.is_empty() {
        conditions.push(format!("c.number IN ({SEARCH})"));
    }
    if !filter.fingerprint.is_empty() {
        conditions.push(format!(
            "c.number IN (SELECT f.case_number FROM case_fingerprints f WHERE f.org_id IN {ORGS} AND f.fingerprint = $19)"
        ));
        if filter.exact {
            conditions.push("c.fingerprint = $19".to_owned());
        }
    }
    conditions
}

/// The condition that a page begins after the last row of the one before, and the order.
fn order(sort: Sort, sign: &str) -> (String, String) {
    match sort {
        Sort::Risk => (
            "c.queue_rank <= $4 AND (c.queue_rank < $4 OR (c.opened_ms, c.number) > ($5, $6))".to_owned(),
            "c.queue_rank DESC, c.opened_ms, c.number".to_owned(),
        ),
        Sort::Newest => of_time(sign, "<", " DESC"),
        Sort::Oldest => of_time(sign, ">", ""),
    }
}

/// The same the other way round: the condition that a row stands before a place, and the order away from it.
fn backwards(sort: Sort, sign: &str) -> (String, String) {
    match sort {
        Sort::Risk => (
            "c.queue_rank >= $4 AND (c.queue_rank > $4 OR (c.opened_ms, c.number) < ($5, $6))".to_owned(),
            "c.queue_rank, c.opened_ms DESC, c.number DESC".to_owned(),
        ),
        Sort::Newest => of_time(sign, ">", ""),
        Sort::Oldest => of_time(sign, "<", " DESC"),
    }
}

fn of_time(sign: &str, than: &str, down: &str) -> (String, String) {
    (format!("({sign}c.opened_ms, c.number) {than} ($5, $6)"), format!("{sign}c.opened_ms{down}, c.number{down}"))
}

/// Cases whose host or title begins with the text, or that hold it as an observable: index look-ups only.
const SEARCH: &str = "SELECT number FROM cases WHERE hostname >= $17 AND hostname < $18
    UNION SELECT number FROM cases WHERE title >= $15 AND title < $16
    UNION SELECT co.case_number FROM observables ob JOIN case_observables co ON co.observable_id = ob.id WHERE ob.value IN ($15, $17)";
