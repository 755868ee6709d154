//! One value on its way from one database to the other.
use super::catalog::{Kind, Table};
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use std::fmt::Write;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Int(Option<i64>),
    Bool(Option<bool>),
    Real(Option<f64>),
    Text(Option<String>),
    Blob(Option<Vec<u8>>),
}

impl Value {
    /// About how many bytes it takes.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Text(Some(text)) => text.len(),
            Self::Blob(Some(bytes)) => bytes.len() * 2,
            _ => 8,
        }
    }

    /// Adds it to a line of `COPY … FROM STDIN`, in the text format.
    ///
    /// # Errors
    /// A NUL in a text, which `PostgreSQL` does not store.
    pub fn write(&self, line: &mut String) -> Result<(), sqlx::Error> {
        // Writing to a String can't fail.
        let _ = match self {
            Self::Int(Some(number)) => write!(line, "{number}"),
            Self::Bool(Some(yes)) => write!(line, "{}", if *yes { 't' } else { 'f' }),
            Self::Real(Some(number)) => write!(line, "{number:?}"),
            Self::Text(Some(text)) if text.contains('\0') => {
                return Err(sqlx::Error::Encode(
                    "a text holds the character NUL, which PostgreSQL does not store".into(),
                ));
            }
            Self::Text(Some(text)) => {
                escape(text, line);
                Ok(())
            }
            Self::Blob(Some(bytes)) => write!(line, "\\\\x{}", hex::encode(bytes)),
            Self::Int(None) | Self::Bool(None) | Self::Real(None) | Self::Text(None) | Self::Blob(None) => {
                write!(line, "\\N")
            }
        };
        Ok(())
    }
}

fn escape(text: &str, line: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '\n', '\r', '\t']) {
        let (plain, from) = rest.split_at(at);
        line.push_str(plain);
        line.push_str(match from.as_bytes()[0] {
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            _ => "\\t",
        });
        rest = &from[1..];
    }
    line.push_str(rest);
}

/// The values of a row of `SQLite`, as the table's columns are.
pub(super) fn sqlite_row(row: &SqliteRow, table: &Table) -> Result<Vec<Value>, sqlx::Error> {
    let read = |(at, kind)| -> Result<Value, sqlx::Error> {
        Ok(match kind {
            Kind::Int => Value::Int(row.try_get_unchecked(at)?),
            Kind::Bool => Value::Bool(row.try_get_unchecked::<Option<i64>, _>(at)?.map(|number| number != 0)),
            Kind::Real => Value::Real(row.try_get_unchecked(at)?),
            Kind::Text => Value::Text(row.try_get_unchecked(at)?),
            Kind::Blob => Value::Blob(row.try_get_unchecked(at)?),
        })
    };
    table.columns.iter().map(|column| column.kind).enumerate().map(read).collect()
}

/// The same of `PostgreSQL`.
pub(super) fn postgres_row(row: &PgRow, table: &Table) -> Result<Vec<Value>, sqlx::Error> {
    let read = |(at, kind)| -> Result<Value, sqlx::Error> {
        Ok(match kind {
            Kind::Int => Value::Int(row.try_get(at)?),
            Kind::Bool => Value::Bool(row.try_get(at)?),
            Kind::Real => Value::Real(row.try_get(at)?),
            Kind::Text => Value::Text(row.try_get(at)?),
            Kind::Blob => Value::Blob(row.try_get(at)?),
        })
    };
    table.columns.iter().map(|column| column.kind).enumerate().map(read).collect()
}
