//! The generic weather file: `time, ghi_w_m2[, dni_w_m2, dhi_w_m2], temperature_c, wind_m_s`.

use super::{Kind, Quantity, RawWeather, Reading, even};
use crate::scenario::diagnostics::Fault;
use crate::scenario::plan::{Stamp, WeatherFile};
use crate::series::findings::Findings;
use crate::series::table::{Wanted, read_table};

const REQUIRED: [&str; 3] = ["ghi_w_m2", "temperature_c", "wind_m_s"];
const BEAM: [&str; 2] = ["dni_w_m2", "dhi_w_m2"];

pub(super) fn load(spec: &WeatherFile, findings: &mut Findings) -> Option<RawWeather> {
    let wanted =
        Wanted { columns: &REQUIRED, columns_origin: None, optional: &BEAM, timezone: &spec.timezone, english: false };
    let mut table = read_table(&spec.file, &wanted, findings)?;
    let has = |column: usize| !table.columns[column].is_empty();
    if has(3) != has(4) {
        let (there, lacks) = if has(3) { (BEAM[0], BEAM[1]) } else { (BEAM[1], BEAM[0]) };
        let message = format!("`{}` has `{there}` but no `{lacks}`", findings.file());
        let help = format!("add `{lacks}`, or leave both out: then they are derived from `ghi_w_m2`");
        findings.in_scenario(Fault::error("kwartier::series::column", message).help(help), "this file");
        return None;
    }
    if !has(3) {
        table.columns.truncate(3);
    }
    let kind = if spec.stamp == Stamp::Instant { Kind::AtStart } else { Kind::Mean };
    let reading = |name: &'static str, quantity: Quantity| Reading { name, quantity, kind, unit: 1.0 };
    let readings = [
        reading(REQUIRED[0], Quantity::Radiation),
        reading(REQUIRED[1], Quantity::Temperature),
        reading(REQUIRED[2], Quantity::Wind),
        reading(BEAM[0], Quantity::Radiation),
        reading(BEAM[1], Quantity::Radiation),
    ];
    even(table, &readings, spec.stamp == Stamp::End, findings)
}
