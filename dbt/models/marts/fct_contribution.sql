-- One row a contribution: a deliberate act of a person in one area (catalogue 0.2).

{{ config(parts={
    'of': end_of_month('occurred_on'),
    'among': ends_of_months('intermediate.int_activity__judged'),
    'reads': {
        'int_activity__judged': {
            'rows': "
                select * from intermediate.int_activity__judged
                where set_aside_reason is null
            ",
            'by': ['occurred_on'],
            'since': 'occurred_on',
            'until': end_of_month('occurred_on'),
        },
        'int_identity__affiliations': {
            'rows': "
                select terms.*, firsts.first_on
                from intermediate.int_identity__affiliations as terms
                inner join (
                    select source, account, min(occurred_on) as first_on
                    from intermediate.int_activity__judged
                    where set_aside_reason is null
                    group by source, account
                ) as firsts using (source, account)
            ",
            'columns': ['source', 'account', 'affiliation', 'valid_from', 'valid_to'],
            'since': 'greatest(valid_from, first_on)',
            'until': end_of_month('valid_to'),
        },
    },
}) }}

select
    judged.activity_id as contribution_id,
    judged.person_id,
    judged.account,

    judged.source,
    types.area,
    types.sub_area,
    judged.event_type,
    types.area = 'code' as is_code,
    coalesce(affiliations.affiliation, 'unknown') as affiliation,
    judged.locale,
    judged.product,
    judged.project,
    judged.item,

    judged.occurred_at,
    judged.occurred_on
from {{ ref('int_activity__judged') }} as judged
inner join {{ ref('activity_types') }} as types on judged.event_type = types.event_type
left join {{ ref('int_identity__affiliations') }} as affiliations
    on
        judged.source = affiliations.source
        and judged.account = affiliations.account
        and judged.occurred_on >= affiliations.valid_from
        and judged.occurred_on < affiliations.valid_to
where judged.set_aside_reason is null and {{ due(end_of_month('judged.occurred_on')) }}
