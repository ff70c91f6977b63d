-- One row an account and term: the affiliation that a rule gives it, from valid_from to before
-- valid_to. An account without a row is of unknown affiliation: a private address does not make a
-- volunteer.

select
    sightings.source,
    sightings.account,

    rules.affiliation,
    min(rules.evidence) as evidence,

    rules.valid_from,
    coalesce(rules.valid_to, cast('9999-12-31' as date)) as valid_to
from {{ ref('int_identity__sightings') }} as sightings
inner join {{ ref('affiliation_rules') }} as rules
    on
        sightings.source = rules.source
        and sightings.login_class = rules.login_class
group by
    sightings.source,
    sightings.account,
    rules.affiliation,
    rules.valid_from,
    rules.valid_to
