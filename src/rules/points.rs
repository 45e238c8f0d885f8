//! The points of a plan that are billed: its homes and businesses, then its plants.

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::readings::{Point, PointKind};
use crate::neighbourhood::{Home, Pv, home_id};
use crate::scenario::language::Distribution;
use crate::scenario::plan::{GroupKind, Plan, PvOutput};

/// Every point of a plan, homes and businesses in their order, then the cooperative's plants.
pub fn of_plan(plan: &Plan, homes: &[Home]) -> Vec<Point> {
    let of_home = |home: &Home| {
        let group = &plan.groups[home.group];
        Point {
            id: home_id(plan, home),
            kind: match &group.kind {
                GroupKind::Homes { tenure, .. } => PointKind::Home(*tenure),
                GroupKind::Businesses(_) => PointKind::Business,
            },
            connection: Some(group.connection),
            is_member: home.member,
            has_gas: home.annual_gas_m3 > 0.0,
            income_eur: home.income_eur,
            panels_kwp: match &home.pv {
                Some(Pv::Simulated(roof)) => Decimal::from_f64(roof.peak_kwp),
                _ => None,
            },
        }
    };
    let plants = plan.cooperative.iter().flat_map(|cooperative| &cooperative.plants);
    let of_plant = |plant: &crate::scenario::plan::Plant| Point {
        id: plant.id.clone(),
        kind: PointKind::Plant {
            peak_kwp: match &plant.output {
                PvOutput::Simulated(panels) => match panels.peak_kwp {
                    Distribution::Exactly(kwp) => kwp.to_string().parse::<Decimal>().ok(),
                    _ => None,
                },
                PvOutput::Metered(_) => None,
            },
            premium: plant.premium.as_ref().map(|(id, granted)| (id.clone(), granted.unwrap_or(plan.start))),
        },
        connection: None,
        is_member: true,
        has_gas: false,
        income_eur: None,
        panels_kwp: None,
    };
    homes.iter().map(of_home).chain(plants.map(of_plant)).collect()
}

/// The point that an id names: a home `<group>-<n>`, a plant, or a group of one.
pub fn find(plan: &Plan, points: &[Point], id: &str) -> Option<usize> {
    let of_one = |id: &str| plan.groups.iter().any(|group| group.id == id && group.count == 1);
    let alone = of_one(id).then(|| format!("{id}-1"));
    points.iter().position(|point| point.id == id || alone.as_ref() == Some(&point.id))
}
