//! The files of the releases (`http::data`), in the same document.

use serde_json::json;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem, PathsBuilder};
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{Required, ResponseBuilder};

use super::{ApiParameter, ParameterBuilder, ParameterIn, problem};

/// The paths, and what each tells.
pub(in crate::http) const FILES: [(&str, &str); 3] = [
    ("/data/v1/latest.json", "Which release is the newest, and the digest of its manifest."),
    ("/data/v1/index.json", "All releases, the newest first, with those that were removed."),
    (
        "/data/v1/{path}",
        "A file of a release, whole or in part (Range), as its manifest names it: files/results/month=2026-11/<sha256>.parquet, \
         releases/2026-11-22/manifest.json.",
    ),
];

/// Adds them.
pub(super) fn describe(paths: PathsBuilder) -> PathsBuilder {
    FILES.into_iter().fold(paths, |paths, (path, summary)| {
        paths.path(path, PathItem::new(HttpMethod::Get, operation(path, summary)))
    })
}

fn operation(path: &'static str, summary: &'static str) -> OperationBuilder {
    let id = path.trim_start_matches("/data/").replace(['/', '.'], "_").replace("{path}", "file");
    let changing = !path.contains("{path}");
    let mut operation = OperationBuilder::new().summary(Some(summary)).operation_id(Some(id));
    if !changing {
        operation = operation.parameter(name());
    }
    let kind = if changing { "application/json" } else { "*/*" };
    let schema = if changing {
        ObjectBuilder::new().schema_type(Type::Object).build()
    } else {
        Object::with_type(SchemaType::AnyValue)
    };
    let file = |text: &str| {
        let header = |text: &str| HeaderBuilder::new().description(Some(text)).build();
        ResponseBuilder::new()
            .description(text)
            .content(kind, ContentBuilder::new().schema(Some(schema.clone())).build())
            .header("ETag", header("Strong: the SHA-256 of the file's bytes."))
            .header("Accept-Ranges", header("bytes"))
    };
    operation = operation
        .response("200", file("The file."))
        .response("206", file("The part that Range asks for, cut at the end of the file."))
        .response("304", ResponseBuilder::new().description("What If-None-Match names is still so."))
        .response("412", problem("The file has none of the entity tags that If-Match names."))
        .response("416", problem("The range begins behind the end of the file."))
        .response(
            "429",
            problem("Too many requests in a minute or downloads at once; Retry-After says when to come back."),
        )
        .response("500", problem("The file cannot be read."))
        .response("503", problem("No release yet, or all places for downloads are taken."));
    if changing {
        return operation;
    }
    operation
        .response("307", ResponseBuilder::new().description("A folder; Location is the file that tells what is in it."))
        .response("404", problem("No release has this file."))
        .response(
            "410",
            problem("The release was removed; the problem tells when and why, and the digest of its manifest."),
        )
}

fn name() -> ApiParameter {
    ParameterBuilder::new()
        .name("path")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("The path that a manifest gives; it has slashes."))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .example(Some(json!("latest.json")))
        .build()
}
