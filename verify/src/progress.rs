//! Progress on a terminal; nothing elsewhere.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};

/// Whether progress is shown.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    is_shown: bool,
}

impl Progress {
    /// Shown if standard error is a terminal.
    #[must_use]
    pub fn on_terminal() -> Self {
        Self { is_shown: std::io::stderr().is_terminal() }
    }

    /// Begins a step that goes over so many bytes.
    #[must_use]
    pub fn begin(&self, step: &'static str, bytes: u64) -> ProgressBar {
        if !self.is_shown {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(bytes).with_message(step);
        let style = ProgressStyle::with_template("{msg:8} {wide_bar} {bytes}/{total_bytes} {eta}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar
    }
}
