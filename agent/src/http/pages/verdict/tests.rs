//! Aim: for every kind of history the verdict says the right thing in words that can be read out on the telephone.

use super::*;
use crate::http::pages::sample::{NOW_MS, household, single};

fn typical(value: Option<TypicalValue>, tests: usize) -> Typical {
    Typical { asn: 64_500, tests, value }
}

fn of(results: &[StoredResult]) -> Verdict {
    verdict(results, Some(&typical(Some(TypicalValue::Rise(24.0)), 182)), NOW_MS)
}

#[test]
fn one_test_is_said_in_plain_words() {
    let both = |both: f64| StoredResult { bidirectional_increase_ms: Some(both), ..single(1, Some(5.0), Some(9.0)) };
    let cases: Vec<(StoredResult, Tone, &str)> = vec![
        (
            single(1, Some(12.0), Some(310.0)),
            Tone::Bad,
            "Latency rises by 310 ms while this customer uploads: bufferbloat on the upstream.",
        ),
        (
            single(1, Some(90.0), Some(12.0)),
            Tone::Bad,
            "Latency rises by 90 ms while this customer downloads: bufferbloat on the downstream.",
        ),
        (
            single(1, Some(60.0), Some(1_230.0)),
            Tone::Bad,
            "Latency rises by 1,230 ms while this customer uploads and by 60 ms while downloading: severe bufferbloat in \
             both directions.",
        ),
        (
            both(75.0),
            Tone::Bad,
            "Latency rises by 75 ms while this customer uploads and downloads at once: bufferbloat when both directions \
             are busy.",
        ),
        (
            single(1, Some(12.0), Some(59.9)),
            Tone::Fair,
            "Latency rises by 60 ms while this customer uploads: a little; games and calls may feel it.",
        ),
        (
            single(1, Some(8.0), Some(0.0)),
            Tone::Good,
            "This line stays quiet under load: latency rises by 8 ms while downloading and by 0 ms while uploading.",
        ),
        (
            single(1, Some(8.0), None),
            Tone::Good,
            "Quiet as far as it was measured: latency rises by 8 ms while downloading.",
        ),
        (
            household(1, Some(Grade::D), Grade::F),
            Tone::Bad,
            "Household test, grade D: four users at once are too much for this line. Weakest: video call, grade F.",
        ),
        (
            household(1, Some(Grade::A), Grade::A),
            Tone::Good,
            "Household test, grade A: a household can share this line well.",
        ),
    ];
    for (result, tone, headline) in cases {
        let verdict = of(std::slice::from_ref(&result));
        assert_eq!((verdict.tone, verdict.headline.as_str()), (tone, headline));
    }
}

// Aim: a 0 that stands for "not measured" is never good news.
#[test]
fn not_measured_is_told_honestly() {
    let verdict = of(&[single(2, None, None)]);
    assert_eq!(verdict.tone, Tone::Unknown);
    assert!(verdict.headline.ends_with("it was not measured."), "{}", verdict.headline);
    assert!(verdict.notes[0].contains("2 hours ago") && verdict.notes[0].contains("not for a good value"));
    assert_eq!(verdict.typical, None);

    let no_baseline = StoredResult { baseline_ms: Some(0.0), ..single(1, Some(12.0), Some(310.0)) };
    assert_eq!(of(&[no_baseline]).tone, Tone::Unknown, "without a baseline there is no rise");

    let half = of(&[single(1, Some(8.0), None)]);
    assert!(half.notes.iter().any(|note| note.starts_with("Upload: not measured")), "{:?}", half.notes);

    let newest_is_empty = of(&[single(1, None, None), single(3, Some(8.0), Some(310.0))]);
    assert_eq!(newest_is_empty.tone, Tone::Bad);
    assert!(newest_is_empty.notes.iter().any(|note| note.contains("rests on the one that came 3 hours ago")));

    assert!(of(&[]).headline.starts_with("No test from here is kept"));
}

#[test]
fn what_was_earlier_is_not_forgotten() {
    let always = of(&[single(1, Some(5.0), Some(310.0)), single(30, Some(5.0), Some(290.0))]);
    assert_eq!(always.notes, ["All 2 tests kept here show it: it is not a passing trouble."]);

    let often =
        of(&[single(1, Some(5.0), Some(310.0)), single(3, Some(5.0), Some(9.0)), single(5, Some(5.0), Some(70.0))]);
    assert_eq!(often.notes, ["2 of 3 tests kept here show it."]);

    let now_good = of(&[single(1, Some(5.0), Some(9.0)), single(20, Some(5.0), Some(310.0))]);
    assert_eq!(now_good.tone, Tone::Fair);
    assert!(now_good.headline.ends_with("But it was not always so: 20 hours ago it rose by 310 ms while uploading."));

    let long_ago = of(&[single(1, Some(5.0), Some(9.0)), single(24 * 9, Some(5.0), Some(310.0))]);
    assert_eq!(long_ago.tone, Tone::Good);
    assert_eq!(long_ago.notes, ["The last bad one of 2 tests came 9 days ago."]);

    let quiet = of(&[single(1, Some(5.0), Some(9.0)), single(30, Some(5.0), Some(9.0))]);
    assert_eq!(quiet.notes, ["None of the 2 tests kept here is bad."]);
}

#[test]
fn both_types_of_test_are_told() {
    let verdict = of(&[single(1, Some(5.0), Some(310.0)), household(2, Some(Grade::B), Grade::D)]);
    assert_eq!(verdict.tone, Tone::Bad);
    let note = verdict.notes.last().map(String::as_str);
    assert_eq!(
        note,
        Some(
            "The newest household test, 2 hours ago: Household test, grade B: a household can share this line, with small \
             cuts. Weakest: video call, grade D."
        )
    );
    assert_eq!(of(&[household(1, None, Grade::A)]).tone, Tone::Unknown);
}

#[test]
fn a_slow_idle_line_is_pointed_at() {
    let slow = StoredResult { baseline_ms: Some(140.0), ..single(1, Some(5.0), Some(9.0)) };
    assert!(of(&[slow]).notes.iter().any(|note| note.starts_with("Even on the idle line a packet takes 140 ms")));
}

#[test]
fn what_is_typical_says_on_what_it_rests() {
    let results = [single(1, Some(12.0), Some(310.0))];
    let sentence = |typical: Option<&Typical>| verdict(&results, typical, NOW_MS).typical.expect("a sentence");
    assert_eq!(
        sentence(Some(&typical(Some(TypicalValue::Rise(24.0)), 182))),
        "Typical for AS64500: 24 ms while uploading, the median of 182 tests of this network at this agent."
    );
    assert!(sentence(Some(&typical(None, 1))).contains("only 1 test of this network"));
    assert!(sentence(None).contains("not known"));
    let comparison = comparison(&results).expect("a comparison");
    assert_eq!((comparison.asn, comparison.load), (64_500, Load::Upload));
    let homeless = StoredResult { asn: None, ..single(1, Some(12.0), Some(310.0)) };
    assert_eq!(super::comparison(&[homeless]), None);
}

#[test]
fn a_crowd_is_counted() {
    let from = |last: u8, result: StoredResult| StoredResult { client_ip: [192, 0, 2, last].into(), ..result };
    let bad = from(7, single(1, Some(5.0), Some(310.0)));
    let good = |last| from(last, single(1, Some(5.0), Some(9.0)));
    let verdict = crowd(&[bad.clone(), bad.clone(), good(8), good(9)]);
    assert_eq!(verdict.headline, "2 of 4 tests from 3 addresses in this prefix are bad; 1 address is concerned.");
    assert_eq!(verdict.tone, Tone::Bad);
    assert_eq!(crowd(&[good(8)]).headline, "No bad result in this prefix: 1 test from 1 address.");
    assert_eq!(crowd(&[from(8, single(1, None, None))]).tone, Tone::Unknown);
}
