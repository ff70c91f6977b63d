-- One row a translation and term in which it is approved: from the instant of an approval,
-- explicit or implicit, to the next act that takes it back. The term is open while it is
-- approved.

with acts as (
    select
        cast(translation_id as {{ dbt.type_string() }}) as translation_id,
        acted_at,
        min(case when action_type = 'translation:approved' then 1 else 0 end) as is_approval
    from {{ ref('stg_pontoon__user_actions') }}
    where
        action_type in ('translation:approved', 'translation:unapproved', 'translation:rejected')
    group by translation_id, acted_at
),

ways as (
    select
        translation_id,
        acted_at,
        is_approval,
        lag(is_approval, 1, 0) over (partition by translation_id order by acted_at) as was_approved,
        min(case when is_approval = 0 then acted_at end) over (
            partition by translation_id
            order by acted_at
            rows between 1 following and unbounded following
        ) as taken_back_at
    from acts
)

select
    translation_id,
    acted_at as valid_from,

    taken_back_at as valid_to
from ways
where is_approval = 1 and was_approved = 0
