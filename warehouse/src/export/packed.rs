//! Results as two integers each, which sort as the rows do. The engine sorts them about three times faster than thirteen
//! columns, and holds nothing beside them; afterwards the columns come out of the integers again.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray as _, BooleanArray, Date32Array, RecordBatch, StringArray, UInt8Array, UInt16Array, UInt32Array,
};
use arrow::datatypes::UInt64Type;

use super::ExportFault;

/// Bits of a key.
const KEY_BITS: u32 = 64;

/// What a column holds.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Network,
    /// Days since 1970.
    Day,
    Version,
    Flag,
    /// A number that may be missing: the largest that fits stands for that, since what is missing comes last.
    Bin,
    /// One of these, in their order.
    Word(&'static [&'static str]),
}

/// The columns of the table of results in the order by which it is sorted, and how many bits each takes.
const SORTED: [(&str, u32, Kind); 13] = [
    ("asn", 32, Kind::Network),
    ("test_date", 16, Kind::Day),
    ("test_type", 1, Kind::Word(&["household", "single"])),
    ("ip_version", 3, Kind::Version),
    ("vote_day", 1, Kind::Flag),
    ("vote_month", 1, Kind::Flag),
    ("download_bin", 10, Kind::Bin),
    ("upload_bin", 10, Kind::Bin),
    ("bidirectional_bin", 10, Kind::Bin),
    ("ranked_bin", 10, Kind::Bin),
    ("download_rate_bin", 6, Kind::Bin),
    ("upload_rate_bin", 6, Kind::Bin),
    ("grade", 3, Kind::Word(&["A", "A+", "B", "C", "D", "F"])),
];

/// A column's place in the keys.
struct Place {
    name: &'static str,
    kind: Kind,
    key: usize,
    shift: u32,
    /// The largest number that fits.
    most: u64,
}

/// Every column's place: a column that does not fit into what is left of a key begins the next one.
fn places() -> Vec<Place> {
    let (mut key, mut free) = (0, KEY_BITS);
    let place = |(name, bits, kind)| {
        if bits > free {
            (key, free) = (key + 1, KEY_BITS);
        }
        free -= bits;
        Place { name, kind, key, shift: free, most: (1_u64 << bits) - 1 }
    };
    SORTED.into_iter().map(place).collect()
}

/// A statement that gives the keys of these results in order. A value that its column cannot hold makes a key NULL.
pub(super) fn statement(rows: &str) -> String {
    let places = places();
    let key = |key: usize| {
        let parts = places.iter().filter(|place| place.key == key);
        parts.map(|place| format!("({} << {})", number(place), place.shift)).collect::<Vec<_>>().join(" | ")
    };
    format!("SELECT {} AS first_key, {} AS second_key FROM ({rows}) ORDER BY 1, 2", key(0), key(1))
}

/// The number that a column's value is in a key.
fn number(place: &Place) -> String {
    let Place { name, most, .. } = place;
    match place.kind {
        Kind::Network | Kind::Flag => format!("CAST({name} AS UBIGINT)"),
        Kind::Version => format!("CAST(CASE WHEN {name} <= {most} THEN {name} END AS UBIGINT)"),
        Kind::Day => format!(
            "CAST(CASE WHEN {name} >= DATE '1970-01-01' AND {name} - DATE '1970-01-01' <= {most} \
                              THEN {name} - DATE '1970-01-01' END AS UBIGINT)"
        ),
        Kind::Bin => {
            format!("CAST(CASE WHEN {name} IS NULL THEN {most} WHEN {name} < {most} THEN {name} END AS UBIGINT)")
        }
        Kind::Word(words) => {
            let cases = words.iter().enumerate().map(|(number, word)| format!("WHEN '{word}' THEN {number}"));
            format!("CAST(CASE {name} {} END AS UBIGINT)", cases.collect::<Vec<_>>().join(" "))
        }
    }
}

/// The results of these keys, with their columns in this order.
///
/// # Errors
/// [`ExportFault::Value`] if a key is missing.
pub(super) fn unpack(keys: &RecordBatch, names: &[&str]) -> Result<RecordBatch, ExportFault> {
    if keys.columns().iter().any(|key| key.null_count() > 0) {
        return Err(ExportFault::Value);
    }
    let places = places();
    let columns = names.iter().filter_map(|name| {
        let place = places.iter().find(|place| place.name == *name)?;
        Some((*name, column(keys, place), matches!(place.kind, Kind::Bin)))
    });
    Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
}

#[expect(clippy::cast_possible_truncation, reason = "a number was packed into as many bits as its column has")]
fn column(keys: &RecordBatch, place: &Place) -> ArrayRef {
    let key = keys.column(place.key).as_primitive::<UInt64Type>().values();
    let numbers = key.iter().map(|key| (key >> place.shift) & place.most);
    match place.kind {
        Kind::Network => Arc::new(UInt32Array::from_iter_values(numbers.map(|number| number as u32))),
        Kind::Day => Arc::new(Date32Array::from_iter_values(numbers.map(|number| number as i32))),
        Kind::Version => Arc::new(UInt8Array::from_iter_values(numbers.map(|number| number as u8))),
        Kind::Flag => Arc::new(BooleanArray::from_iter(numbers.map(|number| Some(number == 1)))),
        Kind::Bin => {
            Arc::new(UInt16Array::from_iter(numbers.map(|number| (number < place.most).then_some(number as u16))))
        }
        Kind::Word(words) => Arc::new(StringArray::from_iter(numbers.map(|number| words.get(number as usize)))),
    }
}

#[cfg(test)]
mod tests {
    //! Aim: the columns are those of the contract, their values have room, and keys sort as rows do.

    use super::*;
    use crate::catalog;
    use crate::engine::{Engine, Settings};

    fn names() -> Vec<String> {
        let contract = catalog::PUBLIC_RESULTS.contract().expect("a contract");
        contract.columns.into_iter().map(|column| column.name).collect()
    }

    #[test]
    fn every_column_has_its_place() {
        let mut packed: Vec<_> = SORTED.map(|(name, ..)| name.to_owned()).into();
        let mut told = names();
        packed.sort();
        told.sort();
        assert_eq!(packed, told);
        assert_eq!(places().iter().map(|place| place.key).max(), Some(1));
        let room = |name: &str| places().iter().find(|place| place.name == name).map_or(0, |place| place.most);
        for (csv, name) in [(catalog::BINS_CSV, "ranked_bin"), (catalog::RATE_BINS_CSV, "upload_rate_bin")] {
            assert!(csv.lines().skip(1).count() as u64 <= room(name), "{name}");
        }
    }

    fn engine() -> Engine {
        let dir = std::env::temp_dir();
        let settings = Settings { memory_mib: 64, threads: 1, directories: Vec::new(), spill_dir: dir };
        Engine::in_memory(&settings).expect("an engine")
    }

    /// Values of every kind at their ends, in another order than theirs.
    const ROWS: &str = "SELECT DATE '2026-11-01' + CAST(n % 3 AS INTEGER) AS test_date,
            CASE WHEN n % 2 = 0 THEN 'single' ELSE 'household' END AS test_type,
            CAST(CASE n % 5 WHEN 0 THEN 4294967295 WHEN 1 THEN 1 ELSE n END AS UINTEGER) AS asn,
            CAST(CASE WHEN n % 7 < 3 THEN 4 ELSE 6 END AS UTINYINT) AS ip_version, n % 11 < 5 AS vote_day, n % 13 < 7 AS vote_month,
            CAST(CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN 676 ELSE n % 600 END AS USMALLINT) AS download_bin,
            CAST(n % 17 AS USMALLINT) AS upload_bin, CAST(nullif(n % 19, 3) AS USMALLINT) AS bidirectional_bin,
            CAST(nullif(n % 23, 0) AS USMALLINT) AS ranked_bin, CAST(nullif(n % 56, 9) AS USMALLINT) AS download_rate_bin,
            CAST(n % 55 AS USMALLINT) AS upload_rate_bin,
            ['A+', 'A', 'B', 'C', 'D', 'F'][1 + CAST(n % 6 AS INTEGER)] AS grade
        FROM (SELECT (m * 7919) % 5000 AS n FROM range(5000) AS r(m))";

    #[test]
    fn keys_sort_as_rows_do_and_give_them_back() {
        let engine = engine();
        let order = SORTED.map(|(name, ..)| format!("{name} NULLS LAST")).join(", ");
        let plain = engine.columns("rows", &format!("SELECT * FROM ({ROWS}) ORDER BY {order}")).expect("rows");
        let keys = engine.columns("keys", &statement(ROWS)).expect("keys");
        let names = names();
        let rows = unpack(&keys, &names.iter().map(String::as_str).collect::<Vec<_>>()).expect("rows");
        assert_eq!(rows.num_rows(), 5_000);
        for (one, other) in rows.columns().iter().zip(plain.columns()) {
            assert_eq!(one, other);
        }
    }

    #[test]
    fn what_has_no_room_is_refused() {
        let engine = engine();
        for wrong in ["CAST(1023 AS USMALLINT) AS ranked_bin", "'E' AS grade", "DATE '1969-12-31' AS test_date"] {
            let name = wrong.rsplit(' ').next().unwrap_or_default();
            let rows = format!("SELECT * EXCLUDE ({name}), {wrong} FROM ({ROWS}) LIMIT 1");
            let keys = engine.columns("keys", &statement(&rows)).expect("keys");
            assert!(matches!(unpack(&keys, &["asn"]), Err(ExportFault::Value)), "{wrong}");
        }
    }
}
