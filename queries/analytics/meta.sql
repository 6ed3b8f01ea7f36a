-- What this file was made of.
SELECT
    CAST($schema AS INTEGER) AS schema,
    CAST($as_of AS TIMESTAMP) AS as_of,
    CAST($lake_manifest AS VARCHAR) AS lake_manifest,
    CAST($lake_results AS BIGINT) AS lake_results,
    CAST($closed_through AS DATE) AS closed_through,
    CAST($release AS VARCHAR) AS release,
    CAST($method AS VARCHAR) AS method
