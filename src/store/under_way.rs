//! A transaction that is under way, and the lines that its commit will append to the ledger.
use crate::domain::chain::Body;
use sqlx::{Database, Transaction};
use std::ops::{Deref, DerefMut};

/// Stands for its connection, so that queries are run on it as on one.
pub struct UnderWay<DB: Database> {
    transaction: Transaction<'static, DB>,
    /// Whoever appends to the chain holds its end until the commit, so everybody does so last: then nobody waits for
    /// another one's work, and no two wait for each other.
    pub(super) lines: Vec<Body>,
}

impl<DB: Database> UnderWay<DB> {
    pub(super) async fn commit(self) -> super::Result<()> {
        self.transaction.commit().await
    }
}

impl<DB: Database> From<Transaction<'static, DB>> for UnderWay<DB> {
    fn from(transaction: Transaction<'static, DB>) -> Self {
        Self { transaction, lines: Vec::new() }
    }
}

impl<DB: Database> Deref for UnderWay<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &Self::Target {
        &self.transaction
    }
}

impl<DB: Database> DerefMut for UnderWay<DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.transaction
    }
}
