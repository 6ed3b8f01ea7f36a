//! What pages call countries: `queries/country_names.csv`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

static NAMES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let mut reader = csv::Reader::from_reader(include_bytes!("../../../../queries/country_names.csv").as_slice());
    let records = reader.records().filter_map(Result::ok);
    records.filter_map(|record| Some((record.get(0)?.to_owned(), record.get(1)?.to_owned()))).collect()
});

/// The name of the country with this code; the code itself if nobody knows one.
pub(super) fn country_name(code: &str) -> &str {
    NAMES.get(code).map_or(code, String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Aim: every country whose time is known has a name, and what is no country keeps its letters.
    #[test]
    fn countries_have_names() {
        assert_eq!(["DE", "US", "CI", "ZZ"].map(country_name), ["Germany", "United States", "Côte d'Ivoire", "ZZ"]);
        let offsets = include_str!("../../../../queries/country_offsets.csv");
        let unnamed = offsets.lines().skip(1).filter_map(|line| line.get(..2)).find(|code| !NAMES.contains_key(*code));
        assert_eq!(unnamed, None);
    }
}
