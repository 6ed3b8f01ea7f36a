-- What kind of network each is, as the operator lists it.
SELECT
    asn,
    kind
FROM asn_kinds
