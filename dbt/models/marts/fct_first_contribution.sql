-- One row a person whose first contribution is known to be the first: that act, whether somebody
-- could respond to it, and when another person first did. An answer has nobody who responds, a
-- translation that was approved by the same act waits for nothing.

with firsts as (
    select facts.*
    from {{ ref('fct_contribution') }} as facts
    inner join {{ ref('dim_person') }} as persons
        on
            facts.person_id = persons.person_id
            and facts.occurred_on = persons.first_contribution_on
    where not persons.is_left_censored
    qualify
        row_number() over (
            partition by facts.person_id order by facts.occurred_at asc, facts.contribution_id asc
        ) = 1
),

replies as (
    select
        firsts.contribution_id,
        min(acts.occurred_at) as responded_at
    from firsts
    inner join {{ ref('fct_interaction') }} as acts
        on
            firsts.person_id = acts.to_person_id
            and firsts.source = acts.source
            and firsts.item = acts.item
            and firsts.occurred_at <= acts.occurred_at
    where firsts.event_type = 'reply_posted' and acts.interaction_type = 'reply'
    group by firsts.contribution_id
)

select
    firsts.person_id,
    firsts.contribution_id,

    firsts.source,
    firsts.area,
    firsts.event_type,
    firsts.affiliation,
    firsts.locale,
    firsts.product,
    firsts.item,
    firsts.event_type = 'reply_posted'
    or (items.item_id is not null and items.set_aside_reason is null) as can_be_responded_to,
    {{ hours_between(
        'firsts.occurred_at', 'coalesce(items.responded_at, replies.responded_at)'
    ) }} as response_hours,

    firsts.occurred_at,
    firsts.occurred_on
from firsts
left join {{ ref('fct_item') }} as items on firsts.contribution_id = items.item_id
left join replies on firsts.contribution_id = replies.contribution_id
