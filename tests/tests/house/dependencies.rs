//! What each program is made of, as cargo resolves it, and under which licences.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use super::assert_none;
use super::repository::root;

/// Libraries that may not be anywhere below a crate.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("bufferlake-wire", &["tokio", "axum", "hyper", "reqwest", "rusqlite", "duckdb", "arrow", "parquet", "polars"]),
    ("bufferlake-intake", &["reqwest", "rusqlite", "duckdb", "arrow", "parquet", "polars", "bufferlake-warehouse"]),
    ("bufferlake-agent", &["duckdb", "libduckdb-sys", "arrow", "parquet", "polars", "bufferlake-warehouse"]),
    ("bufferlake-warehouse", &["polars", "bufferlake-agent", "bufferlake-verify"]),
    (
        "bufferlake-verify",
        &[
            "bufferlake-wire",
            "bufferlake-intake",
            "bufferlake-agent",
            "bufferlake-warehouse",
            "duckdb",
            "libduckdb-sys",
            "arrow",
            "parquet",
            "rusqlite",
        ],
    ),
    // What tests and the demo are compiled with; they start the program.
    ("bufferlake-tests", &["polars", "bufferlake-verify"]),
];

/// All that the wire is made of directly.
const WIRE_USES: [&str; 7] = ["base64", "hmac", "serde", "serde_json", "sha2", "subtle", "thiserror"];

/// What we build for. Crates of other platforms are not fetched on a new machine.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// The workspace as `cargo metadata` resolves it, without development dependencies.
struct Resolved {
    names: BTreeMap<String, String>,
    licences: BTreeMap<String, String>,
    uses: BTreeMap<String, Vec<String>>,
}

impl Resolved {
    fn read() -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", PLATFORM])
            .current_dir(root())
            .output()
            .expect("starting cargo metadata");
        assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
        Self::from_metadata(&serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON"))
    }

    fn from_metadata(metadata: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let packages = list(&metadata["packages"]);
        let names = packages.iter().map(|package| (text(&package["id"]), text(&package["name"]))).collect();
        let licences = packages.iter().map(|package| (text(&package["name"]), text(&package["license"]))).collect();
        let uses = list(&metadata["resolve"]["nodes"])
            .iter()
            .map(|node| {
                let normal = list(&node["deps"])
                    .into_iter()
                    // `kind` is null for a normal dependency, "build" or "dev" for the others.
                    .filter(|dep| list(&dep["dep_kinds"]).iter().any(|kind| kind["kind"].is_null()))
                    .map(|dep| text(&dep["pkg"]));
                (text(&node["id"]), normal.collect())
            })
            .collect();
        Self { names, licences, uses }
    }

    fn id(&self, name: &str) -> &str {
        let found = self.names.iter().find(|(_, other)| *other == name);
        found.unwrap_or_else(|| panic!("no crate {name} in the workspace")).0
    }

    /// Names of the crates that this crate uses directly.
    fn direct(&self, name: &str) -> BTreeSet<&str> {
        self.uses[self.id(name)].iter().map(|id| self.names[id].as_str()).collect()
    }

    /// Names of all crates below this crate.
    fn below(&self, name: &str) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut waiting = vec![self.id(name)];
        while let Some(id) = waiting.pop() {
            for next in &self.uses[id] {
                if seen.insert(next.as_str()) {
                    waiting.push(next);
                }
            }
        }
        seen.into_iter().map(|id| self.names[id].as_str()).collect()
    }

    fn forbidden(&self) -> Vec<String> {
        let mut offences = Vec::new();
        for (name, forbidden) in FORBIDDEN {
            let below = self.below(name);
            offences.extend(
                forbidden.iter().filter(|other| below.contains(**other)).map(|other| format!("{name} → {other}")),
            );
        }
        offences
    }
}

/// True if a licence expression (SPDX, or the old form with slashes) can be met with allowed licences alone.
fn permitted(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ").replace(" WITH ", "+WITH+");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let result = any_of(&words, &mut at, allowed);
    result && at == words.len()
}

fn any_of(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut result = all_of(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        result |= all_of(words, at, allowed);
    }
    result
}

fn all_of(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut result = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        result &= one(words, at, allowed);
    }
    result
}

fn one(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let result = any_of(words, at, allowed);
        *at += 1;
        return result;
    }
    allowed.contains(&word.replace("+WITH+", " WITH "))
}

fn allowed_licences() -> BTreeSet<String> {
    let deny = std::fs::read_to_string(root().join("deny.toml")).expect("reading deny.toml");
    let deny: toml::Value = toml::from_str(&deny).expect("deny.toml is TOML");
    let allow = deny["licenses"]["allow"].as_array().expect("licenses.allow is a list");
    allow.iter().map(|name| name.as_str().expect("a licence is text").to_owned()).collect()
}

// Aim: the agent stays small and the engines stay in the warehouse, whatever a dependency drags in.
#[test]
fn dependency_trees_hold_what_they_should() {
    let resolved = Resolved::read();
    assert_none("dependency trees", &resolved.forbidden());
    assert_eq!(resolved.direct("bufferlake-wire"), BTreeSet::from(WIRE_USES), "what wire uses");
    assert!(resolved.below("bufferlake-warehouse").contains("duckdb"), "the walk through the tree sees nothing");
    assert!(resolved.below("bufferlake-verify").contains("polars"), "verify has the second engine");
}

// Aim: whoever names no package builds everything but verify, whose engine takes longer to compile than all the rest.
#[test]
fn the_second_engine_is_built_only_by_name() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("reading Cargo.toml");
    let manifest: toml::Value = toml::from_str(&manifest).expect("Cargo.toml is TOML");
    let list = |key: &str| {
        let names = manifest["workspace"][key].as_array().expect("a list of crates");
        names.iter().map(|name| name.as_str().expect("a crate").to_owned()).collect::<BTreeSet<_>>()
    };
    let named: Vec<String> = list("members").difference(&list("default-members")).cloned().collect();
    assert_eq!(named, ["verify"]);
}

// Aim: everything that is linked may be shipped under the licences that deny.toml allows.
#[test]
fn licences_are_allowed() {
    let allowed = allowed_licences();
    let licences = Resolved::read().licences;
    assert!(licences.len() > 100, "cargo metadata shows only {} crates", licences.len());
    let offences: Vec<String> = licences
        .iter()
        .filter(|(_, licence)| !permitted(licence, &allowed))
        .map(|(name, licence)| format!("{name}: {licence:?}"))
        .collect();
    assert_none("licences", &offences);
}

// Aim: the rules of this file find a forbidden crate far down, and a licence that cannot be met.
#[test]
fn a_planted_dependency_is_found() {
    let node = |id: &str, uses: &[&str]| {
        let deps: Vec<Value> =
            uses.iter().map(|id| serde_json::json!({"pkg": id, "dep_kinds": [{"kind": null}]})).collect();
        serde_json::json!({"id": id, "deps": deps})
    };
    let names = [
        "bufferlake-wire",
        "bufferlake-intake",
        "bufferlake-agent",
        "bufferlake-warehouse",
        "bufferlake-verify",
        "bufferlake-tests",
        "between",
        "duckdb",
    ];
    let packages: Vec<Value> =
        names.iter().map(|name| serde_json::json!({"id": name, "name": name, "license": "MIT"})).collect();
    let mut nodes: Vec<Value> = vec![node("bufferlake-agent", &["between"]), node("between", &["duckdb"])];
    nodes.push(node("bufferlake-verify", &["bufferlake-wire"]));
    let leaves = ["bufferlake-wire", "bufferlake-intake", "bufferlake-warehouse", "bufferlake-tests", "duckdb"];
    nodes.extend(leaves.map(|name| node(name, &[])));
    let resolved = Resolved::from_metadata(&serde_json::json!({"packages": packages, "resolve": {"nodes": nodes}}));
    assert_eq!(resolved.forbidden(), ["bufferlake-agent → duckdb", "bufferlake-verify → bufferlake-wire"]);

    let allowed = BTreeSet::from(["MIT".to_owned(), "ISC".to_owned()]);
    for good in ["MIT", "GPL-3.0 OR MIT", "GPL-3.0/MIT", "(GPL-3.0 OR MIT) AND ISC", "MIT AND ISC"] {
        assert!(permitted(good, &allowed), "{good}");
    }
    for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "MIT ISC", "(MIT OR ISC) AND GPL-3.0", "MIT WITH exception"] {
        assert!(!permitted(bad, &allowed), "{bad}");
    }
}
