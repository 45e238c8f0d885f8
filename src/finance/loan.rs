//! Loans: what is paid in each period, as interest and as principal, in whole cents.
//!
//! With P the principal, r the rate per period, n the periods and B the debt before a payment:
//!
//! - annuity: the payment is `P r / (1 − (1 + r)^−n)`, or `P / n` without interest;
//! - linear: the principal part is `P / n`;
//! - interest only: the principal is repaid whole in the last period.
//!
//! Interest is `B r`. Each of these is rounded to the cent, half away from zero. The last payment repays what is left, so it
//! takes the rounding of all others and the principal comes to exactly P. No payment repays more than is owed.
//!
//! # Source
//! The usual definitions, as in a spreadsheet's functions PMT, IPMT and PPMT (payments at the end of a period).

use rust_decimal::Decimal;

use super::interest::power;
use crate::rules::exact::{cents, euros};

/// How a loan is repaid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repayment {
    /// The same payment in each period.
    Annuity,
    /// The same principal in each period, and less interest each time.
    Linear,
    /// Interest in each period, the principal with the last.
    InterestOnly,
}

/// How often a loan is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// At the end of each year.
    Year,
    /// At the end of each month, at a twelfth of the yearly rate.
    Month,
}

impl Period {
    /// Periods in a year.
    pub fn per_year(self) -> u32 {
        match self {
            Period::Year => 1,
            Period::Month => 12,
        }
    }
}

/// A loan that is paid out at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loan {
    /// How it is repaid.
    pub repayment: Repayment,
    /// How often.
    pub period: Period,
    /// What is lent, cents.
    pub principal_cents: i64,
    /// Nominal interest, a part per year: 0.05.
    pub rate_per_year: Decimal,
    /// The number of payments.
    pub periods: u32,
}

/// One payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instalment {
    /// Which one, from 1.
    pub number: u32,
    /// The part that is interest, cents.
    pub interest_cents: i64,
    /// The part that repays, cents.
    pub principal_cents: i64,
    /// The debt after it, cents.
    pub balance_cents: i64,
}

impl Instalment {
    /// Interest and principal, cents.
    pub fn payment_cents(&self) -> i64 {
        self.interest_cents + self.principal_cents
    }
}

/// No loan is larger, cents: what is, is a slip of the pen.
pub const LARGEST_CENTS: i64 = 100_000_000_000_000;

/// No loan has more payments: a hundred years of months.
pub const MOST_PERIODS: u32 = 1200;

/// Decimals of a rate. With more, `1 − (1 + r)^−n` would lose the digits that the payment needs.
pub const RATE_DECIMALS: u32 = 10;

/// Why a loan has no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoanError {
    /// The principal is negative or out of all proportion.
    #[error("the principal is {} EUR, expected 0 to 1e12 EUR: give what is lent as a positive amount", euros(*.cents))]
    Principal {
        /// The principal, cents.
        cents: i64,
    },
    /// No payments, or too many.
    #[error("the loan has {periods} payments, expected 1 to {MOST_PERIODS}: give its term in periods of the loan")]
    Periods {
        /// The payments.
        periods: u32,
    },
    /// The rate is no rate.
    #[error(
        "the rate is {rate} per year, expected 0 to 1 with at most {RATE_DECIMALS} decimals: 5 % is written as 0.05"
    )]
    Rate {
        /// The rate, a part per year.
        rate: Decimal,
    },
}

impl Loan {
    /// The rate of a period: that of a year over the periods in it.
    pub fn rate_per_period(&self) -> Decimal {
        self.rate_per_year / Decimal::from(self.period.per_year())
    }

    /// Every payment, in order.
    ///
    /// # Errors
    /// If the principal, the rate or the number of payments cannot be.
    ///
    /// # Invariants
    /// `Σ principal = P`; the debt never rises and ends at 0; no part of a payment is negative.
    pub fn schedule(&self) -> Result<Vec<Instalment>, LoanError> {
        self.check()?;
        let rate = self.rate_per_period();
        let mut balance_cents = self.principal_cents;
        let regular = self.regular_cents(rate);
        Ok((1..=self.periods)
            .map(|number| {
                let interest_cents = cents(euros(balance_cents) * rate);
                let principal_cents = match self.repayment {
                    _ if number == self.periods => balance_cents,
                    Repayment::Annuity => (regular - interest_cents).min(balance_cents),
                    Repayment::Linear => regular.min(balance_cents),
                    Repayment::InterestOnly => 0,
                };
                balance_cents -= principal_cents;
                Instalment { number, interest_cents, principal_cents, balance_cents }
            })
            .collect())
    }

    /// What is paid and what is owed by year: the parts of its payments summed, the debt after the last of them; numbered from 1.
    ///
    /// # Errors
    /// As [`Loan::schedule`].
    pub fn years(&self) -> Result<Vec<Instalment>, LoanError> {
        let schedule = self.schedule()?;
        let years = schedule.chunks(self.period.per_year() as usize);
        Ok((1..)
            .zip(years)
            .map(|(number, year)| Instalment {
                number,
                interest_cents: year.iter().map(|one| one.interest_cents).sum(),
                principal_cents: year.iter().map(|one| one.principal_cents).sum(),
                balance_cents: year.last().map_or(0, |one| one.balance_cents),
            })
            .collect())
    }

    /// What is the same in each period but the last, cents: the payment of an annuity, the principal of a linear loan.
    fn regular_cents(&self, rate: Decimal) -> i64 {
        let (principal, periods) = (euros(self.principal_cents), self.periods);
        cents(match self.repayment {
            Repayment::Annuity if !rate.is_zero() => {
                principal * rate / (Decimal::ONE - power(Decimal::ONE / (Decimal::ONE + rate), periods))
            }
            Repayment::Annuity | Repayment::Linear => principal / Decimal::from(periods),
            Repayment::InterestOnly => Decimal::ZERO,
        })
    }

    fn check(&self) -> Result<(), LoanError> {
        let rate = self.rate_per_year.normalize();
        if !(0..=LARGEST_CENTS).contains(&self.principal_cents) {
            return Err(LoanError::Principal { cents: self.principal_cents });
        }
        if !(1..=MOST_PERIODS).contains(&self.periods) {
            return Err(LoanError::Periods { periods: self.periods });
        }
        if rate < Decimal::ZERO || rate > Decimal::ONE || rate.scale() > RATE_DECIMALS {
            return Err(LoanError::Rate { rate });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::finance::measures::annuity_eur;

    fn loan(repayment: Repayment, period: Period, euros: i64, rate: &str, periods: u32) -> Loan {
        Loan { repayment, period, principal_cents: euros * 100, rate_per_year: rate.parse().unwrap(), periods }
    }

    fn parts(one: &Instalment) -> (i64, i64, i64) {
        (one.interest_cents, one.principal_cents, one.balance_cents)
    }

    /// PMT(5 %; 10; 10000) = 500 / (1 − 1.05^−10) = 1295.0457; IPMT(1) = 500, PPMT(1) = 795.0457;
    /// IPMT(2) = (10000 − 795.0457) 0.05 = 460.2477, PPMT(2) = 795.0457 × 1.05 = 834.7980;
    /// PPMT(10) = 795.0457 × 1.05^9 = 1233.3769, IPMT(10) = 61.6688.
    #[test]
    fn an_annuity_of_ten_years_is_that_of_the_spreadsheet() {
        let rows = loan(Repayment::Annuity, Period::Year, 10_000, "0.05", 10).schedule().unwrap();
        assert_eq!(parts(&rows[0]), (50_000, 79_505, 920_495));
        assert_eq!(parts(&rows[1]), (46_025, 83_480, 837_015));
        // Each of nine payments of 1295.05 is 0.43 cents above the formula's: the last is 4 cents lower than they.
        assert_eq!(parts(&rows[9]), (6_167, 123_334, 0));
        assert!(rows[..9].iter().all(|row| row.payment_cents() == 129_505));
        assert_eq!(rows[9].payment_cents(), 129_501);
    }

    /// PMT(6 % / 12; 360; 200000) = 1000 / (1 − 1.005^−360) = 1199.1011.
    #[test]
    fn an_annuity_of_thirty_years_is_paid_monthly() {
        let mortgage = loan(Repayment::Annuity, Period::Month, 200_000, "0.06", 360);
        let rows = mortgage.schedule().unwrap();
        assert_eq!(parts(&rows[0]), (100_000, 19_910, 19_980_090));
        assert_eq!(rows[358].payment_cents(), 119_910);
        // 0.1050 cents less than the formula's in each: (1.005^360 − 1) / 0.005 × 0.1050 = 105 cents at the end.
        assert_eq!(rows[359].payment_cents(), 120_014);
        let years = mortgage.years().unwrap();
        assert_eq!(years.len(), 30);
        assert_eq!(years[0].payment_cents(), 12 * 119_910);
        assert_eq!(years[0].balance_cents, rows[11].balance_cents);
    }

    /// 1000 in three parts of 333.33; interest on 1000, 666.67 and 333.34 at 10 %.
    #[test]
    fn a_linear_loan_repays_equal_parts_and_the_rest_at_the_end() {
        let rows = loan(Repayment::Linear, Period::Year, 1000, "0.1", 3).schedule().unwrap();
        let expected = [(10_000, 33_333, 66_667), (6_667, 33_333, 33_334), (3_333, 33_334, 0)];
        assert_eq!(rows.iter().map(parts).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn an_interest_only_loan_is_repaid_at_the_end() {
        let rows = loan(Repayment::InterestOnly, Period::Year, 1000, "0.045", 3).schedule().unwrap();
        let expected = [(4_500, 0, 100_000), (4_500, 0, 100_000), (4_500, 100_000, 0)];
        assert_eq!(rows.iter().map(parts).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn without_interest_only_the_principal_is_paid() {
        for repayment in [Repayment::Annuity, Repayment::Linear] {
            let rows = loan(repayment, Period::Year, 100, "0", 3).schedule().unwrap();
            assert_eq!(rows.iter().map(parts).collect::<Vec<_>>(), [(0, 3333, 6667), (0, 3333, 3334), (0, 3334, 0)]);
        }
    }

    #[test]
    fn a_term_that_ends_within_a_year_has_a_short_last_year() {
        let years = loan(Repayment::Linear, Period::Month, 1500, "0", 15).years().unwrap();
        assert_eq!(years.iter().map(parts).collect::<Vec<_>>(), [(0, 120_000, 30_000), (0, 30_000, 0)]);
    }

    #[test]
    fn a_loan_that_cannot_be_is_refused_with_words() {
        let good = loan(Repayment::Annuity, Period::Year, 100, "0.05", 10);
        let words = |loan: Loan| loan.schedule().unwrap_err().to_string();
        assert_eq!(
            words(Loan { principal_cents: -500, ..good }),
            "the principal is -5.00 EUR, expected 0 to 1e12 EUR: give what is lent as a positive amount"
        );
        assert_eq!(
            words(Loan { periods: 0, ..good }),
            "the loan has 0 payments, expected 1 to 1200: give its term in periods of the loan"
        );
        for rate in ["5", "-0.01", "0.00000000001"] {
            assert_eq!(
                words(Loan { rate_per_year: rate.parse().unwrap(), ..good }),
                format!(
                    "the rate is {rate} per year, expected 0 to 1 with at most 10 decimals: 5 % is written as 0.05"
                )
            );
        }
    }

    proptest! {
        #[test]
        fn the_principal_is_repaid_to_the_cent(
            kind in 0..3_usize, is_monthly: bool, principal_cents in 0..100_000_000_000_i64, rate in 0..=10_000_i64, periods in 1..=MOST_PERIODS
        ) {
            let loan = Loan {
                repayment: [Repayment::Annuity, Repayment::Linear, Repayment::InterestOnly][kind],
                period: if is_monthly { Period::Month } else { Period::Year },
                principal_cents,
                rate_per_year: Decimal::new(rate, 4),
                periods,
            };
            let rows = loan.schedule().unwrap();
            prop_assert_eq!(rows.len(), periods as usize);
            prop_assert_eq!(rows.iter().map(|row| row.principal_cents).sum::<i64>(), principal_cents);
            let mut before = principal_cents;
            for row in &rows {
                prop_assert!(row.interest_cents >= 0 && row.principal_cents >= 0);
                prop_assert_eq!(row.balance_cents, before - row.principal_cents);
                before = row.balance_cents;
            }
            prop_assert_eq!(before, 0);
            let years = loan.years().unwrap();
            prop_assert_eq!(
                years.iter().map(Instalment::payment_cents).sum::<i64>(),
                rows.iter().map(Instalment::payment_cents).sum::<i64>()
            );
        }

        #[test]
        fn a_payment_is_that_of_the_measures(principal_cents in 100_000..100_000_000_i64, rate in 0..2000_i64, periods in 2..40_u32) {
            let loan = Loan {
                repayment: Repayment::Annuity,
                period: Period::Year,
                principal_cents,
                rate_per_year: Decimal::new(rate, 4),
                periods,
            };
            let payment = annuity_eur(principal_cents as f64 / 100.0, rate as f64 / 10_000.0, periods);
            let first = loan.schedule().unwrap()[0].payment_cents();
            // Half a cent of rounding, and the floating point of the measure.
            prop_assert!((first as f64 - 100.0 * payment).abs() < 0.500_1);
        }
    }
}
