//! From the language to the plan: what no single key can show, checked and filled in.

mod books;
mod rules;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use self::books::written_or;
use self::rules::decimal;
use super::diagnostics::{Fault, Origin, nearest};
use super::plan::round_half_up;
use super::sharing::{self, Party};
use super::tree::{self, Node, Value, same_id};
use super::{defaults, language as said, plan};
use crate::random::group_key;

/// The first and last year that a run may start in: those of the sun's algorithm, well inside.
const START_YEARS: std::ops::RangeInclusive<i16> = 1900..=2200;

/// Makes the plan, collecting faults. What is missing has a stand-in, so that all else can be checked too.
///
/// `files` are those that `root` was merged from, the outermost first. What the check refused is wrong already: no
/// fault is added that only follows from it.
pub(super) fn plan(file: &said::File, root: &Node, files: &[PathBuf], faults: &mut Vec<Fault>) -> Option<plan::Plan> {
    let mut build = Build { root, files, faults };
    build.place_is_whole();
    let scenario = file.scenario.as_ref()?;
    let timezone_name = file.place.as_ref().map_or_else(defaults::timezone, |place| place.timezone.clone());
    let timezone = build.timezone(&timezone_name, &["place", "timezone"]);
    let has_cooperative = file.cooperative.is_some();
    let mut groups = Vec::new();
    for (i, group) in file.homes.iter().enumerate() {
        groups.push(build.homes(group, i, has_cooperative, &timezone));
    }
    for (i, group) in file.businesses.iter().enumerate() {
        groups.push(build.businesses(group, i, has_cooperative, &timezone));
    }
    let cooperative = file.cooperative.as_ref().map(|cooperative| build.cooperative(cooperative, &timezone));
    build.ids(file);
    let sharing = build.sharing(file, &groups, cooperative.as_ref());
    let mut rules = build.rules(file.rules.as_ref(), scenario.start.as_ref());
    if let Some(rules) = &mut rules {
        let plants = cooperative.iter().flat_map(|cooperative| &cooperative.plants);
        let premium = |plant: &plan::Plant| Some((plant.premium.clone()?.0, plant.premium_origin.clone()?));
        rules.premiums = plants.filter_map(premium).collect();
    }
    let shared_price = build.shared_price(file.sharing.as_ref(), rules.is_some());
    build.feed_in_is_paid(cooperative.as_ref(), rules.is_some());
    if !sharing.is_none() {
        build.shared_price_is_known(cooperative.as_ref(), shared_price.as_ref(), rules.is_some());
    }
    let weather = build.weather(file.weather.as_ref(), &timezone);
    let market = build.market(file.market.as_ref(), &timezone);
    let start = build.start(scenario.start.as_ref()?)?;
    let plan = plan::Plan {
        name: scenario.name.clone().unwrap_or_default(),
        about: scenario.about.clone().unwrap_or_default(),
        start,
        years: scenario.years as usize,
        step_minutes: scenario.step_minutes,
        seed: scenario.seed,
        homes_seed: scenario.seed,
        shapes: u16::try_from(scenario.shapes).unwrap_or(u16::MAX),
        latitude_deg: file.place.as_ref().map_or_else(defaults::latitude_deg, |place| place.latitude_deg),
        longitude_deg: file.place.as_ref().map_or_else(defaults::longitude_deg, |place| place.longitude_deg),
        place_origin: build.at(&["place"]).origin("latitude_deg"),
        timezone,
        country: file.place.as_ref().map_or_else(defaults::country, |place| place.country),
        weather,
        market,
        market_sky: None,
        groups,
        cooperative,
        sharing,
        shared_price,
        rules,
        neighbourhoods: build.neighbourhoods(file.neighbourhoods.as_ref()),
        row: None,
    };
    if let Err(error) = plan.calendar() {
        let origin = build.origin(&["scenario", "step_minutes"]).or(build.origin(&["scenario", "start"]));
        build.push(
            Fault::error("kwartier::scenario::time_axis", error.to_string())
                .help("choose a shorter step, another start, or another time zone"),
            origin.as_ref(),
            "does not fit the time zone",
        );
        return None;
    }
    Some(plan)
}

struct Build<'a> {
    root: &'a Node,
    files: &'a [PathBuf],
    faults: &'a mut Vec<Fault>,
}

/// A table of the scenario: the path to it, and its node.
#[derive(Clone, Copy)]
struct At<'a> {
    node: Option<&'a Node>,
}

impl<'a> At<'a> {
    fn below(self, key: &str) -> At<'a> {
        At { node: self.node.and_then(|node| node.get(key)) }
    }

    fn origin(self, key: &str) -> Option<Origin> {
        self.node.and_then(|node| node.get(key)).map(|child| child.origin.clone())
    }

    /// Whether the key is written, rightly or wrongly.
    fn has(self, key: &str) -> bool {
        self.node.is_some_and(|node| node.get(key).is_some())
    }

    /// Whether the key is written and was refused.
    fn is_wrong(self, key: &str) -> bool {
        self.node.and_then(|node| node.get(key)).is_some_and(Node::is_wrong)
    }

    fn key(self, key: &str) -> Option<Origin> {
        self.node.and_then(|node| node.get(key)).map(|child| child.key.clone())
    }

    /// The heading of the table, or its first key where it has none of its own.
    fn heading(self) -> Option<Origin> {
        let node = self.node?;
        let mut origin = match &node.value {
            Value::Table(entries) if node.origin.span.is_empty() => entries.first()?.1.key.clone(),
            _ => node.origin.clone(),
        };
        if let Some(newline) = origin.text().find('\n') {
            origin.span.end = origin.span.start + newline;
        }
        Some(origin)
    }
}

impl<'a> Build<'a> {
    fn at(&self, path: &[&str]) -> At<'a> {
        At { node: self.root.at(path) }
    }

    fn origin(&self, path: &[&str]) -> Option<Origin> {
        self.root.at(path).map(|node| node.origin.clone())
    }

    /// Whether `key` is inherited by the file that wrote `choice`, which gives it no meaning: it is passed over then.
    fn is_left_over(&self, at: At, key: &str, choice: &str) -> bool {
        match (at.key(key), at.key(choice)) {
            (Some(key), Some(choice)) => tree::depth(&key, self.files) > tree::depth(&choice, self.files),
            _ => false,
        }
    }

    fn push(&mut self, fault: Fault, origin: Option<&Origin>, label: &str) {
        self.faults.push(match origin {
            Some(origin) => fault.at(origin, label),
            None => fault,
        });
    }

    fn place_is_whole(&mut self) {
        let (latitude, longitude) =
            (self.root.at(&["place", "latitude_deg"]), self.root.at(&["place", "longitude_deg"]));
        let (given, missing) = match (latitude, longitude) {
            (Some(given), None) => (given, "longitude_deg"),
            (None, Some(given)) => (given, "latitude_deg"),
            _ => return,
        };
        let fault = Fault::error("kwartier::place::half", format!("[place] has no `{missing}`"))
            .help(format!("add `{missing} = …`, or leave out both for De Bilt"));
        let origin = given.key.clone();
        self.push(fault, Some(&origin), "one coordinate without the other");
    }

    fn timezone(&mut self, name: &str, path: &[&str]) -> TimeZone {
        let origin = self.origin(path);
        self.timezone_at(name, origin.as_ref())
    }

    fn timezone_at(&mut self, name: &str, origin: Option<&Origin>) -> TimeZone {
        if let Ok(zone) = TimeZone::get(name) {
            return zone;
        }
        let known: Vec<String> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
        let help = match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => "write an IANA name such as \"Europe/Amsterdam\" or \"UTC\"".to_owned(),
        };
        let fault =
            Fault::error("kwartier::place::timezone", format!("\"{name}\" is not a known time zone")).help(help);
        self.push(fault, origin, "not known");
        TimeZone::UTC
    }

    fn start(&mut self, written: &toml::value::Datetime) -> Option<Date> {
        let written = written.date?;
        let year = i16::try_from(written.year).ok()?;
        let date = Date::new(year, i8::try_from(written.month).ok()?, i8::try_from(written.day).ok()?).ok();
        let good = date.filter(|date| START_YEARS.contains(&date.year()) && !(date.month() == 2 && date.day() == 29));
        if good.is_none() {
            let message = format!("the run cannot start on {written}");
            let (label, help) = if date.is_some_and(|date| START_YEARS.contains(&date.year())) {
                ("not in every year", "start on a day that every year has, such as 1 March".to_owned())
            } else {
                ("out of range", format!("choose a day in {} to {}", START_YEARS.start(), START_YEARS.end()))
            };
            let origin = self.origin(&["scenario", "start"]);
            self.push(Fault::error("kwartier::scenario::start", message).help(help), origin.as_ref(), label);
        }
        good
    }

    fn homes(
        &mut self,
        group: &said::With<said::Home, said::Member>,
        index: usize,
        has_cooperative: bool,
        timezone: &TimeZone,
    ) -> plan::Group {
        let at = self.at(&["homes", &index.to_string()]);
        let count = group.own.count.unwrap_or(1);
        let income_eur = self.spread(group.own.income_eur.as_ref(), at, "income_eur");
        let annual_gas_m3 = self.spread(group.own.annual_gas_m3.as_ref(), at, "annual_gas_m3");
        let profile = match &group.more.profile {
            None | Some(said::Profile::Synthetic) => plan::Profile::Synthetic,
            Some(said::Profile::Metered(meter)) => self
                .meter(&meter.own, meter.more.kind, at.below("profile"), timezone)
                .map_or(plan::Profile::Synthetic, plan::Profile::Metered),
        };
        let metered = matches!(profile, plan::Profile::Metered(_));
        let annual_kwh = self.spread(group.more.annual_kwh.as_ref(), at, "annual_kwh");
        let annual_kwh = annual_kwh.or((!metered).then_some(defaults::ANNUAL_KWH));
        if metered && count > 1 {
            let message = format!("{count} homes have the same metered profile: all peak in the same step");
            let fault = Fault::warning("kwartier::homes::same_meter", message)
                .help("give each meter a group of its own with count = 1, or use the synthetic profile for the others");
            self.push(fault, at.key("profile").as_ref(), "one meter for many homes");
        }
        let kind = plan::GroupKind::Homes { tenure: group.own.tenure, income_eur, annual_gas_m3 };
        self.group(&group.more, at, kind, count, annual_kwh, profile, has_cooperative, timezone)
    }

    fn businesses(
        &mut self,
        group: &said::With<said::Business, said::Member>,
        index: usize,
        has_cooperative: bool,
        timezone: &TimeZone,
    ) -> plan::Group {
        let at = self.at(&["businesses", &index.to_string()]);
        let business = match &group.more.id {
            Some(id) => format!("business \"{id}\""),
            None => "this business".to_owned(),
        };
        let profile = match (&group.more.profile, group.own.kind) {
            (Some(said::Profile::Metered(meter)), _) => {
                self.meter(&meter.own, meter.more.kind, at.below("profile"), timezone).map(plan::Profile::Metered)
            }
            (Some(said::Profile::Synthetic), _) => {
                let fault = Fault::error("kwartier::businesses::profile", "the synthetic profile is of a household")
                    .help("leave out `profile` and give `kind = \"office\"`, \"school\", \"shop\" or \"farm\", or a metered profile");
                self.push(fault, at.origin("profile").as_ref(), "not for a business");
                None
            }
            (None, Some(kind)) => Some(plan::Profile::OpeningHours(kind)),
            (None, None) => {
                if !at.has("kind") && !at.has("profile") {
                    let use_too = if at.has("annual_kwh") { "" } else { " and `annual_kwh = …`" };
                    let fault = Fault::error("kwartier::businesses::shape", format!("{business} has no load shape"))
                        .help(format!(
                            "add `kind = \"office\"` (or \"school\", \"shop\", \"farm\"){use_too}, \
                             or `profile = {{ file = \"…\" }}`"
                        ));
                    self.push(fault, at.heading().as_ref(), "needs `kind` or `profile`");
                }
                None
            }
        };
        let annual_kwh = self.spread(group.more.annual_kwh.as_ref(), at, "annual_kwh");
        if at.has("kind") && !at.has("profile") && !at.has("annual_kwh") {
            let fault = Fault::error("kwartier::businesses::annual_kwh", format!("{business} has no `annual_kwh`"))
                .help("add `annual_kwh = …`: its use of electricity in a year, kWh");
            self.push(fault, at.heading().as_ref(), "needs `annual_kwh`");
        }
        let profile = profile.unwrap_or(plan::Profile::OpeningHours(said::BusinessKind::Office));
        let annual_kwh = match profile {
            plan::Profile::Metered(_) => annual_kwh,
            _ => annual_kwh.or(Some(said::Distribution::Exactly(0.0))),
        };
        let kind = plan::GroupKind::Businesses(group.own.kind);
        self.group(&group.more, at, kind, group.own.count, annual_kwh, profile, has_cooperative, timezone)
    }

    #[expect(clippy::too_many_arguments, reason = "the two kinds of group differ in exactly these")]
    fn group(
        &mut self,
        member: &said::Member,
        at: At<'a>,
        kind: plan::GroupKind,
        count: u32,
        annual_kwh: Option<said::Distribution>,
        profile: plan::Profile,
        has_cooperative: bool,
        timezone: &TimeZone,
    ) -> plan::Group {
        let standard = match kind {
            plan::GroupKind::Homes { .. } => defaults::HOME_CONNECTION,
            plan::GroupKind::Businesses(_) => defaults::BUSINESS_CONNECTION,
        };
        let connection = self.connection(member.connection.as_deref().unwrap_or(standard), at);
        let pv = member.pv.as_ref().and_then(|pv| {
            let output = self.panels(&pv.more.own, (&pv.more.more, pv.own.more.kind), at.below("pv"), timezone)?;
            Some(plan::Pv { fraction: pv.own.own.fraction, output })
        });
        let battery = member.battery.as_ref().and_then(|battery| self.battery(battery, at.below("battery")));
        plan::Group {
            id: member.id.clone().unwrap_or_default(),
            kind,
            count,
            annual_kwh,
            profile,
            connection,
            member_fraction: member.member_fraction.unwrap_or(f64::from(u8::from(has_cooperative))),
            pv,
            battery,
        }
    }

    fn connection(&mut self, words: &str, at: At) -> plan::Connection {
        plan::Connection::parse(words).unwrap_or_else(|| {
            let fault = Fault::error("kwartier::homes::connection", format!("\"{words}\" is not a grid connection"))
                .help("write phases (1 or 3) and the fuse's current: \"1x35A\", \"3x25A\", \"3x80A\"");
            self.push(fault, at.origin("connection").as_ref(), "expected phases x ampere");
            plan::Connection { phases: 3, fuse_a: 25 }
        })
    }

    /// A number or spread whose bounds are in order.
    fn spread(&mut self, spread: Option<&said::Distribution>, at: At, key: &str) -> Option<said::Distribution> {
        let spread = spread?;
        if let said::Distribution::Uniform { min, max } = spread
            && min > max
        {
            let fault =
                Fault::error("kwartier::scenario::empty_range", format!("`{key}` has min {min} above max {max}"))
                    .help(format!("write {key} = {{ min = {max}, max = {min} }}"));
            self.push(fault, at.origin(key).as_ref(), "no value lies in it");
        }
        Some(spread.clone())
    }

    fn cooperative(&mut self, cooperative: &said::Cooperative, timezone: &TimeZone) -> plan::Cooperative {
        let participation_eur = cooperative.participation_eur.and_then(decimal);
        let plants = cooperative.plants.iter().enumerate();
        plan::Cooperative {
            name: cooperative.name.clone().unwrap_or_else(|| "the cooperative".to_owned()),
            participation_eur,
            discount_fraction: written_or(cooperative.discount_fraction, defaults::DISCOUNT_FRACTION),
            tax_fraction: cooperative.tax_fraction.and_then(decimal).unwrap_or_default(),
            plants: plants.filter_map(|(i, plant)| self.plant(plant, i, participation_eur, timezone)).collect(),
        }
    }

    fn plant(
        &mut self,
        plant: &said::With<said::With<said::Plant, said::PlantBooks>, said::With<said::Roof, said::Meter>>,
        index: usize,
        participation_eur: Option<Decimal>,
        timezone: &TimeZone,
    ) -> Option<plan::Plant> {
        let at = self.at(&["cooperative", "plants", &index.to_string()]);
        for key in PLANT_SPREADS {
            if let Some(node) = at.node.and_then(|node| node.get(key))
                && matches!(node.value, Value::Table(_))
            {
                let fault = Fault::error("kwartier::plants::spread", format!("`{key}` of a plant is one number"))
                    .help(format!("a plant is one installation: write {key} = …"));
                let origin = node.origin.clone();
                self.push(fault, Some(&origin), "a spread is for groups of homes");
            }
        }
        let said::With { own, more: books } = &plant.own;
        let premium = self.premium(own, at);
        let books = self.books(books, participation_eur, at);
        let output = self.panels(&plant.more.own, (&plant.more.more, own.meter_kind), at, timezone)?;
        Some(plan::Plant {
            id: own.id.clone().unwrap_or_default(),
            output,
            premium,
            premium_origin: at.origin("premium"),
            books,
        })
    }

    fn panels(
        &mut self,
        roof: &said::Roof,
        (meter, kind): (&said::Meter, said::MeterKind),
        at: At,
        timezone: &TimeZone,
    ) -> Option<plan::PvOutput> {
        if at.has("file") && !self.is_left_over(at, "file", "peak_kwp") {
            let is_out_of_place = |key: &&str| at.has(key) && !self.is_left_over(at, key, "file");
            for key in ROOF_KEYS.into_iter().filter(is_out_of_place).collect::<Vec<_>>() {
                let fault = Fault::error("kwartier::pv::metered", format!("`{key}` has no meaning beside `file`"))
                    .help(
                        "a metered series is taken as it is: remove this key, or remove `file` to simulate the panels",
                    );
                self.push(fault, at.key(key).as_ref(), "not used with a metered series");
            }
            return self.meter(meter, kind, at, timezone).map(plan::PvOutput::Metered);
        }
        let is_plant = at.has("id");
        let is_out_of_place =
            |key: &&str| at.has(key) && !(is_plant && *key == "kind") && !self.is_left_over(at, key, "peak_kwp");
        for key in METER_KEYS.into_iter().filter(is_out_of_place).collect::<Vec<_>>() {
            let fault = Fault::error("kwartier::pv::simulated", format!("`{key}` has no meaning without `file`"))
                .help("add `file = \"…\"` to use a metered series, or remove this key");
            self.push(fault, at.key(key).as_ref(), "belongs to a metered series");
        }
        let Some(peak_kwp) = self.spread(roof.peak_kwp.as_ref(), at, "peak_kwp") else {
            let is_of_another_kind = is_plant && at.is_wrong("kind");
            if !at.has("peak_kwp") && !is_of_another_kind {
                let fault = Fault::error("kwartier::pv::peak", "panels without `peak_kwp`")
                    .help("add `peak_kwp = …` (kWp of the panels), or `file = \"…\"` for a metered series");
                self.push(fault, at.heading().as_ref(), "needs `peak_kwp` or `file`");
            }
            return None;
        };
        let spread = |build: &mut Self, spread: &said::Distribution, key: &str| {
            build.spread(Some(spread), at, key).unwrap_or_else(|| spread.clone())
        };
        Some(plan::PvOutput::Simulated(plan::Panels {
            peak_kwp,
            tilt_deg: spread(self, &roof.tilt_deg, "tilt_deg"),
            azimuth_deg: spread(self, &roof.azimuth_deg, "azimuth_deg"),
            system_loss: spread(self, &roof.system_loss, "system_loss"),
            inverter_kw: self.spread(roof.inverter_kw.as_ref(), at, "inverter_kw"),
            transposition: roof.transposition,
            cell_temperature: roof.cell_temperature,
            albedo: roof.albedo,
            temperature_coefficient_per_k: roof.temperature_coefficient_per_k,
        }))
    }

    fn battery(&mut self, battery: &said::Battery, at: At) -> Option<plan::Battery> {
        let capacity_kwh = self.spread(battery.capacity_kwh.as_ref(), at, "capacity_kwh");
        let power_kw = self.spread(battery.power_kw.as_ref(), at, "power_kw");
        let start = battery.start_state_of_charge.unwrap_or(battery.min_state_of_charge);
        if start < battery.min_state_of_charge {
            let fault = Fault::error(
                "kwartier::battery::start_below_minimum",
                format!(
                    "`start_state_of_charge` {start} is below `min_state_of_charge` {}",
                    battery.min_state_of_charge
                ),
            )
            .help("raise the start, or lower the minimum");
            self.push(fault, at.origin("start_state_of_charge").as_ref(), "below the minimum");
        }
        Some(plan::Battery {
            fraction: battery.fraction,
            capacity_kwh: capacity_kwh?,
            power_kw: power_kw?,
            charge_efficiency: battery.charge_efficiency,
            discharge_efficiency: battery.discharge_efficiency,
            min_state_of_charge: battery.min_state_of_charge,
            standby_loss_per_h: battery.standby_loss_per_h,
            start_state_of_charge: start,
        })
    }

    fn meter(
        &mut self,
        meter: &said::Meter,
        kind: said::MeterKind,
        at: At,
        timezone: &TimeZone,
    ) -> Option<plan::MeterFile> {
        let path = meter.file.as_deref()?;
        let origin = at.origin("file")?;
        let file = relative(path, &origin);
        if at.node.is_some_and(Node::has_wrong) && file.exists() {
            // Read without the refused key, the file would only seem wrong.
            return None;
        }
        let mut cumulative = kind == said::MeterKind::Cumulative;
        if cumulative && matches!(meter.unit, said::MeterUnit::Kw | said::MeterUnit::W) {
            let fault =
                Fault::error("kwartier::profile::cumulative_power", "readings of a register are energy, not power")
                    .help("write `unit = \"kwh\"` or \"wh\", or `kind = \"interval\"`");
            self.push(fault, at.origin("unit").or(at.origin("kind")).as_ref(), "a power cannot be cumulative");
            cumulative = false;
        }
        let timezone = match &meter.timezone {
            Some(name) => self.timezone_at(name, at.origin("timezone").as_ref()),
            None => timezone.clone(),
        };
        Some(plan::MeterFile {
            file,
            columns: meter.column.as_ref().map(|columns| columns.0.clone()).unwrap_or_default(),
            columns_origin: at.origin("column"),
            unit: match meter.unit {
                said::MeterUnit::Kwh => plan::MeterUnit::Kwh,
                said::MeterUnit::Wh => plan::MeterUnit::Wh,
                said::MeterUnit::Kw => plan::MeterUnit::Kw,
                said::MeterUnit::W => plan::MeterUnit::W,
            },
            cumulative,
            stamp: match meter.stamp {
                said::MeterStamp::Start => plan::Stamp::Start,
                said::MeterStamp::End => plan::Stamp::End,
            },
            timezone,
            year: meter.year,
            gaps: gaps(meter.gaps),
            origin,
        })
    }

    fn weather(&mut self, weather: Option<&said::Weather>, timezone: &TimeZone) -> Option<plan::WeatherFile> {
        let weather = weather?;
        let at = self.at(&["weather"]);
        if at.is_wrong("source") {
            return None;
        }
        let format = match weather.source {
            said::WeatherSource::Synthetic => {
                let is_out_of_place = |key: &&str| at.has(key) && !self.is_left_over(at, key, "source");
                let keys = ["file", "stamp", "timezone", "year", "gaps"].into_iter().filter(is_out_of_place);
                for key in keys.collect::<Vec<_>>() {
                    let fault = Fault::error(
                        "kwartier::weather::synthetic",
                        format!("`{key}` has no meaning for synthetic weather"),
                    )
                    .help("write `source = \"knmi\"` or \"csv\" to use a file, or remove this key");
                    self.push(fault, at.key(key).as_ref(), "belongs to a weather file");
                }
                return None;
            }
            said::WeatherSource::Knmi => plan::WeatherFormat::Knmi,
            said::WeatherSource::Csv => plan::WeatherFormat::Csv,
        };
        if format == plan::WeatherFormat::Knmi {
            let is_out_of_place = |key: &&str| at.has(key) && !self.is_left_over(at, key, "source");
            for key in ["stamp", "timezone"].into_iter().filter(is_out_of_place).collect::<Vec<_>>() {
                let fault = Fault::error("kwartier::weather::knmi", format!("`{key}` has no meaning for a KNMI file"))
                    .help("remove this key: a KNMI file is in UTC and its hours are named by their end");
                self.push(fault, at.key(key).as_ref(), "the format says it itself");
            }
        } else if !at.has("stamp") {
            let fault = Fault::error("kwartier::weather::stamp", "a CSV weather file needs `stamp`")
                .help("add `stamp = \"start\"` or \"end\" (means over a step), or \"instant\": a quarter off shifts the sun against the load");
            self.push(fault, at.heading().as_ref(), "needs `stamp`");
        }
        let Some(path) = &weather.file else {
            if !at.has("file") {
                let fault = Fault::error("kwartier::weather::file", "weather from a file without `file`")
                    .help("add `file = \"…\"` to [weather], relative to this scenario");
                self.push(fault, at.key("source").as_ref(), "needs `file`");
            }
            return None;
        };
        let origin = at.origin("file")?;
        if at.node.is_some_and(Node::has_wrong) && relative(path, &origin).exists() {
            // Read without the refused key, the file would only seem wrong.
            return None;
        }
        let timezone = match (&weather.timezone, format) {
            (_, plan::WeatherFormat::Knmi) => TimeZone::UTC,
            (Some(name), _) => self.timezone(name, &["weather", "timezone"]),
            (None, _) => timezone.clone(),
        };
        Some(plan::WeatherFile {
            file: relative(path, &origin),
            format,
            stamp: match weather.stamp {
                Some(said::WeatherStamp::Start) => plan::Stamp::Start,
                Some(said::WeatherStamp::Instant) => plan::Stamp::Instant,
                Some(said::WeatherStamp::End) | None => plan::Stamp::End,
            },
            timezone,
            year: weather.year,
            gaps: gaps(weather.gaps),
            origin,
        })
    }

    fn market(&mut self, market: Option<&said::Market>, timezone: &TimeZone) -> Option<plan::PriceFile> {
        let market = market?;
        let at = self.at(&["market"]);
        if at.is_wrong("source") {
            return None;
        }
        let format = match market.source {
            said::MarketSource::Synthetic => {
                let is_out_of_place = |key: &&str| at.has(key) && !self.is_left_over(at, key, "source");
                let keys = ["file", "column", "timezone", "year", "gaps"].into_iter().filter(is_out_of_place);
                for key in keys.collect::<Vec<_>>() {
                    let fault = Fault::error(
                        "kwartier::market::synthetic",
                        format!("`{key}` has no meaning for a synthetic price"),
                    )
                    .help("write `source = \"smard\"`, \"entsoe\" or \"csv\" to use a file, or remove this key");
                    self.push(fault, at.key(key).as_ref(), "belongs to a price file");
                }
                return None;
            }
            said::MarketSource::Smard => plan::PriceFormat::Smard,
            said::MarketSource::Entsoe => plan::PriceFormat::Entsoe,
            said::MarketSource::Csv => plan::PriceFormat::Csv,
        };
        let says_its_clock = format != plan::PriceFormat::Csv;
        if says_its_clock && at.has("timezone") && !self.is_left_over(at, "timezone", "source") {
            let fault = Fault::error("kwartier::market::clock", "`timezone` has no meaning for this source")
                .help("remove this key: SMARD is in German legal time, a file of ENTSO-E says its clock in the header");
            self.push(fault, at.key("timezone").as_ref(), "the format says it itself");
        }
        let Some(path) = &market.file else {
            if !at.has("file") {
                let fault = Fault::error("kwartier::market::file", "prices from a file without `file`")
                    .help("add `file = \"…\"` to [market], relative to this scenario");
                self.push(fault, at.key("source").as_ref(), "needs `file`");
            }
            return None;
        };
        let origin = at.origin("file")?;
        if at.node.is_some_and(Node::has_wrong) && relative(path, &origin).exists() {
            // Read without the refused key, the file would only seem wrong.
            return None;
        }
        let timezone = match &market.timezone {
            Some(name) if !says_its_clock => self.timezone(name, &["market", "timezone"]),
            _ => timezone.clone(),
        };
        Some(plan::PriceFile {
            file: relative(path, &origin),
            format,
            column: market.column.clone(),
            column_origin: at.origin("column"),
            timezone,
            year: market.year,
            gaps: gaps(market.gaps),
            origin,
        })
    }

    fn neighbourhoods(&self, neighbourhoods: Option<&said::Neighbourhoods>) -> Option<plan::NeighbourhoodsFile> {
        let path = neighbourhoods?.file.as_deref()?;
        let origin = self.at(&["neighbourhoods"]).origin("file")?;
        Some(plan::NeighbourhoodsFile { file: relative(path, &origin), origin })
    }

    fn ids(&mut self, file: &said::File) {
        let mut known: BTreeMap<String, &Node> = BTreeMap::new();
        let mut keys: BTreeMap<u32, String> = BTreeMap::new();
        let lists = [&["homes"][..], &["businesses"], &["cooperative", "plants"]];
        let entries = lists.iter().flat_map(|path| self.root.at(path).map_or(&[][..], Node::items));
        for entry in entries {
            let (Some(id), Some(node)) = (entry.id(), entry.get("id")) else { continue };
            let plain = !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
            let fault = if !plain {
                let label = if id.is_empty() { "empty" } else { "has other characters" };
                Fault::error("kwartier::scenario::id", format!("\"{id}\" cannot be an id"))
                    .at(&node.origin, label)
                    .help("use letters a to z, digits, `-` and `_`")
            } else if let Some(first) = known.get(id) {
                same_id(entry, first)
            } else if let Some(other) = keys.insert(group_key(id), id.to_owned()) {
                let message = format!("\"{id}\" and \"{other}\" would share their random draws");
                Fault::error("kwartier::scenario::id_collision", message)
                    .at(&node.origin, "same key as another id")
                    .help("change one letter of this id")
            } else {
                known.insert(id.to_owned(), entry);
                continue;
            };
            self.faults.push(fault);
        }
        let homes = file.homes.iter().map(|g| (&g.more.id, g.own.count.unwrap_or(1)));
        let businesses = file.businesses.iter().map(|g| (&g.more.id, g.own.count));
        for (id, count) in homes.chain(businesses) {
            let Some(id) = id.as_deref().filter(|id| !id.is_empty()) else { continue };
            let member = |other: &&String| {
                let number = other.strip_prefix(id).and_then(|rest| rest.strip_prefix('-')?.parse::<u32>().ok());
                number.is_some_and(|n| (1..=count).contains(&n))
            };
            for clash in known.keys().filter(member) {
                let fault = Fault::error(
                    "kwartier::scenario::id_clash",
                    format!("\"{clash}\" is also the name of a member of \"{id}\""),
                )
                .help("give this one another id");
                let fault = match known[clash].get("id") {
                    Some(node) => fault.at(&node.origin, format!("the members of {id} are {id}-1 to {id}-{count}")),
                    None => fault,
                };
                self.faults.push(fault);
            }
        }
    }

    fn sharing(
        &mut self,
        file: &said::File,
        groups: &[plan::Group],
        cooperative: Option<&plan::Cooperative>,
    ) -> said::Sharing {
        let at = self.at(&["sharing"]);
        let plants = cooperative.is_some_and(|cooperative| !cooperative.plants.is_empty());
        let top = self.at(&[]);
        let groups_are_known = !top.is_wrong("homes")
            && !top.is_wrong("businesses")
            && file.homes.iter().all(|group| group.more.id.is_some())
            && file.businesses.iter().all(|group| group.more.id.is_some());
        let Some(sharing) = &file.sharing else {
            if plants && !top.has("sharing") {
                let fault =
                    Fault::warning("kwartier::sharing::none", "the cooperative has plants but nothing is shared")
                        .help("add [sharing] with key = \"pro-rata\" to give their output to the members");
                let origin = self.at(&["cooperative"]).heading();
                self.push(fault, origin.as_ref(), "its plants feed the grid only");
            }
            return said::Sharing::default();
        };
        let members = groups.iter().any(|group| round_half_up(group.member_fraction, group.count) > 0);
        let refused =
            |group: &Node| ["member_fraction", "count"].iter().any(|key| group.get(key).is_some_and(Node::is_wrong));
        // With a table, each of its rows says how many there are.
        let counts_are_known = !top.has("neighbourhoods");
        let members_are_known = counts_are_known
            && !top.is_wrong("cooperative")
            && !["homes", "businesses"].iter().any(|list| {
                top.is_wrong(list) || self.root.get(list).is_some_and(|list| list.items().iter().any(refused))
            });
        if !sharing.is_none() && !members && members_are_known {
            let fault =
                Fault::warning("kwartier::sharing::no_members", "there is nobody to share with: no home is a member")
                    .help("give a group `member_fraction = …`, or add a [cooperative]");
            self.push(fault, at.heading().as_ref(), "only members give and receive");
        }
        if at.node.is_some_and(Node::holds_wrong) {
            return sharing.clone();
        }
        if groups_are_known && !top.is_wrong("cooperative") {
            let parties = parties(groups, cooperative);
            sharing::key_of(sharing, &parties, at.node, self.faults);
        }
        let is_static = |round: &said::Round| round.method == Some(said::Method::Static) && round.shares.is_none();
        let takes_shares = sharing.rounds.iter().flatten().any(is_static);
        if sharing.shares.is_some() && !takes_shares && !self.is_left_over(at, "shares", "key") {
            let fault = Fault::error("kwartier::sharing::shares", "`shares` has no meaning for this key")
                .help("write `key = \"static\"`, or remove `shares`");
            self.push(fault, at.key("shares").as_ref(), "belongs to the static key");
        }
        for (id, share) in sharing.shares.iter().flatten().filter(|_| takes_shares && counts_are_known) {
            let is_empty =
                |group: &plan::Group| group.id == *id && round_half_up(group.member_fraction, group.count) == 0;
            if *share > 0.0 && groups.iter().any(is_empty) {
                let fault =
                    Fault::warning("kwartier::sharing::unused_share", format!("\"{id}\" has a share but no members"))
                        .help("its part goes to the grid; give it members, or divide its share among the others");
                self.push(fault, at.below("shares").key(id).as_ref(), "nobody takes this part");
            }
        }
        if sharing.rounds.iter().flatten().any(|round| round.unused == said::Unused::Owner) {
            let message = "a part that its owner does not use stays feed-in of who gave it: a run does not credit it to the owner";
            let fault = Fault::warning("kwartier::sharing::owner", message).help(
                "what is shared is right; `kwartier share` counts unused parts for their owners; write `unused = \"grid\"` in rounds of your own to agree",
            );
            let origin = at.origin("key").or_else(|| at.origin("rounds"));
            self.push(fault, origin.as_ref(), "leaves unused parts to their owners");
        }
        if let Some(minutes) = sharing.interval_minutes {
            let step_minutes = file.scenario.as_ref().map_or(1, |scenario| scenario.step_minutes);
            if minutes % step_minutes.max(1) != 0 {
                let message = format!(
                    "an interval of {minutes} minutes is not a whole number of steps of {step_minutes} minutes"
                );
                let fault = Fault::error("kwartier::sharing::interval", message)
                    .help("choose a `scenario.step_minutes` that divides the interval, or another key");
                self.push(fault, at.origin("interval_minutes").as_ref(), "of the key");
            }
        }
        sharing.clone()
    }
}

/// The keys of panels that a metered series makes meaningless.
const ROOF_KEYS: [&str; 9] = [
    "peak_kwp",
    "tilt_deg",
    "azimuth_deg",
    "system_loss",
    "inverter_kw",
    "transposition",
    "cell_temperature",
    "albedo",
    "temperature_coefficient_per_k",
];

/// The keys of a metered series besides its file.
const METER_KEYS: [&str; 8] = ["column", "unit", "kind", "meter_kind", "stamp", "timezone", "year", "gaps"];

/// The keys of a plant that may not be a spread.
const PLANT_SPREADS: [&str; 5] = ["peak_kwp", "tilt_deg", "azimuth_deg", "system_loss", "inverter_kw"];

fn gaps(said: said::Gaps) -> plan::Gaps {
    match said {
        said::Gaps::Refuse => plan::Gaps::Refuse,
        said::Gaps::Fill => plan::Gaps::Fill,
    }
}

fn relative(path: &str, origin: &Origin) -> PathBuf {
    origin.folder().join(Path::new(path))
}

/// All who could take part in a key: who of the homes is a member is not drawn yet.
fn parties<'a>(groups: &'a [plan::Group], cooperative: Option<&'a plan::Cooperative>) -> Vec<Party<'a>> {
    let homes = groups.iter().flat_map(|group| {
        let party = |number| Party { id: &group.id, number: Some(number), takes: true, gives: true };
        // In a table a group may have no home in one row and some in another.
        (1..=group.count.max(1)).map(party)
    });
    let plants = cooperative.iter().flat_map(|cooperative| &cooperative.plants);
    homes.chain(plants.map(|plant| Party { id: &plant.id, number: None, takes: false, gives: true })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Loaded, load};

    const HOMES: &str = "[scenario]\nname = \"x\"\nstart = 2027-01-01\n[[homes]]\nid = \"row\"\ncount = 4\n";

    /// Loads `texts`, the first of them inheriting from others or not.
    fn loaded(texts: &[(&str, &str)], set: &[&str]) -> Loaded {
        let folder = tempfile::TempDir::new().unwrap();
        for (name, text) in texts {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let set: Vec<String> = set.iter().map(|&words| words.to_owned()).collect();
        load(&folder.path().join(texts[0].0), &set, None)
    }

    fn made(texts: &[(&str, &str)], set: &[&str]) -> plan::Plan {
        let loaded = loaded(texts, set);
        assert!(loaded.faults.is_empty(), "{:?}", loaded.faults);
        loaded.draft.unwrap()
    }

    #[test]
    fn what_is_not_written_has_its_default() {
        let plan = made(&[("a.toml", HOMES)], &[]);
        let group = &plan.groups[0];
        assert_eq!((plan.step_minutes, plan.years, plan.seed), (15, 1, 1));
        assert_eq!(group.annual_kwh, Some(defaults::ANNUAL_KWH));
        assert_eq!(group.connection, plan::Connection { phases: 3, fuse_a: 25 });
        assert!(group.member_fraction.abs() < 1e-12 && group.pv.is_none() && plan.weather.is_none());
        assert!(plan.sharing.is_none());
        let with_cooperative = format!("{HOMES}[cooperative]\n");
        let member_fraction = made(&[("a.toml", &with_cooperative)], &[]).groups[0].member_fraction;
        assert!((member_fraction - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_battery_starts_at_its_minimum() {
        let set = "homes.row.battery={ capacity_kwh = 5, power_kw = 2, min_state_of_charge = 0.2 }";
        let battery = made(&[("a.toml", HOMES)], &[set]).groups[0].battery.clone().unwrap();
        assert!((battery.start_state_of_charge - 0.2).abs() < 1e-12);
    }

    #[test]
    fn static_shares_are_in_the_order_of_the_groups() {
        let more = "[cooperative]\n[[homes]]\nid = \"flat\"\ncount = 2\n[[homes]]\nid = \"none\"\ncount = 1\n\
                    [sharing]\nkey = \"static\"\nshares = { flat = 0.3, row = 0.7 }\n";
        let plan = made(&[("a.toml", &format!("{HOMES}{more}"))], &[]);
        let shares = [("flat", 0.3), ("row", 0.7)].map(|(id, share)| (id.to_owned(), share));
        assert_eq!(plan.sharing.shares, Some(shares.into_iter().collect()));
        assert_eq!(plan.sharing.rounds.as_ref().map(Vec::len), Some(1));
    }

    #[test]
    fn a_path_is_relative_to_the_file_it_is_written_in() {
        let base = format!("{HOMES}[weather]\nsource = \"knmi\"\nfile = \"sky.txt\"\n");
        let variant =
            "inherits = \"../base/base.toml\"\n[[homes]]\nid = \"row\"\ncount = 1\nprofile = { file = \"m.csv\" }\n";
        let texts = [("variant/variant.toml", variant), ("base/base.toml", &base)];
        let plan = made(&texts, &["homes.row.pv.file=roof.csv"]);
        assert!(plan.weather.as_ref().unwrap().file.ends_with("variant/../base/sky.txt"));
        assert!(plan.groups[0].profile.meter_file().unwrap().file.ends_with("variant/m.csv"));
        let roof = plan.groups[0].pv.as_ref().unwrap().output.meter_file().unwrap();
        assert_eq!(roof.file, Path::new("roof.csv"));
    }

    #[test]
    fn a_variant_may_choose_another_way_although_it_inherits_the_keys_of_the_first() {
        let base = format!(
            "{HOMES}pv = {{ file = \"roof.csv\", year = 2024 }}\nannual_kwh = {{ mean = 2900, sd = 1000 }}\n\
             [cooperative]\n[weather]\nsource = \"csv\"\nfile = \"sky.csv\"\nstamp = \"end\"\n\
             [sharing]\nkey = \"static\"\nshares = {{ row = 1 }}\n"
        );
        let variant = "inherits = \"base.toml\"\nweather.source = \"synthetic\"\nsharing.key = \"equal\"\n[[homes]]\n\
                       id = \"row\"\nannual_kwh = { min = 1, max = 2 }\npv.peak_kwp = 4\n";
        let plan = made(&[("variant.toml", variant), ("base.toml", &base)], &[]);
        assert!(plan.weather.is_none());
        assert_eq!(plan.sharing.rounds.as_ref().and_then(|rounds| rounds[0].method), Some(said::Method::Equal));
        assert_eq!(plan.groups[0].annual_kwh, Some(said::Distribution::Uniform { min: 1.0, max: 2.0 }));
        assert!(plan.groups[0].pv.as_ref().unwrap().output.meter_file().is_none());
        // Rounds that are inherited belong to no key that is named later.
        let base = format!(
            "{HOMES}[cooperative]\n[sharing]\nrepeat = 3\neur_per_kwh = 0.1\n[[sharing.rounds]]\nmethod = \"pro-rata\"\n"
        );
        let plan = made(
            &[("variant.toml", "inherits = \"base.toml\"\n"), ("base.toml", &base)],
            &["sharing.key=equal", "sharing.eur_per_kwh_incl_vat=0.2"],
        );
        assert_eq!(plan.sharing.repeat, 1);
        let price = plan.shared_price.as_ref().unwrap().terms;
        assert_eq!(price, plan::PriceTerms::Fixed { eur_per_kwh: Decimal::new(2, 1), includes_vat: true });
        assert_eq!(plan.sharing.rounds.as_ref().and_then(|rounds| rounds[0].method), Some(said::Method::Equal));
        // The other way round the variant's own key has no meaning.
        let base = format!("{HOMES}[weather]\nsource = \"synthetic\"\n");
        let variant = "inherits = \"base.toml\"\nweather.file = \"sky.csv\"\n";
        let faults = loaded(&[("variant.toml", variant), ("base.toml", &base)], &[]).faults;
        assert_eq!(faults[0].code, "kwartier::weather::synthetic");
    }

    #[test]
    fn set_is_the_outermost_and_seed_beyond_it() {
        let texts = [("a.toml", HOMES)];
        assert_eq!(made(&texts, &["scenario.seed=4", "scenario.seed=5"]).seed, 5);
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("a.toml");
        std::fs::write(&path, HOMES).unwrap();
        assert_eq!(load(&path, &["scenario.seed=4".to_owned()], Some(7)).draft.unwrap().seed, 7);
    }
}
