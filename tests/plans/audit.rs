//! How the audit log is read.
use sqlx::Row;
use std::collections::BTreeSet;

/// Pages of the log, each with another filter.
pub(crate) fn pages() -> Vec<String> {
    let filters = [
        "",
        "by=all",
        "who=ana",
        "what=verdict",
        "object=1",
        "org=acme",
        "result=ok",
        "result=failed",
        "from=2026-03-01",
        "after=9.9",
    ];
    filters.iter().map(|filter| format!("/admin/audit?{filter}")).collect()
}

/// Each filter has an index that yields its lines in the order of the page: no row is read to be sorted away.
pub(crate) async fn is_read_in_order(read: &sqlx::SqlitePool, statements: impl Iterator<Item = &String>) {
    let mut used = BTreeSet::new();
    for sql in statements.filter(|sql| sql.contains("FROM ledger l")) {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).fetch_all(read).await.unwrap();
        for step in rows.iter().map(|row| row.get::<String, _>("detail")) {
            assert!(!step.contains("TEMP B-TREE"), "{step}: {sql}");
            let index = step.split("INDEX ").nth(1).and_then(|rest| rest.split(' ').next()).map(str::to_owned);
            used.extend(index.filter(|_| step.starts_with("SEARCH l ")));
        }
    }
    let wanted = [
        "ledger_action",
        "ledger_actor",
        "ledger_object",
        "ledger_org",
        "ledger_people",
        "ledger_result",
        "ledger_time",
    ];
    assert_eq!(used, wanted.map(str::to_owned).into());
}
