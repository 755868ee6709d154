//! How precedents are found.
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
