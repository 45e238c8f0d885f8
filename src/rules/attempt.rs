//! A rule applied to inputs that are stated by hand: `kwartier rules try`.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::settle::Unknown;
use crate::scenario::diagnostics::nearest;

/// An input that a kind takes.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name, with the unit at the end.
    pub name: &'static str,
    /// What it is, and what holds if it is not given.
    pub about: &'static str,
    /// Whether it must be given.
    pub is_required: bool,
}

/// An input that must be given.
pub const fn required(name: &'static str, about: &'static str) -> Input {
    Input { name, about, is_required: true }
}

/// An input that may be left out.
pub const fn optional(name: &'static str, about: &'static str) -> Input {
    Input { name, about, is_required: false }
}

/// A step of the reckoning: what it is, the formula with the numbers in it, and what comes out.
#[derive(Clone, Debug)]
pub struct Working {
    /// What it is.
    pub what: String,
    /// The formula with the numbers in it.
    pub formula: String,
    /// What comes out.
    pub value: Decimal,
    /// Its unit; "EUR" is shown to the cent.
    pub unit: &'static str,
}

impl Working {
    /// A step.
    pub fn new(what: impl Into<String>, formula: impl Into<String>, value: Decimal, unit: &'static str) -> Working {
        Working { what: what.into(), formula: formula.into(), value, unit }
    }
}

/// The inputs that were given, and the day on which the rule is tried.
#[derive(Clone, Debug)]
pub struct Given {
    values: BTreeMap<String, String>,
    /// The day.
    pub on: Date,
    /// VAT on amounts of the rule, as a part; 0 where it has none.
    pub vat_fraction: Decimal,
}

/// What is wrong with inputs.
#[derive(Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum GivenError {
    /// One is missing.
    #[error("`{name}` is missing: add --with {name}=…")]
    Missing {
        /// Its name.
        name: String,
    },
    /// One is not a number.
    #[error("`{name}` is \"{found}\", expected {expected}")]
    Wrong {
        /// Its name.
        name: String,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// There is no such input.
    #[error("this rule takes no input `{name}`; {hint}")]
    NoSuch {
        /// Its name.
        name: String,
        /// What there is.
        hint: String,
    },
    /// A number of the rule is not known.
    #[error("{0}")]
    Unknown(#[from] Unknown),
}

/// No input is larger: what is, is a slip of the pen, and sums in cents could not hold it.
const LARGEST: Decimal = Decimal::from_parts(1_410_065_408, 2, 0, false, 0);

impl Given {
    /// Inputs as they were given.
    ///
    /// # Errors
    /// If one is none of those that the rule takes.
    pub fn new(
        values: BTreeMap<String, String>,
        inputs: &[Input],
        on: Date,
        vat_fraction: Decimal,
    ) -> Result<Given, GivenError> {
        let names: Vec<&str> = inputs.iter().map(|input| input.name).collect();
        if let Some(name) = values.keys().find(|name| !names.contains(&name.as_str())) {
            let hint = match nearest(name, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it takes {}", names.join(", ")),
            };
            return Err(GivenError::NoSuch { name: name.clone(), hint });
        }
        Ok(Given { values, on, vat_fraction })
    }

    /// A number, if it was given.
    ///
    /// # Errors
    /// If it is not a number from 0 up.
    pub fn optional(&self, name: &str) -> Result<Option<Decimal>, GivenError> {
        let Some(text) = self.values.get(name) else { return Ok(None) };
        match text.parse::<Decimal>() {
            Ok(number) if (number >= Decimal::ZERO || name.contains("price")) && number.abs() <= LARGEST => {
                Ok(Some(number))
            }
            _ => Err(self.wrong(name, "a number from 0 up to 1e10, with a point: 1900.50")),
        }
    }

    /// A number that must be given.
    ///
    /// # Errors
    /// If it is missing or not a number from 0 up.
    pub fn number(&self, name: &str) -> Result<Decimal, GivenError> {
        self.optional(name)?.ok_or_else(|| GivenError::Missing { name: name.to_owned() })
    }

    /// A number, or what holds if it is not given.
    ///
    /// # Errors
    /// If it is not a number from 0 up.
    pub fn number_or(&self, name: &str, default: Decimal) -> Result<Decimal, GivenError> {
        Ok(self.optional(name)?.unwrap_or(default))
    }

    /// A text that must be given.
    ///
    /// # Errors
    /// If it is missing.
    pub fn text(&self, name: &str) -> Result<&str, GivenError> {
        self.values.get(name).map(String::as_str).ok_or_else(|| GivenError::Missing { name: name.to_owned() })
    }

    /// A word, if it was given.
    ///
    /// # Errors
    /// If it is not one of those that are possible.
    pub fn word(&self, name: &str, possible: &[&str]) -> Result<Option<&str>, GivenError> {
        match self.values.get(name).map(String::as_str) {
            None => Ok(None),
            Some(word) if possible.contains(&word) => Ok(Some(word)),
            Some(_) => Err(self.wrong(name, &format!("one of {}", possible.join(", ")))),
        }
    }

    /// Whether something is so: yes or no; no if it is not given.
    ///
    /// # Errors
    /// If it is neither.
    pub fn truth(&self, name: &str) -> Result<bool, GivenError> {
        match self.values.get(name).map(String::as_str) {
            None | Some("no" | "false") => Ok(false),
            Some("yes" | "true") => Ok(true),
            Some(_) => Err(self.wrong(name, "yes or no")),
        }
    }

    /// A list of numbers with commas between, if it was given.
    ///
    /// # Errors
    /// If it is none.
    pub fn list(&self, name: &str) -> Result<Option<Vec<Decimal>>, GivenError> {
        let Some(text) = self.values.get(name) else { return Ok(None) };
        let numbers: Result<Vec<Decimal>, _> = text.split(',').map(|part| part.trim().parse()).collect();
        numbers.map(Some).map_err(|_| self.wrong(name, "numbers with commas between: 0.45,0.80"))
    }

    /// The fault of an input that makes no sense.
    pub fn wrong(&self, name: &str, expected: &str) -> GivenError {
        let found = self.values.get(name).cloned().unwrap_or_default();
        GivenError::Wrong { name: name.to_owned(), found, expected: expected.to_owned() }
    }
}
