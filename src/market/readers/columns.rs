//! Which column of a price file is meant, its unit, and the clock of its stamps.

use jiff::tz::TimeZone;

use super::zone;
use crate::calendar::Country;
use crate::scenario::diagnostics::{Fault, Source, nearest};
use crate::scenario::plan::{PriceFile, PriceFormat};
use crate::series::findings::Findings;
use crate::series::table::{Headers, headers};

/// The columns of a generic file, with the price in EUR/MWh and in EUR/kWh.
const GENERIC: [&str; 4] = ["price_eur_mwh", "price_eur_kwh", "price_eur_per_mwh", "price_eur_per_kwh"];

/// How the columns of SMARD begin, English and German, whose country has one bidding zone there.
const ZONES: [(Country, [&str; 2]); 7] = [
    (Country::Nl, ["Netherlands", "Niederlande"]),
    (Country::At, ["Austria", "Österreich"]),
    (Country::Be, ["Belgium", "Belgien"]),
    (Country::Ch, ["Switzerland", "Schweiz"]),
    (Country::Cz, ["Czech Republic", "Tschechien"]),
    (Country::De, ["Germany/Luxembourg", "Deutschland/Luxemburg"]),
    (Country::Fr, ["France", "Frankreich"]),
];

/// How the column of day-ahead prices begins in both interfaces of ENTSO-E, in lower case.
const DAY_AHEAD: &str = "day-ahead price";

/// What is read of a file.
#[derive(Debug)]
pub(super) struct Choice {
    /// The header of the column.
    pub(super) column: String,
    /// What a 1 in it means, EUR/MWh.
    pub(super) unit: f64,
    /// The zone of stamps without an offset.
    pub(super) timezone: TimeZone,
    /// Whether commas in numbers are between thousands.
    pub(super) english: bool,
}

/// Finds the column that a scenario means.
pub(super) fn choose(spec: &PriceFile, country: Country, source: &Source, findings: &mut Findings) -> Option<Choice> {
    let Some(headers) = headers_of(spec, source) else {
        let message = format!("`{}` holds no rows", findings.file());
        let help = "give a delimited text file with a header and a row per interval";
        findings.in_scenario(Fault::error("kwartier::series::empty", message).help(help), "this file");
        return None;
    };
    let timezone = match spec.format {
        PriceFormat::Csv => spec.timezone.clone(),
        PriceFormat::Smard => zone("Europe/Berlin"),
        PriceFormat::Entsoe => clock_of_entsoe(&headers.time),
    };
    let column = match &spec.column {
        Some(name) => named(name, spec, &headers, findings),
        None => usual(spec.format, country, &headers, findings),
    }?;
    let Some(unit) = eur_per_mwh(&column, spec.format) else {
        let message = format!("the column `{column}` of `{}` does not say that it is in EUR", findings.file());
        let help = "prices are in EUR/MWh or EUR/kWh, and the header says which: end it in `eur_mwh` or `eur_kwh`";
        let fault = Fault::error("kwartier::market::unit", message).help(help);
        match &spec.column_origin {
            Some(origin) => findings.at(origin, fault, "in which unit?"),
            None => findings.in_scenario(fault, "this file"),
        }
        return None;
    };
    let english = spec.format == PriceFormat::Smard && headers.time.to_ascii_lowercase().contains("date");
    Some(Choice { column, unit, timezone, english })
}

/// The header line: the one that has the column that is named or usual, otherwise the first.
fn headers_of(spec: &PriceFile, source: &Source) -> Option<Headers> {
    let named: Vec<&str> = match (&spec.column, spec.format) {
        (Some(name), _) => vec![name],
        (None, PriceFormat::Csv) => GENERIC.to_vec(),
        (None, _) => Vec::new(),
    };
    let has = |name: &&str| headers(source, &[*name]).filter(|headers| headers.values.iter().any(|v| v == name));
    named.iter().find_map(has).or_else(|| headers(source, &[]))
}

/// The clock that the header of ENTSO-E's stamps names; Central European without one.
fn clock_of_entsoe(header: &str) -> TimeZone {
    match header.split(['(', ')']).nth(1) {
        Some("UTC") => TimeZone::UTC,
        Some(name) if name.starts_with("WET") => zone("Europe/Lisbon"),
        Some(name) if name.starts_with("EET") => zone("Europe/Helsinki"),
        _ => zone("Europe/Brussels"),
    }
}

/// The name of a bidding zone in a header of SMARD: what stands before the unit.
fn bare(header: &str) -> &str {
    header.split('[').next().unwrap_or(header).trim()
}

/// The column that the scenario names: by its whole header, or without the unit.
fn named(name: &str, spec: &PriceFile, headers: &Headers, findings: &mut Findings) -> Option<String> {
    let is_whole = |header: &&String| *header == name;
    let is_bare = |header: &&String| bare(header).eq_ignore_ascii_case(bare(name));
    let found = headers.values.iter().find(is_whole).or_else(|| headers.values.iter().find(is_bare));
    if found.is_none() {
        let hint = nearest(name, headers.values.iter().map(|header| bare(header)))
            .map_or(String::new(), |near| format!("did you mean `{near}`? "));
        let message = format!("`{}` has no column `{name}`", findings.file());
        let help = format!("{hint}its columns are {}", list(&headers.values));
        let fault = Fault::error("kwartier::market::column", message).help(help);
        match &spec.column_origin {
            Some(origin) => findings.at(origin, fault, "no such column"),
            None => findings.in_scenario(fault, "this file"),
        }
    }
    found.cloned()
}

/// The column of a format that is meant where none is named.
fn usual(format: PriceFormat, country: Country, headers: &Headers, findings: &mut Findings) -> Option<String> {
    let candidates: Vec<String> = match format {
        PriceFormat::Csv => GENERIC.iter().map(|name| (*name).to_owned()).collect(),
        PriceFormat::Smard => {
            headers.values.iter().filter(|header| eur_per_mwh(header, format).is_some()).cloned().collect()
        }
        PriceFormat::Entsoe => headers.values.clone(),
    };
    let begins = |header: &&String, name: &str| bare(header).eq_ignore_ascii_case(name);
    let found = match (format, candidates.as_slice()) {
        (PriceFormat::Csv, _) => candidates.iter().find(|name| headers.values.contains(name)),
        (_, [only]) => Some(only),
        (PriceFormat::Entsoe, all) => all.iter().find(|name| name.to_ascii_lowercase().starts_with(DAY_AHEAD)),
        (PriceFormat::Smard, all) => {
            let names = ZONES.iter().find(|(of, _)| *of == country).map(|(_, names)| names);
            names.and_then(|names| all.iter().find(|header| names.iter().any(|name| begins(header, name))))
        }
    };
    if found.is_none() {
        let file = findings.file();
        let (message, help) = match format {
            PriceFormat::Csv => (
                format!("`{file}` has no column `{}` or `{}`", GENERIC[0], GENERIC[1]),
                format!("name the column so, or say which with `column = …`: {}", list(&headers.values)),
            ),
            PriceFormat::Smard if candidates.is_empty() => (
                format!("`{file}` has no column with prices of SMARD, in €/MWh"),
                "export \"Day-ahead prices\" of the market, as CSV; for a table of your own say `source = \"csv\"`"
                    .to_owned(),
            ),
            PriceFormat::Smard => (
                format!("`{file}` has prices of {} bidding zones", candidates.len()),
                format!("say which with `column = …`: {}", list_bare(&candidates)),
            ),
            PriceFormat::Entsoe => (
                format!("`{file}` has no column `Day-ahead Price …`"),
                format!("say which with `column = …`: {}", list(&headers.values)),
            ),
        };
        findings.in_scenario(Fault::error("kwartier::market::column", message).help(help), "this file");
    }
    found.cloned()
}

/// What a 1 in a column means by its header, EUR/MWh; `None` if it does not say.
fn eur_per_mwh(header: &str, format: PriceFormat) -> Option<f64> {
    let header = header.to_lowercase();
    let has_unit = header.contains("mwh") || header.contains("kwh");
    if format == PriceFormat::Entsoe && !has_unit {
        // entsoe-py names a column as the user likes; the platform's prices are per MWh.
        return Some(1.0);
    }
    let is_eur = header.contains('€') || header.contains("eur");
    (is_eur && has_unit).then_some(if header.contains("kwh") { super::KWH_PER_MWH } else { 1.0 })
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<String>>().join(", ")
}

fn list_bare(names: &[String]) -> String {
    names.iter().map(|name| format!("`{}`", bare(name))).collect::<Vec<String>>().join(", ")
}
