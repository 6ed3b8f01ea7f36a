-- Names of the networks of the current release.
SELECT
    asn,
    name
FROM asn_names
