//! Customers with bad results among the newest of all: who may call next.

use std::collections::HashMap;

use ipnet::IpNet;
use wire::{Grade, TestType};

use super::figures::{ago, machine, ms};
use super::reading::{Load, Reading, is_bad};
use super::subject::{home, written};
use super::view::history::network;
use crate::store::lookup::StoredResult;

/// A customer with bad results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadCustomer {
    /// IPv4 address, or the home's IPv6 prefix.
    pub(super) customer: String,
    /// The newest bad result, in short.
    pub(super) trouble: String,
    pub(super) ago: String,
    pub(super) machine: String,
    pub(super) network: String,
    pub(super) bad: u32,
    pub(super) tests: u32,
}

/// The customers with bad results among these (newest first), at most `limit`, the one with the newest trouble first.
pub(super) fn bad_customers(
    results: &[StoredResult],
    ipv6_client_bits: u8,
    limit: usize,
    now_ms: i64,
) -> Vec<BadCustomer> {
    let customer = |result: &StoredResult| {
        let address = IpNet::from(result.client_ip);
        home(address, ipv6_client_bits).unwrap_or(address)
    };
    let mut counts: HashMap<IpNet, (u32, u32)> = HashMap::new();
    let mut newest: Vec<(IpNet, &StoredResult)> = Vec::new();
    for result in results {
        let (bad, tests) = counts.entry(customer(result)).or_default();
        *tests += 1;
        if is_bad(result) {
            *bad += 1;
            if *bad == 1 {
                newest.push((customer(result), result));
            }
        }
    }
    let line = |(customer, result): (IpNet, &StoredResult)| {
        let (bad, tests) = counts.get(&customer).copied().unwrap_or_default();
        BadCustomer {
            customer: written(customer),
            trouble: trouble(result),
            ago: ago(now_ms, result.received_ms),
            machine: machine(result.received_ms),
            network: network(result).unwrap_or_default(),
            bad,
            tests,
        }
    };
    newest.into_iter().take(limit).map(line).collect()
}

fn trouble(result: &StoredResult) -> String {
    match (result.test_type, Reading::of(result).worst()) {
        (TestType::Single, Some((load, worst))) => {
            let load = match load {
                Load::Download => "downloading",
                Load::Upload => "uploading",
                Load::Both => "doing both",
            };
            format!("+{} {load}", ms(worst))
        }
        _ => format!("household, grade {}", result.overall_grade.map_or("none", Grade::as_str)),
    }
}

#[cfg(test)]
mod tests {
    //! Aim: each customer is one line, with the newest trouble and how often there was some.

    use super::*;
    use crate::http::pages::sample::{NOW_MS, household, single};

    #[test]
    fn customers_are_counted_once() {
        let from = |address: &str, result: StoredResult| StoredResult {
            client_ip: address.parse().expect("an address"),
            ..result
        };
        let results = [
            from("2001:db8:1:2301::1", single(1, Some(70.0), Some(5.0))),
            from("192.0.2.7", single(2, Some(5.0), Some(9.0))),
            from("192.0.2.8", single(3, Some(5.0), Some(9.0))),
            from("192.0.2.7", single(4, Some(5.0), Some(310.0))),
            from("2001:db8:1:23ff::2", single(5, Some(5.0), Some(90.0))),
            from("192.0.2.9", household(6, Some(Grade::D), Grade::F)),
            from("192.0.2.7", single(7, None, None)),
        ];
        let bad = bad_customers(&results, 56, 10, NOW_MS);
        let lines: Vec<_> =
            bad.iter().map(|line| (line.customer.as_str(), line.trouble.as_str(), line.bad, line.tests)).collect();
        assert_eq!(
            lines,
            [
                ("2001:db8:1:2300::/56", "+70 ms downloading", 2, 2),
                ("192.0.2.7", "+310 ms uploading", 1, 3),
                ("192.0.2.9", "household, grade D", 1, 1),
            ]
        );
        assert_eq!(bad_customers(&results, 56, 1, NOW_MS).len(), 1);
    }
}
