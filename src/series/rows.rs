//! A delimited file of meter readings, row by row: its header, its cells with their places, and what is wrong with them.

use std::path::Path;

use csv::{ByteRecord, ReaderBuilder};
use rust_decimal::Decimal;

use super::findings::Findings;
use super::stamp::{self, Written};
use super::table::skip_blank;
use crate::scenario::diagnostics::{Fault, Source, nearest};
use crate::scenario::tree::file_help;

/// The text of a file, or what is wrong with it.
pub(crate) fn text_of(path: &Path, findings: &mut Findings) -> Option<Source> {
    let name = findings.file().to_owned();
    let fault = |message: String, help: String| Fault::error("kwartier::meters::file", message).help(help);
    match std::fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => {
            let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
            Some(Source::new(name, text))
        }
        Ok(Err(_)) => {
            findings.in_scenario(
                fault(
                    format!("`{name}` is not a text in UTF-8"),
                    "save the readings as plain text in UTF-8".to_owned(),
                ),
                "not UTF-8",
            );
            None
        }
        Err(error) => {
            let (message, help) = match error.kind() {
                std::io::ErrorKind::NotFound => (format!("there is no file `{name}`"), file_help(path)),
                _ => (format!("cannot read `{name}`: {error}"), "check who may read the file".to_owned()),
            };
            findings.in_scenario(fault(message, help), "asked for here");
            None
        }
    }
}

/// A file of readings: its header, and its rows with their places.
pub(crate) struct File<'a, 'f, 'o> {
    source: &'a Source,
    pub(crate) findings: &'f mut Findings<'o>,
    header: Row<'a>,
    pub(crate) rows: Vec<Row<'a>>,
}

/// A line of the file: where it begins, and its cells without the blanks around them.
#[derive(Clone)]
pub(crate) struct Row<'a> {
    at: usize,
    cells: Vec<&'a str>,
}

impl<'a, 'f, 'o> File<'a, 'f, 'o> {
    /// Reads the rows; `form` says how the readings are to be written.
    pub(crate) fn new(source: &'a Source, findings: &'f mut Findings<'o>, form: &str) -> Option<File<'a, 'f, 'o>> {
        let text = source.text();
        let mut reader =
            ReaderBuilder::new().has_headers(false).flexible(true).comment(Some(b'#')).from_reader(text.as_bytes());
        let mut record = ByteRecord::new();
        let mut rows: Vec<Row<'a>> = Vec::new();
        // Reading bytes from memory, with rows of any length, has no way to fail.
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            let at = skip_blank(text, record.position().map_or(0, |position| position.byte() as usize));
            let line = text[at..].lines().next().unwrap_or("");
            // Cells have neither quotes nor commas in them: ids are plain, values are numbers.
            let cells: Vec<&str> = line.split(',').map(|cell| cell.trim().trim_matches('"')).collect();
            if cells.iter().any(|cell| !cell.is_empty()) {
                rows.push(Row { at, cells });
            }
        }
        if rows.len() < 2 {
            findings.in_scenario(
                Fault::error("kwartier::meters::empty", format!("`{}` holds no readings", findings.file()))
                    .help(format!("give a header and a row for each reading: {form}")),
                "this file",
            );
            return None;
        }
        let header = rows.remove(0);
        Some(File { source, findings, header, rows })
    }

    /// The place of a column.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.header.cells.iter().position(|cell| *cell == name)
    }

    /// Refuses columns that are not among these, and asks for those that must be there.
    pub(crate) fn check_columns(&mut self, known: &[&str], needed: &[&str]) {
        if let [only] = self.header.cells.as_slice()
            && only.contains(';')
        {
            let fault = Fault::error("kwartier::meters::separator", "the cells are separated by semicolons")
                .help("put commas between the cells, and a point in decimal numbers");
            self.at_header(fault, "expected commas");
            return;
        }
        let header = self.header.clone();
        for (index, name) in header.cells.iter().enumerate() {
            if !known.contains(name) {
                let help = match nearest(name, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("columns: {}", known.join(", ")),
                };
                let fault =
                    Fault::error("kwartier::meters::unknown_column", format!("unknown column `{name}`")).help(help);
                self.at_cell(&header, index, fault, "not known");
            } else if header.cells[..index].contains(name) {
                let fault = Fault::error("kwartier::meters::unknown_column", format!("column `{name}` is there twice"))
                    .help("remove one of the two");
                self.at_cell(&header, index, fault, "there before");
            }
        }
        for name in needed {
            if self.column(name).is_none() {
                let fault = Fault::error("kwartier::meters::missing_column", format!("there is no column `{name}`"))
                    .help(format!("add `{name}` to the header and to each row"));
                self.at_header(fault, "the header");
            }
        }
        for row in self.rows.clone() {
            if row.cells.len() != header.cells.len() {
                let message = format!("this row has {} cells, the header {}", row.cells.len(), header.cells.len());
                let fault = Fault::error("kwartier::meters::row", message)
                    .help("write every cell, an empty one too; numbers have a point, not a comma");
                self.at_row(&row, fault, "not as long as the header");
            }
        }
    }

    /// The place and text of a cell.
    pub(crate) fn cell<'r>(&self, row: &Row<'r>, name: &str) -> Option<(usize, &'r str)> {
        let index = self.column(name)?;
        row.cells.get(index).map(|text| (index, *text))
    }

    /// A number of a cell, 0 or more; `None` if the column is not there or the cell is empty, or wrong.
    pub(crate) fn number(&mut self, row: &Row<'_>, name: &str) -> Option<Decimal> {
        let (index, text) = self.cell(row, name)?;
        if text.is_empty() {
            return None;
        }
        match text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(text)) {
            Ok(number) if number >= Decimal::ZERO && number <= Decimal::from(1_000_000_000_u64) => Some(number),
            Ok(_) => {
                let fault =
                    Fault::error("kwartier::meters::number", format!("`{name}` is {text}, expected 0 up to 1e9"))
                        .help("registers count up: feed-in is a positive number in `export_kwh`");
                self.at_cell(row, index, fault, "out of range");
                None
            }
            Err(_) => {
                let fault =
                    Fault::error("kwartier::meters::number", format!("`{name}` is \"{text}\", expected a number"))
                        .help("write numbers with a point: 2800.5; leave unknown ones empty");
                self.at_cell(row, index, fault, "not a number");
                None
            }
        }
    }

    /// The instant of a row's `time`, seconds since 1970; `None` if it is none.
    pub(crate) fn instant_s(&mut self, row: &Row<'_>) -> Option<i64> {
        let (index, text) = self.cell(row, "time")?;
        let (message, help) = match stamp::read(text) {
            Some(Written::Instant(instant_s)) => return Some(instant_s),
            Some(Written::Clock(_)) => (
                format!("`{text}` says neither its offset nor Z"),
                "write 2026-01-01T00:00:00+01:00 or 2025-12-31T23:00:00Z: on the clock alone an hour is there twice in autumn",
            ),
            None => (format!("`{text}` is not a time"), "write 2026-01-01T00:00:00+01:00 or 2025-12-31T23:00:00Z"),
        };
        self.at_cell(row, index, Fault::error("kwartier::meters::time", message).help(help), "here");
        None
    }

    /// Adds a fault that stands in the header.
    pub(crate) fn at_header(&mut self, fault: Fault, label: &str) {
        let header = self.header.clone();
        self.at_row(&header, fault, label);
    }

    /// Adds a fault that stands in a row.
    pub(crate) fn at_row(&mut self, row: &Row<'_>, fault: Fault, label: &str) {
        let line = self.source.text()[row.at..].lines().next().unwrap_or("").trim_end();
        self.findings.in_file(self.source, row.at..row.at + line.len(), fault, label);
    }

    /// Adds a fault that stands in a cell.
    pub(crate) fn at_cell(&mut self, row: &Row<'_>, index: usize, fault: Fault, label: &str) {
        let cell = row.cells.get(index).copied().unwrap_or("");
        // Cells are slices of the text.
        let start = cell.as_ptr() as usize - self.source.text().as_ptr() as usize;
        self.findings.in_file(self.source, start..start + cell.len(), fault, label);
    }
}
