//! The text for a ticket: complete enough for a colleague who does not have this page, plain enough for any system.

use std::fmt::Write as _;

use wire::{Grade, TestType};

use super::figures::{mbps, minute, ms, plain};
use super::reading::Reading;
use super::verdict::Verdict;
use crate::store::lookup::StoredResult;

/// Tests that a ticket lists.
const MOST_TESTS: usize = 10;

/// Writes the ticket about these results, newest first.
pub(super) fn ticket(subject: &str, verdict: &Verdict, results: &[StoredResult], now_ms: i64) -> String {
    let mut text = String::new();
    let mut line = |of: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{of}");
    };
    line(format!("Bufferbloat check: {subject}{}", network(results)));
    line(format!("Looked up {} UTC", minute(now_ms)));
    line(String::new());
    line(verdict.headline.clone());
    verdict.typical.iter().chain(&verdict.notes).for_each(|sentence| line(sentence.clone()));
    if !results.is_empty() {
        line(String::new());
        line("Tests, newest first (UTC; rise of latency under load):".to_owned());
        results.iter().take(MOST_TESTS).for_each(|result| line(test(result)));
        if let Some(agent) = results.first().and_then(|result| result.user_agent.as_deref()) {
            line(format!("Browser of the newest test: {}", plain(agent)));
        }
    }
    text
}

fn network(results: &[StoredResult]) -> String {
    let known = results.iter().find_map(|result| Some((result.asn?, result.asn_name.as_deref().unwrap_or_default())));
    known.map(|(asn, name)| format!(" (AS{asn} {})", plain(name)).replace(" )", ")")).unwrap_or_default()
}

fn test(result: &StoredResult) -> String {
    let grade = result.overall_grade.map_or("none", Grade::as_str);
    let when = minute(result.received_ms);
    if result.test_type == TestType::Household {
        return format!("- {when}  household test, grade {grade}  [{}]", result.test_id);
    }
    let reading = Reading::of(result);
    let rise = |value: Option<f64>| value.map_or("not measured".to_owned(), |value| format!("+{}", ms(value)));
    let rate = |value| mbps(value).map_or(String::new(), |rate| format!(" at {rate} Mbit/s"));
    format!(
        "- {when}  idle {}, download {}{}, upload {}{}, both {}, grade {grade}  [{}]",
        reading.idle_ms.map_or("not measured".to_owned(), ms),
        rise(reading.download_ms),
        rate(result.download_mbps),
        rise(reading.upload_ms),
        rate(result.upload_mbps),
        rise(reading.both_ms),
        result.test_id
    )
}

#[cfg(test)]
mod tests {
    //! Aim: a ticket says the verdict and the tests, and a client's text cannot write lines of its own into it.

    use super::*;
    use crate::http::pages::sample::{NOW_MS, household, single};
    use crate::http::pages::verdict::verdict;

    #[test]
    fn a_ticket_is_complete_and_plain() {
        let newest = StoredResult {
            user_agent: Some("Browser\r\nVerdict: all is well\u{202e}".to_owned()),
            ..single(1, Some(12.0), Some(310.0))
        };
        let results = [newest, single(30, Some(9.0), None), household(40, Some(Grade::C), Grade::D)];
        let text = ticket("192.0.2.7", &verdict(&results, None, NOW_MS), &results, NOW_MS);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "Bufferbloat check: 192.0.2.7 (AS64500 Example Fibre)");
        assert_eq!(lines[1], "Looked up 2026-11-25 14:02 UTC");
        assert!(lines[3].starts_with("Latency rises by 310 ms while this customer uploads"));
        assert!(lines.contains(
            &"- 2026-11-25 13:02  idle 18 ms, download +12 ms at 95.3 Mbit/s, upload +310 ms at 95.3 Mbit/s, both not \
              measured, grade B  [isp_1]"
        ));
        assert!(lines.contains(&"- 2026-11-23 22:02  household test, grade C  [isp_40]"), "{text}");
        assert_eq!(lines.last(), Some(&"Browser of the newest test: Browser Verdict: all is well"));
        let nameless = StoredResult { asn_name: None, ..single(1, Some(1.0), Some(1.0)) };
        assert_eq!(network(&[nameless]), " (AS64500)");
    }

    #[test]
    fn a_ticket_lists_few_tests() {
        let results: Vec<StoredResult> = (1..60).map(|hours| single(hours, Some(1.0), Some(2.0))).collect();
        let text = ticket("192.0.2.7", &verdict(&results, None, NOW_MS), &results, NOW_MS);
        assert_eq!(text.lines().filter(|line| line.starts_with("- ")).count(), MOST_TESTS);
    }
}
