//! From the bytes of a body to a [`Submission`], member by member, so that an error names the member.

use serde_json::{Map, Value};
use wire::{ClientVersion, Grade, TestType};

use super::{
    MAX_BODY_BYTES, MAX_DURATION_S, MAX_LATENCY_MS, MAX_TEXT_CHARS, MAX_THROUGHPUT_MBPS, Parsed, Submission,
    SubmissionFault,
};

/// Members that only the old system's server-to-server forwards have.
const FORWARD_MARKS: [&str; 3] = ["source_server", "forwarded_from", "client_ip"];

/// Largest household score.
const MAX_SCORE: f64 = 1_000.0;

pub(super) fn parse(body: &[u8]) -> Result<Parsed, SubmissionFault> {
    if body.len() > MAX_BODY_BYTES {
        return Err(SubmissionFault::TooLarge);
    }
    let document: Value = serde_json::from_slice(body).map_err(SubmissionFault::NotJson)?;
    let Value::Object(top) = document else {
        return Err(SubmissionFault::Wrong { field: "(body)", expected: "a JSON object" });
    };
    match top.get("telemetry_enabled") {
        None | Some(Value::Null | Value::Bool(true)) => {}
        Some(Value::Bool(false)) => return Ok(Parsed::OptedOut),
        Some(_) => return Err(SubmissionFault::Wrong { field: "telemetry_enabled", expected: "true or false" }),
    }
    if let Some(field) = FORWARD_MARKS.into_iter().find(|mark| top.contains_key(*mark)) {
        return Err(SubmissionFault::Forwarded { field });
    }
    let results = object(&top, "results", "results")?
        .ok_or(SubmissionFault::Missing { field: "results", expected: "an object with the results of the test" })?;
    submission(&top, results).map(|submission| Parsed::Kept(Box::new(submission)))
}

fn submission(top: &Map<String, Value>, results: &Map<String, Value>) -> Result<Submission, SubmissionFault> {
    let empty = Map::new();
    let grades = object(results, "grades", "results.grades")?.unwrap_or(&empty);
    let metrics = object(results, "metrics", "results.metrics")?.unwrap_or(&empty);
    let household = match object(results, "household_metrics", "results.household_metrics")? {
        Some(household) => household,
        None => object(top, "household_metrics", "household_metrics")?.unwrap_or(&empty),
    };
    let latency = |key, field| number(metrics.get(key), field, MAX_LATENCY_MS);
    let throughput = |key, field| number(metrics.get(key), field, MAX_THROUGHPUT_MBPS);
    let duration = metrics.get("test_duration_seconds").or_else(|| results.get("test_duration_seconds"));
    let score = household.get("score").or_else(|| results.get("household_score"));
    let version = results.get("client_version").or_else(|| top.get("client_version"));

    Ok(Submission {
        test_type: test_type(results.get("test_type"))?,
        baseline_ms: latency("baseline_latency_ms", "results.metrics.baseline_latency_ms")?,
        download_increase_ms: latency("download_latency_increase_ms", "results.metrics.download_latency_increase_ms")?,
        upload_increase_ms: latency("upload_latency_increase_ms", "results.metrics.upload_latency_increase_ms")?,
        bidirectional_increase_ms: latency(
            "bidirectional_latency_increase_ms",
            "results.metrics.bidirectional_latency_increase_ms",
        )?,
        download_mbps: throughput("download_throughput_mbps", "results.metrics.download_throughput_mbps")?,
        upload_mbps: throughput("upload_throughput_mbps", "results.metrics.upload_throughput_mbps")?,
        grade_overall: grade(grades.get("overall"), "results.grades.overall")?,
        grade_download: grade(grades.get("download"), "results.grades.download")?,
        grade_upload: grade(grades.get("upload"), "results.grades.upload")?,
        grade_bidirectional: grade(grades.get("bidirectional"), "results.grades.bidirectional")?,
        grade_gaming: grade(household.get("alex_performance"), "results.household_metrics.alex_performance")?,
        grade_video_call: grade(household.get("sarah_performance"), "results.household_metrics.sarah_performance")?,
        grade_streaming: grade(household.get("jake_performance"), "results.household_metrics.jake_performance")?,
        grade_background: grade(
            household.get("computer_performance"),
            "results.household_metrics.computer_performance",
        )?,
        household_score: number(score, "results.household_score", MAX_SCORE)?,
        duration_s: number(duration, "results.metrics.test_duration_seconds", MAX_DURATION_S)?,
        client_version: version.and_then(client_version),
        server_name: server_name(top).or_else(|| server_name(results)),
    })
}

/// A member that is an object, if it is there.
fn object<'a>(
    within: &'a Map<String, Value>,
    key: &str,
    field: &'static str,
) -> Result<Option<&'a Map<String, Value>>, SubmissionFault> {
    match within.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(members)) => Ok(Some(members)),
        Some(_) => Err(SubmissionFault::Wrong { field, expected: "an object" }),
    }
}

fn test_type(value: Option<&Value>) -> Result<TestType, SubmissionFault> {
    const FIELD: &str = "results.test_type";
    const EXPECTED: &str = "`single` (or `single_user`) or `household` (or `virtual_household`)";
    match value.map(Value::as_str) {
        None => Err(SubmissionFault::Missing { field: FIELD, expected: EXPECTED }),
        Some(Some("single" | "single_user")) => Ok(TestType::Single),
        Some(Some("household" | "virtual_household")) => Ok(TestType::Household),
        Some(_) => Err(SubmissionFault::Wrong { field: FIELD, expected: EXPECTED }),
    }
}

/// A number within 0 and `max`; null and absence mean that there is none.
fn number(value: Option<&Value>, field: &'static str, max: f64) -> Result<Option<f64>, SubmissionFault> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let number = value.as_f64().ok_or(SubmissionFault::Wrong { field, expected: "a number or null" })?;
            // The negative zero of a client's rounding is a zero.
            let number = number + 0.0;
            if (0.0..=max).contains(&number) {
                Ok(Some(number))
            } else {
                Err(SubmissionFault::OutOfRange { field, max })
            }
        }
    }
}

/// A grade as a letter, as `{letter}` or as `{grade}`. An empty text and `N/A` are what clients show for "none".
fn grade(value: Option<&Value>, field: &'static str) -> Result<Option<Grade>, SubmissionFault> {
    let wrong = SubmissionFault::Wrong { field, expected: "one of A+, A, B, C, D, F, or null" };
    let value = match value {
        Some(Value::Object(members)) => members.get("letter").or_else(|| members.get("grade")),
        other => other,
    };
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(letter)) => match letter.trim() {
            "" | "N/A" | "n/a" => Ok(None),
            letter => Grade::parse(&letter.to_ascii_uppercase()).map(Some).ok_or(wrong),
        },
        Some(_) => Err(wrong),
    }
}

/// `1.2.3`, with or without a `v`. A version of another form is none: it is no reason to lose a result.
fn client_version(value: &Value) -> Option<ClientVersion> {
    let text = value.as_str()?;
    let mut parts = text.strip_prefix('v').unwrap_or(text).splitn(3, '.');
    let mut part = || parts.next()?.parse::<u16>().ok();
    Some([part()?, part()?, part()?])
}

fn server_name(within: &Map<String, Value>) -> Option<String> {
    let info = within.get("server_info")?.as_object()?;
    let name = info.get("server_name").or_else(|| info.get("name"))?.as_str()?;
    Some(name.chars().filter(|c| !c.is_control()).take(MAX_TEXT_CHARS).collect())
}
