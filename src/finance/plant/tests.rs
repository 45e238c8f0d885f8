//! Tests of the cash flow of a plant: by hand, refusals, conservation of cash.

use approx::assert_abs_diff_eq;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::finance::agreement::{Imbalance, Price};
use crate::finance::loan::{Period, Repayment};

fn number(text: &str) -> Decimal {
    text.parse().or_else(|_| Decimal::from_scientific(text)).unwrap()
}

fn shared(name: &str, eur_per_kwh: &str, kwh: i64) -> Revenue {
    Revenue::Sold {
        name: name.into(),
        eur_per_kwh: number(eur_per_kwh),
        kwh: Decimal::from(kwh),
        index: Index::default(),
    }
}

/// 1000 EUR, by three shares of 200, a grant of 100 and a loan of 300 at 10 % over 3 years, linear; it earns 0.50 for each of
/// 1000 kWh.
fn small() -> Plant {
    Plant {
        life_years: 3,
        capex_eur: number("1000"),
        grants_eur: number("100"),
        shares: Shares { number: 3, price_eur: number("200") },
        loans: vec![Loan {
            repayment: Repayment::Linear,
            period: Period::Year,
            principal_cents: 30_000,
            rate_per_year: number("0.1"),
            periods: 3,
        }],
        production_kwh: number("1000"),
        revenues: vec![shared("shared", "0.5", 1000)],
        ..Plant::default()
    }
}

fn column(table: &CashFlow, name: &str) -> Vec<i64> {
    let at = table.columns().iter().position(|column| *column == name).unwrap();
    table.years.iter().map(|year| table.row(year)[at]).collect()
}

#[test]
fn a_small_plant_by_hand() {
    let table = small().cash_flow().unwrap();
    assert_eq!(column(&table, "capex"), [-100_000, 0, 0, 0]);
    assert_eq!(column(&table, "grants"), [10_000, 0, 0, 0]);
    assert_eq!(column(&table, "participations"), [60_000, 0, 0, 0]);
    assert_eq!(column(&table, "loans"), [30_000, 0, 0, 0]);
    assert_eq!(column(&table, "shared"), [0, 50_000, 50_000, 50_000]);
    assert_eq!(column(&table, "interest"), [0, -3000, -2000, -1000]);
    assert_eq!(column(&table, "principal"), [0, -10_000, -10_000, -10_000]);
    assert_eq!(column(&table, "paid to participations"), [0, -37_000, -38_000, -39_000]);
    assert!(table.years.iter().all(|year| year.cash_cents == 0));
    let worth = table.worth(0.05);
    // −900, 500, 500, 500 at 5 %: 500 × 2.723248 − 900.
    assert_abs_diff_eq!(worth.project.net_present_value_eur, 461.624, epsilon = 1e-3);
    assert_abs_diff_eq!(worth.project.payback_years.unwrap(), 1.8, epsilon = 1e-12);
    // After a year −423.8095, the second brings 453.5147.
    assert_abs_diff_eq!(worth.project.discounted_payback_years.unwrap(), 1.934_5, epsilon = 1e-4);
    // 900 / 2723.248 kWh.
    assert_abs_diff_eq!(worth.levelised_cost_eur_per_kwh.unwrap(), 0.330_488, epsilon = 1e-6);
    // −600, 370, 380, 390: all is paid as it comes, so owners and members have the same.
    // 352.380952 + 344.671202 + 336.896664 − 600.
    assert_eq!(Some(&worth.owners), worth.members.as_ref());
    assert_abs_diff_eq!(worth.owners.net_present_value_eur, 433.948_818, epsilon = 1e-6);
    let share = worth.share.unwrap();
    assert_eq!(share.distribution_eur[2], Decimal::from(130));
    // 1140 / 600.
    assert_eq!(share.money_multiple, number("1.9"));
}

#[test]
fn production_falls_and_costs_rise() {
    let plant = Plant {
        degradation_per_year: number("0.1"),
        power_kw: number("2"),
        upkeep_eur_per_year: number("10"),
        upkeep_eur_per_kw: number("20"),
        insurance_eur_per_year: number("8"),
        cost_index: Index::PerYear(number("0.1")),
        ..small()
    };
    let table = plant.cash_flow().unwrap();
    assert_eq!(table.years[3].production_kwh, number("810"));
    assert_eq!(column(&table, "shared"), [0, 50_000, 45_000, 40_500]);
    // (10 + 2 × 20) × 1.1^(t−1).
    assert_eq!(column(&table, "upkeep"), [0, -5000, -5500, -6050]);
    assert_eq!(column(&table, "insurance"), [0, -800, -880, -968]);
}

/// Base 1000 − 100 over 3 years: 300 a year. Year 1: 100 − 30 − 300 = −230. Year 2 (0.5): 500 − 20 − 300 = 180, all set off.
/// Year 3: 500 − 10 − 300 = 190, of which 50 are set off: 140 at 20 %.
#[test]
fn a_loss_is_set_off_against_later_profits() {
    let levels = ["1", "5", "5"].map(number).to_vec();
    let line = Revenue::Sold {
        name: "shared".into(),
        eur_per_kwh: number("0.1"),
        kwh: number("1000"),
        index: Index::Levels(levels),
    };
    let plant = Plant { tax: Tax { fraction: number("0.2"), depreciation_years: 3 }, revenues: vec![line], ..small() };
    let table = plant.cash_flow().unwrap();
    let losses: Vec<i64> = table.years.iter().map(|year| year.loss_carried_cents).collect();
    assert_eq!(losses, [0, 23_000, 5000, 0]);
    assert_eq!(column(&table, "tax"), [0, 0, 0, -2800]);
}

#[test]
fn what_the_life_leaves_of_the_investment_is_written_off_at_its_end() {
    let depreciation = |years| {
        let plant = Plant { tax: Tax { fraction: number("0.2"), depreciation_years: years }, ..small() };
        plant.cash_flow().unwrap().years.iter().map(|year| year.depreciation_cents).collect::<Vec<i64>>()
    };
    assert_eq!(depreciation(10), [0, 9000, 9000, 72_000]);
    assert_eq!(depreciation(2), [0, 45_000, 45_000, 0]);
    assert_eq!(depreciation(0), [0, 30_000, 30_000, 30_000]);
}

/// Left after the loan: 370, 380, 390 less 700 in year 3, which is 440 in all: year 1 keeps what year 3 is short of.
#[test]
fn money_for_a_replacement_is_kept_from_the_years_before() {
    let plant = Plant { replacements: vec![Replacement { year: 3, cost_eur: number("700") }], ..small() };
    let table = plant.cash_flow().unwrap();
    // 370 in year 1; 70 of 380 in year 2; 310 wait for year 3.
    assert_eq!(column(&table, "paid to participations"), [0, -37_000, -7000, 0]);
    assert_eq!(table.years.iter().map(|year| year.cash_cents).collect::<Vec<i64>>(), [0, 0, 31_000, 0]);
}

#[test]
fn a_plant_that_cannot_pay_what_it_owes_has_cash_below_zero() {
    let table = Plant { revenues: vec![shared("shared", "0.1", 1000)], ..small() }.cash_flow().unwrap();
    // 100 a year, owed are 130, 120 and 110.
    assert_eq!(table.lowest_cash(), (3, -6000));
    assert_eq!(column(&table, "paid to participations"), [0; 4]);
}

#[test]
fn own_cash_is_paid_by_what_it_put_in() {
    let plant =
        Plant { shares: Shares { number: 2, price_eur: number("200") }, own_cash_eur: number("200"), ..small() };
    let table = plant.cash_flow().unwrap();
    // Two thirds of 370, 380 and 390.
    assert_eq!(column(&table, "paid to participations"), [0, -24_667, -25_333, -26_000]);
    assert_eq!(column(&table, "paid to own cash"), [0, -12_333, -12_667, -13_000]);
}

#[test]
fn a_premium_ends_and_an_agreement_is_net_of_its_costs() {
    let sums = Sums { kwh: number("1000"), spot_eur: number("60"), ..Sums::default() };
    let agreement = Agreement {
        price: Price::AsProduced { fee_eur_per_kwh: number("0.01") },
        imbalance: Imbalance::default(),
        margin_eur_per_kwh: number("0.005"),
    };
    let plant = Plant {
        revenues: vec![
            Revenue::Premium {
                name: "premium".into(),
                eur_per_kwh: number("0.03"),
                kwh: number("1000"),
                most_kwh: None,
                years: 2,
            },
            Revenue::Agreement { name: "sold".into(), agreement, sums, spot_index: Index::PerYear(number("0.1")) },
        ],
        ..small()
    };
    let table = plant.cash_flow().unwrap();
    assert_eq!(column(&table, "premium"), [0, 3000, 3000, 0]);
    // 0.8 × (60 − 10) − 5 = 35; 0.8 × (66 − 10) − 5 = 39.8; 0.8 × (72.6 − 10) − 5 = 45.08.
    assert_eq!(column(&table, "sold"), [0, 3500, 3980, 4508]);
    assert_eq!(table.years[3].revenue_kwh, [0, 1000].map(Decimal::from));
}

/// 1000, 900 and 810 kWh are made, 950 count at most.
#[test]
fn a_premium_is_paid_on_at_most_so_many_kwh() {
    let premium = Revenue::Premium {
        name: "premium".into(),
        eur_per_kwh: number("0.1"),
        kwh: number("1000"),
        most_kwh: Some(number("950")),
        years: 15,
    };
    let table = Plant { degradation_per_year: number("0.1"), revenues: vec![premium], ..small() }.cash_flow().unwrap();
    assert_eq!(column(&table, "premium"), [0, 9500, 9000, 8100]);
}

#[test]
fn a_plant_that_cannot_be_is_refused_with_words() {
    let words = |plant: Plant| plant.cash_flow().unwrap_err().to_string();
    let sentences = [
        (
            Plant { capex_eur: number("1250"), ..small() },
            "the plant costs 1250.00 EUR but shares (600.00), grants (100.00), loans (300.00) and own cash (0.00) come to \
             1000.00 EUR, 250.00 EUR too little: change one of them until they are equal",
        ),
        (
            Plant { own_cash_eur: number("0.01"), ..small() },
            "the plant costs 1000.00 EUR but shares (600.00), grants (100.00), loans (300.00) and own cash (0.01) come to \
             1000.01 EUR, 0.01 EUR too much: change one of them until they are equal",
        ),
        (Plant { life_years: 0, ..small() }, "the plant runs for 0 years, expected 1 to 60: change its life"),
        (
            Plant { insurance_eur_per_year: number("-8"), ..small() },
            "the insurance is -8, expected 0 to 10000000000000: correct it, costs are positive too",
        ),
        (
            // Each is possible, but not their product.
            Plant { power_kw: number("1e13"), upkeep_eur_per_kw: number("1e13"), ..small() },
            "the upkeep of a year is 100000000000000000000000000, expected 0 to 10000000000000: correct it, costs are positive too",
        ),
        (
            Plant { production_kwh: number("900"), ..small() },
            "1000 kWh are paid for in year 1 but 900 kWh are made: lower the kWh of a line or raise the production",
        ),
        (
            Plant { replacements: vec![Replacement { year: 4, cost_eur: Decimal::ONE }], ..small() },
            "a replacement is in year 4, expected 1 to 3: move it into the life or leave it out",
        ),
        (
            Plant { life_years: 2, ..small() },
            "a loan is repaid after 3 years but the plant runs for 2: shorten the loan",
        ),
        (
            Plant { revenues: vec![shared("a", "0.1", 1), shared("a", "0.2", 1)], ..small() },
            "two lines of revenue are called `a`, expected a name for each: rename one",
        ),
        (
            Plant { loans: vec![Loan { periods: 0, ..small().loans[0] }], ..small() },
            "a loan of the plant: the loan has 0 payments, expected 1 to 1200: give its term in periods of the loan",
        ),
        (
            Plant { cost_index: Index::PerYear(Decimal::ONE), ..small() },
            "a price of the plant: the index changes by 1 per year, expected -0.25 to 0.25: 2 % is written as 0.02",
        ),
    ];
    for (plant, sentence) in sentences {
        assert_eq!(words(plant), sentence);
    }
}

fn any_plant() -> impl Strategy<Value = Plant> {
    let loans = vec((0..3_usize, any::<bool>(), 0..50_000_000_i64, 0..1500_i64, 1..=5_u32), 0..3);
    let money = (0..50_000_000_i64, 0..300_u32, 1..100_000_i64, 0..50_000_000_i64);
    let costs = (0..1_000_000_i64, 0..5000_i64, 0..100_000_i64, -50..50_i64, vec((1..=5_u32, 0..2_000_000_i64), 0..3));
    let earns = (0..1_000_000_i64, 0..50_i64, -100..400_i64, -100..400_i64, 0..400_i64, 0..30_u32);
    (5..=40_u32, money, loans, costs, earns, 0..400_i64, 0..50_u32).prop_map(
        |(life_years, (grant, number, price, own), loans, costs, earns, tax, depreciation_years)| {
            let loans: Vec<Loan> = loans
                .into_iter()
                .map(|(kind, is_monthly, principal_cents, rate, years)| {
                    let period = if is_monthly { Period::Month } else { Period::Year };
                    Loan {
                        repayment: [Repayment::Annuity, Repayment::Linear, Repayment::InterestOnly][kind],
                        period,
                        principal_cents,
                        rate_per_year: Decimal::new(rate, 4),
                        periods: years * period.per_year(),
                    }
                })
                .collect();
            let (grants_eur, own_cash_eur) = (euros(grant), euros(own));
            let shares = Shares { number, price_eur: euros(price) };
            let lent: Decimal = loans.iter().map(|loan| euros(loan.principal_cents)).sum();
            let kwh = Decimal::new(earns.0, 1);
            Plant {
                life_years,
                capex_eur: grants_eur + own_cash_eur + shares.total_eur() + lent,
                grants_eur,
                shares,
                own_cash_eur,
                loans,
                power_kw: Decimal::from(50),
                production_kwh: kwh + kwh,
                degradation_per_year: Decimal::new(earns.1, 3),
                upkeep_eur_per_year: euros(costs.0),
                upkeep_eur_per_kw: euros(costs.1),
                insurance_eur_per_year: euros(costs.2),
                cost_index: Index::PerYear(Decimal::new(costs.3, 3)),
                replacements: costs
                    .4
                    .into_iter()
                    .map(|(year, cost)| Replacement { year, cost_eur: euros(cost) })
                    .collect(),
                tax: Tax { fraction: Decimal::new(tax, 3), depreciation_years },
                revenues: vec![
                    Revenue::Premium {
                        name: "premium".into(),
                        eur_per_kwh: Decimal::new(earns.4, 4),
                        kwh,
                        most_kwh: (earns.5 % 2 == 0).then(|| kwh * Decimal::new(9, 1)),
                        years: earns.5,
                    },
                    Revenue::Agreement {
                        name: "sold".into(),
                        agreement: Agreement {
                            price: Price::AsProduced { fee_eur_per_kwh: Decimal::new(5, 3) },
                            imbalance: Imbalance::default(),
                            margin_eur_per_kwh: Decimal::new(1, 3),
                        },
                        sums: Sums { kwh, spot_eur: kwh * Decimal::new(earns.2, 3), ..Sums::default() },
                        spot_index: Index::PerYear(Decimal::new(2, 2)),
                    },
                    Revenue::Sold {
                        name: "shared".into(),
                        eur_per_kwh: Decimal::new(earns.3, 3),
                        kwh,
                        index: Index::PerYear(Decimal::new(1, 2)),
                    },
                ],
            }
        },
    )
}

proptest! {
    #[test]
    fn the_columns_of_a_year_are_the_change_of_its_cash(plant in any_plant()) {
        let table = plant.cash_flow().unwrap();
        prop_assert_eq!(table.years.len(), plant.life_years as usize + 1);
        let mut before = 0;
        for year in &table.years {
            let row = table.row(year);
            prop_assert_eq!(row.len(), table.columns().len());
            prop_assert_eq!(row.iter().sum::<i64>(), year.cash_cents - before);
            before = year.cash_cents;
        }
        prop_assert_eq!(table.years[0].cash_cents, 0);
    }

    #[test]
    fn loans_are_repaid_investment_is_depreciated_and_nobody_pays_out_of_nothing(plant in any_plant()) {
        let table = plant.cash_flow().unwrap();
        let all = |of: fn(&Year) -> i64| table.years.iter().map(of).sum::<i64>();
        prop_assert_eq!(all(|year| year.loans_cents + year.principal_cents), 0);
        prop_assert_eq!(all(|year| year.depreciation_cents), cents(plant.capex_eur - plant.grants_eur));
        // What is left over the whole life goes to the owners, or is missing.
        let left = all(Year::owners_cents) + all(|year| year.shares_cents + year.own_cash_cents);
        let paid = -all(|year| year.to_shares_cents + year.to_own_cash_cents);
        prop_assert_eq!(paid, left.max(0));
        for (at, year) in table.years.iter().enumerate() {
            prop_assert!(year.to_shares_cents <= 0 && year.to_own_cash_cents <= 0 && year.tax_cents <= 0);
            if year.to_shares_cents + year.to_own_cash_cents < 0 {
                prop_assert!(table.years[at..].iter().all(|later| later.cash_cents >= 0));
            }
        }
    }
}
