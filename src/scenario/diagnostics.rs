//! Faults and warnings: what was found where, what was expected, and how to mend it.
//!
//! A fault carries its source text, so that it can be shown with file, line, column and the words themselves. Readers
//! never stop at the first one: they collect a list of [`Fault`]s.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use serde_json::json;

/// A text that was read: a scenario file, a data file, or the value of `--set`.
#[derive(Clone, Debug)]
pub struct Source(Arc<SourceInner>);

#[derive(Debug)]
struct SourceInner {
    name: String,
    text: String,
}

impl Source {
    /// A source with the name it is shown by (its path, or `--set`) and its text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Source {
        Source(Arc::new(SourceInner { name: name.into(), text: text.into() }))
    }

    /// The name it is shown by.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The bytes of line `number` (from 1), without its line end.
    pub fn line(&self, number: usize) -> Range<usize> {
        let mut from = 0;
        for (i, line) in self.text().split_inclusive('\n').enumerate() {
            if i + 1 == number {
                return from..from + line.trim_end().len();
            }
            from += line.len();
        }
        from..from
    }

    /// Line and column (in characters), both from 1, of a byte.
    pub fn line_and_column(&self, at: usize) -> (usize, usize) {
        let mut at = at.min(self.text().len());
        while !self.text().is_char_boundary(at) {
            at -= 1;
        }
        let before = &self.text()[..at];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

impl SourceCode for Source {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, miette::MietteError> {
        let inner = self.text().read_span(span, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name().to_owned(),
            inner.data(),
            *inner.span(),
            inner.line(),
            inner.column(),
            inner.line_count(),
        )))
    }
}

/// Where something was written: a source and the bytes in it.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The text it stands in.
    pub source: Source,
    /// The bytes of the text.
    pub span: Range<usize>,
}

impl Origin {
    /// The bytes `span` of `source`.
    pub fn new(source: &Source, span: Range<usize>) -> Origin {
        Origin { source: source.clone(), span }
    }

    /// The words that stand there.
    pub fn text(&self) -> &str {
        self.source.text().get(self.span.clone()).unwrap_or("")
    }

    /// Its first line: a table that was opened is shown by its heading.
    #[must_use]
    pub fn first_line(&self) -> Origin {
        let length = self.text().find('\n').unwrap_or(self.span.len());
        Origin::new(&self.source, self.span.start..self.span.start + length)
    }

    /// The folder that a path written there is relative to: that of its file, or the working directory.
    pub fn folder(&self) -> &Path {
        Path::new(self.source.name()).parent().unwrap_or(Path::new(""))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.source.line_and_column(self.span.start);
        write!(f, "{}:{line}:{column}", self.source.name())
    }
}

/// Whether a fault refuses the input or is only odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The input is refused.
    Error,
    /// Odd but possible: the run goes on.
    Warning,
}

/// One thing wrong (or odd) with the input.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Whether it refuses the input.
    pub severity: Severity,
    /// A stable code such as `kwartier::pv::azimuth`.
    pub code: &'static str,
    /// What was met and what was expected: lower-case, no full stop.
    pub message: String,
    /// Where it was written, if it was.
    pub origin: Option<Origin>,
    /// A few words on the place itself.
    pub label: String,
    /// How to mend it.
    pub help: String,
}

impl Fault {
    /// An error without a place yet.
    pub fn error(code: &'static str, message: impl Into<String>) -> Fault {
        Fault {
            severity: Severity::Error,
            code,
            message: message.into(),
            origin: None,
            label: String::new(),
            help: String::new(),
        }
    }

    /// A warning without a place yet.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Fault {
        Fault { severity: Severity::Warning, ..Fault::error(code, message) }
    }

    /// Puts it at a place, with a few words shown there.
    #[must_use]
    pub fn at(mut self, origin: &Origin, label: impl Into<String>) -> Fault {
        self.origin = Some(origin.clone());
        self.label = label.into();
        self
    }

    /// Says how to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Fault {
        self.help = help.into();
        self
    }

    /// Whether it refuses the input.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The fault as a JSON object: severity, code, message, file, line, column, label, help.
    pub fn to_json(&self) -> serde_json::Value {
        let place = self.origin.as_ref().map(|o| (o.source.name(), o.source.line_and_column(o.span.start)));
        json!({
            "severity": if self.is_error() { "error" } else { "warning" },
            "code": self.code,
            "message": self.message,
            "file": place.map(|(name, _)| name),
            "line": place.map(|(_, (line, _))| line),
            "column": place.map(|(_, (_, column))| column),
            "label": self.label,
            "help": self.help,
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl Diagnostic for Fault {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(if self.is_error() { miette::Severity::Error } else { miette::Severity::Warning })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        (!self.help.is_empty()).then(|| Box::new(&self.help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.origin.as_ref().map(|origin| &origin.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let origin = self.origin.as_ref()?;
        let label = (!self.label.is_empty()).then(|| self.label.clone());
        let span = SourceSpan::from((origin.span.start, origin.span.len()));
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(label, span))))
    }
}

/// Puts faults in the order of the text; the sources keep theirs.
pub fn sort(faults: &mut [Fault]) {
    let mut sources: Vec<Source> = Vec::new();
    faults.sort_by_cached_key(|fault| {
        let origin = fault.origin.as_ref()?;
        let is_same = |source: &Source| source.name() == origin.source.name() && source.text() == origin.source.text();
        let at = sources.iter().position(is_same).unwrap_or_else(|| {
            sources.push(origin.source.clone());
            sources.len() - 1
        });
        Some((at, origin.span.start))
    });
}

/// The one of `known` that was probably meant by `found`, if any is near enough.
pub fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = |name: &str| {
        if name.eq_ignore_ascii_case(found) {
            return Some(0);
        }
        let distance = strsim::damerau_levenshtein(found, name);
        let related = name.len() >= 4 && found.len() >= 4 && (name.starts_with(found) || found.starts_with(name));
        if related { Some(1) } else { (distance <= 1 + name.len() / 4).then_some(distance) }
    };
    known.into_iter().filter_map(|name| near(name).map(|distance| (distance, name))).min().map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one() {
        let source = Source::new("a.toml", "één = 1\ntwo = 2\n");
        assert_eq!(source.line_and_column(0), (1, 1));
        let two = source.text().find("two").unwrap();
        assert_eq!(source.line_and_column(two), (2, 1));
        assert_eq!(source.line_and_column(two + 6), (2, 7));
        assert_eq!(&source.text()[source.line(2)], "two = 2");
    }

    #[test]
    fn faults_are_put_in_the_order_of_the_text() {
        let (first, second) = (Source::new("--set", "b=1"), Source::new("--set", "a=1"));
        let fault = |source: &Source, at: usize| {
            Fault::error("kwartier::a::b", source.text()[at..].to_owned()).at(&Origin::new(source, at..at + 1), "")
        };
        let mut faults =
            vec![fault(&first, 2), fault(&second, 0), fault(&first, 0), Fault::error("kwartier::a::c", "")];
        sort(&mut faults);
        let order: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
        assert_eq!(order, ["", "b=1", "1", "a=1"]);
    }

    #[test]
    fn the_nearest_name_is_offered_only_when_near() {
        let known = ["tilt_deg", "azimuth_deg", "peak_kwp"];
        assert_eq!(nearest("tilt_degrees", known), Some("tilt_deg"));
        assert_eq!(nearest("azimut_deg", known), Some("azimuth_deg"));
        assert_eq!(nearest("peak", known), Some("peak_kwp"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("PV", ["pv", "id"]), Some("pv"));
    }
}
