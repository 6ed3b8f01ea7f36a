//! `warehouse check-config` and `warehouse doctor`.

use std::process::ExitCode;

use comfy_table::Table;
use comfy_table::presets::NOTHING;

use crate::config::{Config, Loaded};
use crate::doctor::{self, Grade};
use crate::paths::DataDir;

/// Prints every value in force and its origin.
pub(super) fn check_config(loaded: &Loaded, json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(&loaded.values)?);
        return Ok(());
    }
    let mut table = Table::new();
    table.load_preset(NOTHING);
    for value in &loaded.values {
        table.add_row([value.field.clone(), value.value.to_string(), value.origin.clone()]);
    }
    println!("{table}");
    println!("The configuration is usable.");
    Ok(())
}

/// Prints what the doctor finds; exit 1 if something is broken.
pub(super) fn doctor(config: &Config, json: bool) -> ExitCode {
    let findings = doctor::examine(&DataDir::new(&config.dir), config);
    let broken = findings.iter().any(|finding| finding.grade == Grade::Broken);
    if json {
        match serde_json::to_string_pretty(&findings) {
            Ok(text) => println!("{text}"),
            Err(fault) => eprintln!("error: {fault}"),
        }
    } else {
        for finding in &findings {
            println!("{:<8} {:<14} {}", finding.grade.as_str(), finding.subject, finding.says);
        }
    }
    if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
