//! A delimited text file as stamps and columns of cells, with the place of every row.

use std::ops::Range;
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::cell::{self, Cell, DecimalSign};
use super::findings::Findings;
use super::stamp::{self, Clock, NoInstant, Written};
use crate::scenario::diagnostics::{Fault, Origin, Source, nearest};
use crate::scenario::tree::file_help;

/// Lines at the top among which the header is sought.
const HEAD_LINES: usize = 40;

/// Names of a column of stamps, in lower case; without one of them the first column is taken.
const TIME_NAMES: [&str; 14] = [
    "time",
    "datetime",
    "date_time",
    "date time",
    "date/time",
    "timestamp",
    "stamp",
    "time_utc",
    "utc_time",
    "datum_tijd",
    "datumtijd",
    "datum tijd",
    "moment",
    "tijdstip",
];

/// Names of a column with the date alone, in lower case: the time of day is then in a column of its own.
const DATE_NAMES: [&str; 2] = ["date", "datum"];

/// Names of that column, in lower case.
const CLOCK_NAMES: [&str; 4] = ["time of day", "uhrzeit", "start", "anfang"];

/// What was read: rows in the order of time, stamped with instants.
#[derive(Debug)]
pub(crate) struct Table {
    /// The text, for faults.
    pub(crate) source: Source,
    /// The instant of each row's stamp, seconds since 1970-01-01T00:00Z, ascending.
    pub(crate) instants_s: Vec<i64>,
    /// Where each row begins in the text, bytes.
    pub(crate) places: Vec<usize>,
    /// The names of the columns.
    pub(crate) names: Vec<String>,
    /// The columns asked for, in the order asked; an optional one that the file lacks is empty.
    pub(crate) columns: Vec<Vec<Cell>>,
}

impl Table {
    /// The bytes of row `row`.
    pub(crate) fn span(&self, row: usize) -> Range<usize> {
        line_span(&self.source, self.places[row])
    }
}

/// Which columns of a file are wanted, and how its clock runs.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    /// Columns that must be there, by header name.
    pub(crate) columns: &'a [&'a str],
    /// Where the scenario names them, if it does.
    pub(crate) columns_origin: Option<&'a Origin>,
    /// Columns that may be there.
    pub(crate) optional: &'a [&'a str],
    /// The zone of stamps without an offset.
    pub(crate) timezone: &'a TimeZone,
    /// Whether commas in numbers are between thousands.
    pub(crate) english: bool,
}

/// The text of a file: UTF-8 with or without its mark, otherwise Latin-1.
pub(crate) fn read_text(path: &Path, findings: &mut Findings) -> Option<Source> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let message = match error.kind() {
                std::io::ErrorKind::NotFound => format!("there is no file `{}`", findings.file()),
                _ => format!("cannot read `{}`: {error}", findings.file()),
            };
            let help = file_help(path);
            findings.in_scenario(Fault::error("kwartier::series::file", message).help(help), "asked for here");
            return None;
        }
    };
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => error.as_bytes().iter().map(|&byte| char::from(byte)).collect(),
    };
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    Some(Source::new(findings.file(), text))
}

/// Reads the wanted columns of a delimited file.
///
/// The delimiter (`,`, `;` or tab) and the header are found by the names of the wanted columns within the first lines;
/// a file without a header has columns named 1, 2, 3 …. Lines that are empty or begin with `#` are skipped. `None` if
/// anything is wrong; every fault is in `findings`.
pub(crate) fn read_table(path: &Path, wanted: &Wanted, findings: &mut Findings) -> Option<Table> {
    let source = read_text(path, findings)?;
    read_table_of(source, wanted, findings)
}

/// Reads the wanted columns of a text as [`read_table`] does those of a file.
pub(crate) fn read_table_of(source: Source, wanted: &Wanted, findings: &mut Findings) -> Option<Table> {
    let head = find_head(&source, wanted.columns);
    let Some(head) = head else {
        let message = format!("`{}` holds no rows", findings.file());
        let help = "give a delimited text file with a header and a row per interval";
        findings.in_scenario(Fault::error("kwartier::series::empty", message).help(help), "this file");
        return None;
    };
    let picked = pick_columns(&head, wanted, findings)?;
    let raw = read_rows(&source, &head, &picked, wanted.english, findings);
    let (order, instants_s) = stamp_rows(&source, &raw, wanted.timezone, findings);
    if findings.refuse() {
        return None;
    }
    Some(Table {
        names: picked.names.clone(),
        instants_s,
        places: order.iter().map(|&row| raw.places[row]).collect(),
        columns: raw
            .columns
            .iter()
            .map(|column| if column.is_empty() { Vec::new() } else { order.iter().map(|&row| column[row]).collect() })
            .collect(),
        source,
    })
}

/// The names in a header line: of the columns of values, and of the stamps.
#[derive(Debug)]
pub(crate) struct Headers {
    /// The columns that hold no stamps.
    pub(crate) values: Vec<String>,
    /// The column of stamps.
    pub(crate) time: String,
}

/// The header line of a text: the first with all the wanted columns, or if none has, the first line.
pub(crate) fn headers(source: &Source, wanted: &[&str]) -> Option<Headers> {
    let names = find_head(source, wanted)?.names;
    let (time, clock) = stamp_columns(&names);
    let of_values = names.iter().enumerate().filter(|(place, _)| *place != time && Some(*place) != clock);
    Some(Headers { values: of_values.map(|(_, name)| name.clone()).collect(), time: names.get(time)?.clone() })
}

/// Where the stamps are: their column, and that of the time of day where the first has only the date.
fn stamp_columns(names: &[String]) -> (usize, Option<usize>) {
    let is_one_of = |name: &str, known: &[&str]| known.iter().any(|known| name.eq_ignore_ascii_case(known));
    let time = names.iter().position(|name| is_one_of(name, &TIME_NAMES)).unwrap_or(0);
    let is_date = names.get(time).is_some_and(|name| is_one_of(name, &DATE_NAMES));
    let clock = names.iter().position(|name| is_one_of(name, &CLOCK_NAMES)).filter(|_| is_date);
    (time, clock)
}

/// How a file begins.
#[derive(Debug)]
struct Head {
    delimiter: u8,
    names: Vec<String>,
    /// Where the rows begin, bytes.
    rows_at: usize,
}

/// The lines at the top that are neither empty nor comments: (first byte, text).
fn head_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n')
        .map(move |line| {
            at += line.len();
            (at - line.len(), line)
        })
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
        .take(HEAD_LINES)
}

/// Finds delimiter and header; `None` for a file without content.
fn find_head(source: &Source, wanted: &[&str]) -> Option<Head> {
    let text = source.text();
    let named = head_lines(text).filter(|_| !wanted.is_empty());
    for (at, line) in named {
        for delimiter in *b",;\t" {
            let names = split(line, delimiter);
            if wanted.iter().all(|name| names.iter().any(|found| found == name)) {
                return Some(Head { delimiter, names, rows_at: at + line.len() });
            }
        }
    }
    let (at, line) = head_lines(text).next()?;
    let delimiter = if line.contains('\t') {
        b'\t'
    } else if line.contains(';') {
        b';'
    } else {
        b','
    };
    let names = split(line, delimiter);
    if names.first().is_some_and(|first| stamp::read(first).is_some()) {
        let numbers = (1..=names.len()).map(|number| number.to_string()).collect();
        return Some(Head { delimiter, names: numbers, rows_at: at });
    }
    Some(Head { delimiter, names, rows_at: at + line.len() })
}

/// The cells of one line, trimmed.
fn split(line: &str, delimiter: u8) -> Vec<String> {
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(line.as_bytes());
    let mut record = csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(true) => record.iter().map(|cell| cell.trim().to_owned()).collect(),
        _ => Vec::new(),
    }
}

/// Which column holds the stamps, and where the wanted ones are.
#[derive(Debug)]
struct Picked {
    time: usize,
    /// The time of day, where `time` has only the date.
    clock: Option<usize>,
    /// `None`: an optional column that the file lacks.
    values: Vec<Option<usize>>,
    names: Vec<String>,
}

fn pick_columns(head: &Head, wanted: &Wanted, findings: &mut Findings) -> Option<Picked> {
    let (time, clock) = stamp_columns(&head.names);
    if wanted.columns.is_empty() {
        return pick_the_only_column(head, (time, clock), findings);
    }
    let mut values = Vec::new();
    let mut found_all = true;
    let optional = wanted.optional.iter().map(|name| (*name, false));
    for (name, required) in wanted.columns.iter().map(|name| (*name, true)).chain(optional) {
        let mut places = head.names.iter().enumerate().filter(|(_, found)| *found == name).map(|(place, _)| place);
        let place = places.next();
        values.push(place);
        let list = || head.names.iter().map(|name| format!("`{name}`")).collect::<Vec<String>>().join(", ");
        let fault = if place.is_none() && required {
            let others = head.names.iter().enumerate().filter(|(i, _)| *i != time).map(|(_, name)| name.as_str());
            let hint = nearest(name, others).map_or(String::new(), |near| format!("did you mean `{near}`? "));
            let message = format!("`{}` has no column `{name}`", findings.file());
            Fault::error("kwartier::series::column", message).help(format!("{hint}its columns are {}", list()))
        } else if place == Some(time) {
            let message = format!("column `{name}` of `{}` holds the time stamps, not values", findings.file());
            Fault::error("kwartier::series::column", message).help(format!("name another of {}", list()))
        } else if required && wanted.columns.iter().filter(|other| **other == name).count() > 1 {
            let message = format!("column `{name}` is asked for twice");
            Fault::error("kwartier::series::column", message).help("name each column once: they are added")
        } else if places.next().is_some() {
            let message = format!("`{}` has two columns `{name}`", findings.file());
            Fault::error("kwartier::series::column", message).help("give each column its own name in the header line")
        } else {
            continue;
        };
        found_all = false;
        match wanted.columns_origin {
            Some(origin) if required => findings.at(origin, fault, format!("`{name}`")),
            _ => findings.in_scenario(fault, "this file"),
        }
    }
    let names = wanted.columns.iter().chain(wanted.optional).map(|name| (*name).to_owned()).collect();
    found_all.then_some(Picked { time, clock, values, names })
}

/// Without names, the one column besides the stamps; where there are more, the user must say which.
fn pick_the_only_column(head: &Head, (time, clock): (usize, Option<usize>), findings: &mut Findings) -> Option<Picked> {
    let others: Vec<usize> = (0..head.names.len()).filter(|place| *place != time && Some(*place) != clock).collect();
    if let [only] = others.as_slice() {
        return Some(Picked { time, clock, values: vec![Some(*only)], names: vec![head.names[*only].clone()] });
    }
    let list = others.iter().map(|place| format!("`{}`", head.names[*place])).collect::<Vec<String>>().join(", ");
    let (message, help) = if others.is_empty() {
        let help = "give a delimited text file with a column of stamps and a column of values";
        (format!("`{}` has no column of values", findings.file()), help.to_owned())
    } else {
        let message = format!("`{}` has {} columns of values", findings.file(), others.len());
        (message, format!("say which with `column = …`, or a list of columns that are added: {list}"))
    };
    findings.in_scenario(Fault::error("kwartier::series::column", message).help(help), "this file");
    None
}

/// The rows as they stand in the file.
#[derive(Debug)]
struct RawRows {
    places: Vec<usize>,
    stamps: Vec<Written>,
    columns: Vec<Vec<Cell>>,
}

fn read_rows(source: &Source, head: &Head, picked: &Picked, english: bool, findings: &mut Findings) -> RawRows {
    let columns = picked.values.len();
    let mut rows = RawRows { places: Vec::new(), stamps: Vec::new(), columns: vec![Vec::new(); columns] };
    let mut signs = vec![DecimalSigns::default(); columns];
    let text = &source.text()[head.rows_at..];
    let mut reader = ReaderBuilder::new()
        .delimiter(head.delimiter)
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .from_reader(text.as_bytes());
    let mut record = ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                let message = format!("`{}` cannot be read as a table: {error}", findings.file());
                let help = "mend the row that the message names";
                findings.in_scenario(Fault::error("kwartier::series::row", message).help(help), "this file");
                break;
            }
        }
        if record.iter().all(|cell| cell.trim_ascii().is_empty()) {
            continue;
        }
        let read_at = record.position().map_or(0, |position| position.byte() as usize);
        let place = head.rows_at + skip_blank(text, read_at);
        let span = line_span(source, place);
        let cells: Vec<&str> = record.iter().map(|cell| std::str::from_utf8(cell).unwrap_or("\u{fffd}")).collect();
        let first = cells.get(picked.time).copied().unwrap_or("");
        let clock = picked.clock.and_then(|clock| cells.get(clock));
        let written = match clock {
            Some(clock) => stamp::read(&format!("{} {}", cell::bare(first), cell::bare(clock))),
            None => None,
        };
        let Some(written) = written.or_else(|| stamp::read(first)) else {
            let fault = Fault::error("kwartier::series::stamp", format!("`{}` is not a time", first.trim()))
                .help(format!("write {}; delete the row if it is a total or a remark", stamp::FORMS));
            findings.in_file(source, cell_span(source, &span, first), fault, "the time of this row");
            continue;
        };
        rows.places.push(place);
        rows.stamps.push(written);
        for (i, column) in picked.values.iter().enumerate() {
            let Some(column) = *column else { continue };
            let name = &picked.names[i];
            let cell = if let Some(text) = cells.get(column) {
                read_cell(source, &span, text, name, (english, &mut signs[i]), findings)
            } else {
                let message = format!("this row has {} cells, the header {}", cells.len(), head.names.len());
                let help = format!("add the cell of column `{name}`; leave it empty if the value is missing");
                let fault = Fault::error("kwartier::series::row", message).help(help);
                findings.in_file(source, span.clone(), fault, format!("no cell for `{name}`"));
                Cell::Missing
            };
            rows.columns[i].push(cell);
        }
    }
    for (signs, name) in signs.into_iter().zip(&picked.names) {
        signs.judge(source, name, findings);
    }
    rows
}

/// Reads one cell of column `name` in the line at `line`.
fn read_cell(
    source: &Source,
    line: &Range<usize>,
    text: &str,
    name: &str,
    (english, signs): (bool, &mut DecimalSigns),
    findings: &mut Findings,
) -> Cell {
    let read = if english { cell::read_english(text) } else { cell::read(text) };
    let Some((cell, sign)) = read else {
        let fault = Fault::error("kwartier::series::number", format!("`{}` is not a number", text.trim()))
            .help("write a number without a unit, or leave the cell empty if the value is missing");
        findings.in_file(source, cell_span(source, line, text), fault, format!("column `{name}`"));
        return Cell::Missing;
    };
    signs.comma |= sign == DecimalSign::Comma;
    let three_decimals = text.trim().split_once('.').is_some_and(|(_, decimals)| decimals.len() == 3);
    if sign == DecimalSign::Point && three_decimals && signs.unclear.is_none() {
        signs.unclear = Some(cell_span(source, line, text));
    }
    cell
}

/// Which decimal signs a column shows.
#[derive(Clone, Debug, Default)]
struct DecimalSigns {
    /// Some cell has a comma.
    comma: bool,
    /// The first cell like `1.234`: a thousand or a fraction, if others have a comma.
    unclear: Option<Range<usize>>,
}

impl DecimalSigns {
    fn judge(self, source: &Source, name: &str, findings: &mut Findings) {
        let Some(span) = self.unclear.filter(|_| self.comma) else { return };
        let text = source.text().get(span.clone()).unwrap_or("").to_owned();
        let message = format!("`{text}` may be a thousand or a fraction: other cells of column `{name}` have commas");
        let fault = Fault::error("kwartier::series::number", message).help(format!(
            "write decimals in one way in the whole column: {} or {}",
            text.replace('.', ","),
            text.replace('.', "")
        ));
        findings.in_file(source, span, fault, "unclear");
    }
}

/// Orders the rows in time and gives each its instant.
fn stamp_rows(source: &Source, raw: &RawRows, timezone: &TimeZone, findings: &mut Findings) -> (Vec<usize>, Vec<i64>) {
    let rough = |row: usize| match raw.stamps[row] {
        Written::Instant(instant_s) => instant_s,
        Written::Clock(clock) => Offset::UTC.to_timestamp(clock).map_or(0, Timestamp::as_second),
    };
    let rows = raw.stamps.len();
    let falls = (1..rows).filter(|&row| rough(row) < rough(row - 1)).count();
    let rises = (1..rows).filter(|&row| rough(row) > rough(row - 1)).count();
    let mut order: Vec<usize> = if falls > rises { (0..rows).rev().collect() } else { (0..rows).collect() };
    let mut clock = Clock::new(timezone);
    let mut instants_s = vec![0; rows];
    for &row in &order {
        match clock.instant_s(raw.stamps[row]) {
            Ok(instant_s) => instants_s[row] = instant_s,
            Err(NoInstant::Skipped) => {
                let zone = timezone.iana_name().unwrap_or("its time zone");
                let message = format!("this time does not exist in {zone}: the clock jumps over it to summer time");
                let help = "if the stamps are in UTC or keep winter time all year, say so with `timezone`: \
                            \"UTC\", or \"Etc/GMT-1\" for UTC+1";
                let fault = Fault::error("kwartier::series::skipped", message).help(help);
                findings.in_file(source, line_span(source, raw.places[row]), fault, "skipped");
            }
            Err(NoInstant::OutOfRange) => {
                let fault = Fault::error("kwartier::series::stamp", "this time is out of range")
                    .help(format!("write {}", stamp::FORMS));
                findings.in_file(source, line_span(source, raw.places[row]), fault, "out of range");
            }
        }
    }
    order.sort_by_key(|&row| instants_s[row]);
    let sorted = order.iter().map(|&row| instants_s[row]).collect();
    (order, sorted)
}

/// The first byte from `at` on that is no line end and in no comment line.
pub(crate) fn skip_blank(text: &str, mut at: usize) -> usize {
    loop {
        let rest = &text.as_bytes()[at.min(text.len())..];
        match rest.first() {
            Some(b'\r' | b'\n') => at += 1,
            Some(b'#') => at += rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len()),
            _ => return at,
        }
    }
}

/// The line that begins at byte `at`, without its end.
fn line_span(source: &Source, at: usize) -> Range<usize> {
    let line = source.text().get(at..).and_then(|rest| rest.lines().next()).unwrap_or("");
    at..at + line.trim_end().len()
}

/// The cell with the text `cell` in the line at `line`, or the whole line if it is not found.
fn cell_span(source: &Source, line: &Range<usize>, cell: &str) -> Range<usize> {
    let cell = cell.trim();
    match source.text().get(line.clone()).and_then(|text| text.find(cell)) {
        Some(at) if !cell.is_empty() => line.start + at..line.start + at + cell.len(),
        _ => line.clone(),
    }
}
