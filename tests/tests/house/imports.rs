//! Who may import what.

use super::assert_none;
use super::repository::{TextFile, rust_files};

/// Where a library may be named, as prefixes of paths.
struct Reach {
    library: &'static str,
    allowed: &'static [&'static str],
    why: &'static str,
}

const REACHES: &[Reach] = &[
    Reach {
        library: "duckdb",
        allowed: &["warehouse/src/engine.rs", "warehouse/src/engine/"],
        why: "one file knows the engine, so that it can be exchanged",
    },
    Reach {
        library: "arrow",
        allowed: &["warehouse/src/lake.rs", "warehouse/src/lake/", "warehouse/src/export/"],
        why: "only the lake and the export write columns",
    },
    Reach {
        library: "parquet",
        allowed: &["warehouse/src/lake.rs", "warehouse/src/lake/", "warehouse/src/export/", "tests/"],
        why: "only the lake and the export write columns; the tests read them with eyes of their own",
    },
    Reach {
        library: "rusqlite",
        allowed: &["agent/", "tests/", "warehouse/src/import.rs", "warehouse/src/import/"],
        why: "only the agent has a database of addresses; the import reads the old system's results",
    },
    Reach {
        library: "polars",
        allowed: &["verify/src/table.rs"],
        why: "only the check of a release has a second engine, and one file of it knows the engine",
    },
    Reach {
        library: "wire",
        allowed: &["wire/", "intake/", "agent/", "warehouse/", "tests/"],
        why: "the check of a release shares no code with who made it",
    },
    Reach { library: "bufferlake_verify", allowed: &["verify/"], why: "the tests start the program" },
    Reach { library: "agent", allowed: &["agent/", "tests/"], why: "agent and warehouse never see each other" },
    Reach { library: "warehouse", allowed: &["warehouse/", "tests/"], why: "agent and warehouse never see each other" },
    Reach {
        library: "intake",
        allowed: &["intake/", "agent/", "warehouse/", "tests/"],
        why: "wire knows nothing of the door",
    },
];

/// What the wire may not name: it has no I/O, no clock and no type that holds an address.
const NOT_IN_WIRE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::io",
    "std::env",
    "std::process",
    "std::time",
    "std::thread",
    "tokio",
    "IpAddr",
    "Ipv4Addr",
    "Ipv6Addr",
    "SocketAddr",
];

/// The lines of a source file that name a library as a path (`duckdb::…`, `use duckdb;`), comments left out.
fn lines_naming<'a>(text: &'a str, library: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    let path = format!("{library}::");
    let uses = [format!("use {library};"), format!("use {library} as"), format!("extern crate {library}")];
    text.lines().enumerate().filter_map(move |(number, line)| {
        let code = line.split("//").next().unwrap_or_default();
        let as_path = code.match_indices(&path).any(|(at, _)| {
            // `::duckdb::x` names the library, `crate::duckdb::x` a module of ours.
            let before = code[..at].strip_suffix("::").unwrap_or(&code[..at]);
            !before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
        });
        (as_path || uses.iter().any(|text| code.contains(text.as_str()))).then_some((number + 1, line))
    })
}

fn reach_offences(file: &TextFile) -> Vec<String> {
    let mut offences = Vec::new();
    for reach in REACHES.iter().filter(|reach| !reach.allowed.iter().any(|prefix| file.path.starts_with(prefix))) {
        for (number, line) in lines_naming(&file.text, reach.library) {
            offences.push(format!("{}:{number}: {} ({})", file.path, line.trim(), reach.why));
        }
    }
    offences
}

fn wire_offences(file: &TextFile) -> Vec<String> {
    let mut offences = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for name in NOT_IN_WIRE.iter().filter(|name| code.contains(**name)) {
            offences.push(format!("{}:{}: wire may not name {name}", file.path, number + 1));
        }
    }
    offences
}

// Aim: the arrows between the crates and towards the big libraries point where ARCHITECTURE.md says.
#[test]
fn libraries_are_named_only_where_they_belong() {
    let offences: Vec<String> = rust_files().iter().flat_map(reach_offences).collect();
    assert_none("imports", &offences);
}

// Aim: the wire stays free of I/O, clocks and addresses.
#[test]
fn the_wire_does_no_io() {
    let files = rust_files();
    let wire: Vec<&TextFile> = files.iter().filter(|file| file.path.starts_with("wire/src/")).collect();
    assert!(wire.len() >= 5, "the wire has only {} files: the rule looks in the wrong place", wire.len());
    let offences: Vec<String> = wire.into_iter().flat_map(wire_offences).collect();
    assert_none("wire", &offences);
}

// Aim: the two rules above find an offence when there is one, and do not cry wolf.
#[test]
fn a_planted_import_is_found() {
    // Assembled from parts, so that this file does not offend.
    let offences =
        |path: &str, parts: [&str; 2]| reach_offences(&TextFile { path: path.to_owned(), text: parts.concat() }).len();
    assert_eq!(offences("warehouse/src/serve.rs", ["use duck", "db::Connection;"]), 1);
    assert_eq!(offences("warehouse/src/serve.rs", ["let c = ::duck", "db::Connection::open();"]), 1);
    assert_eq!(offences("agent/src/lib.rs", ["let x = warehouse", "::serve::run();"]), 1);
    assert_eq!(offences("warehouse/src/engine.rs", ["use duck", "db::Connection;"]), 0);
    assert_eq!(offences("verify/src/lib.rs", ["use pol", "ars::prelude::DataFrame;"]), 1);
    assert_eq!(offences("verify/src/lib.rs", ["let day = wi", "re::Day(1);"]), 1);
    assert_eq!(offences("warehouse/src/serve.rs", ["// duck", "db::Connection is behind engine"]), 0);
    assert_eq!(offences("warehouse/src/serve.rs", ["crate::agent", "::run()"]), 0);
    let wire = TextFile { path: "wire/src/record.rs".to_owned(), text: "use std::net::IpAddr;".to_owned() };
    assert_eq!(wire_offences(&wire).len(), 2);
}
