//! The files of `--out`: tables and the run's manifest, written under a temporary name and renamed when whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::money::Money;
use super::rounded;
use crate::engine::meters::Register;
use crate::engine::world::World;
use crate::engine::{DayFlows, Outcome};
use crate::neighbourhood::{Pv, home_id};
use crate::rules::bill::Bill;
use crate::rules::exact::{euros, shown};
use crate::scenario::plan::GroupKind;

/// Every file that a run may write into its folder.
const FILES: [&str; 10] = [
    "summary.json",
    "members.csv",
    "bills.csv",
    "public.csv",
    "cash_flow.csv",
    "plants.csv",
    "quarters.csv",
    "homes.csv",
    "neighbourhoods.csv",
    "run.json",
];

/// Why results could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {path}: {source}", path = path.display())]
pub struct WriteError {
    /// The file or folder.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// A folder of results in the making. Its files get their final names all at once, by [`OutFolder::finish`]; dropped
/// before, it removes what it has written.
#[derive(Debug)]
pub struct OutFolder {
    folder: PathBuf,
    pending: Vec<(PathBuf, PathBuf)>,
}

impl OutFolder {
    /// Makes the folder if it is not there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn create(folder: &Path) -> Result<OutFolder, WriteError> {
        fs::create_dir_all(folder).map_err(|source| WriteError { path: folder.to_path_buf(), source })?;
        Ok(OutFolder { folder: folder.to_path_buf(), pending: Vec::new() })
    }

    /// Opens a file under its temporary name.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn open(&mut self, name: &str) -> Result<BufWriter<File>, WriteError> {
        let (part, path) = (self.folder.join(format!("{name}.part")), self.folder.join(name));
        let file = File::create(&part).map_err(|source| WriteError { path: part.clone(), source })?;
        self.pending.push((part, path));
        Ok(BufWriter::with_capacity(1 << 20, file))
    }

    /// Gives every file its final name, and removes results of an earlier run that this one does not have.
    ///
    /// # Errors
    /// If one cannot be renamed.
    pub fn finish(mut self) -> Result<(), WriteError> {
        for name in FILES {
            let path = self.folder.join(name);
            let written = self.pending.iter().any(|(_, new)| *new == path);
            if !written && path.is_file() {
                fs::remove_file(&path).map_err(|source| WriteError { path, source })?;
            }
        }
        let mut named = Vec::new();
        for (part, path) in &self.pending {
            if let Err(source) = fs::rename(part, path) {
                // Of a run that fails nothing stays, what has its name already included: tables of two runs never mix.
                for path in named {
                    let _ = fs::remove_file(path);
                }
                return Err(WriteError { path: path.clone(), source });
            }
            named.push(path);
        }
        self.pending.clear();
        Ok(())
    }

    fn error(&self, name: &str, source: io::Error) -> WriteError {
        WriteError { path: self.folder.join(name), source }
    }

    /// Writes one whole file.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn write(
        &mut self,
        name: &str,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), WriteError> {
        let mut file = self.open(name)?;
        content(&mut file).and_then(|()| file.flush()).map_err(|source| self.error(name, source))
    }
}

impl Drop for OutFolder {
    fn drop(&mut self) {
        for (part, _) in &self.pending {
            // Nothing better can be done about a leftover than to leave it: it has no final name.
            let _ = fs::remove_file(part);
        }
    }
}

/// A JSON value and a line end: `summary.json`, `run.json`.
///
/// # Errors
/// If writing fails.
pub fn write_json(out: &mut dyn Write, value: &Json) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    out.write_all(b"\n")
}

/// `members.csv`: a row per home and year, members or not.
///
/// # Errors
/// If writing fails.
pub fn write_members(out: &mut dyn Write, world: &World, outcome: &Outcome, money: Option<&Money>) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let mut header = vec![
        "home",
        "year",
        "group",
        "kind",
        "member",
        "tenure",
        "income_eur",
        "connection",
        "peak_kwp",
        "capacity_kwh",
        "load_kwh",
        "generation_kwh",
        "self_used_kwh",
        "charged_kwh",
        "discharged_kwh",
        "import_kwh",
        "export_kwh",
        "shared_in_kwh",
        "shared_out_kwh",
        "peak_import_kw",
        "peak_import_at",
        "peak_export_kw",
        "peak_export_at",
    ];
    if money.is_some() {
        header.extend(["bill_eur", "bill_without_cooperative_eur", "bill_without_devices_eur"]);
        header.extend(["gain_by_cooperative_eur", "gain_by_devices_eur"]);
    }
    csv.write_record(header)?;
    let calendar = &world.calendar;
    for run_year in 0..calendar.run_years() {
        let days = calendar.days_of_year(run_year);
        let (Some(first), Some(last)) = (days.first(), days.last()) else { continue };
        for (index, home) in world.homes.iter().enumerate() {
            let group = &world.plan.groups[home.group];
            let meter = outcome.months(index, first.run_month..last.run_month + 1);
            let (kind, tenure) = match &group.kind {
                GroupKind::Homes { tenure, .. } => ("home", word(tenure)),
                GroupKind::Businesses(_) => ("business", String::new()),
            };
            let peak_kwp = match &home.pv {
                Some(Pv::Simulated(roof)) => number(roof.peak_kwp),
                _ => String::new(),
            };
            let instant = |step: Option<usize>| step.map(|step| calendar.instant(step).to_string()).unwrap_or_default();
            let kwh = |register: Register| number(meter.kwh(register));
            let mut cells = vec![
                home_id(&world.plan, home),
                first.date.year().to_string(),
                group.id.clone(),
                kind.to_owned(),
                home.member.to_string(),
                tenure,
                home.income_eur.map(|eur| format!("{eur:.2}")).unwrap_or_default(),
                group.connection.to_string(),
                peak_kwp,
                home.battery.map(|battery| number(battery.capacity_kwh)).unwrap_or_default(),
                kwh(Register::Load),
                kwh(Register::Generation),
                number(meter.self_used_kwh()),
                kwh(Register::Charged),
                kwh(Register::Discharged),
                kwh(Register::Import),
                kwh(Register::Export),
                kwh(Register::SharedIn),
                kwh(Register::SharedOut),
                number(meter.peak_import_kw),
                instant(meter.peak_import_step),
                number(meter.peak_export_kw),
                instant(meter.peak_export_step),
            ];
            if let Some(money) = money {
                // Of the contract years that begin in this year of the run; the first year has those before it too.
                let is_of_year = |year: i16| match run_year {
                    0 => year <= first.date.year(),
                    _ => year == first.date.year(),
                };
                let bills = &money.bills;
                let of_year = |totals: &[i64]| {
                    let years = bills.actual[index].iter().map(|bill| bill.year);
                    years.zip(totals).filter(|(year, _)| is_of_year(*year)).map(|(_, cents)| cents).sum::<i64>()
                };
                let actual: Vec<i64> = bills.actual[index].iter().map(Bill::total_cents).collect();
                let [own, alone, bare] =
                    [&actual, &bills.without_cooperative_cents[index], &bills.without_devices_cents[index]]
                        .map(|totals| of_year(totals));
                cells.extend([own, alone, bare, alone - own, bare - alone].map(|cents| shown(euros(cents), 2, 2)));
            }
            csv.write_record(cells)?;
        }
    }
    csv.flush()
}

/// `quarters.csv`: the community in every step.
///
/// # Errors
/// If writing fails.
pub fn write_quarters(out: &mut dyn Write, world: &World, outcome: &Outcome) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record([
        "time",
        "load_kw",
        "home_generation_kw",
        "plant_generation_kw",
        "charge_kw",
        "discharge_kw",
        "import_kw",
        "export_kw",
        "shared_kw",
        "net_kw",
    ])?;
    for (index, step) in outcome.community.iter().enumerate() {
        csv.write_record([
            world.calendar.instant(index).to_string(),
            number(step.load_kw),
            number(step.home_generation_kw),
            number(step.plant_generation_kw),
            number(step.charge_kw),
            number(step.discharge_kw),
            number(step.import_kw),
            number(step.export_kw),
            number(step.shared_kw),
            number(step.net_kw()),
        ])?;
    }
    csv.flush()
}

/// `homes.csv`, written day by day: every home and plant in every step.
pub struct HomesTable<W: Write> {
    csv: csv::Writer<W>,
    ids: Vec<String>,
    plants: Vec<String>,
}

impl<W: Write> HomesTable<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// If writing fails.
    pub fn new(out: W, world: &World) -> io::Result<HomesTable<W>> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record([
            "time",
            "home",
            "load_kw",
            "generation_kw",
            "battery_kw",
            "import_kw",
            "export_kw",
            "shared_in_kw",
            "shared_out_kw",
        ])?;
        let plants = world.plan.cooperative.iter().flat_map(|cooperative| &cooperative.plants);
        Ok(HomesTable {
            csv,
            ids: world.homes.iter().map(|home| home_id(&world.plan, home)).collect(),
            plants: plants.map(|plant| plant.id.clone()).collect(),
        })
    }

    /// Writes a day, ordered by time, then homes and plants in the scenario's order.
    ///
    /// # Errors
    /// If writing fails.
    pub fn write_day(&mut self, world: &World, flows: &DayFlows<'_>) -> io::Result<()> {
        for step in 0..flows.day.steps {
            let at = flows.day.first_step + step;
            let time = world.calendar.instant(at).to_string();
            for (index, id) in self.ids.iter().enumerate() {
                let home = flows.home(index, step);
                self.csv.write_record([
                    &time,
                    id,
                    &number(home.load_kw),
                    &number(home.generation_kw),
                    &number(home.battery_kw),
                    &number(home.import_kw),
                    &number(home.export_kw),
                    &number(home.shared_in_kw),
                    &number(home.shared_out_kw),
                ])?;
            }
            for (index, (id, plant)) in self.plants.iter().zip(world.plant_kw.iter()).enumerate() {
                let (kw, given) = (plant[at], flows.shares.given_by_plant(world, index, step));
                let zero = "0";
                let (made, shared) = (number(kw), number(kw * given));
                self.csv.write_record([&time, id, zero, &made, zero, zero, &made, zero, &shared])?;
            }
        }
        Ok(())
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// If writing fails.
    pub fn finish(mut self) -> io::Result<()> {
        self.csv.flush()
    }
}

/// A file that went into a run, with the SHA-256 of its bytes; `null` if it cannot be read any more.
pub fn file_hash(path: &Path) -> Json {
    let hash = fs::read(path).ok().map(|bytes| {
        let digest = Sha256::digest(&bytes);
        digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    });
    json!({ "file": path.display().to_string(), "sha256": hash })
}

/// A number as results are written: nine decimals at most, the shortest that reads back the same.
pub fn number(value: f64) -> String {
    let value = rounded(value);
    if value.fract().abs() > 0.0 { value.to_string() } else { format!("{value:.0}") }
}

fn word<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|json| json.as_str().map(str::to_owned)).unwrap_or_default()
}
