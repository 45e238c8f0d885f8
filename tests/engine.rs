//! The engine as a whole: the same bytes for any number of threads, draws that stay, the laws of energy and sharing, a
//! plain reference beside it, and steps and panels that agree with what they should.

mod common {
    pub(crate) mod command;
    pub(crate) mod folder;
    pub(crate) mod reference_weather;
    pub(crate) mod scenario;
}

use std::fmt::Write as _;

/// Twenty small groups that between them have every kit: member or not, no panels or those of each pair of models, with
/// and without a battery. Blocks hold one kit each, so even these few homes fill more than one chunk.
fn every_kit() -> String {
    let mut text = String::from(
        "[scenario]\nname = \"Every kit\"\nstart = 2027-01-01\nstep_minutes = 60\nshapes = 16\n\
         [cooperative]\nplants = [{ id = \"roof\", kind = \"pv\", peak_kwp = 12.0, tilt_deg = 10.0 }]\n\
         [sharing]\nkey = \"pro-rata\"\n\
         [[businesses]]\nid = \"office\"\nkind = \"office\"\nannual_kwh = 9000\n",
    );
    let models = ["", "hay-davies faiman", "hay-davies pvsyst", "perez faiman", "perez pvsyst"];
    for members in [1, 0] {
        for (number, models) in models.iter().enumerate() {
            for battery in [false, true] {
                let id = format!("m{members}p{number}b{}", u8::from(battery));
                writeln!(text, "[[homes]]\nid = \"{id}\"\ncount = 2\nmember_fraction = {members}.0").expect("text");
                if let Some((transposition, cell_temperature)) = models.split_once(' ') {
                    writeln!(
                        text,
                        "pv = {{ peak_kwp = {{ min = 2.0, max = 6.0 }}, azimuth_deg = {{ min = 90, max = 270 }}, \
                         transposition = \"{transposition}\", cell_temperature = \"{cell_temperature}\" }}"
                    )
                    .expect("text");
                }
                if battery {
                    writeln!(text, "battery = {{ capacity_kwh = 6.0, power_kw = 2.5, standby_loss_per_h = 0.001 }}")
                        .expect("text");
                }
            }
        }
    }
    text
}

mod determinism {
    use std::convert::Infallible;
    use std::path::{Path, PathBuf};

    use kwartier::engine::meters::{Flow, Wanted, WeightedRegister};
    use kwartier::engine::vector::Vector;
    use kwartier::engine::{self, Next, Options};
    use kwartier::study::bench::checksum;

    use super::common::command::{printed, word};
    use super::common::folder::files_in;
    use super::common::scenario::Written;
    use super::every_kit;

    /// Runs a scenario with 1, 2 and 7 threads: what is printed and every file but `run.json` must be the same bytes.
    fn the_same_for_any_threads(scenario: &Path, files: &[&str], words: &[&str]) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let run = |threads: &str| -> (String, PathBuf) {
            let out = folder.path().join(threads);
            let usual = ["run", word(scenario), "--quiet", "--threads", threads, "--out", word(&out)];
            (printed(&[&usual, words].concat()), out)
        };
        let (one, one_out) = run("1");
        let mut expected: Vec<&str> = [files, &["run.json"]].concat();
        expected.sort_unstable();
        assert_eq!(files_in(&one_out), expected);
        for threads in ["2", "7"] {
            let (other, other_out) = run(threads);
            assert_eq!(one, other, "what is printed with {threads} threads");
            for file in files {
                let [one, other] = [&one_out, &other_out].map(|out| std::fs::read(out.join(file)).expect("a file"));
                assert!(one == other, "{file} differs with {threads} threads");
                assert!(one.len() > 100, "{file} holds too little to compare");
            }
        }
    }

    const TABLES: [&str; 3] = ["members.csv", "quarters.csv", "summary.json"];

    const TABLES_AND_HOMES: [&str; 4] = ["homes.csv", "members.csv", "quarters.csv", "summary.json"];

    #[test]
    fn every_kit_gives_the_same_bytes_for_one_two_and_seven_threads() {
        let scenario = Written::new(&every_kit());
        the_same_for_any_threads(&scenario.path(), &TABLES_AND_HOMES, &["--series", "homes"]);
        let fixed = ["--series", "homes", "--set", "sharing.key=equal"];
        the_same_for_any_threads(&scenario.path(), &TABLES_AND_HOMES, &fixed);
    }

    #[test]
    fn several_chunks_of_homes_give_the_same_bytes_for_one_two_and_seven_threads() {
        let scenario = Written::new(
            r#"
            [scenario]
            name = "Seven hundred"
            start = 2027-01-01
            step_minutes = 60
            shapes = 64
            [[homes]]
            id = "roofed"
            count = 400
            member_fraction = 0.8
            pv = { fraction = 0.5, peak_kwp = { mean = 4, sd = 1 }, azimuth_deg = { min = 90, max = 270 } }
            battery = { fraction = 0.3, capacity_kwh = { any_of = [5, 10] }, power_kw = 3.0 }
            [[homes]]
            id = "plain"
            count = 300
            [cooperative]
            plants = [{ id = "roof", kind = "pv", peak_kwp = 200.0 }]
            [sharing]
            key = "pro-rata"
            "#,
        );
        the_same_for_any_threads(&scenario.path(), &TABLES, &[]);
        the_same_for_any_threads(&scenario.path(), &TABLES, &["--set", "sharing.key=equal", "--format", "json"]);
        let rounds = "sharing.rounds=[{ method = \"water-filling\", who = [\"plain\"], max_part = 0.2 }, \
                      { method = \"equal\", iterations = 3, renormalise = true }]";
        the_same_for_any_threads(&scenario.path(), &TABLES, &["--set", rounds]);
    }

    #[test]
    fn every_vector_width_gives_the_same_bits_under_every_key_and_step() {
        let scenario = Written::new(&every_kit());
        for key in ["none", "equal", "pro-rata", "water-filling", "iterative", "it"] {
            for minutes in [5, 15, 60] {
                let mut set = vec![format!("sharing.key={key}"), format!("scenario.step_minutes={minutes}")];
                if key == "iterative" {
                    set.push("sharing.shares={ office = 0.3, m1p0b1 = 0.7 }".to_owned());
                }
                let world = scenario.world(&set.iter().map(String::as_str).collect::<Vec<_>>());
                let even = vec![0.25; world.calendar.steps()];
                let uneven: Vec<f64> = (0..world.calendar.steps()).map(|step| 0.1 + (step % 97) as f64).collect();
                let registers: Vec<Wanted> = [Flow::Import, Flow::Charge, Flow::SharedIn, Flow::SharedOut]
                    .into_iter()
                    .zip([&even, &uneven, &uneven, &even])
                    .map(|(flow, weights)| WeightedRegister { flow, weights: weights.clone() }.into())
                    .collect();
                let sums: Vec<(Vector, String)> = Vector::available()
                    .into_iter()
                    .map(|vector| {
                        let options = Options { vector, registers: registers.clone(), ..Options::default() };
                        let Ok(outcome) = engine::run(&world, &options, |_| Ok::<_, Infallible>(Next::GoOn));
                        (vector, checksum(&world, &outcome, &registers))
                    })
                    .collect();
                assert!(sums.iter().all(|(_, sum)| *sum == sums[0].1), "{key}, {minutes} minutes: {sums:?}");
            }
        }
    }

    #[test]
    fn zonnebuurt_gives_the_same_bytes_for_one_two_and_seven_threads() {
        let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/zonnebuurt.toml");
        the_same_for_any_threads(&scenario, &TABLES, &[]);
    }
}

mod neighbours {
    use std::collections::BTreeMap;

    use kwartier::engine::meters::Register;
    use kwartier::neighbourhood::home_id;

    use super::common::scenario::{Written, run};

    const HEAD: &str = "[scenario]\nname = \"Street\"\nstart = 2027-01-01\nstep_minutes = 60\nshapes = 32\n\
                        [cooperative]\n[sharing]\nkey = \"pro-rata\"\n";

    const TERRACED: &str = "[[homes]]\nid = \"terraced\"\ncount = 21\nmember_fraction = 0.6\n\
                            pv = { fraction = 0.6, peak_kwp = { mean = 3.8, sd = 1.1 }, tilt_deg = { min = 25, max = 45 } }\n\
                            battery = { fraction = 0.4, capacity_kwh = 6.0, power_kw = 2.0, standby_loss_per_h = 0.001 }\n";

    const FLAT: &str = "[[homes]]\nid = \"flat\"\ncount = 9\nannual_kwh = { mean = 1900, sd = 600 }\n";

    const SCHOOL: &str = "[[businesses]]\nid = \"school\"\nkind = \"school\"\nannual_kwh = 20000\n";

    const OTHERS: &str = "[[homes]]\nid = \"others\"\ncount = 23\nmember_fraction = 0.5\n\
                          pv = { fraction = 0.5, peak_kwp = 5.0 }\n\
                          battery = { fraction = 0.5, capacity_kwh = 9.0, power_kw = 4.0 }\n";

    /// The bits of all that a home does without its neighbours, month by month, by its id.
    fn own_bits(groups: &[&str]) -> BTreeMap<String, Vec<u64>> {
        const OWN: [Register; 7] = [
            Register::Load,
            Register::Generation,
            Register::Charged,
            Register::Discharged,
            Register::Standby,
            Register::Import,
            Register::Export,
        ];
        let world = Written::new(&[&[HEAD], groups].concat().concat()).world(&[]);
        let outcome = run(&world);
        let bits = |home: usize| {
            let months = (0..world.calendar.run_months().len()).map(|month| outcome.month(home, month));
            months
                .flat_map(|meter| {
                    let peaks = [meter.peak_import_kw, meter.peak_export_kw];
                    let at = [meter.peak_import_step, meter.peak_export_step];
                    let values = OWN.map(|register| meter.kwh(register)).into_iter().chain(peaks).map(f64::to_bits);
                    values.chain(at.map(|step| step.map_or(u64::MAX, |step| step as u64))).collect::<Vec<u64>>()
                })
                .collect()
        };
        world.homes.iter().enumerate().map(|(index, home)| (home_id(&world.plan, home), bits(index))).collect()
    }

    fn unchanged(before: &BTreeMap<String, Vec<u64>>, after: &BTreeMap<String, Vec<u64>>, homes: usize) {
        let both: Vec<&String> = before.keys().filter(|id| after.contains_key(*id)).collect();
        assert_eq!(both.len(), homes, "the homes that are in both");
        for id in both {
            assert!(before[id] == after[id], "{id} does something else");
        }
    }

    #[test]
    fn adding_or_removing_a_group_changes_nothing_of_another_home() {
        let street = own_bits(&[TERRACED, FLAT, SCHOOL]);
        assert!(street["terraced-1"] != street["terraced-2"], "homes differ, or nothing is compared");
        unchanged(&street, &own_bits(&[OTHERS, TERRACED, FLAT, SCHOOL]), 31);
        unchanged(&street, &own_bits(&[TERRACED, OTHERS, FLAT, SCHOOL]), 31);
        unchanged(&street, &own_bits(&[TERRACED, SCHOOL]), 22);
        unchanged(&street, &own_bits(&[FLAT]), 9);
    }

    #[test]
    fn the_order_of_groups_changes_nothing_of_a_home() {
        let street = own_bits(&[TERRACED, FLAT, SCHOOL, OTHERS]);
        unchanged(&street, &own_bits(&[SCHOOL, OTHERS, FLAT, TERRACED]), 54);
    }

    #[test]
    fn another_seed_changes_every_home() {
        let street = own_bits(&[TERRACED, FLAT]);
        let seeded = HEAD.replacen("shapes", "seed = 2\nshapes", 1);
        let world = Written::new(&[&seeded, TERRACED, FLAT].concat()).world(&[]);
        let outcome = run(&world);
        for (index, home) in world.homes.iter().enumerate() {
            let load = outcome.month(index, 0).kwh(Register::Load).to_bits();
            assert!(street[&home_id(&world.plan, home)][0] != load, "a home is the same under another seed");
        }
    }
}

mod laws {
    use std::convert::Infallible;

    use kwartier::engine::world::World;
    use kwartier::engine::{self, DayFlows, Next};
    use kwartier::sharing::scheme::Scheme;
    use proptest::prelude::*;

    use super::common::scenario::{Written, run};
    use super::every_kit;

    /// Of the step's total: sums over homes are of f32, 2⁻²⁴ each.
    const STEP: f64 = 1e-5;

    /// Of a home's flows in a step: three roundings to f32, 2⁻²⁴ each, of the greatest of them.
    const HOME: f64 = 4e-7;

    /// Content is f64 but moved by f32 power: some 2⁻²⁴ of the capacity, which is at most 12 kWh.
    const CONTENT_KWH: f64 = 4e-6;

    #[derive(Clone, Debug)]
    struct Street {
        seed: u32,
        key: &'static str,
        step_minutes: u32,
        homes: u32,
        members: f64,
        roofs: f64,
        batteries: f64,
        capacity_kwh: f64,
        power_kw: f64,
        efficiency: f64,
        least: f64,
        start: f64,
        standby: f64,
        plant_kwp: f64,
    }

    fn streets() -> impl Strategy<Value = Street> {
        let keys = prop::sample::select(vec!["none", "equal", "static", "pro-rata"]);
        let steps = prop::sample::select(vec![15_u32, 60]);
        let part = 0.0..1.0_f64;
        let who = (0..1000_u32, keys, steps, 1..40_u32, part.clone(), part.clone(), part.clone());
        let what = (0.0..12.0_f64, 0.0..6.0_f64, 0.7..1.0_f64, 0.0..0.5_f64, part, 0.0..0.02_f64, 0.1..40.0_f64);
        (who, what).prop_map(|(who, what)| {
            let (seed, key, step_minutes, homes, members, roofs, batteries) = who;
            let (capacity_kwh, power_kw, efficiency, least, start, standby, plant_kwp) = what;
            let start = least + (1.0 - least) * start;
            Street {
                seed,
                key,
                step_minutes,
                homes,
                members,
                roofs,
                batteries,
                capacity_kwh,
                power_kw,
                efficiency,
                least,
                start,
                standby,
                plant_kwp,
            }
        })
    }

    impl Street {
        fn world(&self) -> World {
            let Street { seed, key, step_minutes, homes, members, roofs, batteries, plant_kwp, .. } = self;
            let Street { capacity_kwh, power_kw, efficiency, least, start, standby, .. } = self;
            let shares = if *key == "static" { "shares = { street = 0.7, shop = 0.3 }" } else { "" };
            Written::new(&format!(
                r#"
                [scenario]
                name = "Street"
                start = 2027-04-01
                seed = {seed}
                step_minutes = {step_minutes}
                shapes = 8
                [[homes]]
                id = "street"
                count = {homes}
                member_fraction = {members}
                pv = {{ fraction = {roofs}, peak_kwp = {{ min = 1.0, max = 7.0 }}, tilt_deg = {{ min = 0, max = 90 }} }}
                [homes.battery]
                fraction = {batteries}
                capacity_kwh = {{ min = 0.0, max = {capacity_kwh} }}
                power_kw = {power_kw}
                charge_efficiency = {efficiency}
                discharge_efficiency = 0.9
                min_state_of_charge = {least}
                start_state_of_charge = {start}
                standby_loss_per_h = {standby}
                [[businesses]]
                id = "shop"
                kind = "shop"
                annual_kwh = 8000
                [cooperative]
                plants = [{{ id = "roof", kind = "pv", peak_kwp = {plant_kwp} }}]
                [sharing]
                key = "{key}"
                {shares}
                "#
            ))
            .world(&[])
        }
    }

    fn close(what: &str, a: f64, b: f64, tolerance: f64) -> Result<(), TestCaseError> {
        prop_assert!((a - b).abs() <= tolerance, "{}: {} and {}, tolerance {:e}", what, a, b, tolerance);
        Ok(())
    }

    /// Every law of one day.
    fn day_holds(world: &World, flows: &DayFlows<'_>) -> Result<Next, TestCaseError> {
        for step in 0..flows.day.steps {
            let (mut shared_in, mut shared_out, mut need, mut surplus) = (0.0, 0.0, 0.0, 0.0);
            let mut sums = [0.0; 4];
            for (index, home) in world.homes.iter().enumerate() {
                let now = flows.home(index, step);
                let content_kwh = flows.content_kwh(index, step + 1);
                let greatest = now.load_kw.max(now.generation_kw).max(now.battery_kw.abs());
                let into = now.load_kw + now.battery_kw;
                let out_of = now.generation_kw + now.import_kw - now.export_kw;
                close("a home's balance", into, out_of, HOME * greatest)?;
                prop_assert!(now.load_kw >= 0.0 && now.generation_kw >= 0.0);
                prop_assert!(now.import_kw * now.export_kw <= 0.0, "import and export at once: {now:?}");
                prop_assert!((0.0..=now.import_kw).contains(&now.shared_in_kw), "{now:?}");
                prop_assert!((0.0..=now.export_kw).contains(&now.shared_out_kw), "{now:?}");
                if home.member {
                    need += now.import_kw;
                    surplus += now.export_kw;
                } else {
                    prop_assert!(now.shared_in_kw + now.shared_out_kw <= 0.0, "one who is no member shares: {now:?}");
                }
                match home.battery {
                    None => prop_assert!(now.battery_kw.abs() <= 0.0 && content_kwh.abs() <= 0.0, "{now:?}"),
                    Some(battery) => {
                        let within = -CONTENT_KWH..=battery.capacity_kwh + CONTENT_KWH;
                        prop_assert!(within.contains(&content_kwh), "{content_kwh} kWh in {battery:?}");
                        prop_assert!(now.battery_kw.abs() <= battery.power_kw * (1.0 + STEP), "{now:?} of {battery:?}");
                        // Standby may carry it below its least; the battery itself never does.
                        let least_kwh = battery.capacity_kwh * battery.min_state_of_charge;
                        let kept = now.battery_kw >= 0.0 || content_kwh >= least_kwh - CONTENT_KWH;
                        prop_assert!(kept, "{now:?} leaves {content_kwh} kWh in {battery:?}");
                        // It only stores what would be fed in, and only gives what would be drawn.
                        let own_kw = now.load_kw - now.generation_kw;
                        prop_assert!(now.battery_kw * own_kw <= 0.0, "{now:?}");
                    }
                }
                shared_in += now.shared_in_kw;
                shared_out += now.shared_out_kw;
                for (sum, kw) in sums.iter_mut().zip([now.load_kw, now.generation_kw, now.import_kw, now.export_kw]) {
                    *sum += kw;
                }
            }
            let plants: f64 = world.plant_kw.iter().map(|kw| kw[flows.day.first_step + step]).sum();
            surplus += plants;
            shared_out += (world.plant_kw.iter().enumerate())
                .map(|(plant, kw)| kw[flows.day.first_step + step] * flows.shares.given_by_plant(world, plant, step))
                .sum::<f64>();
            let tolerance = STEP * need.max(surplus).max(1e-3);
            close("given and received", shared_in, shared_out, tolerance)?;
            let community = &flows.community[step];
            close("received and the community's", shared_in, community.shared_kw, tolerance)?;
            match world.scheme {
                Scheme::Nothing => prop_assert!(shared_in <= 0.0 && shared_out <= 0.0),
                Scheme::ProRata => close("all that can be shared", shared_in, need.min(surplus), tolerance)?,
                Scheme::Fixed(_) | Scheme::Rounds(_) => prop_assert!(shared_in <= need.min(surplus) + tolerance),
            }
            let [load, generation, import, export] = sums;
            let step_total = STEP * (load + generation + plants).max(1e-3);
            close("load", load, community.load_kw, step_total)?;
            close("generation", generation, community.home_generation_kw, step_total)?;
            close("import", import, community.import_kw, step_total)?;
            close("export", export + plants, community.export_kw, step_total)?;
        }
        Ok(Next::GoOn)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

        /// The first weeks of a spring: full and empty batteries, need and surplus.
        #[test]
        fn energy_and_sharing_obey_their_laws_in_every_step_of_any_street(street in streets()) {
            const DAYS: usize = 40;
            let world = street.world();
            let mut days = 0;
            let outcome = engine::run(&world, &engine::Options::recording(), |flows| {
                days += 1;
                day_holds(&world, flows).map(|next| if days < DAYS { next } else { Next::Stop })
            })?;
            prop_assert_eq!(days, DAYS);
            prop_assert!(outcome.balance.holds(), "{:?}", outcome.balance);
        }
    }

    #[test]
    fn every_kit_obeys_the_laws_all_year_under_every_key() {
        let scenario = Written::new(&every_kit());
        for key in ["none", "equal", "pro-rata"] {
            let world = scenario.world(&[&format!("sharing.key={key}")]);
            let outcome = engine::run(&world, &engine::Options::recording(), |flows| day_holds(&world, flows));
            assert!(outcome.unwrap_or_else(|fault| panic!("{key}: {fault}")).balance.holds());
        }
    }

    #[test]
    fn pro_rata_shares_at_least_what_equal_parts_do() {
        let scenario = Written::new(&every_kit());
        let of = |key: &str| run(&scenario.world(&[&format!("sharing.key={key}")])).community;
        let (equal, pro_rata) = (of("equal"), of("pro-rata"));
        let mut more = 0;
        for (equal, pro_rata) in equal.iter().zip(&pro_rata) {
            assert!(pro_rata.shared_kw >= equal.shared_kw * (1.0 - STEP), "{equal:?} and {pro_rata:?}");
            more += usize::from(pro_rata.shared_kw > equal.shared_kw + 0.01);
        }
        assert!(more > 500, "equal parts leave some to the grid in many hours, not in {more}");
    }

    #[test]
    fn the_key_of_sharing_changes_no_meter() {
        let scenario = Written::new(&every_kit());
        let of = |key: &str| run(&scenario.world(&[&format!("sharing.key={key}")])).community;
        let none = of("none");
        for key in ["equal", "pro-rata"] {
            for (shared, alone) in of(key).iter().zip(&none) {
                assert_eq!(engine::CommunityStep { shared_kw: 0.0, ..*shared }, *alone);
            }
        }
    }

    #[test]
    fn a_street_without_batteries_charges_nothing() {
        let text: String =
            every_kit().lines().filter(|line| !line.starts_with("battery")).fold(String::new(), |mut text, line| {
                text.push_str(line);
                text.push('\n');
                text
            });
        let world = Written::new(&text).world(&[]);
        assert!(world.homes.iter().all(|home| home.battery.is_none()));
        let still = |step: &engine::CommunityStep| step.charge_kw.abs() + step.discharge_kw.abs() <= 0.0;
        assert!(run(&world).community.iter().all(still));
        let with = Written::new(&every_kit()).world(&[]);
        assert!(!run(&with).community.iter().all(still), "with batteries something is charged");
    }

    #[test]
    fn a_run_that_is_stopped_has_the_days_so_far() {
        let world = Written::new(&every_kit()).world(&[]);
        let mut days = 0;
        let outcome = engine::run(&world, &engine::Options::default(), |_| {
            days += 1;
            Ok::<_, Infallible>(if days < 3 { Next::GoOn } else { Next::Stop })
        });
        let Ok(outcome) = outcome;
        assert_eq!((days, outcome.community.len()), (3, 72));
        assert!(outcome.balance.holds(), "{:?}", outcome.balance);
    }
}

/// The battery and the keys once more in plain f64 loops over steps and homes, with nothing in common with the engine but
/// the load and generation that it recorded.
mod reference {
    use kwartier::engine::meters::{Meter, Register};
    use kwartier::engine::world::World;
    use kwartier::engine::{self, Next};
    use kwartier::sharing::scheme::Scheme;

    use super::common::scenario::Written;

    /// Of the year's throughput: the engine's flows are f32 in a step, and roundings of either sign nearly cancel.
    const YEAR: f64 = 1e-5;

    #[derive(Clone, Debug, Default)]
    struct Plain {
        content_kwh: f64,
        charged: f64,
        discharged: f64,
        import: f64,
        export: f64,
        shared_in: f64,
        shared_out: f64,
    }

    /// One step of every home and plant, added to the plain registers; what the plants gave is returned, kWh.
    fn plain_step(world: &World, own_kw: &[f64], plants_kw: f64, plain: &mut [Plain]) -> f64 {
        let h = world.calendar.step_h();
        let mut draws = Vec::new();
        for ((home, net), now) in world.homes.iter().zip(own_kw).zip(plain.iter_mut()) {
            let mut net = *net;
            if let Some(battery) = &home.battery {
                now.content_kwh *= (1.0 - battery.standby_loss_per_h).powf(h);
                if net < 0.0 {
                    let room_kw = (battery.capacity_kwh - now.content_kwh) / battery.charge_efficiency / h;
                    let charge_kw = room_kw.max(0.0).min(battery.power_kw).min(-net);
                    now.content_kwh += charge_kw * battery.charge_efficiency * h;
                    now.charged += charge_kw * h;
                    net += charge_kw;
                } else {
                    let least_kwh = battery.capacity_kwh * battery.min_state_of_charge;
                    let there_kw = (now.content_kwh - least_kwh) * battery.discharge_efficiency / h;
                    let discharge_kw = there_kw.max(0.0).min(battery.power_kw).min(net);
                    now.content_kwh -= discharge_kw / battery.discharge_efficiency * h;
                    now.discharged += discharge_kw * h;
                    net -= discharge_kw;
                }
            }
            now.import += net.max(0.0) * h;
            now.export += (-net).max(0.0) * h;
            draws.push(net);
        }
        let members: Vec<usize> = (0..draws.len()).filter(|home| world.homes[*home].member).collect();
        let need: f64 = members.iter().map(|home| draws[*home].max(0.0)).sum();
        let surplus: f64 = members.iter().map(|home| (-draws[*home]).max(0.0)).sum::<f64>() + plants_kw;
        let shares = world.plan.sharing.shares.as_ref();
        let part = |home: usize| match &world.scheme {
            Scheme::Nothing | Scheme::Rounds(_) => 0.0,
            Scheme::Fixed(_) if shares.is_none() => surplus / members.len() as f64,
            Scheme::Fixed(_) => {
                let group = world.homes[home].group;
                let among = members.iter().filter(|other| world.homes[**other].group == group).count();
                surplus * shares.map_or(0.0, |shares| shares[&world.plan.groups[group].id]) / among as f64
            }
            Scheme::ProRata => surplus * draws[home].max(0.0) / need.max(f64::MIN_POSITIVE),
        };
        let mut taken = 0.0;
        for home in &members {
            let take = part(*home).min(draws[*home].max(0.0));
            plain[*home].shared_in += take * h;
            taken += take;
        }
        if surplus <= 0.0 {
            return 0.0;
        }
        for home in &members {
            plain[*home].shared_out += (-draws[*home]).max(0.0) / surplus * taken * h;
        }
        plants_kw / surplus * taken * h
    }

    fn agrees(scenario: &Written, set: &[&str]) {
        let world = scenario.world(set);
        let mut plain: Vec<Plain> = (world.homes.iter())
            .map(|home| Plain { content_kwh: home.battery.map_or(0.0, |b| b.start_kwh()), ..Plain::default() })
            .collect();
        let mut plants_gave = 0.0;
        let outcome = engine::run(&world, &engine::Options::recording(), |flows| {
            for step in 0..flows.day.steps {
                let own_kw: Vec<f64> = (0..world.homes.len())
                    .map(|home| {
                        let now = flows.home(home, step);
                        now.load_kw - now.generation_kw
                    })
                    .collect();
                let plants_kw = world.plant_kw.iter().map(|kw| kw[flows.day.first_step + step]).sum();
                plants_gave += plain_step(&world, &own_kw, plants_kw, &mut plain);
            }
            Ok::<_, std::convert::Infallible>(Next::GoOn)
        });
        let Ok(outcome) = outcome;
        let months = world.calendar.run_months().len();
        let mut shared = 0.0;
        for (home, plain) in plain.iter().enumerate() {
            let meter: Meter = outcome.months(home, 0..months);
            let throughput = (meter.kwh(Register::Load) + meter.kwh(Register::Generation)).max(1.0);
            for (register, theirs) in [
                (Register::Charged, plain.charged),
                (Register::Discharged, plain.discharged),
                (Register::Import, plain.import),
                (Register::Export, plain.export),
                (Register::SharedIn, plain.shared_in),
                (Register::SharedOut, plain.shared_out),
            ] {
                let ours = meter.kwh(register);
                let error = (ours - theirs).abs() / throughput;
                assert!(error <= YEAR, "{set:?}, home {home}, {register:?}: {ours} instead of {theirs} ({error:.1e})");
            }
            let content = outcome.content_kwh(home).1;
            assert!(
                (content - plain.content_kwh).abs() <= YEAR * throughput,
                "{set:?}, home {home}: content {content}"
            );
            shared += plain.shared_in;
        }
        let ours: f64 = outcome.plants.iter().flatten().map(|month| month.shared_out_kwh).sum();
        assert!((ours - plants_gave).abs() <= YEAR * plants_gave.max(1.0), "{set:?}: plants {ours}, not {plants_gave}");
        let none = world.scheme == Scheme::Nothing;
        assert!(none != (shared > 100.0), "{set:?}: {shared} kWh are shared");
    }

    #[test]
    fn the_engine_agrees_with_plain_loops_for_every_key() {
        let scenario = Written::new(
            r#"
            [scenario]
            name = "Plain"
            start = 2027-01-01
            step_minutes = 60
            shapes = 24
            [[homes]]
            id = "roofed"
            count = 17
            member_fraction = 0.7
            pv = { fraction = 0.8, peak_kwp = { min = 2, max = 6 }, azimuth_deg = { min = 90, max = 270 } }
            [homes.battery]
            fraction = 0.6
            capacity_kwh = { min = 2, max = 10 }
            power_kw = { min = 0.5, max = 4 }
            charge_efficiency = 0.93
            discharge_efficiency = 0.96
            min_state_of_charge = 0.1
            start_state_of_charge = 0.4
            standby_loss_per_h = 0.002
            [[homes]]
            id = "plain"
            count = 8
            member_fraction = 0.5
            [cooperative]
            plants = [
                { id = "south", kind = "pv", peak_kwp = 6.0 },
                { id = "west", kind = "pv", peak_kwp = 4.0, azimuth_deg = 270.0 },
            ]
            [sharing]
            "#,
        );
        agrees(&scenario, &["sharing.key=none"]);
        agrees(&scenario, &["sharing.key=equal"]);
        agrees(&scenario, &["sharing.key=static", "sharing.shares={ roofed = 0.4, plain = 0.6 }"]);
        agrees(&scenario, &["sharing.key=pro-rata"]);
        agrees(&scenario, &["sharing.key=pro-rata", "scenario.step_minutes=15"]);
    }
}

mod steps {
    use std::path::Path;

    use kwartier::engine::CommunityStep;
    use kwartier::engine::world::World;
    use kwartier::report::metrics::Metrics;

    use super::common::scenario::{Written, run, world};
    use super::*;

    /// What the same day may differ by at 60, 15 and 5 minutes, of the day's throughput: the bound that is promised.
    const DAY: f64 = 0.01;

    /// What it may differ by if nothing is lost by standing: all that is left are roundings to f32.
    const DAY_WITHOUT_STANDBY: f64 = 1e-5;

    /// Charged, discharged, import and export of each day, and its throughput, kWh.
    fn days(world: &World) -> Vec<([f64; 4], f64)> {
        let outcome = run(world);
        let step_h = world.calendar.step_h();
        let of_day = |steps: &[CommunityStep]| {
            let kwh = |of: fn(&CommunityStep) -> f64| steps.iter().map(of).sum::<f64>() * step_h;
            let flows = [kwh(|s| s.charge_kw), kwh(|s| s.discharge_kw), kwh(|s| s.import_kw), kwh(|s| s.export_kw)];
            (flows, kwh(|s| s.load_kw) + kwh(|s| s.home_generation_kw))
        };
        world.calendar.days().iter().map(|day| of_day(&outcome.community[day.range()])).collect()
    }

    /// The largest difference between the same days at 60, 15 and 5 minutes, of the day's throughput.
    fn largest_difference(standby_loss_per_h: f64) -> f64 {
        // Loads and output that are even through each hour: the same energy in every step, whatever its length.
        let mut csv = String::from("time,load,output\n");
        let first_s = 1_798_758_000; // 2026-12-31T23:00Z
        for hour in 0..8760_i64 {
            let time = jiff::Timestamp::from_second(first_s + hour * 3600).expect("an instant");
            let sun = libm::sin(std::f64::consts::PI * ((hour % 24) as f64 - 5.5) / 14.0).max(0.0);
            let cloud = 0.3 + 0.7 * ((hour * 7919 % 11) as f64 / 10.0);
            let load = 0.25 + (hour * 104_729 % 17) as f64 / 8.0;
            writeln!(csv, "{time},{load},{}", 4.0 * sun * cloud).expect("text");
        }
        let scenario = Written::new(&format!(
            r#"
            [scenario]
            name = "Even hours"
            start = 2027-01-01
            [[homes]]
            id = "home"
            count = 1
            profile = {{ file = "hours.csv", column = "load", unit = "kw" }}
            pv = {{ file = "hours.csv", column = "output", unit = "kw" }}
            battery = {{ capacity_kwh = 6.0, power_kw = 2.0, standby_loss_per_h = {standby_loss_per_h} }}
            "#
        ))
        .file("hours.csv", &csv);
        let [hours, quarters, fives] =
            ["60", "15", "5"].map(|minutes| days(&scenario.world(&[&format!("scenario.step_minutes={minutes}")])));
        let charged: f64 = quarters.iter().map(|(flows, _)| flows[0]).sum();
        assert!(charged > 500.0, "the battery hardly works: {charged} kWh");
        let differences = (hours.iter().zip(&quarters))
            .chain(fives.iter().zip(&quarters))
            .flat_map(|(a, b)| (0..4).map(move |flow| (a.0[flow] - b.0[flow]).abs() / b.1));
        differences.fold(0.0, f64::max)
    }

    #[test]
    fn the_same_day_agrees_at_60_15_and_5_minutes() {
        let difference = largest_difference(0.005);
        println!("with standby loss: {difference:.1e}");
        assert!(difference <= DAY, "{difference:e}");
        let difference = largest_difference(0.0);
        println!("without: {difference:.1e}");
        assert!(difference <= DAY_WITHOUT_STANDBY, "{difference:e}");
    }

    #[test]
    fn zonnebuurt_uses_and_makes_the_same_at_60_15_and_5_minutes() {
        /// Of the year's load: the same hours of the same units, cut finer; each home is scaled to its annual use.
        const LOAD: f64 = 1e-4;
        /// Of the year's generation: the sun of a longer step stands at its middle, so low suns and clipping differ.
        const GENERATION: f64 = 0.01;
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/zonnebuurt.toml");
        let [hours, quarters, fives] = ["60", "15", "5"].map(|minutes| {
            let world = world(&file, &[&format!("scenario.step_minutes={minutes}")]);
            let metrics = Metrics::of(&world, &run(&world), None, None);
            ["community.load_kwh", "community.generation_kwh"].map(|name| metrics.number(name))
        });
        for other in [hours, fives] {
            let [load, generation] = std::array::from_fn(|i| other[i] / quarters[i] - 1.0);
            println!("load {load:+.1e}, generation {generation:+.1e}");
            assert!(load.abs() <= LOAD, "{load:e}");
            assert!(generation.abs() <= GENERATION, "{generation:e}");
        }
    }
}

/// Homes and plants under the weather of `tests/reference/pv`: a year must give pvlib's sums.
mod panels {
    use kwartier::engine::meters::Register;

    use super::common::reference_weather::{PLACES, Place, STEPS, instant_s, suns, synthetic_year};
    use super::common::scenario::{Written, run, whole};
    use super::*;

    /// Relative, of the year: the tolerance of the reference.
    const YEAR: f64 = 1e-5;

    /// The endings of the reference's names, and the models they stand for.
    const CHAINS: [(&str, &str, &str); 2] = [("hd_faiman", "hay-davies", "faiman"), ("pz_pvsyst", "perez", "pvsyst")];

    /// A group's or plant's id for an orientation of the reference.
    fn id(kind: &str, tilt_deg: f64, azimuth_deg: f64, chain: &str) -> String {
        format!("{kind}_{tilt_deg}_{azimuth_deg}_{chain}")
    }

    /// The weather of a place as a file of instants in UTC.
    fn weather_csv(place: &Place) -> String {
        let year = synthetic_year(place, &suns(place, 0..STEPS));
        let mut csv = String::from("time,ghi_w_m2,dni_w_m2,dhi_w_m2,temperature_c,wind_m_s\n");
        for (step, now) in (0..STEPS).zip(&year) {
            let time = jiff::Timestamp::from_second(instant_s(step)).expect("an instant of 2025");
            let (ghi, dni, dhi) = (now.ghi_w_m2, now.dni_w_m2, now.dhi_w_m2);
            let (air, wind) = (now.temperature_c, now.wind_m_s);
            writeln!(csv, "{time},{ghi:.3},{dni:.3},{dhi:.3},{air:.3},{wind:.3}").expect("text can be written");
        }
        csv
    }

    #[test]
    fn homes_and_plants_make_what_pvlib_says_on_the_reference_weather() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/pv");
        for place in &PLACES {
            let path = folder.join(format!("{}-annual.json", place.name));
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let annual: serde_json::Value = serde_json::from_str(&text).unwrap();
            let mut expected = Vec::new();
            let (mut homes, mut plants) = (String::new(), String::from("[cooperative]\n"));
            for orientation in annual["orientations"].as_array().unwrap() {
                let number = |key: &str| orientation[key].as_f64().unwrap_or_else(|| panic!("no {key}"));
                let (tilt_deg, azimuth_deg) = (number("tilt"), number("azimuth"));
                for (chain, transposition, cell_temperature) in CHAINS {
                    let roof = format!(
                        "peak_kwp = 1.0\ntilt_deg = {tilt_deg}\nazimuth_deg = {azimuth_deg}\n\
                         inverter_kw = {}\nsystem_loss = 0.14075660688264469\n\
                         transposition = \"{transposition}\"\ncell_temperature = \"{cell_temperature}\"\n",
                        1.0 / 1.2
                    );
                    let of = |kind: &str| id(kind, tilt_deg, azimuth_deg, chain);
                    write!(homes, "[[homes]]\nid = \"{}\"\ncount = 1\n[homes.pv]\n{roof}", of("home")).unwrap();
                    write!(plants, "[[cooperative.plants]]\nid = \"{}\"\nkind = \"pv\"\n{roof}", of("plant")).unwrap();
                    let ac_kwh = number(&format!("ac_{chain}_kwh_per_kwp"));
                    expected.push((of("home"), of("plant"), ac_kwh));
                }
            }
            let head = format!(
                "[scenario]\nname = \"Reference\"\nstart = 2025-01-01\nshapes = 1\n\
                 [place]\nlatitude_deg = {}\nlongitude_deg = {}\ntimezone = \"UTC\"\n\
                 [weather]\nsource = \"csv\"\nfile = \"weather.csv\"\nstamp = \"instant\"\n",
                place.site.latitude_deg, place.site.longitude_deg
            );
            let world =
                Written::new(&[head, homes, plants].concat()).file("weather.csv", &weather_csv(place)).world(&[]);
            let outcome = run(&world);
            assert_eq!(expected.len(), 6);
            for (number, (home, plant, ac_kwh)) in expected.iter().enumerate() {
                let of_home = whole(&world, &outcome, home).kwh(Register::Generation);
                let of_plant: f64 = outcome.plants[number].iter().map(|month| month.generation_kwh).sum();
                for (id, kwh) in [(home, of_home), (plant, of_plant)] {
                    let error = kwh / ac_kwh - 1.0;
                    assert!(error.abs() <= YEAR, "{} {id}: {kwh} kWh instead of {ac_kwh} ({error:.1e})", place.name);
                }
            }
        }
    }
}
