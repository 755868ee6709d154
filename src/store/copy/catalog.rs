//! Which tables there are, as the databases themselves say it: a table of tomorrow is copied as well, and a difference
//! between the two is told before anything is written.
use super::{CopyError, Result};
use crate::store::{Tx, on};
use std::collections::BTreeMap;

/// What stands in a column, in a way that both databases have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Bool,
    Real,
    Text,
    Blob,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub name: String,
    pub kind: Kind,
    /// The database itself gives the numbers.
    pub numbered: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Table {
    pub name: String,
    /// By name.
    pub columns: Vec<Column>,
    /// Tables that its rows refer to.
    pub needs: Vec<String>,
}

impl Table {
    /// Its columns, in order.
    pub fn names(&self) -> String {
        self.columns.iter().map(|column| format!("\"{}\"", column.name)).collect::<Vec<_>>().join(", ")
    }

    /// Reads all its rows.
    pub fn select(&self, postgres: bool) -> String {
        let read = |column: &Column| match column.kind {
            Kind::Int if postgres => format!("CAST(\"{}\" AS BIGINT)", column.name),
            Kind::Real if postgres => format!("CAST(\"{}\" AS DOUBLE PRECISION)", column.name),
            Kind::Text if postgres => format!("CAST(\"{}\" AS TEXT)", column.name),
            _ => format!("\"{}\"", column.name),
        };
        let all = self.columns.iter().map(read).collect::<Vec<_>>().join(", ");
        format!("SELECT {all} FROM \"{}\"", self.name)
    }
}

const SQLITE_COLUMNS: &str = "SELECT t.name, c.name, LOWER(c.type), FALSE FROM pragma_table_list t JOIN pragma_table_info(t.name) c
     WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite~_%' ESCAPE '~' AND t.name <> '_sqlx_migrations'
     ORDER BY t.name, c.name";
const SQLITE_NEEDS: &str = "SELECT t.name, f.\"table\" FROM pragma_table_list t JOIN pragma_foreign_key_list(t.name) f
     WHERE t.schema = 'main' AND t.type = 'table'";
const POSTGRES_COLUMNS: &str = "SELECT CAST(c.relname AS TEXT), CAST(a.attname AS TEXT), format_type(a.atttypid, NULL), a.attidentity <> ''
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> '_sqlx_migrations'
           AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
     ORDER BY c.relname COLLATE \"C\", a.attname COLLATE \"C\"";
const POSTGRES_NEEDS: &str = "SELECT CAST(c.relname AS TEXT), CAST(o.relname AS TEXT) FROM pg_constraint f
     JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class o ON o.oid = f.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE f.contype = 'f' AND n.nspname = current_schema()";

/// The tables of one side, by name.
pub(super) async fn read(tx: &mut Tx) -> Result<Vec<Table>> {
    let sqlite = matches!(tx, Tx::Sqlite(_));
    let (columns, needs) = if sqlite { (SQLITE_COLUMNS, SQLITE_NEEDS) } else { (POSTGRES_COLUMNS, POSTGRES_NEEDS) };
    let columns: Vec<(String, String, String, bool)> = on!(tx, |db| sqlx::query_as(columns).fetch_all(db))?;
    let needs: Vec<(String, String)> = on!(tx, |db| sqlx::query_as(needs).fetch_all(db))?;
    let mut tables = BTreeMap::<String, Table>::new();
    for (table, name, declared, numbered) in columns {
        let entry = tables.entry(table.clone()).or_default();
        entry.name.clone_from(&table);
        // Words of search are made anew.
        if declared == "tsvector" {
            continue;
        }
        let Some(kind) = kind(&declared) else {
            let differ = format!("{table}.{name} is of the kind {declared}, which is not copied");
            return Err(CopyError::Differ(differ));
        };
        entry.columns.push(Column { name, kind, numbered });
    }
    for (table, other) in needs.into_iter().filter(|(table, other)| table != other) {
        if let Some(table) = tables.get_mut(&table) {
            table.needs.push(other);
        }
    }
    Ok(tables.into_values().collect())
}

/// What stands in columns of a declared type.
fn kind(declared: &str) -> Option<Kind> {
    Some(match declared {
        "integer" | "bigint" | "smallint" => Kind::Int,
        "boolean" => Kind::Bool,
        "real" | "double precision" => Kind::Real,
        "text" | "character varying" | "json" | "jsonb" => Kind::Text,
        "blob" | "bytea" => Kind::Blob,
        _ => return None,
    })
}

/// The tables of both sides, in an order in which none refers to a later one; which column is yes or no, and which is
/// numbered, says the side that knows.
pub(super) async fn agreed(from: &mut Tx, to: &mut Tx) -> Result<Vec<Table>> {
    let (mut ours, theirs) = (read(from).await?, read(to).await?);
    for (one, other) in ours.iter().zip(&theirs) {
        let names = |table: &Table| table.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
        if one.name != other.name || names(one) != names(other) {
            let (here, there) = (names(one).join(" "), names(other).join(" "));
            return Err(CopyError::Differ(format!("{} ({here}) and {} ({there})", one.name, other.name)));
        }
    }
    if ours.len() != theirs.len() {
        return Err(CopyError::Differ(format!("{} tables and {}", ours.len(), theirs.len())));
    }
    for (one, other) in ours.iter_mut().zip(theirs) {
        for (column, theirs) in one.columns.iter_mut().zip(other.columns) {
            column.kind = match (column.kind, theirs.kind) {
                (kind, same) if kind == same => kind,
                (Kind::Int, Kind::Bool) | (Kind::Bool, Kind::Int) => Kind::Bool,
                _ => return Err(CopyError::Differ(format!("the kind of {}.{}", other.name, column.name))),
            };
            column.numbered |= theirs.numbered;
        }
    }
    ordered(ours)
}

/// Tables in an order in which none refers to a later one.
pub(super) fn ordered(mut tables: Vec<Table>) -> Result<Vec<Table>> {
    let mut ordered: Vec<Table> = Vec::new();
    while !tables.is_empty() {
        let known = |name: &String| ordered.iter().any(|table| table.name == *name);
        let Some(at) = tables.iter().position(|table| table.needs.iter().all(known)) else {
            let circle = tables.iter().map(|table| table.name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(CopyError::Differ(format!("tables refer to each other in a circle: {circle}")));
        };
        ordered.push(tables.remove(at));
    }
    Ok(ordered)
}
