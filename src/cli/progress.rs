//! The progress bar of long work, on stderr and only on a terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// Work that is done sooner shows no bar.
const PATIENCE: Duration = Duration::from_secs(2);

/// A bar over the days of a run, with homes × days per second and the time left.
pub(super) struct Progress {
    bar: ProgressBar,
    begun: Instant,
    shown: bool,
    quiet: bool,
}

impl Progress {
    pub(super) fn new(days: usize, homes: usize, quiet: bool) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(days as u64), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{wide_bar} day {pos} of {len}, {rate} home-days/s, {eta} left");
        if let Ok(style) = style {
            let rate = move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                // A bar that cannot be drawn is no reason to stop.
                let _ = write!(out, "{}", crate::report::summary::thousands(state.per_sec() * homes as f64));
            };
            bar.set_style(style.with_key("rate", rate));
        }
        Progress { bar, begun: Instant::now(), shown: false, quiet }
    }

    /// One more day is done.
    pub(super) fn day(&mut self) {
        self.bar.inc(1);
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
