//! The audit trail of a bill: each line with its rule, the formula with the numbers in it, and the registers behind it; a
//! line by months, and the steps that weigh most in it.

use std::convert::Infallible;
use std::fmt::Write as _;

use comfy_table::{Table, presets};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};

use super::bills::{money, table as bill_table};
use super::{align_right, rounded};
use crate::engine::meters::Flow;
use crate::engine::world::World;
use crate::engine::{self, HomeStep, Next, Outcome};
use crate::finance::books::Agreements;
use crate::rules::bill::{Bill, Line, eur, last_day, number, quantity};
use crate::rules::billing::{Billing, step_weight};
use crate::rules::exact::shown;
use crate::rules::readings::{Life, Need, Readings, Weight, flow_name};
use crate::rules::rule::Rule;
use crate::rules::settle::{Options, Refusal};
use crate::rules::terms::word;

/// How many steps of a line are shown.
const STEPS_SHOWN: usize = 12;

/// A bill that explains itself.
#[derive(Debug)]
pub struct Explained {
    /// The home.
    pub id: String,
    /// The bill, with formulas.
    pub bill: Bill,
    /// What each month would cost if it were settled alone: first day, cents.
    pub months: Vec<(Date, i64)>,
    /// The registers of the home.
    pub readings: Readings,
}

impl Explained {
    /// Explains the bill of a home or plant for a contract year (by default the first of the run).
    ///
    /// # Errors
    /// Every number that a sum needs and nobody has entered.
    pub fn of(
        world: &World,
        billing: &Billing<'_>,
        agreements: &Agreements,
        outcome: &Outcome,
        home: usize,
        year: Option<i16>,
    ) -> Result<Option<Explained>, Vec<Refusal>> {
        let readings = billing.readings(world, outcome, home);
        let settled = |readings: &Readings, explains: bool| -> Result<Vec<Bill>, Vec<Refusal>> {
            let mut bills = billing.settle_point(home, readings, Options { life: Life::Actual, explains })?;
            if let Some(plant) = home.checked_sub(world.homes.len()) {
                agreements.add_lines(world, outcome, plant, &mut bills);
            }
            Ok(bills)
        };
        let bills = settled(&readings, true)?;
        let Some(bill) = bills.into_iter().find(|bill| year.is_none_or(|year| bill.year == year)) else {
            return Ok(None);
        };
        let is_inside = |from: Date| from >= bill.from && from < bill.until;
        let mut months: Vec<(Date, i64)> = Vec::new();
        let mut at = 0;
        while at < readings.periods.len() {
            let month = readings.periods[at].from.first_of_month();
            let end =
                readings.periods[at..].iter().take_while(|period| period.from.first_of_month() == month).count() + at;
            if is_inside(readings.periods[at].from) {
                let alone = Readings { periods: readings.periods[at..end].to_vec(), ..readings.clone() };
                let bills = settled(&alone, false)?;
                months.push((readings.periods[at].from, bills.iter().map(Bill::total_cents).sum()));
            }
            at = end;
        }
        Ok(Some(Explained { id: billing.points[home].id.clone(), bill, months, readings }))
    }

    /// What the year-end bill adds to what the months came to when each was settled alone, cents: netting and brackets run
    /// over the year, and lines are rounded once.
    pub fn true_up_cents(&self) -> i64 {
        self.bill.total_cents() - self.months.iter().map(|(_, cents)| cents).sum::<i64>()
    }

    /// The registers of a line summed over its dates, with the sign that they count with.
    fn registers(&self, line: &Line) -> Vec<(Need, i8, Decimal)> {
        let periods = self.periods(line);
        let value = |(need, sign): &(Need, i8)| {
            let sum = self.readings.sum(Life::Actual, periods.clone(), need).unwrap_or_default();
            (need.clone(), *sign, sum)
        };
        line.registers.iter().map(value).filter(|(_, sign, sum)| *sign > 0 || !sum.is_zero()).collect()
    }

    fn periods(&self, line: &Line) -> std::ops::Range<usize> {
        let first = self.readings.periods.iter().position(|period| period.from >= line.from).unwrap_or(0);
        let count = self.readings.periods[first..].iter().take_while(|period| period.until <= line.until).count();
        first..first + count
    }

    /// The bill and each of its lines, for people.
    pub fn text(&self, billing: &Billing<'_>) -> String {
        let bill = &self.bill;
        let mut text =
            format!("{}, contract year {} ({} to {})\n", self.id, bill.year, bill.from, last_day(bill.until));
        text.push_str(&bill_table(bill));
        for (number, line) in bill.lines.iter().enumerate() {
            text.push('\n');
            text.push_str(&self.line_text(billing, number + 1, line));
        }
        let _ = writeln!(text, "\nBy month, each settled alone, and what the year adds");
        let mut table = Table::new();
        table.load_style(presets::UTF8_BORDERS_ONLY);
        table.set_header(["month", "EUR incl. VAT"]);
        for (from, cents) in &self.months {
            table.add_row([from.strftime("%Y-%m").to_string(), money(*cents)]);
        }
        table.add_row(["year-end true-up".to_owned(), money(self.true_up_cents())]);
        table.add_row(["bill".to_owned(), money(bill.total_cents())]);
        align_right(&mut table, [1]);
        let _ = writeln!(text, "{table}");
        text.push_str("\n--line N shows a line by months, and the steps that weigh most in it\n");
        text
    }

    fn line_text(&self, billing: &Billing<'_>, number: usize, line: &Line) -> String {
        let mut text = format!("Line {number}: {} ({} to {})\n", line.what, line.from, last_day(line.until));
        let mut say = |name: &str, value: &str| {
            let _ = writeln!(text, "  {name:<10} {value}");
        };
        let sign = if line.excluding_eur < Decimal::ZERO { "-" } else { "" };
        let vat = shown(line.vat_fraction * Decimal::ONE_HUNDRED, 0, 2);
        if line.rate_includes_vat {
            say(
                "formula",
                &format!("{sign}({}) = {} EUR with {vat} % VAT in it", line.formula, money(line.total_cents())),
            );
        } else {
            let with_vat = if line.vat_fraction.is_zero() {
                ", without VAT".to_owned()
            } else {
                format!(", with {vat} % VAT {} EUR", money(line.total_cents()))
            };
            say("formula", &format!("{sign}({}) = {} EUR{with_vat}", line.formula, money(line.amount_cents())));
        }
        for (need, sign, sum) in self.registers(line) {
            let unit = match &need {
                Need::Sum(_, weight) => weight.unit(),
                Need::Peak(_) => "kW",
            };
            say(
                "register",
                &format!("{}{} = {}", if sign < 0 { "less " } else { "" }, need_words(&need), quantity(sum, unit)),
            );
        }
        if let Some(rule) = billing.book.find(&line.rule) {
            say("rule", &format!("{} ({}): {}", rule.id, rule.kind, rule.title));
            say("holds", &holds(rule));
            let (numbers, source) = numbers(rule, line.from);
            say("numbers", &numbers);
            say("source", &source);
        }
        say("paid", &format!("{} to {}", word(&line.payer), word(&line.payee)));
        text
    }

    /// The bill and each of its lines as JSON.
    pub fn to_json(&self, billing: &Billing<'_>) -> Json {
        let line = |line: &Line| {
            let rule = billing.book.find(&line.rule);
            let mut json = line.to_json();
            json["formula"] = json!(line.formula);
            json["source"] = json!(rule.map(|rule| numbers(rule, line.from).1));
            json["holds"] = json!(rule.map(holds));
            json["payer"] = json!(word(&line.payer));
            json["payee"] = json!(word(&line.payee));
            json["registers"] = self
                .registers(line)
                .into_iter()
                .map(|(need, sign, sum)| json!({ "register": need_words(&need), "sign": sign, "value": number(sum) }))
                .collect();
            json
        };
        let months: Vec<Json> = self
            .months
            .iter()
            .map(|(from, cents)| json!({ "month": from.strftime("%Y-%m").to_string(), "total_eur": eur(*cents) }))
            .collect();
        json!({
            "schema": 1,
            "id": self.id,
            "year": self.bill.year,
            "from": self.bill.from.to_string(),
            "to": last_day(self.bill.until).to_string(),
            "lines": self.bill.lines.iter().map(line).collect::<Vec<_>>(),
            "total_eur": eur(self.bill.total_cents()),
            "months": months,
            "true_up_eur": eur(self.true_up_cents()),
        })
    }
}

fn holds(rule: &Rule) -> String {
    match (rule.valid_from, rule.valid_to) {
        (None, None) => "always".to_owned(),
        (Some(from), None) => format!("from {from}"),
        (None, Some(to)) => format!("until {to}"),
        (Some(from), Some(to)) => format!("{from} to {to}"),
    }
}

/// Of which dates and how sure the numbers of a rule are on a day, and where they are from.
fn numbers(rule: &Rule, day: Date) -> (String, String) {
    use crate::rules::rule::Numbers;
    let (version, is_last) = match rule.numbers_on(day) {
        Some(Numbers::Known(version)) => (version, false),
        Some(Numbers::LastKnown(version)) => (version, true),
        None => return ("none".to_owned(), rule.source.clone()),
    };
    let dates = match (version.from, version.to) {
        (Some(from), Some(to)) => format!("of {from} to {to}"),
        (Some(from), None) => format!("from {from} on"),
        (None, Some(to)) => format!("until {to}"),
        (None, None) => "of all dates".to_owned(),
    };
    let last = if is_last { ", the last known ones" } else { "" };
    (format!("{dates}, {}{last}", word(&version.status)), version.source.clone())
}

/// A register in words: "import in 23:00-07:00", "export × day-ahead price".
pub fn need_words(need: &Need) -> String {
    match need {
        Need::Sum(flow, weight) => format!("{}{}", flow_name(*flow), weight.about()),
        Need::Peak(flow) => format!("greatest {} of a step", flow_name(*flow)),
    }
}

/// A step that weighs in a line.
#[derive(Clone, Debug, PartialEq)]
pub struct StepPart {
    /// The step of the run.
    pub step: usize,
    /// What it adds to the line's registers, in their unit: kWh or EUR.
    pub value: f64,
    /// The home's flows in it.
    pub flows: HomeStep,
    /// The day-ahead price, EUR/kWh, where the line's registers weigh with it.
    pub price_eur_per_kwh: Option<f64>,
}

/// The steps that weigh most in a line, the heaviest first. The year is run again with the home recorded.
pub fn heaviest_steps(
    world: &World,
    billing: &Billing<'_>,
    home: usize,
    line: &Line,
    mut each_day: impl FnMut(),
) -> Vec<StepPart> {
    let of_prices =
        line.registers.iter().any(|(need, _)| matches!(need, Need::Sum(_, weight) if weight.is_of_prices()));
    let prices = if of_prices { world.prices().ok() } else { None };
    let step_h = world.calendar.step_h();
    let mut parts: Vec<StepPart> = Vec::new();
    let result = engine::run(world, &billing.options(true), |flows| {
        each_day();
        let day = flows.day;
        if day.date >= line.until {
            return Ok::<_, Infallible>(Next::Stop);
        }
        if day.date >= line.from {
            for in_day in 0..day.steps {
                let step = day.first_step + in_day;
                let own = flows.home(home, in_day);
                let price = prices.as_ref().map(|prices| prices[step]);
                let value: f64 = line
                    .registers
                    .iter()
                    .map(|(need, sign)| match need {
                        Need::Sum(flow, weight) => {
                            let weight = if let Some(price) = weight.interval_price() {
                                flows.price_eur_per_kwh(price, in_day)
                            } else {
                                let prices = prices.as_ref().map(|prices| prices.as_slice());
                                step_weight(weight, &world.calendar, day, step, prices)
                            };
                            f64::from(*sign) * flow_kw(&own, *flow) * step_h * weight
                        }
                        Need::Peak(flow) => flow_kw(&own, *flow),
                    })
                    .sum();
                if value.abs() > 0.0 {
                    parts.push(StepPart { step, value, flows: own, price_eur_per_kwh: price });
                }
            }
            // Only the heaviest are kept from day to day.
            parts.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()).then(a.step.cmp(&b.step)));
            parts.truncate(STEPS_SHOWN);
        }
        Ok(Next::GoOn)
    });
    match result {
        Ok(_) => parts,
        Err(never) => match never {},
    }
}

fn flow_kw(step: &HomeStep, flow: Flow) -> f64 {
    match flow {
        Flow::Load => step.load_kw,
        Flow::Generation => step.generation_kw,
        Flow::Charge => step.battery_kw.max(0.0),
        Flow::Discharge => (-step.battery_kw).max(0.0),
        Flow::Import => step.import_kw,
        Flow::Export => step.export_kw,
        Flow::SharedIn => step.shared_in_kw,
        Flow::SharedOut => step.shared_out_kw,
    }
}

impl Explained {
    /// One line down to the months and to the steps that weigh most, for people.
    pub fn line_down(&self, world: &World, billing: &Billing<'_>, number: usize, steps: &[StepPart]) -> String {
        let line = &self.bill.lines[number - 1];
        let mut text =
            format!("{}, contract year {}\n{}", self.id, self.bill.year, self.line_text(billing, number, line));
        if line.registers.is_empty() {
            text.push_str("\nNo register is behind this line: it counts days or months, or gas, which is spread by degree days.\n");
            return text;
        }
        let _ = writeln!(text, "\nBy period");
        let mut table = Table::new();
        table.load_style(presets::UTF8_BORDERS_ONLY);
        let needs: Vec<&(Need, i8)> = line.registers.iter().collect();
        let mut header = vec!["from".to_owned(), "to".to_owned()];
        header.extend(needs.iter().map(|(need, sign)| {
            let unit = if let Need::Sum(_, weight) = need { weight.unit() } else { "kW" };
            format!("{}{}, {unit}", if *sign < 0 { "less " } else { "" }, need_words(need))
        }));
        table.set_header(header);
        for at in self.periods(line) {
            let period = &self.readings.periods[at];
            let mut row = vec![period.from.to_string(), last_day(period.until).to_string()];
            row.extend(
                needs.iter().map(|(need, _)| {
                    shown(self.readings.sum(Life::Actual, at..at + 1, need).unwrap_or_default(), 0, 4)
                }),
            );
            table.add_row(row);
        }
        align_right(&mut table, 2..needs.len() + 2);
        let unit = line_unit(line);
        let _ = writeln!(text, "{table}\n\nThe steps that weigh most, local time at their start");
        let mut table = Table::new();
        table.load_style(presets::UTF8_BORDERS_ONLY);
        let counts = format!("counts, {unit}");
        let mut header = vec!["time", "import, kW", "export, kW", "shared in, kW", "shared out, kW"];
        let of_prices = steps.iter().any(|step| step.price_eur_per_kwh.is_some());
        if of_prices {
            header.push("day-ahead, EUR/kWh");
        }
        header.push(&counts);
        table.set_header(header.clone());
        for step in steps {
            let local = world.calendar.instant(step.step).to_zoned_datetime(world.calendar.timezone().clone());
            let kw = |kw: f64| format!("{kw:.3}");
            let flows = &step.flows;
            let mut row = vec![
                local.strftime("%Y-%m-%d %H:%M %Z").to_string(),
                kw(flows.import_kw),
                kw(flows.export_kw),
                kw(flows.shared_in_kw),
                kw(flows.shared_out_kw),
            ];
            if of_prices {
                row.push(format!("{:.5}", step.price_eur_per_kwh.unwrap_or(0.0)));
            }
            row.push(format!("{:.6}", step.value));
            table.add_row(row);
        }
        align_right(&mut table, 1..header.len());
        let _ = writeln!(text, "{table}");
        text
    }

    /// One line down to the months and to the steps that weigh most, as JSON.
    pub fn line_down_json(&self, world: &World, billing: &Billing<'_>, at: usize, steps: &[StepPart]) -> Json {
        let line = &self.bill.lines[at - 1];
        let periods: Vec<Json> = self
            .periods(line)
            .map(|at| {
                let period = &self.readings.periods[at];
                let registers: Vec<Json> = line
                    .registers
                    .iter()
                    .map(|(need, sign)| {
                        let sum = self.readings.sum(Life::Actual, at..at + 1, need).unwrap_or_default();
                        json!({ "register": need_words(need), "sign": sign, "value": number(sum) })
                    })
                    .collect();
                json!({ "from": period.from.to_string(), "to": last_day(period.until).to_string(), "registers": registers })
            })
            .collect();
        let steps: Vec<Json> = steps
            .iter()
            .map(|step| {
                json!({
                    "time": world.calendar.instant(step.step).to_string(),
                    "counts": rounded(step.value),
                    "unit": line_unit(line),
                    "import_kw": rounded(step.flows.import_kw),
                    "export_kw": rounded(step.flows.export_kw),
                    "shared_in_kw": rounded(step.flows.shared_in_kw),
                    "shared_out_kw": rounded(step.flows.shared_out_kw),
                    "price_eur_per_kwh": step.price_eur_per_kwh.map(rounded),
                })
            })
            .collect();
        let bill = self.to_json(billing);
        json!({ "schema": 1, "id": self.id, "year": self.bill.year, "line": bill["lines"][at - 1], "periods": periods, "steps": steps })
    }
}

/// The unit in which a line's registers count.
fn line_unit(line: &Line) -> &'static str {
    match line.registers.first() {
        Some((Need::Sum(_, weight), _)) => Weight::unit(weight),
        Some((Need::Peak(_), _)) => "kW",
        None => "",
    }
}
