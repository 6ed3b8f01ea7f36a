//! Aim: the old program's file means what it meant, quoted in any way, and a line that only a shell could read is
//! refused by name and line.

use std::path::Path;
use std::process::Command;

use super::value::{AFTER, COMMAND, CONTINUES, OPERATOR, TWO, UNCLOSED, VARIABLE};
use super::{Legacy, NAMES, read, value};

/// What is behind `=`, and what it means.
const VALUES: [(&str, &str); 39] = [
    ("plain", "plain"),
    ("\"double\"", "double"),
    ("'single'", "single"),
    ("\"Example ISP\"", "Example ISP"),
    ("'Example ISP'", "Example ISP"),
    ("", ""),
    ("\"\"", ""),
    ("''", ""),
    ("  ", ""),
    ("\"a\"   ", "a"),
    ("a # a comment", "a"),
    ("\"a\" # a comment", "a"),
    ("'a'\t# a comment", "a"),
    (" # a comment", ""),
    ("\"a # no comment\"", "a # no comment"),
    ("'a # no comment'", "a # no comment"),
    ("a#b", "a#b"),
    ("#a", "#a"),
    ("\"Bob's ISP\"", "Bob's ISP"),
    ("'say \"hi\"'", "say \"hi\""),
    ("\"say \\\"hi\\\"\"", "say \"hi\""),
    ("\"a\\\\b\"", "a\\b"),
    ("\"a\\b\"", "a\\b"),
    ("\"5 \\$ a month\"", "5 $ a month"),
    ("'5 $HOME `x` $(y)'", "5 $HOME `x` $(y)"),
    ("\"5$\"", "5$"),
    ("\"5$ a month\"", "5$ a month"),
    ("a\\ b", "a b"),
    ("a\\$b", "a$b"),
    ("\"one\"'two'three", "onetwothree"),
    ("https://x.example/?a=1&b=2", "https://x.example/?a=1&b=2"),
    ("\"https://x.example/?a=1&b=2\"", "https://x.example/?a=1&b=2"),
    ("k=v", "k=v"),
    ("c2VjcmV0==", "c2VjcmV0=="),
    ("'a;b|c<d>e'", "a;b|c<d>e"),
    ("\"Zürich ☂\"", "Zürich ☂"),
    ("a5$", "a5$"),
    ("\"two  blanks\"", "two  blanks"),
    ("'%s \\n'", "%s \\n"),
];

/// What only the old program took, and a shell does not: words without quotes, blanks around `=`.
const OLD_VALUES: [(&str, &str); 5] = [
    ("Your ISP Name", "Your ISP Name"),
    ("Your ISP Name # a comment", "Your ISP Name"),
    (" spaced", "spaced"),
    ("\t\"tabbed\"", "tabbed"),
    ("Example (Berlin)", "Example (Berlin)"),
];

/// What needs a shell, or is no value.
const REFUSED: [(&str, &str); 32] = [
    ("$(hostname)", COMMAND),
    ("\"$(cat /etc/hostname)\"", COMMAND),
    ("`hostname`", COMMAND),
    ("\"a `hostname`\"", COMMAND),
    ("$((1 + 1))", COMMAND),
    ("$HOME", VARIABLE),
    ("${HOME}", VARIABLE),
    ("\"$HOME/x\"", VARIABLE),
    ("\"${HOME}\"", VARIABLE),
    ("a$b", VARIABLE),
    ("$1", VARIABLE),
    ("$$", VARIABLE),
    ("$?", VARIABLE),
    ("$'a\\n'", VARIABLE),
    ("$\"a\"", VARIABLE),
    ("a; touch /tmp/x", OPERATOR),
    ("a;b", OPERATOR),
    ("a|b", OPERATOR),
    ("a>b", OPERATOR),
    ("<(x)", OPERATOR),
    ("a & b", OPERATOR),
    ("a && b", OPERATOR),
    ("a&", OPERATOR),
    ("&a", OPERATOR),
    ("\"a\" b", AFTER),
    ("'a' 'b'", AFTER),
    ("a webhook_url=b", TWO),
    ("\"open", UNCLOSED),
    ("'open", UNCLOSED),
    ("Bob's ISP", UNCLOSED),
    ("\"open\\\"", UNCLOSED),
    ("a\\", CONTINUES),
];

fn parse(text: &str) -> Legacy {
    read(Path::new("/etc/lqos_test.conf"), text)
}

fn settings(text: &str) -> Vec<(String, String)> {
    let legacy = parse(text);
    assert_eq!(legacy.refusals, [], "{text}");
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    legacy.settings.iter().map(|setting| (setting.key.clone(), text(&setting.value))).collect()
}

#[test]
fn every_form_of_quoting_is_read() {
    for (text, meant) in VALUES.iter().chain(&OLD_VALUES) {
        assert_eq!(value::read(text).as_deref(), Ok(*meant), "{text}");
    }
}

// Aim: where a shell reads a value at all, it reads what we read. The table is compared with the real thing.
#[test]
fn a_shell_reads_the_same() {
    let mut script = String::new();
    for (text, _) in VALUES.iter().filter(|(text, _)| !text.contains('&') || text.starts_with('"')) {
        // A blank before a comment only: behind `=` it would begin a command.
        script.push_str(&format!("x={text}\nprintf '%s\\0' \"$x\"\n"));
    }
    let output = match Command::new("sh").arg("-c").arg(&script).output() {
        Ok(output) => output,
        Err(error) => return eprintln!("skipped: no shell here ({error})"),
    };
    let said = String::from_utf8(output.stdout).expect("text");
    let read: Vec<&str> = said.split_terminator('\0').collect();
    let meant: Vec<&str> = VALUES
        .iter()
        .filter(|(text, _)| !text.contains('&') || text.starts_with('"'))
        .map(|(_, meant)| *meant)
        .collect();
    assert_eq!(read, meant, "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_needs_a_shell_is_refused_by_name_and_line() {
    for (text, why) in REFUSED {
        assert_eq!(value::read(text), Err(why), "{text}");
    }
    for (name, key) in NAMES {
        let legacy = parse(&format!("# a comment\n\nexport {name}=\"$(id)\"\n"));
        assert!(legacy.settings.is_empty(), "{key}");
        let [refusal] = legacy.refusals.as_slice() else { panic!("{:?}", legacy.refusals) };
        assert_eq!(refusal.to_string(), format!("{name} (/etc/lqos_test.conf, line 3, {name}): {COMMAND}"));
    }
    for line in ["if [ -f /etc/x ]; then", "source /etc/x", ". /etc/x", "unset sponsor_name", "for x in y; do", "fi"] {
        let legacy = parse(&format!("sponsor_name=a\n{line}\n"));
        let [refusal] = legacy.refusals.as_slice() else { panic!("{line}: {:?}", legacy.refusals) };
        assert!(refusal.to_string().contains("/etc/lqos_test.conf, line 2"), "{refusal}");
    }
    assert_eq!(parse("sponsor_name+=b").refusals.len(), 1);
}

#[test]
fn lines_are_read_with_export_blanks_comments_and_any_line_end() {
    let one = |value: &str| vec![("sponsor.name".to_owned(), value.to_owned())];
    for text in [
        "sponsor_name=a",
        "sponsor_name=a\n",
        "sponsor_name=\"a\"\r\n",
        "  sponsor_name=a",
        "\tsponsor_name=a\t",
        "export sponsor_name=a",
        "export\t sponsor_name='a'",
        "sponsor_name = a",
        "sponsor_name = \"a\" # b",
        "\u{feff}sponsor_name=a",
        "#sponsor_name=b\nsponsor_name=a",
        "sponsor_name=b\nsponsor_name=a",
        "\n\n  # only a comment\n\nsponsor_name=a\n\n",
    ] {
        assert_eq!(settings(text).last(), one("a").last(), "{text:?}");
    }
    assert_eq!(settings("sponsor_name=\nwebhook_url=\"\"\nwebhook_secret=''\r\n"), [], "empty values set nothing");
    assert_eq!(settings("sponsor_name=a\r\nsponsor_city='b c'\r\n").len(), 2, "CRLF");
}

#[test]
fn every_name_sets_its_key() {
    for (name, key) in NAMES {
        assert_eq!(settings(&format!("{name}=value")), [(key.to_owned(), "value".to_owned())]);
    }
}

// Aim: what belongs to other programs is never a reason to refuse the file, whatever stands there; it is told by name.
#[test]
fn other_names_are_told_and_never_refused() {
    let text = "PORT=80\nexport HOME_DIR=\"$HOME\"\nhost=$(hostname)\nmotto=It's great\n[isp]\njust words\nwebhook_ulr=x\n\
                sponsor_name=a\nSPONSOR_NAME=b";
    let legacy = parse(text);
    assert_eq!(legacy.refusals, []);
    assert_eq!(legacy.settings.len(), 1);
    let notes: Vec<String> = legacy.notes.iter().map(ToString::to_string).collect();
    assert_eq!(notes.len(), 8, "{notes:?}");
    for (note, words) in
        [(0, "PORT"), (1, "HOME_DIR"), (2, "host"), (3, "motto"), (4, "line 5"), (6, "did you mean webhook_url?")]
    {
        assert!(notes[note].contains(words), "{notes:?}");
    }
    assert!(!notes.concat().contains("great"), "no value is shown: {notes:?}");
}
