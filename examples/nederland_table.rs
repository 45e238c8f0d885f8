//! Writes a table of neighbourhoods of the size of a country, for `scenarios/nederland.toml`.
//!
//! Everything in it is drawn: how many homes a neighbourhood has (a lognormal), in which province it lies (by the province's
//! share of the homes), where (in a box of land inside that province), how urban it is, and by that which homes stand there.
//! Draws are keyed by the number of the neighbourhood, so the same options give the same bytes. Shares, boxes and mixes are
//! round assumptions: good for measuring speed and for trying out a study, not a statistic of the Netherlands.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use kwartier::random::{normal, uniforms};

/// Writes a table of neighbourhoods for scenarios/nederland.toml to stdout
#[derive(Debug, Parser)]
#[command(after_help = "Example:\n  nederland_table --homes 8400000 --neighbourhoods 14000 > nederland.csv\n  \
                        kwartier run scenarios/nederland.toml --set neighbourhoods.file=nederland.csv --out nederland")]
struct Options {
    /// Homes in all
    #[arg(long, value_name = "N", default_value_t = 8_400_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    homes: u64,
    /// Rows of the table; each has at least one home
    #[arg(long, value_name = "N", default_value_t = 14_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    neighbourhoods: u32,
    /// Seed of every draw
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// The columns of groups, as the scenario names them.
const GROUPS: [&str; 4] = ["terraced", "semi-detached", "detached", "flat"];

/// Standard deviation of the logarithm of a neighbourhood's homes.
const SIZE_SIGMA_LN: f64 = 0.8;

/// Standard deviation of how urban the neighbourhoods of one province are.
const URBANITY_SD: f64 = 0.22;

/// First word of the counters of this table's draws.
const PURPOSE: u32 = 2000;

/// A province: its share of the homes, how urban it is (0 to 1), and a box of land in it.
struct Province {
    name: &'static str,
    share: f64,
    urbanity: f64,
    latitude_deg: [f64; 2],
    longitude_deg: [f64; 2],
}

const fn province(
    name: &'static str,
    share: f64,
    urbanity: f64,
    latitude_deg: [f64; 2],
    longitude_deg: [f64; 2],
) -> Province {
    Province { name, share, urbanity, latitude_deg, longitude_deg }
}

const PROVINCES: [Province; 12] = [
    province("Groningen", 0.036, 0.42, [53.05, 53.35], [6.35, 7.00]),
    province("Fryslân", 0.039, 0.25, [52.95, 53.30], [5.55, 6.20]),
    province("Drenthe", 0.029, 0.22, [52.70, 53.05], [6.40, 6.85]),
    province("Overijssel", 0.066, 0.38, [52.20, 52.60], [6.10, 6.85]),
    province("Flevoland", 0.023, 0.40, [52.35, 52.60], [5.35, 5.75]),
    province("Gelderland", 0.120, 0.38, [51.90, 52.30], [5.55, 6.35]),
    province("Utrecht", 0.074, 0.52, [52.00, 52.20], [4.95, 5.50]),
    province("Noord-Holland", 0.169, 0.60, [52.30, 52.75], [4.65, 5.00]),
    province("Zuid-Holland", 0.211, 0.60, [51.85, 52.15], [4.35, 4.85]),
    province("Zeeland", 0.024, 0.25, [51.46, 51.55], [3.65, 4.10]),
    province("Noord-Brabant", 0.147, 0.40, [51.40, 51.70], [4.55, 5.80]),
    province("Limburg", 0.062, 0.38, [50.88, 51.40], [5.82, 6.00]),
];

/// A row of the table.
#[derive(Debug, PartialEq)]
struct Neighbourhood {
    id: String,
    name: String,
    latitude_deg: f64,
    longitude_deg: f64,
    /// By [`GROUPS`].
    counts: [u64; 4],
}

fn main() -> ExitCode {
    let options = Options::parse();
    let said = table(&options).map_err(|message| (message, 2)).and_then(|rows| {
        match write(&rows, &mut io::stdout().lock()) {
            // Whoever reads has seen enough.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err((format!("cannot write the table: {error}"), 3))
            }
            _ => Ok(()),
        }
    });
    match said {
        Ok(()) => ExitCode::SUCCESS,
        Err((message, code)) => {
            // If stderr is gone there is nobody to tell.
            let _ = writeln!(io::stderr(), "error: {message}");
            ExitCode::from(code)
        }
    }
}

/// Draws the table.
fn table(options: &Options) -> Result<Vec<Neighbourhood>, String> {
    let Options { homes, neighbourhoods, seed } = *options;
    let Some(to_share) = homes.checked_sub(u64::from(neighbourhoods)) else {
        return Err(format!("{homes} homes in {neighbourhoods} neighbourhoods: there must be at least one in each"));
    };
    let draws = |number: u32, index: u32| uniforms(seed, [PURPOSE, number, 0, index]);
    let size = |number: u32| {
        let [u, v, ..] = draws(number, 0);
        libm::exp(SIZE_SIGMA_LN * normal(u, v))
    };
    let sizes: Vec<f64> = (1..=neighbourhoods).map(size).collect();
    let mut named = [0_u32; PROVINCES.len()];
    let rows = (1..=neighbourhoods).zip(divide(to_share, &sizes)).map(|(number, more)| {
        let [which, north, east, _] = draws(number, 1);
        let index = province_of(which);
        let province = &PROVINCES[index];
        named[index] += 1;
        let [u, v, ..] = draws(number, 2);
        let urbanity = (province.urbanity + URBANITY_SD * normal(u, v)).clamp(0.0, 1.0);
        let between = |[low, high]: [f64; 2], part: f64| ((low + (high - low) * part) * 1e4).round() / 1e4;
        let mut counts = [0; 4];
        counts.copy_from_slice(&divide(more + 1, &mix(urbanity)));
        Neighbourhood {
            id: format!("nl-{number:05}"),
            name: format!("{} {}", province.name, named[index]),
            latitude_deg: between(province.latitude_deg, north),
            longitude_deg: between(province.longitude_deg, east),
            counts,
        }
    });
    Ok(rows.collect())
}

/// The province in which a draw falls, by shares of the homes.
fn province_of(draw: f64) -> usize {
    let mut below = 0.0;
    let after = PROVINCES.iter().position(|province| {
        below += province.share;
        draw < below
    });
    after.unwrap_or(PROVINCES.len() - 1)
}

/// Parts of the four groups in a neighbourhood: flats in towns, detached homes in the country.
fn mix(urbanity: f64) -> [f64; 4] {
    let rural = 1.0 - urbanity;
    let (flat, detached, semi_detached) = (0.08 + 0.62 * urbanity, 0.35 * rural * rural, 0.17 * rural);
    [1.0 - flat - detached - semi_detached, semi_detached, detached, flat]
}

/// Divides a whole number in proportion to weights, exactly: what rounding down leaves goes to the largest remainders, the
/// first of equals first.
fn divide(whole: u64, weights: &[f64]) -> Vec<u64> {
    let sum: f64 = weights.iter().sum();
    let exact: Vec<f64> = weights.iter().map(|weight| whole as f64 * (weight / sum)).collect();
    let mut parts: Vec<u64> = exact.iter().map(|part| part.floor() as u64).collect();
    let left = whole.saturating_sub(parts.iter().sum()) as usize;
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|a, b| exact[*b].fract().total_cmp(&exact[*a].fract()).then(a.cmp(b)));
    for index in order.into_iter().take(left) {
        parts[index] += 1;
    }
    parts
}

fn write(rows: &[Neighbourhood], out: &mut dyn Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(["id", "name", "latitude_deg", "longitude_deg"].into_iter().chain(GROUPS))?;
    for row in rows {
        let own = [row.id.clone(), row.name.clone(), row.latitude_deg.to_string(), row.longitude_deg.to_string()];
        csv.write_record(own.into_iter().chain(row.counts.map(|count| count.to_string())))?;
    }
    csv.flush()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use kwartier::neighbourhood::table;

    use super::*;

    fn drawn(homes: u64, neighbourhoods: u32) -> Vec<Neighbourhood> {
        super::table(&Options { homes, neighbourhoods, seed: 1 }).unwrap()
    }

    #[test]
    fn the_homes_add_up_and_the_mix_is_that_of_the_country() {
        let rows = drawn(8_400_000, 14_000);
        let of = |group: usize| rows.iter().map(|row| row.counts[group]).sum::<u64>();
        let groups: Vec<f64> = (0..4).map(|group| of(group) as f64 / 8_400_000.0).collect();
        assert_eq!((rows.len(), (0..4).map(of).sum::<u64>()), (14_000, 8_400_000));
        for (part, expected) in groups.iter().zip([0.42, 0.09, 0.12, 0.37]) {
            assert!((part - expected).abs() < 0.02, "{groups:?}");
        }
        assert!(rows.iter().all(|row| row.counts.iter().sum::<u64>() >= 1));
    }

    #[test]
    fn places_lie_in_the_provinces_by_their_shares() {
        let rows = drawn(2_000_000, 10_000);
        assert!((PROVINCES.iter().map(|province| province.share).sum::<f64>() - 1.0).abs() < 1e-12);
        for province in &PROVINCES {
            let here: Vec<_> = rows.iter().filter(|row| row.name.starts_with(province.name)).collect();
            // Four standard errors of a share among 10,000.
            let error = 4.0 * (province.share / 10_000.0).sqrt();
            assert!((here.len() as f64 / 10_000.0 - province.share).abs() < error, "{}: {}", province.name, here.len());
            let [south, north] = province.latitude_deg;
            assert!(here.iter().all(|row| (south..=north).contains(&row.latitude_deg)));
        }
    }

    #[test]
    fn a_few_homes_are_divided_exactly_and_too_few_refused() {
        assert_eq!(drawn(3, 3).iter().map(|row| row.counts.iter().sum::<u64>()).collect::<Vec<_>>(), [1, 1, 1]);
        assert_eq!(divide(7, &[1.0, 1.0, 2.0]), [2, 2, 3]);
        assert_eq!(divide(0, &[1.0]), [0]);
        assert!(super::table(&Options { homes: 2, neighbourhoods: 3, seed: 1 }).is_err());
        assert_eq!(drawn(500, 20), drawn(500, 20));
    }

    #[test]
    fn the_scenario_reads_the_table() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nederland.csv");
        write(&drawn(10_000, 200), &mut std::fs::File::create(&path).unwrap()).unwrap();
        let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/nederland.toml");
        let set = format!("neighbourhoods.file=\"{}\"", path.display());
        let loaded = kwartier::scenario::load(&scenario, &[set], None);
        assert!(loaded.faults.is_empty(), "{:?}", loaded.faults);
        let plan = loaded.draft.unwrap();
        let mut faults = Vec::new();
        let rows = table::read(&plan, plan.neighbourhoods.as_ref().unwrap(), &mut faults).unwrap();
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!((rows.len(), rows.iter().map(table::Row::homes).sum::<usize>()), (200, 10_000));
    }
}
