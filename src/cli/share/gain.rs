//! What sharing gains, whose it is, and how else it could be divided: with the grid's prices, beside the kWh.

use clap::Args;
use comfy_table::{Table, presets};
use serde_json::{Value as Json, json};

use crate::report::{align_right, rounded};
use crate::sharing::gain::{Community, Divisions, GainError, divide};
use crate::sharing::readings::{Readings, sums};
use crate::sharing::run::Shared;

/// Seed of a sampled Shapley value: the same readings give the same bytes.
const SEED: u64 = 1;

#[derive(Args, Debug)]
#[expect(clippy::struct_field_names, reason = "they are the names of options, with their unit")]
pub(super) struct PriceArgs {
    /// What a kWh from the grid costs, EUR: with the next, what sharing gains and how it can be divided
    #[arg(long, value_name = "EUR", requires = "export_eur_per_kwh", allow_negative_numbers = true)]
    import_eur_per_kwh: Option<f64>,
    /// What a kWh fed into the grid earns, EUR
    #[arg(long, value_name = "EUR", requires = "import_eur_per_kwh", allow_negative_numbers = true)]
    export_eur_per_kwh: Option<f64>,
    /// What a shared kWh costs, EUR. Default: halfway between the two
    #[arg(long, value_name = "EUR", requires = "import_eur_per_kwh", allow_negative_numbers = true)]
    shared_eur_per_kwh: Option<f64>,
}

/// The gain of those who shared.
pub(super) struct Gain {
    shared_eur_per_kwh: f64,
    as_shared_eur: Vec<f64>,
    divided: Divisions,
}

impl Gain {
    /// The gain at the grid's prices; `None` if they are not given.
    ///
    /// # Errors
    /// If import costs less than export earns, or there are more participants than can be told apart.
    pub(super) fn of(args: &PriceArgs, shared: &Shared, read: &Readings) -> Result<Option<Gain>, GainError> {
        let (Some(import), Some(export)) = (args.import_eur_per_kwh, args.export_eur_per_kwh) else { return Ok(None) };
        let price = args.shared_eur_per_kwh.unwrap_or(f64::midpoint(import, export));
        // `[member][interval]` of `[step][member]`.
        let by_member = |table: &[Vec<f64>]| -> Vec<Vec<f64>> {
            let by_interval: Vec<Vec<f64>> = shared.intervals.iter().map(|steps| sums(table, steps)).collect();
            (0..read.ids.len()).map(|i| by_interval.iter().map(|kwh| kwh[i]).collect()).collect()
        };
        let (need, surplus) = (by_member(&read.import_kwh), by_member(&read.export_kwh));
        let all = |table: &[Vec<f64>]| sums(table, &(0..table.len()));
        let as_shared_eur: Vec<f64> = (all(&shared.shared_in_kwh).iter().zip(all(&shared.shared_out_kwh)))
            .map(|(received, given)| (import - price) * received + (price - export) * given)
            .collect();
        let community = Community {
            need_kwh: &need,
            surplus_kwh: &surplus,
            import_eur_per_kwh: import,
            export_eur_per_kwh: export,
        };
        let divided = divide(community, &as_shared_eur, SEED)?;
        Ok(Some(Gain { shared_eur_per_kwh: price, as_shared_eur, divided }))
    }

    /// A row for each participant, a column for each division, and who would leave.
    pub(super) fn text(&self, read: &Readings) -> String {
        let divisions = &self.divided.divisions;
        let mut table = Table::new();
        table.load_style(presets::UTF8_BORDERS_ONLY);
        table.set_header(["gain, EUR", "as shared"].into_iter().chain(divisions.iter().map(|division| division.name)));
        let eur = |eur: f64| format!("{:.2}", if eur.abs() < 0.005 { 0.0 } else { eur });
        for (i, id) in read.ids.iter().enumerate() {
            let cells = divisions.iter().map(|division| match &division.standard_errors_eur {
                Some(errors) => format!("{} ± {}", eur(division.shares_eur[i]), eur(errors[i])),
                None => eur(division.shares_eur[i]),
            });
            table.add_row([id.clone(), eur(self.as_shared_eur[i])].into_iter().chain(cells));
        }
        let all = |shares: &[f64]| eur(shares.iter().sum());
        let sums = divisions.iter().map(|division| all(&division.shares_eur));
        table.add_row(["all".to_owned(), all(&self.as_shared_eur)].into_iter().chain(sums));
        align_right(&mut table, 1..=divisions.len() + 1);
        format!(
            "{table}\nas shared: by this key, at {:.4} EUR for a shared kWh; the others divide {} EUR, what sharing all that can be \
             shared gains\n{}\n",
            self.shared_eur_per_kwh,
            eur(self.divided.gain_eur),
            self.leaving(read)
        )
    }

    fn leaving(&self, read: &Readings) -> String {
        let Some(stability) = &self.divided.stability else {
            return "of more than fifteen participants not every group is asked whether it would do better alone"
                .to_owned();
        };
        if stability.is_stable {
            return "no group would do better by sharing among itself alone".to_owned();
        }
        let ids: Vec<&str> = stability.leaving.members().map(|member| read.ids[member].as_str()).collect();
        let verb = if ids.len() == 1 { "would" } else { "together would" };
        format!("{} {verb} gain {:.2} EUR more by sharing among themselves alone", ids.join(", "), stability.excess_eur)
    }

    pub(super) fn to_json(&self, read: &Readings) -> Json {
        let of = |shares: &[f64]| -> Json {
            read.ids
                .iter()
                .cloned()
                .zip(shares.iter().map(|eur| json!(rounded(*eur))))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        let divisions = self.divided.divisions.iter().map(|division| {
            let mut json = json!({ "method": division.name, "eur": of(&division.shares_eur) });
            if let Some(errors) = &division.standard_errors_eur {
                json["standard_error_eur"] = of(errors);
            }
            json
        });
        let leaving = self.divided.stability.as_ref().map(|stability| {
            let ids: Vec<&str> = stability.leaving.members().map(|member| read.ids[member].as_str()).collect();
            json!({
                "is_stable": stability.is_stable,
                "ids": ids,
                "excess_eur": rounded(stability.excess_eur),
                "least_excess_eur": rounded(stability.least_excess_eur),
            })
        });
        json!({
            "gain_eur": rounded(self.divided.gain_eur),
            "shared_eur_per_kwh": self.shared_eur_per_kwh,
            "as_shared_eur": of(&self.as_shared_eur),
            "divisions": divisions.collect::<Vec<_>>(),
            "leaving": leaving,
        })
    }
}
