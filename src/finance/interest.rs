//! Compound interest in exact decimals: growth over periods, and what a row of amounts is worth at its start.

use rust_decimal::Decimal;

/// (1 + rate)^periods, to 28 digits.
///
/// * `rate` – a part per period: 0.02. Rates from -1 to 0.25 hold for 200 periods and more; far beyond, the product overflows.
pub fn compound(rate: Decimal, periods: u32) -> Decimal {
    power(Decimal::ONE + rate, periods)
}

/// A number to a whole power, by squaring.
pub(crate) fn power(base: Decimal, exponent: u32) -> Decimal {
    let (mut result, mut square, mut left) = (Decimal::ONE, base, exponent);
    while left > 0 {
        if left % 2 == 1 {
            result *= square;
        }
        left /= 2;
        if left > 0 {
            square *= square;
        }
    }
    result
}

/// Σ amount / (1 + rate)^t, the first amount at t = 0; of EUR or of kWh.
///
/// * `rate` – a part per period, above -1. The twin of exact money: [`super::measures::net_present_value_eur`] is in floating
///   point, for rates that are looked for.
///
/// # Panics
/// If the rate is -1, or so near it that the value overflows.
pub fn present_value(rate: Decimal, amounts: &[Decimal]) -> Decimal {
    amounts.iter().rev().fold(Decimal::ZERO, |later, amount| amount + later / (Decimal::ONE + rate))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn five_percent_over_three_years() {
        assert_eq!(compound(number("0.05"), 3), number("1.157625"));
        assert_eq!(compound(number("0.05"), 0), Decimal::ONE);
        assert_eq!(compound(Decimal::ZERO, 1200), Decimal::ONE);
        assert_eq!(compound(number("-1"), 1), Decimal::ZERO);
    }

    #[test]
    fn value_of_110_and_121_at_ten_percent() {
        let flows = [-200, 110, 121].map(Decimal::from);
        assert_eq!(present_value(number("0.1"), &flows), Decimal::ZERO);
        assert_eq!(present_value(number("0.1"), &[]), Decimal::ZERO);
    }
}
