//! A rule of a built-in book, tried on stated inputs.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kwartier::rules::attempt::{Given, GivenError, Working};
use kwartier::rules::rule::Numbers;
use kwartier::rules::rulebook::Rulebook;
use rust_decimal::Decimal;

/// A built-in book.
pub(crate) fn book(name: &str) -> Rulebook {
    Rulebook::built_in(name).unwrap_or_else(|faults| {
        let faults: Vec<String> = faults.iter().map(|fault| format!("{fault:?}")).collect();
        panic!("{}", faults.join("\n"))
    })
}

pub(crate) fn day(text: &str) -> Date {
    text.parse().expect("a day of these tests")
}

pub(crate) fn number(text: &str) -> Decimal {
    text.parse().expect("a number of these tests")
}

/// A rule of a book on a day, applied to inputs: `"kwh=3000 year_part=0.5"`.
pub(crate) fn attempt(book: &Rulebook, id: &str, on: &str, inputs: &str) -> Result<Vec<Working>, GivenError> {
    let rule = book.find(id).unwrap_or_else(|| panic!("there is no rule {id}"));
    let on = day(on);
    let Some(Numbers::Known(version)) = rule.numbers_on(on) else { panic!("{id} has no numbers on {on}") };
    let values: BTreeMap<String, String> = inputs
        .split_whitespace()
        .map(|input| input.split_once('=').expect("name=value"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let instrument = &version.instrument;
    let given = Given::new(values, &instrument.inputs(), on, version.vat_fraction.unwrap_or_default())?;
    instrument.attempt(&given)
}

/// What is not known, in the words of the refusal.
pub(crate) fn refusal(attempted: Result<Vec<Working>, GivenError>) -> String {
    match attempted {
        Err(GivenError::Unknown(unknown)) => unknown.what,
        other => panic!("it is not refused: {other:?}"),
    }
}
