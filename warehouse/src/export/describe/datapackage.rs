//! `datapackage.json`, Data Package v2: a resource for each file that is a table, since parts of Parquet cannot be
//! strung together, and a schema for each table.

use serde_json::{Value, json};

use super::{ABOUT, Described, REPOSITORY, SOURCES, TITLE};
use crate::catalog::Contract;
use crate::cut::CutFile;

impl Described<'_> {
    pub(super) fn datapackage(&self) -> Value {
        let tables = self.document.files.iter().filter(|file| file.table.is_some());
        let resources: Vec<Value> = tables.map(|file| self.resource(file)).collect();
        let sources: Vec<Value> = SOURCES.iter().map(|(title, path)| json!({"title": title, "path": path})).collect();
        json!({
            "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
            "name": self.document.dataset,
            "title": TITLE,
            "description": ABOUT,
            "version": self.document.id,
            "homepage": REPOSITORY,
            "licenses": [{
                "name": self.document.licence,
                "path": "https://creativecommons.org/licenses/by/4.0/",
                "title": "Creative Commons Attribution 4.0 International",
            }],
            "sources": sources,
            "resources": resources,
        })
    }

    fn resource(&self, file: &CutFile) -> Value {
        let is_csv = file.path.ends_with(".csv");
        let table = file.table.clone().unwrap_or_default();
        let mut resource = json!({
            "name": Self::name(file),
            "type": "table",
            "path": self.path(file),
            "format": if is_csv { "csv" } else { "parquet" },
            "mediatype": if is_csv { "text/csv" } else { "application/vnd.apache.parquet" },
            "bytes": file.bytes,
            "hash": format!("sha256:{}", file.sha256),
            "schema": format!("schemas/{table}.json"),
        });
        if is_csv {
            resource["encoding"] = "utf-8".into();
        }
        resource
    }
}

/// The columns of a table in the words of Table Schema.
pub(super) fn schema(contract: &Contract) -> Value {
    let fields: Vec<Value> = contract
        .columns
        .iter()
        .map(|column| {
            let description = format!("{} ({})", column.meaning, column.unit);
            json!({"name": column.name, "type": field_type(&column.r#type), "description": description})
        })
        .collect();
    let mut schema = json!({
        "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
        "fields": fields,
    });
    if !contract.grain.is_empty() {
        // A key may hold nulls here, such as a country that is not known: it names a row all the same.
        schema["uniqueKeys"] = json!([contract.grain]);
    }
    schema
}

fn field_type(sql_type: &str) -> &'static str {
    match sql_type {
        "DATE" => "date",
        "TIMESTAMP" => "datetime",
        "BOOLEAN" => "boolean",
        "VARCHAR" => "string",
        "DOUBLE" | "FLOAT" => "number",
        _ => "integer",
    }
}
