//! `kwartier schema`: the JSON Schema of scenarios or of rulebooks, or the reference page made from it.

use clap::Args;

use super::output::{Stop, print, print_json};
use crate::rules::reference;
use crate::scenario::schema;

#[derive(Args, Debug)]
pub(super) struct SchemaArgs {
    /// Print the reference page in Markdown instead of the schema
    #[arg(long)]
    reference: bool,
    /// Of rulebooks instead of scenarios
    #[arg(long)]
    rulebook: bool,
}

pub(super) fn schema(args: &SchemaArgs) -> Result<(), Stop> {
    match (args.rulebook, args.reference) {
        (true, true) => print(&reference::reference()),
        (true, false) => print_json(&reference::for_editors()),
        (false, true) => print(&schema::reference()),
        (false, false) => {
            let mut scenario = schema::for_editors();
            reference::complete(&mut scenario);
            print_json(&scenario)
        }
    }
}
