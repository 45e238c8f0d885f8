//! The ledger: every bill line is a posting from one account to another, in integer cents, with its rule and year.
//!
//! VAT is a posting of its own, from who pays to the state. A posting takes from one account what it gives to another, so
//! the sum of all accounts is zero: it is added up anew and checked in every run.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::rules::bill::Bill;
use crate::rules::terms::Party;

/// Who has an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    /// A home or business, by its index.
    Member(u32),
    /// One that all of its kind have together; that of [`Party::Member`] is of their participations.
    Common(Party),
    /// A plant that has books, by its index.
    Plant(u32),
    /// All who lend.
    Lenders,
    /// All who build, maintain and insure plants.
    Contractors,
}

/// A level at which money is seen: the parties of the rules, and those of the books of plants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Homes and businesses.
    Member,
    /// The cooperative.
    Cooperative,
    /// The supplier.
    Supplier,
    /// The grid operator.
    GridOperator,
    /// The state.
    State,
    /// Plants that have books.
    Plant,
    /// Who lends.
    Lender,
    /// Who builds, maintains and insures plants.
    Contractor,
}

impl From<Party> for Level {
    fn from(party: Party) -> Level {
        match party {
            Party::Member => Level::Member,
            Party::Cooperative => Level::Cooperative,
            Party::Supplier => Level::Supplier,
            Party::GridOperator => Level::GridOperator,
            Party::State => Level::State,
        }
    }
}

impl Account {
    /// The level that it belongs to.
    pub fn level(self) -> Level {
        match self {
            Account::Member(_) => Level::Member,
            Account::Common(party) => party.into(),
            Account::Plant(_) => Level::Plant,
            Account::Lenders => Level::Lender,
            Account::Contractors => Level::Contractor,
        }
    }
}

/// One movement of money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting<'a> {
    /// The calendar year in which the contract year begins.
    pub year: i16,
    /// The rule by which it moves.
    pub rule: &'a str,
    /// Whether it is the VAT on an amount of that rule.
    pub is_vat: bool,
    /// The account it is taken from.
    pub from: Account,
    /// The account it is given to.
    pub to: Account,
    /// How much, cents; negative goes the other way.
    pub cents: i64,
}

/// What each level received by a rule in a year, cents; what it paid is negative.
pub type ByLevel = BTreeMap<Level, i64>;

/// Accounts, and what each rule moved between levels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    accounts: BTreeMap<Account, i64>,
    rules: BTreeMap<(i16, String), ByLevel>,
    vat: BTreeMap<i16, i64>,
    postings: usize,
}

impl Ledger {
    /// Books a posting.
    pub fn post(&mut self, posting: &Posting<'_>) {
        *self.accounts.entry(posting.from).or_default() -= posting.cents;
        *self.accounts.entry(posting.to).or_default() += posting.cents;
        let of_rule = self.rules.entry((posting.year, posting.rule.to_owned())).or_default();
        *of_rule.entry(posting.from.level()).or_default() -= posting.cents;
        *of_rule.entry(posting.to.level()).or_default() += posting.cents;
        if posting.is_vat {
            *self.vat.entry(posting.year).or_default() += posting.cents;
        }
        self.postings += 1;
    }

    /// Books the lines of the bills of a point.
    ///
    /// * `owner` – the account that pays them.
    pub fn post_bills(&mut self, owner: Account, bills: &[Bill]) {
        for bill in bills {
            for line in &bill.lines {
                let to = Account::Common(line.payee);
                let posting =
                    |to, is_vat, cents| Posting { year: bill.year, rule: &line.rule, is_vat, from: owner, to, cents };
                self.post(&posting(to, false, line.amount_cents()));
                if line.vat_cents() != 0 {
                    self.post(&posting(Account::Common(Party::State), true, line.vat_cents()));
                }
            }
        }
    }

    /// The sum of all accounts, cents: zero.
    pub fn sum_cents(&self) -> i64 {
        self.accounts.values().sum()
    }

    /// The number of postings.
    pub fn postings(&self) -> usize {
        self.postings
    }

    /// What an account received, cents; what it paid is negative.
    pub fn balance_cents(&self, account: Account) -> i64 {
        self.accounts.get(&account).copied().unwrap_or(0)
    }

    /// What a level received in all, cents; what it paid is negative.
    pub fn of_level_cents(&self, level: impl Into<Level>) -> i64 {
        let level = level.into();
        self.accounts.iter().filter(|(account, _)| account.level() == level).map(|(_, cents)| cents).sum()
    }

    /// The VAT that the state received, cents.
    pub fn vat_cents(&self) -> i64 {
        self.vat.values().sum()
    }

    /// What each rule moved between levels in a year, in the order of years and rules.
    pub fn by_rule(&self) -> impl Iterator<Item = (i16, &str, &ByLevel)> {
        self.rules.iter().map(|((year, rule), parties)| (*year, rule.as_str(), parties))
    }

    /// What each rule moved between levels over all years, in the order of rules.
    pub fn by_rule_of_all_years(&self) -> BTreeMap<&str, ByLevel> {
        let mut all: BTreeMap<&str, ByLevel> = BTreeMap::new();
        for (_, rule, levels) in self.by_rule() {
            for (level, cents) in levels {
                *all.entry(rule).or_default().entry(*level).or_default() += cents;
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn account(number: u8) -> Account {
        match number % 9 {
            0..=3 => Account::Member(u32::from(number)),
            4 => Account::Common(Party::State),
            5 => Account::Common(Party::Supplier),
            6 => Account::Plant(u32::from(number)),
            7 => Account::Lenders,
            _ => Account::Common(Party::Cooperative),
        }
    }

    proptest! {
        #[test]
        fn the_sum_of_all_accounts_is_zero(moves in vec((0_u8..30, 0_u8..30, -1_000_000_i64..1_000_000, any::<bool>()), 0..60)) {
            let mut ledger = Ledger::default();
            for (from, to, cents, is_vat) in &moves {
                let (from, to) = (account(*from), account(*to));
                ledger.post(&Posting { year: 2026, rule: "r", is_vat: *is_vat, from, to, cents: *cents });
            }
            prop_assert_eq!(ledger.sum_cents(), 0);
            let levels = Party::ALL.map(Level::from).into_iter().chain([Level::Plant, Level::Lender, Level::Contractor]);
            prop_assert_eq!(levels.map(|level| ledger.of_level_cents(level)).sum::<i64>(), 0);
            prop_assert_eq!(ledger.postings(), moves.len());
        }
    }
}
