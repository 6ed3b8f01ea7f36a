//! Shows the whole of Bufferlake on this machine: `cargo run --release --bin demo`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

use anyhow::Context as _;
use bufferlake_tests::demo::{self, Options};
use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let (interrupted, stop) = mpsc::channel();
    let is_up = Arc::new(AtomicBool::new(false));
    let signals = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let signals = signals.context("cannot listen for Ctrl-C")?;
    let listens = Arc::clone(&is_up);
    signals.spawn(async move {
        let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        // Before the demo is up there is nothing to end in order; its programs hear Ctrl-C too.
        if !listens.load(Ordering::Relaxed) || interrupted.send(()).is_err() {
            std::process::exit(130);
        }
    });
    demo::run(&options, &stop, &is_up)
}
