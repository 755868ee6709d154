//! How precedents are found, and what is near in time.
use sqlx::Row;
use std::collections::BTreeSet;

/// Precedents of a family, of a rule and all that were decided come from an index in the order that is wanted: no row is read to be sorted away.
pub(crate) async fn are_read_in_order(read: &sqlx::SqlitePool, statements: impl Iterator<Item = &String>) {
    let mut used = BTreeSet::new();
    for sql in statements.filter(|sql| sql.contains("FROM precedents p WHERE")) {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).fetch_all(read).await.unwrap();
        for step in rows.iter().map(|row| row.get::<String, _>("detail")) {
            assert!(!step.contains("TEMP B-TREE"), "{step}: {sql}");
            let index = step.split("INDEX ").nth(1).and_then(|rest| rest.split(' ').next()).map(str::to_owned);
            used.extend(index.filter(|_| step.starts_with("SEARCH p ")));
        }
    }
    let wanted = ["precedents_declared", "precedents_family", "precedents_rule"];
    assert_eq!(used, wanted.map(str::to_owned).into());
}

/// What is near in time on a host is found in the index alone: a case with many detections there costs no row of theirs.
pub(crate) async fn neighbours_are_found_in_the_index(
    read: &sqlx::SqlitePool,
    statements: impl Iterator<Item = &String>,
) {
    let mut found = 0;
    for sql in statements.filter(|sql| sql.contains("AS earlier")) {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).fetch_all(read).await.unwrap();
        let steps: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        let covered = steps.iter().filter(|step| step.contains("COVERING INDEX detections_sensor")).count();
        assert_eq!(covered, 2, "{steps:?}: {sql}");
        found += 1;
    }
    assert_eq!(found, 1, "a case page asks it");
}
