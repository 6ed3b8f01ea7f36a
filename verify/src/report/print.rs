//! The report as text for people and as JSON for programs.

use std::fmt;

use serde_json::{Value, json};

use super::{Check, Report};

/// Findings of one check that are printed; JSON has more.
const PRINTED_MOST: usize = 10;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = Check::ALL.iter().map(|check| check.name().len()).max().unwrap_or_default();
        writeln!(f, "Release {} at {}\n", self.release.as_deref().unwrap_or("?"), self.place)?;
        for check in Check::ALL {
            let name = check.name();
            let Some(outcome) = self.outcome(*check) else {
                writeln!(f, "  --    {name:width$}  Not looked at, because of what failed above.")?;
                continue;
            };
            let looked_at = grouped(outcome.looked_at);
            if outcome.found == 0 {
                writeln!(f, "  ok    {name:width$}  {} ({}: {looked_at})", check.claim(), check.of())?;
                continue;
            }
            writeln!(f, "  FAIL  {name:width$}  This does not hold: {}", check.claim())?;
            for finding in outcome.findings.iter().take(PRINTED_MOST) {
                writeln!(f, "          {}: {}", finding.place, finding.what)?;
            }
            match outcome.found.saturating_sub(PRINTED_MOST as u64) {
                0 => {}
                more => writeln!(f, "          and {} more", grouped(more))?,
            }
        }
        let verdict = if self.holds() { "Everything holds." } else { "Do not rely on this release." };
        writeln!(f, "\n{verdict}")
    }
}

impl Report {
    /// The same for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let checks = Check::ALL.iter().map(|check| {
            let outcome = self.outcome(*check);
            let result = match outcome {
                None => "not_run",
                Some(outcome) if outcome.found == 0 => "held",
                Some(_) => "failed",
            };
            json!({
                "check": check.name(),
                "claim": check.claim(),
                "result": result,
                "looked_at": outcome.map(|outcome| outcome.looked_at),
                "found": outcome.map_or(0, |outcome| outcome.found),
                "findings": outcome.map_or(&[][..], |outcome| &outcome.findings),
            })
        });
        json!({
            "format": 1,
            "program": concat!("bufferlake-verify ", env!("CARGO_PKG_VERSION")),
            "place": self.place,
            "release": self.release,
            "holds": self.holds(),
            "checks": checks.collect::<Vec<_>>(),
        })
    }
}

/// `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    // Aim: a reader sees which check failed, where and how, and what was not looked at; numbers are readable.
    #[test]
    fn a_failure_is_told_with_its_place() {
        let mut report = Report::new("there");
        report.looked_at(Check::Manifest, 2);
        report.found(Check::Files, "files/x.parquet", "is missing");
        let text = report.to_string();
        assert!(text.contains("ok    manifest") && text.contains("FAIL  files"), "{text}");
        assert!(text.contains("files/x.parquet: is missing") && text.contains("--    rankings"), "{text}");
        let json = report.to_json();
        assert_eq!(
            (&json["holds"], &json["checks"][1]["findings"][0]["where"]),
            (&json!(false), &json!("files/x.parquet"))
        );
        assert_eq!((grouped(0), grouped(1_234), grouped(123_456)), ("0".into(), "1,234".into(), "123,456".into()));
    }
}
