//! What a person reads who wrote a wrong scenario: one snapshot for each way to go wrong.
//!
//! Every message must be enough to mend the file: where, which words, what was expected, what to write instead.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;

use kwartier::scenario;
use kwartier::scenario::diagnostics::Fault;
use kwartier::study::neighbourhoods::check_files;
use miette::{GraphicalReportHandler, GraphicalTheme};
use tempfile::TempDir;

/// A wrong scenario: its name, the text, the words of `--set`, and the codes of the faults, in their order.
struct Case(&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

/// Four homes and nothing else: what most cases begin with.
const HOMES: &str = "[scenario]\nname = \"Test\"\nstart = 2027-01-01\n\n[[homes]]\nid = \"row\"\ncount = 4\n";

/// The same as members of a cooperative.
const MEMBERS: &str =
    "[scenario]\nname = \"Test\"\nstart = 2027-01-01\n[cooperative]\n\n[[homes]]\nid = \"row\"\ncount = 4\n";

macro_rules! homes {
    ($more:literal) => {
        concat!("[scenario]\nname = \"Test\"\nstart = 2027-01-01\n\n[[homes]]\nid = \"row\"\ncount = 4\n", $more)
    };
}

macro_rules! members {
    ($more:literal) => {
        concat!(
            "[scenario]\nname = \"Test\"\nstart = 2027-01-01\n[cooperative]\n\n[[homes]]\nid = \"row\"\ncount = 4\n",
            $more
        )
    };
}

/// A plant without anything that it costs.
macro_rules! plant {
    ($more:literal) => {
        concat!(
            "[scenario]\nname = \"Test\"\nstart = 2027-01-01\n[sharing]\nkey = \"none\"\n\n[[homes]]\nid = \"row\"\ncount = 4\n\n",
            "[cooperative]\n[[cooperative.plants]]\nid = \"roof\"\nkind = \"pv\"\n",
            $more
        )
    };
}

/// Files that other cases inherit from or ask for.
const FILES: &[(&str, &str)] = &[
    ("base.toml", HOMES),
    ("members.toml", MEMBERS),
    ("wrong_base.toml", homes!("tenur = \"owner\"\n")),
    ("broken_base.toml", "[scenario\nname = \"Test\"\n"),
    ("round.toml", "inherits = \"around.toml\"\n"),
    ("meter.csv", "time,kwh\n2027-01-01T00:00Z,1\n2027-01-01T01:00Z,1\n"),
];

const CASES: &[Case] = &[
    // Keys.
    Case("a_key_with_a_near_one", homes!("tenur = \"owner\"\n"), &[], &["scenario::unknown_key"]),
    Case("a_key_without_a_near_one", homes!("colour = \"red\"\n"), &[], &["scenario::unknown_key"]),
    Case("a_key_of_another_table", homes!("tilt_deg = 30\nkind = \"shop\"\n"), &[], &["scenario::unknown_key"; 2]),
    Case(
        "a_table_at_the_wrong_place",
        homes!("[[plants]]\nid = \"roof\"\n[homes.sharing]\n"),
        &[],
        &["scenario::unknown_key"; 2],
    ),
    Case("inherits_below_a_heading", homes!("inherits = \"base.toml\"\n"), &[], &["scenario::unknown_key"]),
    Case("a_table_with_a_typo", "[scenerio]\nname = \"Test\"\nstart = 2027-01-01\n", &[], &["scenario::unknown_key"]),
    Case(
        "tables_of_later_versions",
        homes!("[homes.car]\n[grid]\nsource = \"synthetic\"\n[participation]\nseed = 1\n"),
        &[],
        &["scenario::unknown_key"; 3],
    ),
    Case(
        "sharing_without_a_price_where_there_are_rules",
        members!("[sharing]\nkey = \"pro-rata\"\n[rules]\nbook = \"nl\"\ncontract = \"fixed\"\n"),
        &[],
        &["sharing::price"],
    ),
    Case(
        "sharing_with_two_prices",
        members!("[sharing]\neur_per_kwh = 0.1\neur_per_kwh_incl_vat = 0.121\n"),
        &[],
        &["sharing::price"],
    ),
    Case(
        "sharing_price_without_the_grids",
        members!("[sharing]\nprice = \"mid-market\"\nimport_eur_per_kwh = 0.14\n"),
        &[],
        &["sharing::price"],
    ),
    Case(
        "sharing_price_between_prices_that_are_swapped",
        members!("[sharing]\nprice = \"mid-market\"\nimport_eur_per_kwh = 0.05\nexport_eur_per_kwh = 0.14\n"),
        &[],
        &["sharing::price"],
    ),
    Case(
        "sharing_by_a_ratio_where_feed_in_earns_nothing",
        members!("[sharing]\nprice = \"supply-demand-ratio\"\nimport_eur_per_kwh = 0.05\nexport_eur_per_kwh = 0.0\n"),
        &[],
        &["sharing::price"],
    ),
    Case(
        "sharing_by_a_ratio_beside_participation",
        members!(
            "[sharing]\nprice = \"supply-demand-ratio\"\nimport_eur_per_kwh = 0.3\nexport_eur_per_kwh = 0.1\nparticipation = { row = 0.5 }\n"
        ),
        &[],
        &["sharing::price"],
    ),
    Case(
        "grid_prices_of_no_price",
        members!("[sharing]\neur_per_kwh = 0.1\nimport_eur_per_kwh = 0.14\n"),
        &[],
        &["sharing::price"],
    ),
    Case(
        "a_day_of_a_premium_without_the_premium",
        homes!(
            "[cooperative]\n[[cooperative.plants]]\nid = \"roof\"\nkind = \"pv\"\npeak_kwp = 9\npremium_granted = 2024-01-01\n[sharing]\n"
        ),
        &[],
        &["plants::premium"],
    ),
    // Books of plants.
    Case(
        "a_plant_whose_money_is_short",
        plant!(
            "peak_kwp = 9\ncapex_eur = 10000\nparticipations = 20\ngrants_eur = 500\nown_cash_eur = 99.995\nagreement.kind = \"as-produced\"\n"
        ),
        &["cooperative.participation_eur=250"],
        &["finance::gap"],
    ),
    Case(
        "a_plant_with_too_much_money",
        plant!(
            "peak_kwp = 9\ncapex_eur = 1000\nown_cash_eur = 1000\nagreement.kind = \"as-produced\"\n\
             loans = [{ id = \"fund\", kind = \"linear\", principal_eur = 0.01, interest_fraction = 0, years = 5 }]\n"
        ),
        &[],
        &["finance::gap"],
    ),
    Case(
        "books_without_an_investment_and_without_earnings",
        plant!("peak_kwp = 9\nparticipations = 4\nlife_years = 20\n"),
        &[],
        &["finance::feed_in", "finance::capex", "finance::participation"],
    ),
    Case(
        "what_lasts_longer_than_the_plant",
        plant!(
            "peak_kwp = 9\ncapex_eur = 1000\nlife_years = 10\nagreement = { kind = \"fixed\", eur_per_kwh = 0.1 }\n\
             replacements = [{ year = 11, cost_eur = 100 }]\n[[cooperative.plants.loans]]\nid = \"fund\"\n\
             kind = \"annuity\"\nprincipal_eur = 1000\ninterest_fraction = 0.01234567891234\nyears = 11\n"
        ),
        &[],
        &["finance::replacement", "finance::interest", "finance::loan"],
    ),
    Case(
        "a_loan_without_its_keys",
        plant!(
            "peak_kwp = 9\ncapex_eur = 1000\nagreement = { kind = \"fixd\", eur_per_kwh = 0.1 }\n[[cooperative.plants.loans]]\n\
             id = \"fund\"\ninterest_fraction = 4.5\n"
        ),
        &[],
        &[
            "scenario::unknown_word",
            "scenario::missing_key",
            "scenario::missing_key",
            "scenario::missing_key",
            "scenario::out_of_range",
        ],
    ),
    Case(
        "an_agreement_with_keys_of_other_kinds",
        plant!(
            "peak_kwp = 9\ncapex_eur = 1000\nown_cash_eur = 1000\n\
             agreement = { kind = \"indexed\", fee_eur_per_kwh = 0.01, floor_eur_per_kwh = 0.02, rise_per_year = 0.02 }\n"
        ),
        &[],
        &["finance::agreement"; 3],
    ),
    Case(
        "a_floor_above_the_cap",
        plant!(
            "peak_kwp = 9\ncapex_eur = 1000\nown_cash_eur = 1000\n\
             agreement = { kind = \"floor-cap\", floor_eur_per_kwh = 0.12, cap_eur_per_kwh = 0.04 }\n"
        ),
        &[],
        &["finance::floor_above_cap"],
    ),
    Case(
        "a_metered_plant_with_upkeep_by_power",
        plant!(
            "file = \"meter.csv\"\ncapex_eur = 1000\nown_cash_eur = 1000\nupkeep_eur_per_kw = 5\nagreement.kind = \"as-produced\"\n"
        ),
        &[],
        &["finance::power"],
    ),
    Case(
        "books_without_a_price_of_shared_energy",
        plant!("peak_kwp = 9\ncapex_eur = 1000\nown_cash_eur = 1000\nagreement.kind = \"as-produced\"\n"),
        &["sharing.key=pro-rata"],
        &["finance::shared_price"],
    ),
    Case(
        "books_with_a_price_of_shared_energy_of_unknown_vat",
        plant!("peak_kwp = 9\ncapex_eur = 1000\nown_cash_eur = 1000\nagreement.kind = \"as-produced\"\n"),
        &["sharing={ eur_per_kwh_incl_vat = 0.2 }"],
        &["finance::shared_price"],
    ),
    Case("an_empty_file", "", &[], &["scenario::missing_key"]),
    Case(
        "required_keys_at_every_level",
        "[scenario]\n[[homes]]\n[homes.pv]\n[homes.battery]\n[[businesses]]\n[cooperative]\n[[cooperative.plants]]\n[sharing]\n",
        &[],
        &[
            "scenario::missing_key",
            "scenario::missing_key",
            "scenario::missing_key",
            "scenario::missing_key",
            "pv::peak",
            "scenario::missing_key",
            "scenario::missing_key",
            "scenario::missing_key",
            "businesses::shape",
            "scenario::missing_key",
            "scenario::missing_key",
            "pv::peak",
        ],
    ),
    // Types.
    Case(
        "numbers_in_quotes",
        homes!(
            "annual_kwh = \"2900,5\"\nmember_fraction = \"60%\"\nbattery = { capacity_kwh = \"5 kWh\", power_kw = \"2.5\" }\n"
        ),
        &[],
        &["scenario::wrong_type"; 4],
    ),
    Case(
        "other_types",
        homes!("connection = 25\nprofile = 3\nannual_kwh = [2000, 3000]\npv = 4.0\n[sharing]\nshares = [0.5, 0.5]\n"),
        &[],
        &[
            "scenario::wrong_type",
            "scenario::wrong_type",
            "scenario::wrong_type",
            "scenario::wrong_type",
            "sharing::no_members",
            "scenario::wrong_type",
        ],
    ),
    Case(
        "whole_numbers_with_a_point",
        "[scenario]\nname = \"Test\"\nstart = 2027-01-01\nseed = 1e3\nyears = 1.5\nshapes = 99999999999999999999999\n",
        &[],
        &["scenario::wrong_type"; 3],
    ),
    Case(
        "one_table_for_a_list",
        "[scenario]\nname = \"Test\"\nstart = 2027-01-01\n[homes]\nid = \"row\"\n[sharing]\nkey = \"static\"\nshares = { row = 1 }\n",
        &[],
        &["scenario::wrong_type"],
    ),
    Case("a_list_for_one_table", homes!("[[homes.pv]]\npeak_kwp = 3\n"), &[], &["scenario::wrong_type"]),
    Case(
        "a_list_of_numbers_for_tables",
        "homes = [1]\n[scenario]\nname = \"Test\"\nstart = 2027-01-01\n",
        &[],
        &["scenario::wrong_type"],
    ),
    Case("a_date_in_quotes", "[scenario]\nname = \"Test\"\nstart = \"2027-01-01\"\n", &[], &["scenario::wrong_type"]),
    Case(
        "a_date_with_a_time",
        "[scenario]\nname = \"Test\"\nstart = 2027-01-01T00:00:00\n",
        &[],
        &["scenario::wrong_type"],
    ),
    Case("a_year_for_a_date", "[scenario]\nname = \"Test\"\nstart = 2027\n", &[], &["scenario::wrong_type"]),
    Case("an_empty_list", homes!("profile = { file = \"meter.csv\", column = [] }\n"), &[], &["scenario::empty"]),
    // Values.
    Case(
        "numbers_out_of_range",
        homes!(
            "annual_kwh = -1\n[homes.battery]\ncapacity_kwh = nan\npower_kw = 1e400\ncharge_efficiency = 95\n[place]\nlatitude_deg = 95\nlongitude_deg = 5\n"
        ),
        &[],
        &["scenario::out_of_range"; 5],
    ),
    Case(
        "a_step_that_is_none",
        "[scenario]\nname = \"Test\"\nstart = 2027-01-01\nstep_minutes = 20\n",
        &[],
        &["scenario::out_of_range"],
    ),
    Case(
        "a_year_of_two_digits",
        homes!("profile = { file = \"meter.csv\", year = 20 }\n"),
        &[],
        &["scenario::out_of_range"],
    ),
    Case(
        "an_azimuth_from_the_south",
        homes!("[homes.pv]\npeak_kwp = 4\nazimuth_deg = { min = -45, max = 45 }\n"),
        &[],
        &["scenario::out_of_range"],
    ),
    Case(
        "words_that_are_none",
        homes!(
            "profile = \"synthetik\"\n[place]\ncountry = \"Netherlands\"\n[sharing]\nkey = \"prorata\"\n[weather]\nsource = \"epw\"\nfile = \"x.epw\"\n"
        ),
        &[],
        &["scenario::unknown_word", "scenario::unknown_word", "scenario::unknown_word", "scenario::unknown_word"],
    ),
    Case("a_file_for_a_profile", homes!("profile = \"meter.csv\"\n"), &[], &["scenario::unknown_word"]),
    Case("min_above_max", homes!("annual_kwh = { min = 3000, max = 1000 }\n"), &[], &["scenario::empty_range"]),
    Case(
        "spreads_that_are_none",
        homes!(
            "annual_kwh = { mean = 1, max = 2 }\nincome_eur = { average = 40000 }\n[homes.pv]\npeak_kwp = {}\ntilt_deg = { mean = 30, sd = 5 }\n"
        ),
        &[],
        &["scenario::spread"; 4],
    ),
    Case("a_start_in_the_far_past", "[scenario]\nname = \"Test\"\nstart = 0001-01-01\n", &[], &["scenario::start"]),
    Case("a_start_on_a_leap_day", "[scenario]\nname = \"Test\"\nstart = 2028-02-29\n", &[], &["scenario::start"]),
    Case(
        "a_zone_and_a_connection",
        homes!("connection = \"25A\"\n[place]\ntimezone = \"Europe/Amsterdm\"\n"),
        &[],
        &["homes::connection", "place::timezone"],
    ),
    Case(
        "a_zone_whose_clocks_change_by_half_an_hour",
        "[scenario]\nname = \"Test\"\nstart = 2027-01-01\nstep_minutes = 60\n[place]\ntimezone = \"Australia/Lord_Howe\"\n",
        &[],
        &["scenario::time_axis"],
    ),
    Case(
        "neighbourhoods_without_a_file",
        homes!("[neighbourhoods]\n[sharing]\nkey = \"equal\"\n"),
        &[],
        &["scenario::missing_key"],
    ),
    Case(
        "neighbourhoods_with_other_keys",
        homes!("[neighbourhoods]\nfile = 3\ntable = \"a.csv\"\n"),
        &[],
        &["scenario::wrong_type", "scenario::unknown_key"],
    ),
    Case("half_a_place", homes!("[place]\nlatitude_deg = 52\n"), &[], &["place::half"]),
    Case(
        "ids",
        homes!(
            "[[homes]]\nid = \"row\"\ncount = 1\n[[businesses]]\nid = \"row-2\"\nkind = \"shop\"\nannual_kwh = 1\n[[homes]]\nid = \"a b\"\ncount = 1\n[[homes]]\nid = \"costarring\"\ncount = 1\n[[homes]]\nid = \"liquid\"\ncount = 1\n"
        ),
        &[],
        &["scenario::same_id", "scenario::id_clash", "scenario::id", "scenario::id_collision"],
    ),
    // What goes together.
    Case("one_meter_for_many_homes", homes!("profile = { file = \"meter.csv\" }\n"), &[], &["homes::same_meter"]),
    Case(
        "a_register_of_power",
        homes!("count_ = 1\nprofile = { file = \"nowhere.csv\", unit = \"kw\", kind = \"cumulative\" }\n"),
        &[],
        &["scenario::unknown_key", "homes::same_meter", "profile::cumulative_power"],
    ),
    Case(
        "businesses",
        homes!(
            "[[businesses]]\nid = \"bakery\"\n[[businesses]]\nid = \"shop\"\nkind = \"shop\"\n[[businesses]]\nid = \"office\"\nkind = \"office\"\nannual_kwh = 1\nprofile = \"synthetic\"\n"
        ),
        &[],
        &["businesses::shape", "businesses::annual_kwh", "businesses::profile"],
    ),
    Case("panels_without_a_peak", homes!("[homes.pv]\ntilt_deg = 30\n"), &[], &["pv::peak"]),
    Case(
        "metered_panels_with_a_tilt",
        homes!("[homes.pv]\nfile = \"meter.csv\"\ntilt_deg = 30\n"),
        &[],
        &["pv::metered"],
    ),
    Case("simulated_panels_with_a_unit", homes!("[homes.pv]\npeak_kwp = 3\nunit = \"kwh\"\n"), &[], &["pv::simulated"]),
    Case(
        "a_plant_with_a_spread_and_a_turbine",
        members!(
            "[[cooperative.plants]]\nid = \"roof\"\nkind = \"pv\"\npeak_kwp = { mean = 3, sd = 1 }\n[[cooperative.plants]]\nid = \"turbine\"\nkind = \"wind\"\n[sharing]\n"
        ),
        &[],
        &["plants::spread", "scenario::unknown_word"],
    ),
    Case(
        "a_battery_that_starts_below_its_minimum",
        homes!(
            "[homes.battery]\ncapacity_kwh = 5\npower_kw = 2\nmin_state_of_charge = 0.2\nstart_state_of_charge = 0.1\n"
        ),
        &[],
        &["battery::start_below_minimum"],
    ),
    Case(
        "csv_weather_without_stamp_and_file",
        homes!("[weather]\nsource = \"csv\"\n"),
        &[],
        &["weather::stamp", "weather::file"],
    ),
    Case("synthetic_weather_with_a_file", homes!("[weather]\nfile = \"w.csv\"\n"), &[], &["weather::synthetic"]),
    Case(
        "a_synthetic_price_with_a_file",
        homes!("[market]\nfile = \"prices.csv\"\ncolumn = \"NL\"\nyear = 2023\n"),
        &[],
        &["market::synthetic"; 3],
    ),
    Case("prices_without_a_file", homes!("[market]\nsource = \"smard\"\n"), &[], &["market::file"]),
    Case(
        "a_price_file_that_says_its_clock",
        homes!("[market]\nsource = \"entsoe\"\nfile = \"prices.csv\"\ntimezone = \"UTC\"\n"),
        &[],
        &["market::clock"],
    ),
    Case(
        "a_market_that_is_none",
        homes!("[market]\nsource = \"epex\"\nfile = \"prices.csv\"\nyear = 23\ngaps = \"zero\"\n"),
        &[],
        &["scenario::unknown_word", "scenario::out_of_range", "scenario::unknown_word"],
    ),
    Case(
        "a_knmi_file_with_a_stamp",
        homes!("[weather]\nsource = \"knmi\"\nfile = \"k.txt\"\nstamp = \"end\"\n"),
        &[],
        &["weather::knmi"],
    ),
    Case(
        "shares_that_do_not_sum",
        members!(
            "[[homes]]\nid = \"flat\"\ncount = 2\n[sharing]\nkey = \"static\"\nshares = { row = 0.5, flats = 0.3 }\n"
        ),
        &[],
        &["sharing::sum", "sharing::unknown_id"],
    ),
    Case(
        "a_share_that_is_no_number",
        members!("[sharing]\nkey = \"static\"\nshares = { row = \"1,0\" }\n"),
        &[],
        &["scenario::wrong_type"],
    ),
    Case("static_without_shares", members!("[sharing]\nkey = \"static\"\n"), &[], &["sharing::shares"]),
    Case("shares_without_static", members!("[sharing]\nshares = { row = 1 }\n"), &[], &["sharing::shares"]),
    Case(
        "a_share_for_nobody",
        members!(
            "[[homes]]\nid = \"flat\"\ncount = 2\nmember_fraction = 0\n[sharing]\nkey = \"static\"\nshares = { row = 0.5, flat = 0.5 }\n"
        ),
        &[],
        &["sharing::unused_share"],
    ),
    Case(
        "key_that_names_nobody",
        members!("[sharing]\nkey = \"priority\"\norder = [\"flats\", \"row-3\"]\nparticipation = { rows = 0.5 }\n"),
        &[],
        &["sharing::unknown_id", "sharing::unknown_id"],
    ),
    Case(
        "rounds_with_faults",
        members!(
            "[[cooperative.plants]]\nid = \"roof\"\nkind = \"pv\"\npeak_kwp = 9\n[[homes]]\nid = \"flat\"\ncount = 2\n[sharing]\n\
             interval_minutes = 20\n[[sharing.rounds]]\nmethod = \"static\"\nwho = [\"flat\"]\nshares = { row = 0.5, roof = 0.5 }\n\
             [[sharing.rounds]]\nmethod = \"pro-rata\"\nmax_part = 0.0\niterations = 3\n"
        ),
        &[],
        &["sharing::interval", "sharing::outside", "sharing::taker", "sharing::max_part", "sharing::meaning"],
    ),
    Case(
        "a_key_that_leaves_unused_parts_to_their_owners",
        members!("[sharing]\nkey = \"es\"\nshares = { row = 1 }\n"),
        &[],
        &["sharing::owner"],
    ),
    Case(
        "keys_that_lack_what_they_need",
        members!("[sharing]\n[[sharing.rounds]]\nmethod = \"priority\"\n[[sharing.rounds]]\nmethod = \"pairwise\"\n"),
        &[],
        &["sharing::order", "sharing::matrix"],
    ),
    Case("nobody_to_share_with", homes!("[sharing]\nkey = \"equal\"\n"), &[], &["sharing::no_members"]),
    Case(
        "plants_without_sharing",
        members!("[[cooperative.plants]]\nid = \"roof\"\nkind = \"pv\"\npeak_kwp = 30\n"),
        &[],
        &["sharing::none"],
    ),
    // Texts that are no TOML.
    Case("a_decimal_comma", homes!("annual_kwh = 2900,5\n"), &[], &["scenario::syntax"]),
    Case(
        "words_without_quotes",
        homes!("tenure = owner\nconnection = 3x25A\nprofile =\n"),
        &[],
        &["scenario::syntax"; 3],
    ),
    Case(
        "a_path_with_backslashes",
        homes!("profile = { file = \"C:\\data\\m.csv\" }\n"),
        &[],
        &["scenario::syntax"; 2],
    ),
    Case("a_text_without_end", homes!("tenure = \"owner\n"), &[], &["scenario::syntax"]),
    Case("a_heading_without_end", "[[homes]\nid = \"row\"\n", &[], &["scenario::syntax"]),
    Case("a_key_that_is_written_twice", homes!("count = 5\n[scenario]\nseed = 2\n"), &[], &["scenario::syntax"; 2]),
    Case("a_date_with_the_day_first", "[scenario]\nname = \"Test\"\nstart = 31-12-2027\n", &[], &["scenario::syntax"]),
    Case("a_day_that_is_none", "[scenario]\nname = \"Test\"\nstart = 2027-02-29\n", &[], &["scenario::syntax"]),
    // Inheritance.
    Case(
        "a_base_that_is_missing",
        "inherits = \"bas.toml\"\n[[homes]]\nid = \"row\"\ncuont = 3\n",
        &[],
        &["scenario::unreadable", "scenario::unknown_key"],
    ),
    Case("a_base_that_is_no_text", "inherits = 3\n", &[], &["scenario::wrong_type"]),
    Case(
        "a_base_with_a_fault",
        "inherits = \"wrong_base.toml\"\n[[homes]]\nid = \"row\"\ncount = -1\n",
        &[],
        &["scenario::out_of_range", "scenario::unknown_key"],
    ),
    Case("a_base_that_is_no_toml", "inherits = \"broken_base.toml\"\n", &[], &["scenario::syntax"]),
    Case("around", "inherits = \"round.toml\"\n", &[], &["scenario::inherits_cycle"]),
    Case(
        "a_removal_of_nothing",
        "inherits = \"base.toml\"\n[[homes]]\nid = \"rows\"\nremove = true\n",
        &[],
        &["scenario::nothing_to_remove"],
    ),
    Case(
        "a_removal_that_is_no_truth",
        "inherits = \"base.toml\"\n[[homes]]\nid = \"row\"\nremove = \"yes\"\n",
        &[],
        &["scenario::wrong_type"],
    ),
    Case(
        "a_new_entry_twice",
        "inherits = \"base.toml\"\n[[homes]]\nid = \"flat\"\ncount = 1\n[[homes]]\nid = \"flat\"\ncount = 2\n",
        &[],
        &["scenario::same_id"],
    ),
    // The command line.
    Case(
        "set_with_faults",
        HOMES,
        &[
            "homes.row.pv={ peak_kwp = 4, azimuth_deg = -10 }",
            "homes.row.tenur=owner",
            "place.country=2027-01-01",
            "homes.row.annual_kwh=veel",
        ],
        &["scenario::out_of_range", "scenario::unknown_key", "scenario::wrong_type", "scenario::wrong_type"],
    ),
    Case("set_of_an_unknown_id", HOMES, &["homes.rwo.count=3"], &["set::unknown_id"]),
    Case("set_without_a_value", HOMES, &["homes.row.count", "homes..count=3"], &["set::form"; 2]),
    Case("set_below_a_number", HOMES, &["homes.row.count.max=3"], &["set::not_a_table"]),
    // Several at once, each in another table.
    Case(
        "several_at_once",
        members!(
            "tenur = \"owner\"\n[[homes]]\nid = \"flat\"\ncount = 1\nprofile = { file = \"metre.csv\" }\n[sharing]\nkey = \"static\"\nshares = { row = 0.5, flat = 0.3 }\n"
        ),
        &[],
        &["scenario::unknown_key", "sharing::sum", "series::file"],
    ),
];

/// A wrong table of neighbourhoods: its name, what its scenario has more, the table, and the codes of the faults.
struct Table(&'static str, &'static str, &'static str, &'static [&'static str]);

/// What the scenario of every table begins with.
const LAND: &str = "[scenario]\nname = \"Land\"\nstart = 2027-01-01\n[[homes]]\nid = \"row\"\ncount = 4\n\
                    [[homes]]\nid = \"flat\"\ncount = 7\n";

/// Weather from files.
const KNMI: &str = "[weather]\nsource = \"knmi\"\nfile = \"knmi.txt\"\n";

const TABLES: &[Table] = &[
    Table("table_without_rows", "", "id,row,flat\n", &["neighbourhoods::empty"]),
    Table("table_that_is_empty", "", "# nothing\n\n", &["neighbourhoods::empty"]),
    Table("table_with_semicolons", "", "id;row;flat\na;1;2\n", &["neighbourhoods::separator"]),
    Table(
        "table_with_other_columns",
        "",
        "naam,rwo,flat,flat,longitude_deg,colour\na,1,2,2,5,red\n",
        &[
            "neighbourhoods::unknown_column",
            "neighbourhoods::unknown_column",
            "neighbourhoods::same_column",
            "neighbourhoods::unknown_column",
            "neighbourhoods::missing_column",
            "neighbourhoods::missing_column",
        ],
    ),
    Table(
        "table_with_rows_of_other_lengths",
        "",
        "id,latitude_deg,longitude_deg,row\na,52,1,5,2,10\nb,52.1,5.2\n",
        &["neighbourhoods::row"; 2],
    ),
    Table("table_with_ids", "", "id,row\na,1\n,2\na,3\n", &["neighbourhoods::id", "neighbourhoods::same_id"]),
    Table(
        "table_with_numbers_that_are_none",
        "",
        "id,latitude_deg,longitude_deg,row,flat\na,\"52,1\",east,12.5,\nb,52,5,1.200,\"1,200\"\nc,52,5,many,1e3\n",
        &["neighbourhoods::number"; 8],
    ),
    Table(
        "table_with_numbers_out_of_range",
        "",
        "id,latitude_deg,longitude_deg,row\na,155000,463000,-3\nb,52,5,20000000\nc,nan,5,99999999999999999999\n",
        &["neighbourhoods::out_of_range"; 6],
    ),
    Table(
        "table_with_half_places",
        "",
        "id,latitude_deg,longitude_deg\na,52,\nb,,5\nc,,\n",
        &["neighbourhoods::half_place"; 2],
    ),
    Table("table_with_weather_of_no_source", "", "id,weather\na,\nb,b.txt\n", &["neighbourhoods::weather"]),
    Table(
        "table_with_weather_that_is_missing",
        KNMI,
        "id,weather\na,\nb,there/b.txt\nc,there/b.txt\n",
        &["series::file", "series::file"],
    ),
    Table(
        "table_far_away",
        "",
        "id,latitude_deg,longitude_deg\na,40,-3\nb,41,2\nc,52,5\n",
        &["weather::far_from_de_bilt"],
    ),
    Table(
        "table_with_a_clash_of_ids",
        "[[homes]]\nid = \"row-20\"\ncount = 1\n",
        "id,row\na,19\nb,20\n",
        &["neighbourhoods::id_clash"],
    ),
    Table(
        "table_with_a_group_named_like_a_column",
        "[[homes]]\nid = \"name\"\ncount = 1\n",
        "id,name\na,3\n",
        &["neighbourhoods::group_name"],
    ),
];

/// All that is said about a table, and the codes.
fn report_table(name: &str, more: &str) -> (String, Vec<&'static str>) {
    LazyLock::force(&FOLDER);
    let scenario = format!("{name}.toml");
    std::fs::write(&scenario, format!("{LAND}{more}[neighbourhoods]\nfile = \"{name}.csv\"\n")).expect("a scenario");
    let loaded = scenario::load(Path::new(&scenario), &[], None);
    assert!(loaded.faults.is_empty(), "{name}: {:?}", loaded.faults);
    shown(&check_files(&loaded.draft.expect("a plan")))
}

/// A folder with all the cases, in which the tests run: so paths are the same everywhere.
static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = TempDir::new().expect("a temporary folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it can be written");
    for (name, text) in FILES {
        write(name, text);
    }
    for Case(name, text, ..) in CASES {
        write(&format!("{name}.toml"), text);
    }
    std::fs::write(folder.path().join("latin1.toml"), b"# caf\xe9\n").expect("it can be written");
    std::env::set_current_dir(folder.path()).expect("it exists");
    folder
});

/// All that is said about a scenario, as `kwartier check` shows it, and the codes.
fn report(file: &str, set: &[&str]) -> (String, Vec<&'static str>) {
    LazyLock::force(&FOLDER);
    let set: Vec<String> = set.iter().map(|&words| words.to_owned()).collect();
    let mut loaded = scenario::load(Path::new(file), &set, None);
    // Where the codes are of the files alone, the scenario is only half of the case.
    if let Some(plan) = loaded.draft.filter(|_| file == "several_at_once.toml") {
        loaded.faults.extend(check_files(&plan));
    }
    shown(&loaded.faults)
}

/// Faults as the program shows them, and their codes.
fn shown(faults: &[Fault]) -> (String, Vec<&'static str>) {
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(100);
    let mut text = String::new();
    for fault in faults {
        handler.render_report(&mut text, fault).expect("a text takes all");
        writeln!(text).expect("a text takes all");
    }
    (text, faults.iter().map(|fault| fault.code).collect())
}

fn snapshots() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots/faults");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind_to_scope()
}

#[test]
fn every_wrong_scenario_is_told_where_and_how_to_mend_it() {
    let _snapshots = snapshots();
    let mut others = String::new();
    for Case(name, _, set, codes) in CASES {
        let (text, found) = report(&format!("{name}.toml"), set);
        let found: Vec<&str> = found.iter().map(|code| code.trim_start_matches("kwartier::")).collect();
        if found != *codes {
            writeln!(others, "{name}: {found:?}").expect("a text takes all");
        }
        insta::assert_snapshot!(*name, text);
    }
    assert!(others.is_empty(), "other faults than expected in\n{others}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let _snapshots = snapshots();
    for (name, file) in
        [("missing_file", "bsae.toml"), ("folder", "."), ("not_utf8", "latin1.toml"), ("no_folder", "x/y.toml")]
    {
        let (text, codes) = report(file, &[]);
        assert_eq!(codes, ["kwartier::scenario::unreadable"], "{name}");
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn every_wrong_table_is_told_where_and_how_to_mend_it() {
    let _snapshots = snapshots();
    let mut others = String::new();
    for Table(name, more, table, codes) in TABLES {
        LazyLock::force(&FOLDER);
        std::fs::write(format!("{name}.csv"), table).expect("a table");
        let (text, found) = report_table(name, more);
        let found: Vec<&str> = found.iter().map(|code| code.trim_start_matches("kwartier::")).collect();
        if found != *codes {
            writeln!(others, "{name}: {found:?}").expect("a text takes all");
        }
        insta::assert_snapshot!(*name, text);
    }
    assert!(others.is_empty(), "other faults than expected in\n{others}");
}

#[test]
fn a_table_that_cannot_be_read_is_named() {
    let _snapshots = snapshots();
    LazyLock::force(&FOLDER);
    std::fs::write("table_in_latin1.csv", b"id,name\na,caf\xe9\n").expect("a table");
    for name in ["table_that_is_missing", "table_in_latin1"] {
        let (text, codes) = report_table(name, "");
        assert_eq!(codes, ["kwartier::neighbourhoods::file"], "{name}");
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn every_fault_code_of_tables_has_a_case() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/neighbourhood/table.rs");
    let text = std::fs::read_to_string(path).expect("it is a text");
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let written: BTreeSet<&str> = code.split('"').filter(|word| word.starts_with("kwartier::")).collect();
    let cases = TABLES.iter().flat_map(|Table(.., codes)| codes.iter().map(|code| format!("kwartier::{code}")));
    // That of a file which cannot be read has a test of its own.
    let shown: BTreeSet<String> = cases.chain(["kwartier::neighbourhoods::file".to_owned()]).collect();
    let without: Vec<&&str> = written.iter().filter(|code| !shown.contains(**code)).collect();
    assert!(written.len() > 10 && without.is_empty(), "codes without a case: {without:?}");
}

#[test]
fn what_the_cases_begin_with_is_good() {
    for file in ["base.toml", "members.toml"] {
        assert_eq!(report(file, &[]).1, [""; 0]);
    }
}

#[test]
fn every_fault_code_of_the_scenario_room_has_a_case() {
    // What cannot be provoked: a guard against a mistake of ours.
    let unreachable = ["kwartier::scenario::unread", "kwartier::sharing::unread"];
    // Of the file that `share --key` names: it has its cases in `tests/share.rs`.
    let of_keys = |code: &String| code == "kwartier::sharing::key";
    // Those have their cases in `tests/rule_faults.rs`.
    let of_rules = |code: &String| code.starts_with("kwartier::rules::");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/scenario");
    let mut written = BTreeSet::new();
    let entries =
        [folder.clone(), folder.join("build")].map(|folder| std::fs::read_dir(folder).expect("the room is there"));
    for path in entries.into_iter().flatten().map(|entry| entry.expect("it can be listed").path()) {
        if path.is_dir() {
            continue;
        }
        let text = std::fs::read_to_string(path).expect("it is a text");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        written.extend(code.split('"').filter(|word| word.starts_with("kwartier::")).map(str::to_owned));
    }
    let cases = CASES.iter().flat_map(|Case(.., codes)| codes.iter().map(|code| format!("kwartier::{code}")));
    let shown: BTreeSet<String> = cases.chain(unreachable.map(str::to_owned)).collect();
    let without: Vec<&String> = written.difference(&shown).filter(|code| !of_rules(code) && !of_keys(code)).collect();
    assert!(written.len() > 20 && without.is_empty(), "codes without a case: {without:?}");
}
