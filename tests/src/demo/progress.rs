//! Progress as a bar on a terminal, and as plain lines elsewhere.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a plain line is written.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// One step of the demo.
#[derive(Debug)]
pub(super) struct Step {
    name: &'static str,
    began: Instant,
    bar: Option<ProgressBar>,
    total: u64,
    done: u64,
    last_line: Instant,
}

impl Step {
    /// Begins a step of `total` pieces; 0 if they are not counted.
    pub(super) fn begin(name: &'static str, total: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = if total == 0 { ProgressBar::new_spinner() } else { ProgressBar::new(total) };
            let template = if total == 0 {
                "{msg:38} {spinner} {elapsed}"
            } else {
                "{msg:38} {bar:30} {human_pos}/{human_len} {elapsed}"
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.set_message(name);
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        if bar.is_none() {
            eprintln!("{name} …");
        }
        let now = Instant::now();
        Self { name, began: now, bar, total, done: 0, last_line: now }
    }

    /// So many more pieces are done.
    pub(super) fn advance(&mut self, pieces: u64) {
        self.done += pieces;
        match &self.bar {
            Some(bar) => bar.inc(pieces),
            None if self.last_line.elapsed() >= LINE_EVERY => {
                self.last_line = Instant::now();
                eprintln!("{}: {} of {}", self.name, self.done, self.total);
            }
            None => {}
        }
    }

    /// The step is done.
    pub(super) fn finish(self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let count = if self.total == 0 { String::new() } else { format!("{} in ", self.done) };
        eprintln!("{}: {count}{:.1} s", self.name, self.began.elapsed().as_secs_f64());
    }
}
