//! What a store contains, and how transactions see and change it.

use super::data::Data;
use super::transactions::{Lock, TransactionId, Transactions};

/// What a store contains, and the transactions on it.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    data: Data,
    pub(crate) transactions: Transactions,
}

impl Contents {
    /// Reads the data as `reader` sees it: in a transaction, or outside of any.
    pub(crate) fn read<T>(
        &mut self,
        reader: Option<TransactionId>,
        read: impl FnOnce(&Data, &Transactions) -> T,
    ) -> T {
        self.exchange_versions(reader);
        let result = read(&self.data, &self.transactions);
        self.exchange_versions(reader);
        result
    }

    /// Changes the data in the versions of a transaction, or outside of any. `locks` covers all that
    /// `change` writes, and no other transaction holds any of them.
    pub(crate) fn write<T>(
        &mut self,
        writer: Option<TransactionId>,
        locks: Vec<Lock>,
        change: impl FnOnce(&mut Data) -> T,
    ) -> T {
        if let Some(transaction) = writer {
            self.transactions.acquire(transaction, locks, &self.data);
        }
        self.exchange_versions(writer);
        let result = change(&mut self.data);
        self.exchange_versions(writer);
        result
    }

    /// Makes what a transaction has written visible to all.
    pub(crate) fn commit(&mut self, transaction: TransactionId) {
        let mut versions = self.transactions.end(transaction);
        self.data.exchange(&mut versions);
    }

    /// Discards what a transaction has written.
    pub(crate) fn roll_back(&mut self, transaction: TransactionId) {
        self.transactions.end(transaction);
    }

    fn exchange_versions(&mut self, transaction: Option<TransactionId>) {
        if let Some(transaction) = transaction {
            self.transactions.exchange(transaction, &mut self.data);
        }
    }
}
