-- Whose network each is, as the operator lists it.
SELECT
    asn,
    organisation
FROM asn_organisations
