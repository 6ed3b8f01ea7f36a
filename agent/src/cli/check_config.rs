//! `agent check-config`.

use std::process::ExitCode;

use super::EXIT_CONFIG;
use crate::config::Config;

pub(super) fn check_config(config: &Config) -> anyhow::Result<ExitCode> {
    // No value here is a secret: the secret lies in a file, of which only the path is shown.
    println!("{}", serde_json::to_string_pretty(config)?);
    if let Some(warehouse) = &config.warehouse
        && let Err(error) = warehouse.secret()
    {
        eprintln!("the configuration cannot be used: {error:#}");
        return Ok(ExitCode::from(EXIT_CONFIG));
    }
    Ok(ExitCode::SUCCESS)
}
