//! The two databases are one schema.
use crate::architecture::text::texts;
use std::collections::{BTreeMap, BTreeSet};

type Tables = BTreeMap<String, BTreeSet<String>>;

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |folder: &str| -> Vec<String> {
        texts(folder, &[""]).iter().filter_map(|file| file.path.rsplit('/').next().map(str::to_owned)).collect()
    };
    assert_eq!(names("migrations/sqlite"), names("migrations/postgres"));
}

#[test]
fn both_databases_have_the_same_tables_and_columns() {
    let (sqlite, postgres) = (tables("migrations/sqlite"), tables("migrations/postgres"));
    let mut found = Vec::new();
    for table in sqlite.keys().chain(postgres.keys()).collect::<BTreeSet<_>>() {
        match (sqlite.get(table), postgres.get(table)) {
            (Some(one), Some(other)) => {
                found.extend(one.difference(other).map(|column| format!("{table}.{column}: only in SQLite")));
                found.extend(other.difference(one).map(|column| format!("{table}.{column}: only in PostgreSQL")));
            }
            (Some(_), None) => found.push(format!("{table}: only in SQLite")),
            _ => found.push(format!("{table}: only in PostgreSQL")),
        }
    }
    crate::architecture::none(&found, "one SQL text serves both databases");
}

fn tables(folder: &str) -> Tables {
    let mut tables = Tables::new();
    for file in texts(folder, &[".sql"]) {
        let lines = file.body.lines().map(|line| line.split("--").next().unwrap_or_default());
        let sql = lines.collect::<Vec<_>>().join("\n");
        for statement in sql.split(';') {
            let words: Vec<&str> = statement.split_whitespace().collect();
            match words.as_slice() {
                ["CREATE", "TABLE", "IF", "NOT", "EXISTS", name, ..] | ["CREATE", "TABLE", name, ..] => {
                    let name = name.split('(').next().unwrap_or(name);
                    tables.entry(name.to_owned()).or_default().extend(columns(statement));
                }
                ["ALTER", "TABLE", name, "ADD", "COLUMN", column, ..] if !is_search_vector(statement) => {
                    tables.entry((*name).to_owned()).or_default().insert((*column).to_owned());
                }
                _ => {}
            }
        }
    }
    tables
}

/// Names of the columns between the outermost brackets of a CREATE TABLE.
fn columns(statement: &str) -> Vec<String> {
    const CONSTRAINTS: &[&str] = &["PRIMARY", "FOREIGN", "UNIQUE", "CHECK", "CONSTRAINT", "EXCLUDE", "LIKE"];
    let body = statement.split_once('(').map_or("", |(_, rest)| rest);
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut depth = 1_usize;
    for c in body.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        } else if c == ',' && depth == 1 {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(c);
        }
    }
    parts.push(part);
    parts.retain(|part| !is_search_vector(part));
    let first = |part: &String| part.split_whitespace().next().map(|word| word.trim_matches('"').to_owned());
    parts.iter().filter_map(first).filter(|word| !CONSTRAINTS.contains(&word.as_str())).collect()
}

/// Full-text search is the one deliberate fork: a column here, a virtual table there.
fn is_search_vector(part: &str) -> bool {
    part.split_whitespace().any(|word| word.eq_ignore_ascii_case("tsvector"))
}
