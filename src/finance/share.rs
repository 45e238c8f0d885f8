//! What a member's share returns: the distribution of each year, and how many times its price came back.

use rust_decimal::Decimal;

use crate::rules::exact::euros;

/// The shares that members buy at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shares {
    /// How many.
    pub number: u32,
    /// What one costs, EUR.
    pub price_eur: Decimal,
}

impl Shares {
    /// What all of them bring, EUR.
    pub fn total_eur(&self) -> Decimal {
        self.price_eur * Decimal::from(self.number)
    }
}

/// What one share returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareReturn {
    /// What it is paid at the end of each year, EUR, not rounded; the first is year 1.
    pub distribution_eur: Vec<Decimal>,
    /// All that it is paid over its price: 1 is the money back, without interest.
    pub money_multiple: Decimal,
}

/// Divides distributions over shares.
///
/// * `distributions_cents` – paid to all shares together at the end of each year, from year 1.
///
/// Returns `None` where there are no shares or they cost nothing.
pub fn share_return(shares: &Shares, distributions_cents: &[i64]) -> Option<ShareReturn> {
    if shares.total_eur() <= Decimal::ZERO {
        return None;
    }
    let number = Decimal::from(shares.number);
    let total: Decimal = distributions_cents.iter().map(|cents| euros(*cents)).sum();
    Some(ShareReturn {
        distribution_eur: distributions_cents.iter().map(|cents| euros(*cents) / number).collect(),
        money_multiple: total / shares.total_eur(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forty_shares_of_250_that_are_paid_1000_and_14000() {
        let shares = Shares { number: 40, price_eur: Decimal::from(250) };
        let returned = share_return(&shares, &[100_000, 1_400_000]).unwrap();
        assert_eq!(returned.distribution_eur, [25, 350].map(Decimal::from));
        assert_eq!(returned.money_multiple, Decimal::new(15, 1));
    }

    #[test]
    fn without_shares_there_is_no_return() {
        assert_eq!(share_return(&Shares::default(), &[100]), None);
        assert_eq!(share_return(&Shares { number: 3, price_eur: Decimal::ZERO }, &[100]), None);
    }
}
