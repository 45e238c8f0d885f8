//! Exact decimals: rates as they were written, sums that are not rounded before the line, cents.

use rust_decimal::{Decimal, RoundingStrategy};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// A number of a rule, exactly as it was written: tax rates have five decimals.
///
/// TOML gives a float; the shortest decimal that reads back as that float is the one that was written, up to fifteen
/// digits. Numbers of rules lie within ± [`LARGEST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exact(pub Decimal);

/// No rate, limit or amount of a rule is larger: what is, is a slip of the pen.
pub const LARGEST: f64 = 1e12;

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Exact, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::Integer(whole) => Ok(Exact(Decimal::from(whole))),
            // `Display` of a float has no exponent and is the shortest that reads back.
            toml::Value::Float(number) => number.to_string().parse().map(Exact).map_err(D::Error::custom),
            other => Err(D::Error::custom(format!("expected a number, found {other}"))),
        }
    }
}

impl JsonSchema for Exact {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Exact".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": -LARGEST, "maximum": LARGEST })
    }
}

/// The cents of an exact amount, EUR: rounded half away from zero.
///
/// # Panics
/// If the amount is beyond 9e16 EUR, which no reading times a rate can be.
pub fn cents(amount_eur: Decimal) -> i64 {
    let mut rounded = amount_eur.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(2);
    i64::try_from(rounded.mantissa()).expect("amounts are far below 9e16 EUR")
}

/// The nearest float of an exact number.
pub fn float(number: Decimal) -> f64 {
    // By its text, which is read right to the last bit.
    number.to_string().parse().unwrap_or_default()
}

/// An amount of cents, EUR.
pub fn euros(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

/// A register as it leaves the engine: rounded to nine decimals, and exact from there.
pub fn of_register(value: f64) -> Decimal {
    Decimal::from_i128_with_scale((value * 1e9).round() as i128, 9).normalize()
}

/// A number as people read it: at least `least` and at most `most` decimals.
pub fn shown(number: Decimal, least: u32, most: u32) -> String {
    let mut number = number.round_dp_with_strategy(most, RoundingStrategy::MidpointAwayFromZero).normalize();
    if number.scale() < least {
        number.rescale(least);
    }
    if number.is_zero() {
        number.set_sign_positive(true);
    }
    number.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Holder {
        rate: Exact,
    }

    fn read(text: &str) -> Decimal {
        toml::from_str::<Holder>(&format!("rate = {text}")).unwrap().rate.0
    }

    #[test]
    fn a_rate_is_what_was_written() {
        for text in ["0.09161", "0.1", "-0.00188", "12345678.12345", "0.00001", "3", "1e-7"] {
            assert_eq!(read(text), Decimal::from_scientific(text).or(text.parse()).unwrap(), "{text}");
        }
    }

    #[test]
    fn cents_round_half_away_from_zero() {
        for (amount, expected) in
            [("0.005", 1), ("-0.005", -1), ("204.83848", 20484), ("1.004999", 100), ("-2.675", -268)]
        {
            assert_eq!(cents(amount.parse().unwrap()), expected, "{amount}");
        }
    }

    #[test]
    fn a_register_has_nine_decimals() {
        assert_eq!(of_register(0.1 + 0.2).to_string(), "0.3");
        assert_eq!(of_register(-1.234_567_890_4).to_string(), "-1.23456789");
    }

    #[test]
    fn numbers_are_shown_with_the_decimals_they_need() {
        assert_eq!(shown("800".parse().unwrap(), 0, 3), "800");
        assert_eq!(shown("0.211610".parse().unwrap(), 2, 6), "0.21161");
        assert_eq!(shown("-0.001".parse().unwrap(), 2, 2), "0.00");
        assert_eq!(shown("204.8".parse().unwrap(), 2, 2), "204.80");
    }
}
