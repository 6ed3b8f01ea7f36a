//! Aim: an address gets its network and the outcome says how, from every format, before and after a replacement.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use wire::{Asn, AsnOutcome, Day};

use super::{AsnConfig, AsnDatabase, AsnFinding, PrefixOverride, build_mmdb};
use crate::client::ClientAddress;

const CSV_V4: &str = "1.0.0.0,1.0.0.255,13335,\"Cloudflare, Inc.\"\n192.0.2.0,192.0.2.9,64500,Example Fibre\n\
    198.51.100.0,198.51.100.255,0,Not announced\n203.0.113.128,203.0.113.255,64501,Nät & Co\n";
const CSV_V6: &str = "2001:db8::,2001:db8:0:ffff:ffff:ffff:ffff:ffff,64500,Example Fibre\n";
const BUILT_UNIX_S: u64 = 1_781_654_400;

fn asn(number: u32) -> Asn {
    Asn::new(number).expect("not 0")
}

fn csvs(folder: &Path) -> Vec<PathBuf> {
    let paths = vec![folder.join("v4.csv"), folder.join("v6.csv")];
    fs::write(&paths[0], CSV_V4).expect("write");
    fs::write(&paths[1], CSV_V6).expect("write");
    paths
}

fn find(database: &AsnDatabase, address: &str) -> AsnFinding {
    database.lookup(ClientAddress::new(address.parse().expect("an address")))
}

#[test]
fn every_outcome_is_said_in_both_formats() {
    let folder = tempfile::tempdir().expect("a folder");
    let csv = csvs(folder.path());
    let mmdb = folder.path().join("asn.mmdb");
    build_mmdb(&csv, &mmdb, BUILT_UNIX_S).expect("a database");
    for database in [csv, vec![mmdb]] {
        let config = AsnConfig {
            database,
            overrides: vec![
                PrefixOverride { prefix: "10.9.0.0/16".parse().expect("a prefix"), asn: asn(64_510) },
                PrefixOverride { prefix: "192.0.2.8/32".parse().expect("a prefix"), asn: asn(64_511) },
            ],
            ..AsnConfig::default()
        };
        let away = AsnDatabase::open(config.clone()).expect("a database");
        let home = AsnDatabase::open(AsnConfig { home_asn: Some(asn(64_999)), ..config }).expect("a database");
        let cases = [
            ("1.0.0.0", Some(13_335), AsnOutcome::Hit),
            ("1.0.0.255", Some(13_335), AsnOutcome::Hit),
            ("1.0.1.0", None, AsnOutcome::Miss),
            ("0.255.255.255", None, AsnOutcome::Miss),
            ("192.0.2.9", Some(64_500), AsnOutcome::Hit),
            ("192.0.2.10", None, AsnOutcome::Miss),
            ("192.0.2.8", Some(64_511), AsnOutcome::Override),
            ("10.9.1.1", Some(64_510), AsnOutcome::Override),
            ("198.51.100.7", None, AsnOutcome::Miss),
            ("2001:db8:0:1::1", Some(64_500), AsnOutcome::Hit),
            ("2001:db8:1::", None, AsnOutcome::Miss),
            ("::ffff:203.0.113.200", Some(64_501), AsnOutcome::Hit),
            ("64:ff9b::203.0.113.200", Some(64_501), AsnOutcome::Nat64),
            ("64:ff9b::1.0.1.0", None, AsnOutcome::Nat64),
        ];
        for (address, number, outcome) in cases {
            let found = find(&away, address);
            assert_eq!((found.asn.map(Asn::get), found.outcome), (number, outcome), "{address}");
        }
        let private = [
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "100.127.255.255",
            "169.254.1.1",
            "127.0.0.1",
            "fd00::1",
            "fe80::1",
            "::1",
            "64:ff9b::10.0.0.1",
        ];
        for address in private {
            assert_eq!(
                (find(&away, address).asn, find(&away, address).outcome),
                (None, AsnOutcome::Private),
                "{address}"
            );
            let found = find(&home, address);
            assert_eq!((found.asn, found.outcome), (Some(asn(64_999)), AsnOutcome::Override), "{address}");
        }
        assert_eq!(find(&away, "203.0.113.128").name.as_deref(), Some("Nät & Co"));
        let names = away.names().expect("names");
        assert_eq!(names.get(&asn(13_335)).map(String::as_str), Some("Cloudflare, Inc."));
    }
}

#[test]
fn a_replaced_database_is_used_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let csv = csvs(folder.path());
    let path = folder.path().join("asn.mmdb");
    build_mmdb(&csv, &path, BUILT_UNIX_S).expect("a database");
    let database =
        AsnDatabase::open(AsnConfig { database: vec![path.clone()], ..AsnConfig::default() }).expect("a database");
    assert_eq!(database.database_day(), Some(Day(20_621)));
    assert!(!database.refresh().expect("unchanged"));

    fs::write(&csv[0], "1.0.0.0,1.0.0.255,64777,Newer\n").expect("write");
    build_mmdb(&csv, &path, BUILT_UNIX_S + 86_400).expect("a database");
    assert!(database.refresh().expect("a good database"));
    assert_eq!(find(&database, "1.0.0.1").asn, Some(asn(64_777)));

    let broken = folder.path().join("broken");
    fs::write(&broken, "no database").expect("write");
    fs::rename(&broken, &path).expect("replace");
    assert!(database.refresh().is_err());
    assert_eq!(find(&database, "1.0.0.1").asn, Some(asn(64_777)), "the old one stays in use");
}

#[test]
fn a_wrong_csv_is_refused_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("asn.csv");
    for (text, line) in
        [("1.0.0.0,1.0.0.255,x,y\n", "line 1"), ("1.0.0.0,1.0.0.9,1,a\n1.0.0.99,1.0.0.20,2,b\n", "line 2")]
    {
        fs::write(&path, text).expect("write");
        let config = AsnConfig { database: vec![path.clone()], ..AsnConfig::default() };
        let fault = AsnDatabase::open(config).expect_err("a fault").to_string();
        assert!(fault.contains(line), "{fault}");
    }
}

#[test]
fn of_overlapping_ranges_the_more_specific_one_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let csv = folder.path().join("asn.csv");
    let lines = ["1.0.0.0,1.0.0.99,1,a", "1.0.0.50,1.0.0.149,2,b", "1.0.0.60,1.0.0.69,3,c", "1.0.0.60,1.0.0.64,4,d"];
    fs::write(&csv, lines.join("\n")).expect("write");
    let mmdb = folder.path().join("asn.mmdb");
    let report = build_mmdb(std::slice::from_ref(&csv), &mmdb, BUILT_UNIX_S).expect("a database");
    assert!(report.overlaps > 0);
    for path in [csv, mmdb] {
        let database =
            AsnDatabase::open(AsnConfig { database: vec![path], ..AsnConfig::default() }).expect("a database");
        for (last, number) in [(0, 1), (49, 1), (50, 2), (59, 2), (60, 4), (64, 4), (65, 3), (69, 3), (70, 2), (149, 2)]
        {
            assert_eq!(find(&database, &format!("1.0.0.{last}")).asn, Some(asn(number)), "1.0.0.{last}");
        }
        assert_eq!(find(&database, "1.0.0.150").asn, None);
    }
}

#[test]
fn without_a_database_every_public_address_is_a_miss() {
    let database = AsnDatabase::open(AsnConfig::default()).expect("nothing to open");
    assert_eq!(find(&database, "1.1.1.1").outcome, AsnOutcome::Miss);
}

proptest! {
    /// The tree gives every address of random ranges, and of the gaps between them, what the ranges say.
    #[test]
    fn the_tree_agrees_with_the_ranges(cuts in prop::collection::btree_set(any::<u32>(), 4..40), probes in prop::collection::vec(any::<u32>(), 50)) {
        let folder = tempfile::tempdir().expect("a folder");
        let cuts: Vec<u32> = cuts.into_iter().collect();
        let text: String = cuts.chunks_exact(2).enumerate().map(|(n, pair)| {
            let [first, last] = [pair[0], pair[1]].map(std::net::Ipv4Addr::from_bits);
            format!("{first},{last},{},Organisation {n}\n", n + 1)
        }).collect();
        let csv = folder.path().join("asn.csv");
        fs::write(&csv, text).expect("write");
        let mmdb = folder.path().join("asn.mmdb");
        build_mmdb(std::slice::from_ref(&csv), &mmdb, BUILT_UNIX_S).expect("a database");
        let open = |path: &PathBuf| AsnDatabase::open(AsnConfig { database: vec![path.clone()], ..AsnConfig::default() }).expect("a database");
        let (ranges, tree) = (open(&csv), open(&mmdb));
        let near = cuts.iter().flat_map(|cut| [cut.wrapping_sub(1), *cut, cut.wrapping_add(1)]);
        for bits in probes.into_iter().chain(near) {
            let client = ClientAddress::new(std::net::Ipv4Addr::from_bits(bits).into());
            prop_assert_eq!(ranges.lookup(client).asn, tree.lookup(client).asn);
        }
    }
}
