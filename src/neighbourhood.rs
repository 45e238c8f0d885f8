//! Who lives there: homes, businesses and plants, sampled from the plan.
//!
//! Every draw belongs to one home (group id, number in the group) and one purpose, so a home stays the same whatever
//! stands around it. A fraction of a group is an exact number of homes: those with the lowest draws, so that raising it
//! only adds homes.
//!
//! - [`table`]: the rows of a table of neighbourhoods, each a community of its own.

pub mod table;

use rand_distr::{Distribution as _, StandardNormal};

use crate::device::battery::Battery;
use crate::device::pv::Roof;
use crate::profile::synthetic::{Habit, pick};
use crate::random::{Entity, Purpose, Stream};
use crate::scenario::language::{BusinessKind, Distribution};
use crate::scenario::plan::{self, Plan, Profile, PvOutput, round_half_up};
use crate::scenario::sharing::Party;

/// A home or business as drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Home {
    /// Its group's index in the plan.
    pub group: usize,
    /// Its number in the group, from 1.
    pub number: u32,
    /// Whether it is a member of the cooperative.
    pub member: bool,
    /// Yearly income, EUR; `None`: not known, or a business.
    pub income_eur: Option<f64>,
    /// Use of gas, m³ a year; 0 without a gas connection.
    pub annual_gas_m3: f64,
    /// Use of electricity, kWh a year; `None`: as metered.
    pub annual_kwh: Option<f64>,
    /// Its load shape.
    pub shape: Shape,
    /// Its panels.
    pub pv: Option<Pv>,
    /// Its battery.
    pub battery: Option<Battery>,
}

/// Where a home's load shape comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A unit of the synthetic library with the home's shifts.
    Synthetic(Habit),
    /// Built-in opening hours.
    OpeningHours(BusinessKind),
    /// The metered profile of its group.
    Metered,
}

/// What a home's panels, or a plant, give.
#[derive(Clone, Debug, PartialEq)]
pub enum Pv {
    /// Simulated from the sky.
    Simulated(Roof),
    /// The metered output of its group, or of the plant.
    Metered,
}

/// Draws every home of the plan, in the plan's order.
pub fn homes(plan: &Plan) -> Vec<Home> {
    plan.groups.iter().enumerate().flat_map(|(index, group)| group_homes(plan, index, group)).collect()
}

/// The cooperative's plants, in the plan's order.
pub fn plants(plan: &Plan) -> Vec<Pv> {
    let plants = plan.cooperative.iter().flat_map(|cooperative| &cooperative.plants);
    plants.map(|plant| draw_pv(plan.homes_seed, Entity::new(&plant.id, 1), &plant.output)).collect()
}

/// Who may take part in the key of a plan: its homes, then its plants. Members take and give, plants give.
pub fn parties<'a>(plan: &'a Plan, homes: &[Home]) -> Vec<Party<'a>> {
    let of_home = |home: &Home| Party {
        id: &plan.groups[home.group].id,
        number: Some(home.number),
        takes: home.member,
        gives: home.member,
    };
    let plants = plan.cooperative.iter().flat_map(|cooperative| &cooperative.plants);
    let of_plant = |plant: &'a plan::Plant| Party { id: &plant.id, number: None, takes: false, gives: true };
    homes.iter().map(of_home).chain(plants.map(of_plant)).collect()
}

/// The id of a home: `<group>-<n>`.
pub fn home_id(plan: &Plan, home: &Home) -> String {
    format!("{}-{}", plan.groups[home.group].id, home.number)
}

/// The home that an id names: `<group>-<n>`, or the group's id if it has one home.
pub fn find_home(plan: &Plan, homes: &[Home], id: &str) -> Option<usize> {
    homes.iter().position(|home| {
        let group = &plan.groups[home.group];
        (group.count == 1 && group.id == id) || home_id(plan, home) == id
    })
}

fn group_homes(plan: &Plan, index: usize, group: &plan::Group) -> Vec<Home> {
    let seed = plan.homes_seed;
    let members = chosen(seed, Purpose::Member, group, group.member_fraction);
    let has_pv = group.pv.as_ref().map(|pv| chosen(seed, Purpose::PvOwner, group, pv.fraction));
    let has_battery =
        group.battery.as_ref().map(|battery| chosen(seed, Purpose::BatteryOwner, group, battery.fraction));
    (1..=group.count)
        .map(|number| {
            let entity = Entity::new(&group.id, number);
            let among = |chosen: &Option<Vec<bool>>| chosen.as_ref().is_some_and(|c| c[number as usize - 1]);
            let annual_kwh = group.annual_kwh.as_ref().map(|spread| draw(seed, Purpose::AnnualUse, entity, spread));
            Home {
                group: index,
                number,
                member: members[number as usize - 1],
                income_eur: match &group.kind {
                    plan::GroupKind::Homes { income_eur: Some(spread), .. } => {
                        Some(draw(seed, Purpose::Income, entity, spread))
                    }
                    _ => None,
                },
                annual_gas_m3: match &group.kind {
                    plan::GroupKind::Homes { annual_gas_m3: Some(spread), .. } => {
                        draw(seed, Purpose::AnnualGas, entity, spread)
                    }
                    _ => 0.0,
                },
                annual_kwh,
                shape: match &group.profile {
                    Profile::Synthetic => Shape::Synthetic(habit(seed, entity, annual_kwh.unwrap_or(0.0), plan.shapes)),
                    Profile::OpeningHours(kind) => Shape::OpeningHours(*kind),
                    Profile::Metered(_) => Shape::Metered,
                },
                pv: group.pv.as_ref().filter(|_| among(&has_pv)).map(|pv| draw_pv(seed, entity, &pv.output)),
                battery: group.battery.as_ref().filter(|_| among(&has_battery)).map(|b| draw_battery(seed, entity, b)),
            }
        })
        .collect()
}

/// Which homes of a group a fraction means: those with the lowest draws, ties by number.
fn chosen(seed: u64, purpose: Purpose, group: &plan::Group, fraction: f64) -> Vec<bool> {
    let draw = |number: u32| Stream::new(seed, purpose, Entity::new(&group.id, number)).uniform();
    let mut order: Vec<(f64, u32)> = (1..=group.count).map(|number| (draw(number), number)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut chosen = vec![false; group.count as usize];
    for (_, number) in &order[..round_half_up(fraction, group.count).min(group.count) as usize] {
        chosen[*number as usize - 1] = true;
    }
    chosen
}

fn habit(seed: u64, entity: Entity, annual_kwh: f64, shapes: u16) -> Habit {
    let mut stream = Stream::new(seed, Purpose::Shape, entity);
    pick(annual_kwh, usize::from(shapes), std::array::from_fn(|_| stream.uniform()))
}

fn draw_pv(seed: u64, entity: Entity, output: &PvOutput) -> Pv {
    let panels = match output {
        PvOutput::Metered(_) => return Pv::Metered,
        PvOutput::Simulated(panels) => panels,
    };
    let peak_kwp = draw(seed, Purpose::PvPeak, entity, &panels.peak_kwp);
    Pv::Simulated(Roof {
        peak_kwp,
        tilt_deg: draw(seed, Purpose::PvTilt, entity, &panels.tilt_deg),
        azimuth_deg: draw(seed, Purpose::PvAzimuth, entity, &panels.azimuth_deg),
        system_loss: draw(seed, Purpose::PvLoss, entity, &panels.system_loss),
        inverter_kw: match &panels.inverter_kw {
            Some(spread) => draw(seed, Purpose::PvInverter, entity, spread),
            None => peak_kwp / plan::PEAK_PER_INVERTER,
        },
        transposition: panels.transposition,
        cell_temperature: panels.cell_temperature,
        albedo: panels.albedo,
        temperature_coefficient_per_k: panels.temperature_coefficient_per_k,
    })
}

fn draw_battery(seed: u64, entity: Entity, battery: &plan::Battery) -> Battery {
    Battery {
        capacity_kwh: draw(seed, Purpose::BatteryCapacity, entity, &battery.capacity_kwh),
        power_kw: draw(seed, Purpose::BatteryPower, entity, &battery.power_kw),
        charge_efficiency: battery.charge_efficiency,
        discharge_efficiency: battery.discharge_efficiency,
        min_state_of_charge: battery.min_state_of_charge,
        standby_loss_per_h: battery.standby_loss_per_h,
        start_state_of_charge: battery.start_state_of_charge,
    }
}

/// One draw of a quantity.
///
/// A lognormal of mean m and standard deviation s has σ² = ln(1 + (s/m)²) and μ = ln m − σ²/2.
fn draw(seed: u64, purpose: Purpose, entity: Entity, spread: &Distribution) -> f64 {
    let mut stream = Stream::new(seed, purpose, entity);
    match spread {
        Distribution::Exactly(value) => *value,
        Distribution::LogNormal { mean, sd } => {
            let normal: f64 = StandardNormal.sample(&mut stream);
            let variance = libm::log1p((sd / mean) * (sd / mean));
            libm::exp(libm::log(*mean) - variance / 2.0 + variance.sqrt() * normal)
        }
        Distribution::Uniform { min, max } => min + (max - min) * stream.uniform(),
        Distribution::AnyOf(values) => {
            let index = (stream.uniform() * values.len() as f64) as usize;
            values[index.min(values.len() - 1)]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario;

    /// The plan of a street with these groups.
    fn plan(groups: &str) -> Plan {
        let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
        let head = "[scenario]\nname = \"Street\"\nstart = 2027-01-01\n";
        std::fs::write(file.path(), [head, groups].concat()).unwrap();
        let loaded = scenario::load(file.path(), &[], None);
        assert!(loaded.faults.is_empty(), "{:?}", loaded.faults);
        loaded.draft.unwrap()
    }

    fn street(groups: &str) -> Vec<Home> {
        homes(&plan(groups))
    }

    /// A group in which everything differs between homes and every home has everything.
    fn spread(count: u32) -> String {
        format!(
            "[[homes]]\nid = \"spread\"\ncount = {count}\nmember_fraction = 1.0\n\
             income_eur = {{ mean = 41000, sd = 15000 }}\nannual_kwh = {{ mean = 2900, sd = 1000 }}\n\
             pv = {{ peak_kwp = {{ mean = 3.8, sd = 1.1 }}, tilt_deg = {{ min = 25, max = 45 }}, \
             azimuth_deg = {{ any_of = [90, 180, 270] }}, system_loss = {{ min = 0.1, max = 0.2 }} }}\n\
             battery = {{ capacity_kwh = {{ min = 4, max = 12 }}, power_kw = {{ any_of = [2.5, 5.0] }} }}\n"
        )
    }

    fn with_panels(count: u32, fraction: f64) -> Vec<bool> {
        let group = format!(
            "[[homes]]\nid = \"some\"\ncount = {count}\npv = {{ fraction = {fraction}, peak_kwp = 4 }}\n\
             battery = {{ fraction = {fraction}, capacity_kwh = 5, power_kw = 2 }}\nmember_fraction = {fraction}\n"
        );
        let homes = street(&group);
        let sum = |of: fn(&Home) -> bool| homes.iter().filter(|home| of(home)).count();
        let counts = [sum(|home| home.pv.is_some()), sum(|home| home.battery.is_some()), sum(|home| home.member)];
        assert!(counts.iter().all(|of| *of == counts[0]), "{counts:?}");
        homes.iter().map(|home| home.pv.is_some()).collect()
    }

    #[test]
    fn a_fraction_is_an_exact_number_of_homes_round_half_up() {
        for (count, fraction, expected) in
            [(80, 0.45, 36), (5, 0.5, 3), (10, 0.15, 2), (3, 0.67, 2), (7, 0.0, 0), (7, 1.0, 7), (0, 0.5, 0)]
        {
            let some = with_panels(count, fraction).into_iter().filter(|has| *has).count();
            assert_eq!(some, expected, "{fraction} of {count}");
        }
    }

    #[test]
    fn raising_a_fraction_only_adds_homes() {
        let mut before = with_panels(40, 0.0);
        for percent in (5..=100).step_by(5) {
            let after = with_panels(40, f64::from(percent) / 100.0);
            assert!(before.iter().zip(&after).all(|(before, after)| !before || *after), "at {percent} %");
            before = after;
        }
        assert!(before.iter().all(|has| *has));
    }

    #[test]
    fn those_with_panels_are_not_those_with_a_battery() {
        let group = "[[homes]]\nid = \"some\"\ncount = 100\npv = { fraction = 0.5, peak_kwp = 4 }\n\
                     battery = { fraction = 0.5, capacity_kwh = 5, power_kw = 2 }\nmember_fraction = 0.5\n";
        let both = street(group).iter().filter(|home| home.pv.is_some() && home.battery.is_some()).count();
        // Independent halves share 25 of 100, with a standard deviation of 2.5.
        assert!((15..=35).contains(&both), "{both} of 100 have both");
    }

    #[test]
    fn a_larger_group_has_the_same_homes_first() {
        let (few, many) = (street(&spread(12)), street(&spread(50)));
        assert_eq!(few[..], many[..12]);
        let differs = |of: fn(&Home) -> f64| of(&many[0]).to_bits() != of(&many[1]).to_bits();
        assert!(differs(|home| home.annual_kwh.unwrap()) && differs(|home| home.battery.unwrap().capacity_kwh));
    }

    #[test]
    fn a_home_is_the_same_whatever_stands_around_it() {
        let other = "[[homes]]\nid = \"other\"\ncount = 9\npv = { fraction = 0.5, peak_kwp = { min = 1, max = 2 } }\n";
        let alone = street(&spread(12));
        let after = street(&[other, &spread(12)].concat());
        for (alone, after) in alone.iter().zip(&after[9..]) {
            assert_eq!(*alone, Home { group: 0, ..after.clone() });
        }
    }

    #[test]
    fn another_key_of_a_group_moves_no_draw_of_it() {
        let with = |text: &str, from: &str, to: &str| {
            assert!(text.contains(from));
            street(&text.replace(from, to))
        };
        let text = spread(12);
        let before = street(&text);
        let richer = with(&text, "mean = 41000", "mean = 82000");
        let flatter = with(&text, "min = 25, max = 45", "min = 5, max = 10");
        for ((before, richer), flatter) in before.iter().zip(&richer).zip(&flatter) {
            assert_eq!(*before, Home { income_eur: before.income_eur, ..richer.clone() });
            assert_eq!(*before, Home { pv: before.pv.clone(), ..flatter.clone() });
            let (Some(Pv::Simulated(steep)), Some(Pv::Simulated(flat))) = (&before.pv, &flatter.pv) else {
                panic!("every home has simulated panels")
            };
            assert_eq!(*steep, Roof { tilt_deg: steep.tilt_deg, ..*flat });
        }
    }

    #[test]
    fn spreads_have_the_mean_and_the_width_that_were_written() {
        let homes = street(&spread(20_000));
        let moments = |of: &dyn Fn(&Home) -> f64| {
            let values: Vec<f64> = homes.iter().map(of).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
            (mean, variance.sqrt())
        };
        // Of 20,000 draws: a standard error of 0.25 % of the mean, and of about 1 % of a lognormal's deviation.
        let (mean, sd) = moments(&|home| home.annual_kwh.unwrap());
        assert!((mean / 2900.0 - 1.0).abs() < 0.01 && (sd / 1000.0 - 1.0).abs() < 0.05, "{mean} ± {sd}");
        let (mean, sd) = moments(&|home| home.battery.unwrap().capacity_kwh);
        let uniform_sd = 8.0 / 12.0_f64.sqrt();
        assert!((mean / 8.0 - 1.0).abs() < 0.01 && (sd / uniform_sd - 1.0).abs() < 0.02, "{mean} ± {sd}");
        let powers = homes.iter().filter(|home| home.battery.unwrap().power_kw < 3.0).count();
        assert!((9_600..=10_400).contains(&powers), "{powers} of 20,000 took the first of two");
    }

    #[test]
    fn homes_are_found_by_id_and_a_group_of_one_by_its_own() {
        let plan = plan("[[homes]]\nid = \"row\"\ncount = 3\n[[homes]]\nid = \"villa\"\ncount = 1\n");
        let homes = homes(&plan);
        let find = |id: &str| find_home(&plan, &homes, id);
        assert_eq!(["row-1", "row-3", "villa", "villa-1"].map(find), [Some(0), Some(2), Some(3), Some(3)]);
        assert_eq!(["row", "row-0", "row-4", "villa-2", ""].map(find), [None; 5]);
    }
}
