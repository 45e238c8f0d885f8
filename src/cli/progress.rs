//! The progress bar of long work, on stderr and only on a terminal.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::report::summary::thousands;

/// Work that is done sooner shows no bar.
const PATIENCE: Duration = Duration::from_secs(2);

/// A bar over the days of a run or the neighbourhoods of a table, with what is done in a second and the time left.
pub(super) struct Progress {
    bar: ProgressBar,
    begun: Instant,
    shown: bool,
    quiet: bool,
    neighbourhoods: Arc<AtomicUsize>,
}

impl Progress {
    /// Over the days of a run, with homes × days per second.
    pub(super) fn new(days: usize, homes: usize, quiet: bool) -> Progress {
        let template = "{wide_bar} day {pos} of {len}, {rate} home-days/s, {eta} left";
        Progress::with(template, days, homes as f64, 0, quiet)
    }

    /// Over the neighbourhoods of a table, by their homes, with homes per second.
    ///
    /// # Arguments
    /// * `finished`, `all` – neighbourhoods that were finished before, and in the table.
    /// * `homes` – of those that are still to be run.
    pub(super) fn of_neighbourhoods(finished: usize, all: usize, homes: usize, quiet: bool) -> Progress {
        let template = format!("{{wide_bar}} {{done}} of {all} neighbourhoods, {{rate}} homes/s, {{eta}} left");
        Progress::with(&template, homes, 1.0, finished, quiet)
    }

    /// Over the measurements of a benchmark.
    pub(super) fn of_measurements(length: usize, quiet: bool) -> Progress {
        Progress::with("{wide_bar} measurement {pos} of {len}", length, 1.0, 0, quiet)
    }

    /// One more measurement is done.
    pub(super) fn measurement(&mut self) {
        self.advance(1);
    }

    /// A bar of `length` units, each of which counts `of_unit` in the rate.
    fn with(template: &str, length: usize, of_unit: f64, finished: usize, quiet: bool) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(length as u64), ProgressDrawTarget::hidden());
        let neighbourhoods = Arc::new(AtomicUsize::new(finished));
        if let Ok(style) = ProgressStyle::with_template(template) {
            // A bar that cannot be drawn is no reason to stop.
            let rate = move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                let _ = write!(out, "{}", thousands(state.per_sec() * of_unit));
            };
            let counted = Arc::clone(&neighbourhoods);
            let done = move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
                let _ = write!(out, "{}", counted.load(Ordering::Relaxed));
            };
            bar.set_style(style.with_key("rate", rate).with_key("done", done));
        }
        Progress { bar, begun: Instant::now(), shown: false, quiet, neighbourhoods }
    }

    /// One more day is done.
    pub(super) fn day(&mut self) {
        self.advance(1);
    }

    /// One more neighbourhood, of so many homes, is done.
    pub(super) fn neighbourhood(&mut self, homes: usize) {
        self.neighbourhoods.fetch_add(1, Ordering::Relaxed);
        self.advance(homes as u64);
    }

    fn advance(&mut self, units: u64) {
        self.bar.inc(units);
        if !self.shown && !self.quiet && self.begun.elapsed() >= PATIENCE {
            self.shown = true;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Takes the bar away; gives the time it took.
    pub(super) fn finish(self) -> Duration {
        self.bar.finish_and_clear();
        self.begun.elapsed()
    }
}
