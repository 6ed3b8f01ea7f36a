//! `inputs`: what figures are derived with is whole, and agrees with the manifest.

use crate::day::Day;
use crate::inputs::{Bins, Critical, CsvTable, InputFault, Inputs, Parameters, Policies, Policy, names_by_network};
use crate::release::Release;
use crate::report::{Check, Report};

/// Reads and checks the inputs; none if one of them cannot be used.
pub(super) fn check(release: &Release, report: &mut Report) -> Option<Inputs> {
    let parameters = read(release, report, "parameters", Parameters::read);
    let bins = read(release, report, "bins", Bins::read);
    let critical = read(release, report, "critical_values", Critical::read);
    let kinds = read(release, report, "asn_kinds", |table| names_by_network(table, "kind"));
    let organisations = read(release, report, "asn_organisations", |table| names_by_network(table, "organisation"));
    read(release, report, "asn_names", |table| names_by_network(table, "name"));
    let (parameters, bins) = (parameters?, bins?);
    let mut named = Vec::new();
    for name in release.policies() {
        named.extend(read(release, report, &format!("policies/{name}"), |table| Policy::read(&name, table, &bins)));
    }
    let policies = Policies::new(named);
    agree(release, &parameters, &policies, report);
    let inputs =
        Inputs { parameters, bins, critical: critical?, policies, kinds: kinds?, organisations: organisations? };
    (!report.has_failed(Check::Inputs)).then_some(inputs)
}

fn read<T>(
    release: &Release,
    report: &mut Report,
    name: &str,
    of: impl FnOnce(&CsvTable) -> Result<T, InputFault>,
) -> Option<T> {
    report.looked_at(Check::Inputs, 1);
    match release.input(name).and_then(|table| of(&table)) {
        Ok(input) => Some(input),
        Err(fault) => {
            report.found(Check::Inputs, format!("{}inputs/{name}.csv", release.manifest.folder()), fault.to_string());
            None
        }
    }
}

/// The parameters say what the manifest says, and the release is named after its last day.
fn agree(release: &Release, parameters: &Parameters, policies: &Policies, report: &mut Report) {
    let manifest = &release.manifest;
    let (told, gates) = (manifest.evidence, parameters);
    let mut expect = |what: &str, is: bool| {
        if !is {
            report.found(Check::Inputs, "inputs/parameters.csv", format!("{what} is not that of the manifest"));
        }
    };
    expect("last_day", parameters.last_day == manifest.last_day);
    expect("default_policy", parameters.default_policy == manifest.policy);
    expect("listed_votes", gates.listed_votes == told.listed_votes);
    expect("ranked_votes", gates.ranked_votes == told.ranked_votes);
    expect("ranked_days", gates.ranked_days == told.ranked_days);
    expect("p95_votes", gates.p95_votes == told.p95_votes);
    if policies.named().iter().all(|policy| policy.name != parameters.default_policy) {
        report.found(Check::Inputs, "inputs/policies", format!("{} is missing", parameters.default_policy));
    }
    let day = manifest.release.to_string().split('.').next().and_then(|day| day.parse::<Day>().ok());
    if day != Some(manifest.last_day) {
        report.found(Check::Manifest, "manifest.json", format!("{} ends on {}", manifest.release, manifest.last_day));
    }
}
