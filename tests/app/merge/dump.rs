//! All rows that make up cases, as they stand in the database.
use fusionsoc::store::Store;
use serde_json::Value;
use sqlx::{AssertSqlSafe, query_scalar};
use std::collections::BTreeMap;

pub type Dump = BTreeMap<&'static str, Vec<Value>>;

const TABLES: &[&str] = &[
    "cases",
    "detections",
    "case_fingerprints",
    "case_atoms",
    "case_observables",
    "case_techniques",
    "runs",
    "votes",
    "notes",
    "tasks",
    "case_tags",
    "daily",
    "intel",
    "evidence",
    "actions",
    "drafts",
    "precedents",
    "measured",
    "confusion",
    "merges",
    "merged_atoms",
    "merged_observables",
    "merged_techniques",
];

/// Everything but what only grows: versions and times of change.
pub async fn dump(store: &Store) -> Dump {
    let mut dump = Dump::new();
    for table in TABLES {
        let mut rows: Vec<Value> =
            rows(store, table).await.iter().map(|row| serde_json::from_str(row).unwrap()).collect();
        for row in &mut rows {
            let row = row.as_object_mut().unwrap();
            row.remove("version");
            row.remove("updated_ms");
        }
        rows.retain(|row| !["confusion", "daily"].contains(table) || row["cases"] != 0);
        rows.sort_by_key(Value::to_string);
        dump.insert(table, rows);
    }
    dump
}

async fn rows(store: &Store, table: &str) -> Vec<String> {
    match store {
        Store::Sqlite { read, .. } => {
            let columns =
                format!("SELECT group_concat('''' || name || ''', ' || name) FROM pragma_table_info('{table}')");
            let columns: String = query_scalar(AssertSqlSafe(columns)).fetch_one(read).await.unwrap();
            query_scalar(AssertSqlSafe(format!("SELECT json_object({columns}) FROM {table}")))
                .fetch_all(read)
                .await
                .unwrap()
        }
        Store::Postgres(pool) => query_scalar(AssertSqlSafe(format!("SELECT row_to_json(t)::text FROM {table} t")))
            .fetch_all(pool)
            .await
            .unwrap(),
    }
}

/// The rows of one case.
pub fn of_case(dump: &Dump, number: i64) -> Dump {
    let of = |row: &&Value| {
        [&row["case_number"], &row["number"]].into_iter().find(|id| !id.is_null()) == Some(&Value::from(number))
    };
    let runs: Vec<&Value> =
        dump["runs"].iter().filter(|row| row["case_number"] == number).map(|row| &row["id"]).collect();
    dump.iter()
        .map(|(table, rows)| {
            let mine = |row: &&Value| if *table == "votes" { runs.contains(&&row["run_id"]) } else { of(row) };
            (*table, rows.iter().filter(mine).cloned().collect())
        })
        .collect()
}
