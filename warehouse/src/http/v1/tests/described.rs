//! The description of the API.

use super::*;
use crate::catalog;

/// Aim: OpenAPI 3.1 names every path with its parameters, and its rows are those that come.
#[tokio::test]
async fn the_description_is_what_is_answered() {
    let api = served();
    let (status, _, document) = get(&api, "/api/openapi.json", None).await;
    assert_eq!(status, StatusCode::OK);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    for noun in NOUNS {
        let operation = &document["paths"][noun.path]["get"];
        let names: Vec<_> =
            operation["parameters"].as_array().into_iter().flatten().map(|one| one["name"].as_str().unwrap()).collect();
        assert!(noun.parameters.iter().all(|parameter| names.contains(&parameter.name)), "{}: {names:?}", noun.path);
        if noun.rows.is_none() {
            continue;
        }
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        let promised: std::collections::BTreeSet<_> =
            schema["properties"]["data"]["items"]["properties"].as_object().unwrap().keys().cloned().collect();
        let (_, _, answer) = get(&api, &noun.path.replace("{asn}", "64500"), None).await;
        let found: std::collections::BTreeSet<_> = answer["data"][0].as_object().unwrap().keys().cloned().collect();
        assert_eq!(found, promised, "{}", noun.path);
    }
}

/// Aim: the files of the releases are described beside the rows.
#[tokio::test]
async fn files_are_described() {
    let (_, _, document) = get(&served(), "/api/openapi.json", None).await;
    for path in ["/data/v1/latest.json", "/data/v1/index.json", "/data/v1/{path}"] {
        let responses = &document["paths"][path]["get"]["responses"];
        assert!(["200", "206", "304", "412", "416"].iter().all(|status| responses[status].is_object()), "{path}");
    }
}

/// Aim: the policies that can be asked for are those that there are.
#[test]
fn policies_are_known() {
    let parameter = NOUNS[0].parameters.iter().find(|parameter| parameter.name == "policy").unwrap();
    let names: Vec<_> = catalog::POLICIES.iter().map(|(name, _)| *name).chain(["reported"]).collect();
    assert_eq!(parameter.values.describe(), names.join(", "));
}
