//! `kwartier schema`: the JSON Schema of scenarios, or the reference page made from it.

use clap::Args;

use super::output::{Stop, print, print_json};
use crate::scenario::schema;

#[derive(Args, Debug)]
pub(super) struct SchemaArgs {
    /// Print the reference page in Markdown instead of the schema
    #[arg(long)]
    reference: bool,
}

pub(super) fn schema(args: &SchemaArgs) -> Result<(), Stop> {
    if args.reference { print(&schema::reference()) } else { print_json(&schema::for_editors()) }
}
