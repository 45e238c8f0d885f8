//! What is wrong or odd with one data file: collected, capped, and handed over together.

use std::ops::Range;
use std::path::Path;

use crate::scenario::diagnostics::{Fault, Origin, Source};

/// Errors of one file that are shown one by one; the rest is only counted.
const SHOWN: usize = 20;

/// The faults of one data file.
#[derive(Debug)]
pub(crate) struct Findings<'a> {
    asked: &'a Origin,
    file: String,
    list: Vec<Fault>,
    errors: usize,
}

impl<'a> Findings<'a> {
    /// None yet, for the file at `path` that the scenario asks for at `asked`.
    pub(crate) fn new(path: &Path, asked: &'a Origin) -> Findings<'a> {
        Findings { asked, file: path.display().to_string(), list: Vec::new(), errors: 0 }
    }

    /// The file, as messages name it.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// Whether anything refuses the file.
    pub(crate) fn refuse(&self) -> bool {
        self.errors > 0
    }

    /// Adds one that is mended in the scenario: shown at the key that asks for the file.
    pub(crate) fn in_scenario(&mut self, fault: Fault, label: impl Into<String>) {
        let asked = self.asked;
        self.push(fault.at(asked, label));
    }

    /// Adds one that is mended at another place of the scenario.
    pub(crate) fn at(&mut self, origin: &Origin, fault: Fault, label: impl Into<String>) {
        self.push(fault.at(origin, label));
    }

    /// Adds one that stands in the file: shown there, and its help says which key asks for the file.
    pub(crate) fn in_file(&mut self, source: &Source, span: Range<usize>, fault: Fault, label: impl Into<String>) {
        let help = format!("{} (the file is asked for at {})", fault.help, self.asked);
        self.push(fault.at(&Origin::new(source, span), label).help(help));
    }

    fn push(&mut self, fault: Fault) {
        // A row that is absent is absent in every column.
        if self.list.iter().any(|known| is_same(known, &fault)) {
            return;
        }
        if fault.is_error() {
            self.errors += 1;
            if self.errors > SHOWN {
                return;
            }
        }
        self.list.push(fault);
    }

    /// Puts them all into `faults`; what was beyond the cap as one "and N more".
    pub(crate) fn hand_over(self, faults: &mut Vec<Fault>) {
        faults.extend(self.list);
        if self.errors > SHOWN {
            faults.push(
                Fault::error(
                    "kwartier::series::more",
                    format!("and {} more faults in `{}`", self.errors - SHOWN, self.file),
                )
                .at(self.asked, "this file")
                .help("mend those above first: they often have one cause"),
            );
        }
    }
}

/// Whether two faults say the same of the same place.
fn is_same(a: &Fault, b: &Fault) -> bool {
    let span = |fault: &Fault| fault.origin.as_ref().map(|origin| origin.span.clone());
    a.code == b.code && a.message == b.message && span(a) == span(b)
}
