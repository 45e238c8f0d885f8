//! `kwartier share`: the allocation alone, of given readings by a key.

use std::path::PathBuf;

use clap::Args;
use comfy_table::{Table, presets};
use serde_json::{Value as Json, json};

mod gain;

use self::gain::{Gain, PriceArgs};
use super::output::{Stop, print, print_json, show_faults};
use super::{Common, Format};
use crate::report::align_right;
use crate::scenario::diagnostics::{self, Fault};
use crate::scenario::sharing;
use crate::series::regular::utc;
use crate::sharing::readings::{self, Readings};
use crate::sharing::run::{ShareError, Shared, share as share_readings};

#[derive(Args, Debug)]
pub(super) struct ShareArgs {
    /// A named key (pro-rata, static, water-filling, es, cz …), or a TOML with a [sharing] section
    #[arg(long, value_name = "NAME_OR_FILE")]
    key: String,
    /// The readings
    #[arg(
        long,
        value_name = "FILE",
        help = "The readings: time,id,import_kwh,export_kwh, a row for each step and participant"
    )]
    readings: PathBuf,
    /// Fixed parts, e.g. a=0.5,b=0.5: those of the key's `shares`
    #[arg(long, value_name = "ID=PART,…", value_delimiter = ',')]
    shares: Vec<String>,
    #[command(flatten)]
    prices: PriceArgs,
}

/// How far what is received may be from what is given, as a part of it: rounding of f64 sums.
const TOLERANCE: f64 = 1e-9;

pub(super) fn share(args: &ShareArgs, common: &Common) -> Result<(), Stop> {
    let mut faults = Vec::new();
    let shares = shares(&args.shares)?;
    let key = sharing::read(&args.key, &shares, &mut faults);
    let read = readings::read(&args.readings, &mut faults);
    let fitted = key.as_ref().zip(read.as_ref()).and_then(|(key, read)| {
        let ids: Vec<&str> = read.ids.iter().map(String::as_str).collect();
        let fitted = key.key_of(&ids, &mut faults)?;
        match share_readings(&fitted, read) {
            Ok(shared) => Some(shared),
            Err(error @ ShareError::Interval { .. }) => {
                let fault = Fault::error("kwartier::sharing::interval", error.to_string())
                    .help("choose an `interval_minutes` that the readings' step divides");
                faults.push(key.at_interval(fault, "of the key"));
                None
            }
        }
    });
    let (Some(shared), Some(read)) = (fitted, read) else {
        diagnostics::sort(&mut faults);
        return Err(Stop::Input(faults));
    };
    if shared.cut_intervals > 0 {
        let message = format!("{} settlement intervals are not whole in the readings", shared.cut_intervals);
        faults.push(
            Fault::warning("kwartier::sharing::cut_interval", message)
                .help("what of them was read is shared; begin and end with a whole interval to share all of it"),
        );
    }
    if !common.quiet {
        show_faults(&faults);
    }
    check(&shared, &read)?;
    let gain = Gain::of(&args.prices, &shared, &read).map_err(|error| Stop::Usage(format!("the gain: {error}")))?;
    match common.format {
        Format::Table => {
            let gain = gain.map_or(String::new(), |gain| gain.text(&read));
            print(&format!("{}{gain}", text(&shared, &read)))
        }
        Format::Json => {
            let mut json = json!({ "schema": 1, "key": args.key, "sharing": rows(&shared, &read) });
            if let Some(gain) = &gain {
                json["gain"] = gain.to_json(&read);
            }
            print_json(&json)
        }
    }
}

fn shares(written: &[String]) -> Result<Vec<(String, f64)>, Stop> {
    let one = |text: &String| {
        let (id, part) = text.split_once('=')?;
        Some((id.trim().to_owned(), part.trim().parse().ok()?))
    };
    written
        .iter()
        .map(|text| one(text).ok_or_else(|| Stop::Usage(format!("--shares: `{text}` is not of the form id=0.5"))))
        .collect()
}

/// What is received is given, and nobody gets or gives more than flowed.
fn check(shared: &Shared, read: &Readings) -> Result<(), Stop> {
    let is_within = |parts: &[f64], wholes: &[f64]| {
        parts.iter().zip(wholes).all(|(part, whole)| *part >= 0.0 && *part <= whole * (1.0 + TOLERANCE))
    };
    for (step, start_s) in read.starts_s.iter().enumerate() {
        if !is_within(&shared.shared_in_kwh[step], &read.import_kwh[step])
            || !is_within(&shared.shared_out_kwh[step], &read.export_kwh[step])
        {
            return Err(Stop::OwnCheck(format!("more was shared than flowed at {}", utc(*start_s))));
        }
    }
    let all = |table: &[Vec<f64>]| table.iter().flatten().sum::<f64>();
    let (received, given) = (all(&shared.shared_in_kwh), all(&shared.shared_out_kwh));
    if (received - given).abs() > TOLERANCE * received.max(1.0) {
        return Err(Stop::OwnCheck(format!("{received} kWh were received and {given} given")));
    }
    Ok(())
}

/// A kWh as it is printed: rounding of f64 beyond twelve decimals left out.
fn shown(kwh: f64) -> f64 {
    (kwh * 1e12).round() / 1e12
}

/// What a participant got and gave in a step.
pub(super) fn row(time: &str, id: &str, in_kwh: f64, out_kwh: f64) -> Json {
    json!({ "time": time, "id": id, "shared_in_kwh": shown(in_kwh), "shared_out_kwh": shown(out_kwh) })
}

fn rows(shared: &Shared, read: &Readings) -> Vec<Json> {
    let mut rows = Vec::with_capacity(read.starts_s.len() * read.ids.len());
    for (step, start_s) in read.starts_s.iter().enumerate() {
        for (i, id) in read.ids.iter().enumerate() {
            let mut row = row(&utc(*start_s), id, shared.shared_in_kwh[step][i], shared.shared_out_kwh[step][i]);
            if let Some(own) = &shared.own_surplus {
                row["own_surplus_in_kwh"] = shown(own.in_kwh[step][i]).into();
                row["own_surplus_out_kwh"] = shown(own.out_kwh[step][i]).into();
            }
            rows.push(row);
        }
    }
    rows
}

/// The columns of the table after the id. The last is there only with a key that leaves unused parts to their owners.
const COLUMNS: [&str; 7] =
    ["import kWh", "shared in kWh", "bought kWh", "export kWh", "shared out kWh", "fed in kWh", "own surplus kWh"];

/// The sums of each participant, kWh.
fn text(shared: &Shared, read: &Readings) -> String {
    let columns = COLUMNS.len() - usize::from(shared.own_surplus.is_none());
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header(std::iter::once("id").chain(COLUMNS[..columns].iter().copied()));
    let sum = |table: &[Vec<f64>], i: usize| table.iter().map(|step| step[i]).sum::<f64>();
    let mut add = |name: &str, values: &[f64; COLUMNS.len()]| {
        let cells = values[..columns].iter().map(|kwh| format!("{kwh:.3}"));
        table.add_row(std::iter::once(name.to_owned()).chain(cells));
    };
    let mut totals = [0.0; COLUMNS.len()];
    for (i, id) in read.ids.iter().enumerate() {
        let (import, export) = (sum(&read.import_kwh, i), sum(&read.export_kwh, i));
        let (received, given) = (sum(&shared.shared_in_kwh, i), sum(&shared.shared_out_kwh, i));
        let own = shared.own_surplus.as_ref();
        let (own_in, own_out) = own.map_or((0.0, 0.0), |own| (sum(&own.in_kwh, i), sum(&own.out_kwh, i)));
        let values = [import, received, import - received, export, given, export - given - own_out, own_in];
        totals.iter_mut().zip(values).for_each(|(total, kwh)| *total += kwh);
        add(id, &values);
    }
    add("all", &totals);
    align_right(&mut table, 1..=columns);
    format!("{table}\n")
}
