//! KNMI's hourly station data ("uurgeg"), as one station's file and as the script's answer.
//!
//! Rows are `STN,YYYYMMDD,HH,…` in UTC; HH 1 ..= 24 is the hour that ENDS then. Q is J/cm² of that hour, FH its mean
//! wind in 0.1 m/s, T the temperature in 0.1 °C at its end. The station file has a legend and a header that begins with
//! `# STN`; the script's answer comments every line of the legend, and gives the header with and without `#`.

use std::path::Path;

use jiff::civil::Date;
use jiff::tz::Offset;

use super::{Kind, Quantity, RawWeather, Reading, even};
use crate::scenario::diagnostics::{Fault, Source};
use crate::series::cell;
use crate::series::findings::Findings;
use crate::series::table::{Table, read_text};

/// Global radiation, temperature, wind: the columns that are read, and what they are.
const COLUMNS: [(&str, &str); 3] =
    [("Q", "global radiation"), ("T", "temperature"), ("FH", "mean wind speed of the hour")];

/// J/cm² in an hour to W/m².
const W_M2_PER_J_CM2_H: f64 = 10_000.0 / 3600.0;

pub(super) fn load(path: &Path, findings: &mut Findings) -> Option<RawWeather> {
    let source = read_text(path, findings)?;
    let table = read_rows(source, findings)?;
    let reading = |column: usize, quantity: Quantity, kind: Kind, unit: f64| Reading {
        name: COLUMNS[column].0,
        quantity,
        kind,
        unit,
    };
    let readings = [
        reading(0, Quantity::Radiation, Kind::Mean, W_M2_PER_J_CM2_H),
        reading(1, Quantity::Temperature, Kind::AtEnd, 0.1),
        reading(2, Quantity::Wind, Kind::Mean, 0.1),
    ];
    even(table, &readings, true, findings)
}

/// The lines of a text with the byte that each begins at.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        at += line.len();
        (at - line.len(), line.trim_end())
    })
}

/// Where the columns of [`COLUMNS`] are in a row.
fn find_columns(source: &Source, findings: &mut Findings) -> Option<[usize; 3]> {
    let header = lines(source.text()).find_map(|(_, line)| {
        let names: Vec<&str> = line.trim_start_matches(['#', ' ']).split(',').map(str::trim).collect();
        (names.len() > 2 && names[0] == "STN" && names[1] == "YYYYMMDD").then_some(names)
    });
    let Some(names) = header else {
        let message = format!("`{}` is no KNMI file: it has no line `# STN,YYYYMMDD,…`", findings.file());
        let help = "give a file of hourly station data from KNMI, or say `source = \"csv\"` for a table of your own";
        findings.in_scenario(Fault::error("kwartier::weather::knmi", message).help(help), "this file");
        return None;
    };
    if names[2] != "HH" && names[2] != "H" {
        let message = format!("`{}` has no hours: its third column is `{}`, not `HH`", findings.file(), names[2]);
        let help = "give the hourly data (uurgegevens), not the daily ones";
        findings.in_scenario(Fault::error("kwartier::weather::knmi", message).help(help), "this file");
        return None;
    }
    let mut places = [0; 3];
    for (place, (name, what)) in places.iter_mut().zip(COLUMNS) {
        if let Some(found) = names.iter().position(|found| *found == name) {
            *place = found;
        } else {
            let message = format!("`{}` has no column `{name}` ({what})", findings.file());
            let help = format!("ask KNMI for the variables Q, T and FH; the file's columns are {}", names.join(", "));
            findings.in_scenario(Fault::error("kwartier::series::column", message).help(help), "this file");
        }
    }
    (!findings.refuse()).then_some(places)
}

fn read_rows(source: Source, findings: &mut Findings) -> Option<Table> {
    let columns = find_columns(&source, findings)?;
    let mut rows: Vec<(i64, usize, [cell::Cell; 3])> = Vec::new();
    let mut station: Option<String> = None;
    for (at, line) in lines(source.text()) {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        // A row begins with the number of a station; everything else is legend or header.
        if cells.len() < 3 || cells[0].is_empty() || !cells[0].bytes().all(|b| b.is_ascii_digit()) {
            continue;
        }
        let mut refuse = |message: String, help: String| {
            let fault = Fault::error("kwartier::weather::knmi", message).help(help);
            findings.in_file(&source, at..at + line.len(), fault, "this row");
        };
        let of_station = station.get_or_insert_with(|| cells[0].to_owned());
        if of_station != cells[0] {
            refuse(
                format!("a row of station {}, after rows of station {of_station}", cells[0]),
                "keep the rows of one station".to_owned(),
            );
            break;
        }
        let Some(instant_s) = hour_end_s(cells[1], cells[2]) else {
            refuse(
                format!("`{},{}` is not a date YYYYMMDD and an hour 1 to 24", cells[1], cells[2]),
                "correct the row, or get the file from KNMI again".to_owned(),
            );
            continue;
        };
        let values = columns.map(|column| cells.get(column).and_then(|text| cell::read(text)).map(|(cell, _)| cell));
        if let [Some(q), Some(t), Some(fh)] = values {
            rows.push((instant_s, at, [q, t, fh]));
        } else {
            refuse(
                "this row lacks a column, or holds something that is not a number".to_owned(),
                "correct the row, or get the file from KNMI again".to_owned(),
            );
        }
    }
    rows.sort_by_key(|(instant_s, ..)| *instant_s);
    Some(Table {
        names: ["Q", "T", "FH"].map(str::to_owned).to_vec(),
        instants_s: rows.iter().map(|row| row.0).collect(),
        places: rows.iter().map(|row| row.1).collect(),
        columns: (0..3).map(|column| rows.iter().map(|row| row.2[column]).collect()).collect(),
        source,
    })
}

/// The end of an hour 1 ..= 24 of a day, seconds since 1970-01-01T00:00Z.
fn hour_end_s(date: &str, hour: &str) -> Option<i64> {
    let hour: i64 = hour.parse().ok().filter(|hour| (1..=24).contains(hour))?;
    if date.len() != 8 || !date.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let date = Date::new(date.get(..4)?.parse().ok()?, date.get(4..6)?.parse().ok()?, date.get(6..)?.parse().ok()?);
    let midnight = Offset::UTC.to_timestamp(date.ok()?.at(0, 0, 0, 0)).ok()?;
    Some(midnight.as_second() + hour * 3600)
}
