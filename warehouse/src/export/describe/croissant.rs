//! `croissant.json`, Croissant 1.1: every file with its digest, every table with its columns.

use serde_json::{Value, json};

use super::{ABOUT, Described, REPOSITORY, TITLE};
use crate::catalog::Contract;
use crate::cut::CutFile;

const CONTEXT: &str = include_str!("croissant_context.json");

impl Described<'_> {
    /// The release as Croissant says it.
    #[must_use]
    pub fn croissant(&self) -> Value {
        let document = self.document;
        let context: Value = serde_json::from_str(CONTEXT).unwrap_or_default();
        let files: Vec<&CutFile> = document.files.iter().filter(|file| file.table.is_some()).collect();
        let mut distribution: Vec<Value> = files.iter().map(|file| self.object(file)).collect();
        let mut records = Vec::new();
        for (table, contract) in &self.tables {
            let files = self.files_of(table);
            let source = match files.as_slice() {
                [] => continue,
                [one] => json!({"fileObject": {"@id": Self::name(one)}}),
                several => {
                    let set = format!("{table}-files");
                    let ids: Vec<Value> = several.iter().map(|file| json!({"@id": Self::name(file)})).collect();
                    let csv = several.iter().all(|file| file.path.ends_with(".csv"));
                    distribution.push(json!({
                        "@type": "cr:FileSet",
                        "@id": set,
                        "name": set,
                        "description": format!("Every file of the table {table}."),
                        "containedIn": ids,
                        "encodingFormat": format_of(csv),
                        "includes": if csv { "*.csv" } else { "*.parquet" },
                    }));
                    json!({"fileSet": {"@id": set}})
                }
            };
            records.push(record_set(table, contract, &source));
        }
        json!({
            "@context": context,
            "@type": "sc:Dataset",
            "conformsTo": "http://mlcommons.org/croissant/1.1",
            "name": document.dataset,
            "alternateName": TITLE,
            "description": ABOUT,
            "version": version(&document.id.to_string()),
            "url": self.base.as_ref().map_or_else(
                || REPOSITORY.to_owned(),
                |base| format!("{base}releases/{}/", document.id),
            ),
            "license": "https://creativecommons.org/licenses/by/4.0/",
            "datePublished": document.last_day,
            "citeAs": format!("Bufferlake, release {}, {REPOSITORY}", document.id),
            "creator": {"@type": "sc:Organization", "name": "Bufferlake", "url": REPOSITORY},
            "publisher": {"@type": "sc:Organization", "name": "Bufferlake", "url": REPOSITORY},
            "keywords": ["bufferbloat", "latency", "internet access", "autonomous systems"],
            "isLiveDataset": false,
            "distribution": distribution,
            "recordSet": records,
        })
    }

    fn object(&self, file: &CutFile) -> Value {
        let name = Self::name(file);
        json!({
            "@type": "cr:FileObject",
            "@id": name,
            "name": name,
            "contentUrl": self.path(file),
            "contentSize": format!("{} B", file.bytes),
            "encodingFormat": format_of(file.path.ends_with(".csv")),
            "sha256": file.sha256,
        })
    }
}

fn record_set(table: &str, contract: &Contract, source: &Value) -> Value {
    let id = format!("table-{table}");
    let fields: Vec<Value> = contract
        .columns
        .iter()
        .map(|column| {
            let mut source = source.clone();
            source["extract"] = json!({"column": column.name});
            json!({
                "@type": "cr:Field",
                "@id": format!("{id}/{}", column.name),
                "name": column.name,
                "description": format!("{} ({})", column.meaning, column.unit),
                "dataType": data_type(&column.r#type),
                "source": source,
            })
        })
        .collect();
    json!({"@type": "cr:RecordSet", "@id": id, "name": table, "description": contract.about, "field": fields})
}

fn format_of(csv: bool) -> &'static str {
    if csv { "text/csv" } else { "application/x-parquet" }
}

fn data_type(sql_type: &str) -> &'static str {
    match sql_type {
        "DATE" => "sc:Date",
        "TIMESTAMP" => "sc:DateTime",
        "BOOLEAN" => "sc:Boolean",
        "VARCHAR" => "sc:Text",
        "DOUBLE" | "FLOAT" => "sc:Float",
        _ => "sc:Integer",
    }
}

/// The release's name as a version of three numbers, which Croissant recommends.
fn version(id: &str) -> String {
    let (day, edition) = id.split_once('.').unwrap_or((id, "1"));
    let mut numbers = day.split('-').map(|part| part.trim_start_matches('0'));
    let mut next = || numbers.next().unwrap_or("0");
    let (year, month, day) = (next(), next(), next());
    let suffix = if edition == "1" { String::new() } else { format!("+{edition}") };
    format!("{year}.{month}.{day}{suffix}")
}
