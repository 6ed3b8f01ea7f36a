//! Contracts: what the columns of each table are. They are built into this program as text, so that a release cannot say
//! what it is measured by; its own copies must say the same.

use serde::Deserialize;

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as SQL calls it.
    #[serde(rename = "type")]
    pub sql_type: String,
    /// What its numbers count, or which words it holds.
    pub unit: String,
    /// `public`, or it may not be there.
    pub visibility: String,
    /// What it means.
    pub meaning: String,
}

/// What a table is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Contract {
    /// What a row is.
    pub about: String,
    /// The columns by which rows are sorted, and by which no two are equal; none where rows may be equal.
    pub grain: Vec<String>,
    /// Its columns, in order.
    pub columns: Vec<Column>,
}

impl Contract {
    /// Reads a contract.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn read(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// True if both say the same of a table's form, in whatever words.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        fn form(contract: &Contract) -> impl Iterator<Item = [&str; 3]> {
            contract.columns.iter().map(|Column { name, sql_type, visibility, .. }| {
                [name.as_str(), sql_type.as_str(), visibility.as_str()]
            })
        }
        self.grain == other.grain && form(self).eq(form(other))
    }

    /// Places of the grain's columns.
    #[must_use]
    pub fn grain_places(&self) -> Vec<usize> {
        self.grain.iter().filter_map(|name| self.place(name)).collect()
    }

    /// Places of the columns by which rows are sorted: the grain, or, where rows may be equal, network and day and then all others.
    #[must_use]
    pub fn order(&self) -> Vec<usize> {
        if !self.grain.is_empty() {
            return self.grain_places();
        }
        let mut order: Vec<usize> = WITHOUT_GRAIN_FIRST.iter().filter_map(|name| self.place(name)).collect();
        order.extend((0..self.columns.len()).filter(|place| !order.contains(place)).collect::<Vec<_>>());
        order
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

/// By what rows without a grain are sorted first.
const WITHOUT_GRAIN_FIRST: [&str; 2] = ["asn", "test_date"];

/// The text of a contract of the house, and where it stands under `queries/` and in a release under `sql/`.
macro_rules! contracts {
    ($($table:literal in $folder:literal),+ $(,)?) => {
        /// Every table of a release: its name, the folder of its statement, and its contract.
        const BUILT_IN: &[(&str, &str, &str)] =
            &[$(($table, $folder, include_str!(concat!("../../queries/", $folder, "/", $table, ".toml")))),+];
    };
}

contracts! {
    "blocks" in "marts",
    "block_parts" in "marts",
    "block_bins" in "marts",
    "block_grades" in "marts",
    "rankings" in "rankings",
    "rankings_by_policy" in "rankings",
    "latencies" in "rankings",
    "histograms" in "rankings",
    "areas" in "rankings",
    "trends" in "trends",
    "asn_sources" in "provenance",
    "asn_provenance" in "provenance",
    "coverage" in "provenance",
    "results" in "public",
}

/// The contract of a table; none for a table that no release has.
#[must_use]
pub fn of(table: &str) -> Option<Contract> {
    let (_, _, text) = BUILT_IN.iter().find(|(name, _, _)| *name == table)?;
    Contract::read(text).ok()
}

/// Every table and the folder of its statement.
pub fn tables() -> impl Iterator<Item = (&'static str, &'static str)> {
    BUILT_IN.iter().map(|(table, folder, _)| (*table, *folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Aim: every built-in contract can be read, has public columns alone, and a grain of its own columns.
    #[test]
    fn built_in_contracts_hold() {
        for (table, _) in tables() {
            let contract = of(table).unwrap_or_else(|| panic!("the contract of {table} cannot be read"));
            assert!(contract.columns.iter().all(|column| column.visibility == "public"), "{table}");
            assert_eq!(contract.grain_places().len(), contract.grain.len(), "{table}");
        }
        assert_eq!(of("results_of_yesterday"), None);
    }
}
