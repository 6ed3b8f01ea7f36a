//! What the API says of itself: OpenAPI 3.1, made from the table of nouns and from the contracts of `queries/api/`, as the page
//! for people is (`http/pages/reference.rs`), so that neither can say what the code does not do.

pub(in crate::http) mod files;

use serde_json::{Value, json};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, Parameter as ApiParameter, ParameterBuilder, ParameterIn, PathItem, PathsBuilder,
};
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, Object, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Required, ResponseBuilder};
use wire::Country;

use super::asn;
use super::nouns::{NOUNS, Noun};
use super::question::{Parameter, Values};
use crate::catalog::{Column, Query};
use crate::cut::LICENCE;
use crate::export::Format;

/// Problems that an answer can be, beside those of a noun's own.
const PROBLEMS: [(&str, &str); 4] = [
    ("406", "None of the formats that Accept names."),
    ("429", "Too many questions in a minute; Retry-After says when to come back."),
    ("500", "The answer could not be made."),
    ("503", "No cut has been published yet."),
];

/// The document.
pub(super) fn openapi() -> OpenApi {
    let mut paths = PathsBuilder::new();
    for noun in NOUNS {
        paths = paths.path(noun.path, PathItem::new(HttpMethod::Get, operation(noun)));
    }
    paths = files::describe(paths);
    let about = "Rankings of networks by their latency under load. Every figure comes from the current public cut; \
                 answers change with the cut, once a day.";
    let info = InfoBuilder::new()
        .title("Bufferlake")
        .version("1")
        .description(Some(about))
        .license(Some(LicenseBuilder::new().name(format!("Data: {LICENCE}")).build()));
    OpenApiBuilder::new().info(info).paths(paths).build()
}

fn operation(noun: &Noun) -> OperationBuilder {
    let mut operation = OperationBuilder::new().summary(Some(noun.summary)).operation_id(Some(id(noun.path)));
    if noun.path.contains("{asn}") {
        operation = operation.parameter(number());
    }
    for parameter in noun.parameters {
        operation = operation.parameter(describe(parameter));
    }
    let mut found = ResponseBuilder::new().description("The answer.");
    for format in noun.formats {
        let content = match format {
            Format::Json => ContentBuilder::new().schema(Some(answer(noun))).build(),
            Format::Csv | Format::Arrow | Format::Parquet => ContentBuilder::new().build(),
        };
        found = found.content(format.media_type(), content);
    }
    operation = operation.response("200", found);
    operation = operation.response("304", ResponseBuilder::new().description("What If-None-Match names is still so."));
    let bad =
        if noun.path.contains("{asn}") { "A bad question, or no number of a network." } else { "A bad question." };
    operation = operation.response("400", problem(bad));
    if noun.path.contains("{asn}") {
        operation = operation.response("404", problem("Nothing is told of this network."));
    }
    if noun.parameters.iter().any(|parameter| parameter.name == "cursor") {
        operation = operation.response("410", problem("The cursor belongs to a cut that is gone."));
    }
    PROBLEMS.into_iter().fold(operation, |operation, (status, text)| operation.response(status, problem(text)))
}

/// A name for programs: `/api/v1/asn/{asn}/trend` is `v1_asn_of_trend`.
fn id(path: &str) -> String {
    path.trim_start_matches("/api/").replace("{asn}", "of").replace('/', "_")
}

fn number() -> ApiParameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(asn::PATTERN));
    ParameterBuilder::new()
        .name("asn")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("Number of the network: AS64500, as64500 or 64500."))
        .schema(Some(schema))
        .example(Some("AS64500".into()))
        .build()
}

fn describe(parameter: &Parameter) -> ApiParameter {
    let schema = ObjectBuilder::new().schema_type(Type::String);
    let usual: Option<Value> = parameter.usual.filter(|usual| !usual.is_empty()).map(Value::from);
    #[expect(clippy::cast_precision_loss, reason = "bounds of parameters are far below 2^53")]
    let schema = match parameter.values {
        Values::OneOf(allowed) => schema.enum_values(Some(allowed.iter().copied())).default(usual),
        Values::Integer(least, most) => ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(least as f64))
            .maximum(Some(most as f64))
            .default(usual.and_then(|usual| usual.as_str()?.parse::<u64>().ok()).map(Value::from)),
        Values::Country => schema.enum_values(Some(countries())),
        Values::Text(most) => schema.min_length(Some(1)).max_length(Some(most)),
    };
    ParameterBuilder::new()
        .name(parameter.name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(parameter.meaning))
        .schema(Some(schema))
        .build()
}

/// Every code, in capital letters.
fn countries() -> Vec<String> {
    let letters = || b'A'..=b'Z';
    let codes = letters().flat_map(|one| letters().map(move |two| String::from_utf8_lossy(&[one, two]).into_owned()));
    codes.filter(|code| Country::parse(code).is_ok()).collect()
}

/// The JSON of an answer.
fn answer(noun: &Noun) -> Schema {
    let object = || ObjectBuilder::new().schema_type(Type::Object);
    if !noun.path.starts_with("/api/v1/") {
        return object().build().into();
    }
    let text = |meaning: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(meaning));
    let meta = object()
        .property("cut", text("Which cut answered; it is also the id of the release."))
        .property("generated_at", text("Hour in which the cut was made, RFC 3339."))
        .property("last_day", text("The last closed day."))
        .property("method", text("Version of the method."))
        .property("licence", text("Licence of the data, SPDX."))
        .property("next", nullable(Type::String).description(Some("Cursor of the next page.")));
    let meta = ["cut", "generated_at", "last_day", "method", "licence", "next"]
        .into_iter()
        .fold(meta, ObjectBuilder::required);
    let envelope = object().property("meta", meta).required("meta").required("data");
    let envelope = match noun.rows {
        Some(query) => envelope.property("data", ArrayBuilder::new().items(row(query))),
        None => envelope.property("data", Object::with_type(SchemaType::AnyValue)),
    };
    envelope.build().into()
}

/// A row, as the contract of its statement describes it.
fn row(query: Query) -> Object {
    let columns = query.contract().map(|contract| contract.columns).unwrap_or_default();
    let row = ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)));
    columns.iter().fold(row, |row, column| row.property(&column.name, cell(column)).required(&column.name)).build()
}

fn cell(column: &Column) -> ObjectBuilder {
    let kind = match column.r#type.as_str() {
        "DOUBLE" => Type::Number,
        "BIGINT" | "UINTEGER" => Type::Integer,
        "BOOLEAN" => Type::Boolean,
        _ => Type::String,
    };
    nullable(kind).description(Some(format!("{} ({})", column.meaning, column.unit)))
}

fn nullable(kind: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter([kind, Type::Null]))
}

fn problem(text: &str) -> ResponseBuilder {
    let string = || ObjectBuilder::new().schema_type(Type::String);
    let schema = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("type", string())
        .property("title", string())
        .property("status", ObjectBuilder::new().schema_type(Type::Integer))
        .property("detail", string())
        .required("type")
        .required("title")
        .required("status");
    let content = ContentBuilder::new()
        .schema(Some(schema))
        .example(Some(json!({ "type": "https://bufferlake.org/problems/bad-query", "title": "…", "status": 400 })))
        .build();
    ResponseBuilder::new().description(text).content("application/problem+json", content)
}
