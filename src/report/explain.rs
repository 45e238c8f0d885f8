//! The audit trail of one step of one home: every number from the sun to the meter, with its formula and unit.

use std::borrow::Cow;

use comfy_table::{ContentArrangement, Table, presets};
use jiff::tz::AmbiguousOffset;
use jiff::{Timestamp, civil::DateTime};
use serde_json::{Value as Json, json};

use super::{align_right, rounded};
use crate::calendar::Calendar;
use crate::device::battery::Battery;
use crate::device::pv::{self, CellTemperature, Roof, Transposition};
use crate::engine::world::World;
use crate::engine::{self, CommunityStep, HomeStep, Next};
use crate::neighbourhood::{Home, Pv, Shape, home_id};
use crate::profile::reading::{habit_kwh, source_day};
use crate::sharing::StepShare;
use crate::sharing::scheme::Scheme;
use crate::weather::SunAt;
use crate::weather::sun::Sun;

/// One number of the trail.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The part of the trail it belongs to.
    pub section: Cow<'static, str>,
    /// Its name.
    pub name: &'static str,
    /// The number, or a word.
    pub value: RowValue,
    /// Its unit.
    pub unit: &'static str,
    /// How it follows from others.
    pub formula: String,
}

/// A number, or a word such as a time.
#[derive(Clone, Debug, PartialEq)]
pub enum RowValue {
    /// A number.
    Number(f64),
    /// A word.
    Word(String),
}

/// Why an instant cannot be explained.
#[derive(Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum InstantError {
    /// Not a time.
    #[error("\"{text}\" is not a time: write 2027-06-21T12:00 (local), 2027-06-21T12:00+02:00 or 2027-06-21T10:00Z")]
    NotATime {
        /// What was written.
        text: String,
    },
    /// The clock was set back: the time comes twice.
    #[error("{text} comes twice on that day: write {first} or {second}")]
    Twice {
        /// What was written.
        text: String,
        /// The first reading.
        first: String,
        /// The second.
        second: String,
    },
    /// The clock was set forward: the time never comes.
    #[error("{text} is skipped by the clock on that day: write {before} or {after}")]
    Skipped {
        /// What was written.
        text: String,
        /// The time as far before the change as it is after the skipped hour's start.
        before: String,
        /// The time as far after the change.
        after: String,
    },
    /// Outside the run.
    #[error("{text} is not in the run, which goes from {first} to {end} (UTC)")]
    Outside {
        /// What was written.
        text: String,
        /// Start of the run.
        first: String,
        /// Its end.
        end: String,
    },
}

/// The step of a run that holds the time `text`: with Z or an offset an instant, without either local time.
///
/// # Errors
/// A text that is no time, a local time that is skipped or comes twice, or one outside the run.
pub fn step_at(calendar: &Calendar, text: &str) -> Result<usize, InstantError> {
    let owned = || text.to_owned();
    let instant = if let Ok(instant) = text.parse::<Timestamp>() {
        instant
    } else {
        let local: DateTime = text.parse().map_err(|_| InstantError::NotATime { text: owned() })?;
        let ambiguous = calendar.timezone().to_ambiguous_timestamp(local);
        let with = |offset: jiff::tz::Offset| match offset.to_timestamp(local) {
            Ok(instant) => {
                let zoned = instant.to_zoned_datetime(calendar.timezone().clone());
                zoned.strftime("%Y-%m-%dT%H:%M%:z").to_string()
            }
            Err(_) => String::new(),
        };
        match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => {
                ambiguous.unambiguous().map_err(|_| InstantError::NotATime { text: owned() })?
            }
            AmbiguousOffset::Fold { before, after } => {
                return Err(InstantError::Twice { text: owned(), first: with(before), second: with(after) });
            }
            AmbiguousOffset::Gap { before, after } => {
                // With the later offset it is the earlier instant.
                return Err(InstantError::Skipped { text: owned(), before: with(after), after: with(before) });
            }
        }
    };
    calendar.step_at(instant).ok_or_else(|| InstantError::Outside {
        text: owned(),
        first: calendar.instant(0).to_string(),
        end: calendar.instant(calendar.steps()).to_string(),
    })
}

/// Every number of a step of a home. Runs the world again up to that day, with homes recorded; `each_day` is called
/// after every day, to show progress.
pub fn quarter(world: &World, home: usize, step: usize, mut each_day: impl FnMut()) -> Vec<Row> {
    let day = world.calendar.day_of(step);
    let in_day = step - world.calendar.days()[day].first_step;
    let mut seen = None;
    let done = engine::run(world, &engine::Options::recording(), |flows| {
        each_day();
        if flows.day.first_step + in_day != step {
            return Ok::<_, std::convert::Infallible>(Next::GoOn);
        }
        let contents_kwh = [flows.content_kwh(home, in_day), flows.content_kwh(home, in_day + 1)];
        seen = Some(Seen {
            flows: flows.home(home, in_day),
            contents_kwh,
            scale: flows.scale(home),
            fixed_part: flows.fixed_part(home),
            share: flows.shares.steps[in_day],
            given_part: flows.given_part(home, in_day),
            community: flows.community[in_day],
        });
        Ok(Next::Stop)
    });
    let (Ok(_), Some(seen)) = (done, seen) else { return Vec::new() };
    let flows = &seen.flows;
    let mut trail = Trail::new();
    let own = &world.homes[home];
    trail.time(world, own, step);
    trail.sky(world, step);
    if let Some(Pv::Simulated(roof)) = &own.pv {
        trail.roof(world, roof, step, flows);
    } else {
        trail.begin("panels");
        let what = if own.pv.is_some() { "metered series of the panels" } else { "no panels" };
        trail.number("generation_kw", flows.generation_kw, "kW", what);
    }
    trail.load(world, own, step, &seen);
    if let Some(battery) = &own.battery {
        trail.battery(battery, seen.contents_kwh, flows, world.calendar.step_h());
    }
    trail.meter(flows, own.battery.is_some());
    trail.sharing(world, own, &seen, step);
    trail.rows
}

/// The trail as a table.
pub fn table(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(130);
    table.set_header(["", "name", "value", "unit", "formula"]);
    let mut section = "";
    for row in rows {
        let heading = if row.section == section { "" } else { &row.section };
        section = &row.section;
        let value = match &row.value {
            RowValue::Number(number) => significant(*number),
            RowValue::Word(word) => word.clone(),
        };
        table.add_row([heading, row.name, &value, row.unit, &row.formula]);
    }
    align_right(&mut table, [2]);
    format!("{table}\n")
}

/// The trail as JSON.
pub fn to_json(rows: &[Row]) -> Json {
    let each = rows.iter().map(|row| {
        let value = match &row.value {
            RowValue::Number(number) => json!(rounded(*number)),
            RowValue::Word(word) => json!(word),
        };
        json!({ "section": row.section, "name": row.name, "value": value, "unit": row.unit, "formula": row.formula })
    });
    json!({ "schema": 1, "rows": each.collect::<Vec<_>>() })
}

/// Six significant digits.
fn significant(number: f64) -> String {
    if number.abs() < 1e-12 {
        return "0".to_owned();
    }
    let digits = libm::log10(number.abs()).floor() as i32;
    let decimals = usize::try_from((5 - digits).clamp(0, 9)).unwrap_or(0);
    let text = format!("{number:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// What the run showed of the step.
struct Seen {
    flows: HomeStep,
    contents_kwh: [f64; 2],
    scale: f64,
    fixed_part: f64,
    share: StepShare,
    /// The part of its export that the home gives.
    given_part: f64,
    community: CommunityStep,
}

/// A trail in the making.
pub(super) struct Trail {
    pub(super) rows: Vec<Row>,
    section: Cow<'static, str>,
}

impl Trail {
    pub(super) fn new() -> Trail {
        Trail { rows: Vec::new(), section: Cow::Borrowed("") }
    }

    /// Begins a part of the trail.
    pub(super) fn begin(&mut self, section: impl Into<Cow<'static, str>>) {
        self.section = section.into();
    }

    pub(super) fn number(&mut self, name: &'static str, value: f64, unit: &'static str, formula: impl Into<String>) {
        self.rows.push(Row {
            section: self.section.clone(),
            name,
            value: RowValue::Number(value),
            unit,
            formula: formula.into(),
        });
    }

    pub(super) fn word(&mut self, name: &'static str, value: impl Into<String>, formula: impl Into<String>) {
        let value = RowValue::Word(value.into());
        self.rows.push(Row { section: self.section.clone(), name, value, unit: "", formula: formula.into() });
    }

    fn time(&mut self, world: &World, home: &Home, step: usize) {
        let calendar = &world.calendar;
        self.begin("time");
        self.word("home", home_id(&world.plan, home), if home.member { "a member" } else { "not a member" });
        let day = &calendar.days()[calendar.day_of(step)];
        let instant = calendar.instant(step);
        self.word("time", instant.to_string(), format!("start of the step of {} minutes", calendar.step_minutes()));
        let local = instant.to_zoned_datetime(calendar.timezone().clone()).strftime("%Y-%m-%d %H:%M %:z").to_string();
        let kind = match (day.holiday, day.weekday >= 5) {
            (true, _) => "a national holiday",
            (_, true) => "a weekend day",
            _ => "a weekday",
        };
        self.word("local time", local, kind);
    }

    fn sky(&mut self, world: &World, step: usize) {
        self.begin("sun and sky");
        let (sun, now) = (&world.sky.suns[step], &world.sky.conditions[step]);
        let Sun { zenith_deg, apparent_zenith_deg, azimuth_deg, .. } = *sun;
        let instant = match world.sky.weather.sun_at {
            SunAt::Middle => "SPA, true, at the middle of the step",
            SunAt::Start => "SPA, true, at the start of the step: the weather is of instants",
        };
        self.number("zenith_deg", zenith_deg, "°", instant);
        self.number("apparent_zenith_deg", apparent_zenith_deg, "°", "with refraction");
        self.number("azimuth_deg", azimuth_deg, "°", "clockwise from north");
        let source = if world.plan.weather.is_some() { "from the weather file" } else { "synthetic weather" };
        self.number("ghi_w_m2", now.ghi_w_m2, "W/m²", source);
        self.number("dni_w_m2", now.dni_w_m2, "W/m²", "beam: (ghi − dhi) / cos zenith, or as read");
        self.number("dhi_w_m2", now.dhi_w_m2, "W/m²", "diffuse: Erbs, or as read");
        self.number("extraterrestrial_w_m2", now.extraterrestrial_w_m2, "W/m²", "1366.1 × Spencer's distance factor");
        self.number("temperature_c", now.temperature_c, "°C", source);
        self.number("wind_m_s", now.wind_m_s, "m/s", source);
    }

    fn roof(&mut self, world: &World, roof: &Roof, step: usize, flows: &HomeStep) {
        self.begin("panels");
        let of = pv::explain(&world.sky.suns[step], &world.sky.conditions[step], roof);
        self.number("peak_kwp", roof.peak_kwp, "kWp", "of this home");
        self.number("tilt_deg", roof.tilt_deg, "°", "of this home");
        self.number("azimuth_deg", roof.azimuth_deg, "°", "of this home; 180 = south");
        self.number("cos_incidence", of.cos_incidence, "1", "max(0, sun · normal)");
        self.number("beam_w_m2", of.beam_w_m2, "W/m²", "dni × cos_incidence");
        let (circumsolar, rest) = match roof.transposition {
            Transposition::HayDavies => (
                "Hay–Davies: dhi × A × cos_incidence / cos z, A = dni / extraterrestrial",
                "dhi × (1 − A) × (1 + cos tilt) / 2",
            ),
            Transposition::Perez => {
                ("Perez: dhi × F1 × cos_incidence / cos z", "dhi × ((1 − F1) × (1 + cos tilt) / 2 + F2 × sin tilt)")
            }
        };
        self.number("circumsolar_w_m2", of.circumsolar_w_m2, "W/m²", circumsolar);
        self.number("diffuse_w_m2", of.diffuse_w_m2, "W/m²", format!("circumsolar + {rest}"));
        self.number("ground_w_m2", of.ground_w_m2, "W/m²", format!("ghi × {} × (1 − cos tilt) / 2", roof.albedo));
        self.number("poa_w_m2", of.poa_w_m2, "W/m²", "beam + diffuse + ground");
        let cell = match roof.cell_temperature {
            CellTemperature::Faiman => "temperature + poa / (25 + 6.84 × wind)",
            CellTemperature::Pvsyst => "temperature + poa × 0.9 × (1 − 0.1) / 29",
        };
        self.number("cell_c", of.cell_c, "°C", cell);
        let gamma = roof.temperature_coefficient_per_k;
        let dc = format!("peak × poa / 1000 × (1 {gamma:+} × (cell − 25)) × (1 − {})", roof.system_loss);
        self.number("dc_kw", of.dc_kw, "kW", dc);
        self.number("unclipped_ac_kw", of.unclipped_ac_kw, "kW", "PVWatts inverter curve of dc");
        let limit = format!("min(unclipped, {} kW), at least 0", significant(roof.inverter_kw));
        self.number("ac_kw", of.ac_kw, "kW", limit);
        self.number("generation_kw", flows.generation_kw, "kW", "ac, as the run computed it (32 bits)");
    }

    fn load(&mut self, world: &World, home: &Home, step: usize, seen: &Seen) {
        self.begin("load");
        let calendar = &world.calendar;
        let day = &calendar.days()[calendar.day_of(step)];
        let (load_kw, scale) = (seen.flows.load_kw, seen.scale);
        if let Some(annual_kwh) = home.annual_kwh {
            self.number("annual_kwh", annual_kwh, "kWh", "of this home");
        }
        match &home.shape {
            Shape::Synthetic(habit) => {
                let shapes = world.shapes(day.run_year);
                let days = calendar.days_of_year(day.run_year);
                let index = calendar.day_of(step) - days.first().map_or(0, |first| calendar.day_of(first.first_step));
                let source = source_day(index, habit.weeks, days.len());
                self.number("unit", f64::from(habit.unit), "1", format!("of {} in the library", world.plan.shapes));
                let moved = format!("whose shape is read: {:+} weeks, habit of this home", habit.weeks);
                self.word("source day", days[source].date.to_string(), moved);
                self.number("shift", f64::from(habit.quarters) * 15.0, "min", "later in the day; habit of this home");
                let unit_kwh = habit_kwh(habit, &shapes.library, calendar, day.run_year);
                self.number("unit_kwh", unit_kwh, "kWh", "what the unit uses in this year, its days so moved");
                self.number("scale", scale, "1", "annual_kwh / unit_kwh");
                self.shape_value("unit_kw", load_kw, scale, "kW", "the unit's power at the moved time");
                self.number("load_kw", load_kw, "kW", "scale × unit_kw");
            }
            Shape::OpeningHours(kind) => {
                let word = format!("{kind:?}").to_lowercase();
                let kind_kwh = world.shapes(day.run_year).businesses.kind_kwh(*kind);
                self.word("kind", word, "built-in opening hours");
                self.number("shape_kwh", kind_kwh, "kWh", "what the shape uses in this year at a mean of 1 kW");
                self.number("scale", scale, "1", "annual_kwh / shape_kwh");
                self.shape_value("shape_kw", load_kw, scale, "kW", "the shape at this time");
                self.number("load_kw", load_kw, "kW", "scale × shape_kw");
            }
            Shape::Metered => {
                let formula =
                    if home.annual_kwh.is_some() { "annual_kwh / the meter's kWh of the year" } else { "as metered" };
                self.number("scale", scale, "1", formula);
                self.shape_value("metered_kw", load_kw, scale, "kW", "the metered series at this time");
                self.number("load_kw", load_kw, "kW", "scale × metered_kw");
            }
        }
    }

    /// The value of a shape behind a load; without a scale nothing of it is left to see.
    fn shape_value(&mut self, name: &'static str, load_kw: f64, scale: f64, unit: &'static str, formula: &str) {
        if scale > 0.0 {
            self.number(name, load_kw / scale, unit, formula);
        }
    }

    fn battery(&mut self, battery: &Battery, [start_kwh, end_kwh]: [f64; 2], flows: &HomeStep, step_h: f64) {
        self.begin("battery");
        let kept = libm::pow(1.0 - battery.standby_loss_per_h, step_h);
        let content_kwh = start_kwh * kept;
        self.number("content_before_kwh", start_kwh, "kWh", format!("of {} kWh", significant(battery.capacity_kwh)));
        self.number(
            "standby_kwh",
            start_kwh - content_kwh,
            "kWh",
            format!("content × (1 − (1 − {})^{step_h})", battery.standby_loss_per_h),
        );
        let charge_limit =
            ((battery.capacity_kwh - content_kwh) / (battery.charge_efficiency * step_h)).clamp(0.0, battery.power_kw);
        let least_kwh = battery.capacity_kwh * battery.min_state_of_charge;
        let discharge_limit =
            ((content_kwh - least_kwh) * battery.discharge_efficiency / step_h).clamp(0.0, battery.power_kw);
        let power = significant(battery.power_kw);
        self.number(
            "charge_limit_kw",
            charge_limit,
            "kW",
            format!("min({power}, room / ({} × {step_h} h))", battery.charge_efficiency),
        );
        self.number(
            "discharge_limit_kw",
            discharge_limit,
            "kW",
            format!("min({power}, content above the minimum × {} / {step_h} h)", battery.discharge_efficiency),
        );
        self.number(
            "battery_kw",
            flows.battery_kw,
            "kW",
            "surplus: min(−net, charge limit) or −min(net, discharge limit); positive = charging",
        );
        let after = format!(
            "content + charge × {} × {step_h} − discharge × {step_h} / {}",
            battery.charge_efficiency, battery.discharge_efficiency
        );
        self.number("content_after_kwh", end_kwh, "kWh", after);
    }

    fn meter(&mut self, flows: &HomeStep, battery: bool) {
        self.begin("meter");
        let net_kw = flows.load_kw - flows.generation_kw;
        self.number("net_kw", net_kw, "kW", "load − generation, positive = need");
        let exchange = if battery { "net + battery" } else { "net" };
        self.number("import_kw", flows.import_kw, "kW", format!("max(0, {exchange})"));
        self.number("export_kw", flows.export_kw, "kW", format!("max(0, −({exchange}))"));
    }

    fn sharing(&mut self, world: &World, home: &Home, seen: &Seen, step: usize) {
        let Seen { flows, share, community, .. } = seen;
        self.begin("sharing");
        let plants: f64 = world.plant_kw.iter().map(|kw| kw[step]).sum();
        self.number("plants_kw", plants, "kW", "output of the cooperative's plants, all fed in");
        let shares = world.scheme != Scheme::Nothing;
        if shares {
            self.number("need_kw", share.demand_kw, "kW", "imports of all members");
            self.number("pool_kw", share.pool_kw, "kW", "exports of all members and output of the plants");
        }
        let (received, given) = match (&world.scheme, home.member) {
            (Scheme::Nothing, _) => ("nothing is shared in this scenario", "nothing is shared in this scenario"),
            (_, false) => ("0: not a member", "0: not a member"),
            (Scheme::Fixed(_), true) => ("min(own_part × pool, import)", "export × given_part"),
            (Scheme::ProRata | Scheme::Rounds(_), true) => ("import × received_part", "export × given_part"),
        };
        match &world.scheme {
            Scheme::Nothing => {}
            Scheme::ProRata => {
                self.number("shared_kw", share.shared_kw, "kW", "min(need, pool)");
                self.number("received_part", share.received_part, "1", "shared / need");
            }
            Scheme::Fixed(_) => {
                let what = "Σ of what the members take: min(own_part × pool, import)";
                self.number("shared_kw", share.shared_kw, "kW", what);
                let what = "of this home: 1 / members, or its group's share / its members";
                self.number("own_part", seen.fixed_part, "1", what);
            }
            Scheme::Rounds(_) => {
                self.number("shared_kw", share.shared_kw, "kW", "Σ of what the members take in all rounds");
                let part = if flows.import_kw > 0.0 { flows.shared_in_kw / flows.import_kw } else { 0.0 };
                let what = "of this home, in all rounds: kwartier explain sharing shows each";
                self.number("received_part", part, "1", what);
            }
        }
        if shares {
            let what = match &world.scheme {
                Scheme::Rounds(_) => "of this home, in all rounds",
                _ => "shared / pool",
            };
            self.number("given_part", seen.given_part, "1", what);
        }
        self.number("shared_in_kw", flows.shared_in_kw, "kW", received);
        self.number("shared_out_kw", flows.shared_out_kw, "kW", given);
        let (bought, left) = (flows.import_kw - flows.shared_in_kw, flows.export_kw - flows.shared_out_kw);
        self.number("residual_import_kw", bought, "kW", "import − shared_in: bought from outside");
        self.number("residual_export_kw", left, "kW", "export − shared_out: left for outside");
        self.begin("community");
        self.number("load_kw", community.load_kw, "kW", "all homes and businesses");
        self.number("import_kw", community.import_kw, "kW", "all meters");
        self.number("export_kw", community.export_kw, "kW", "all meters, plants included");
        self.number("net_kw", community.net_kw(), "kW", "import − export");
    }
}
