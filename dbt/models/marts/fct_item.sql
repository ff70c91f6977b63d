-- One row something that waits for a response by another person: a question, suggestion, bug,
-- needinfo request or topic. Open ones are censored, not dropped: each is seen up to the watermark,
-- its closing without a response, or the cap of its kind, whichever comes first. Where a source
-- never showed a review, nobody can say that a suggestion waits.

with verdicts as (
    select
        cast(actions.translation_id as {{ dbt.type_string() }}) as translation_id,
        actions.action_type,
        not coalesce(actions.is_implicit, false) and not accounts.is_bot as is_by_person,
        actions.account,
        accounts.person_id,
        actions.acted_at
    from {{ ref('stg_pontoon__user_actions') }} as actions
    inner join {{ ref('int_identity__accounts') }} as accounts
        on accounts.source = 'pontoon' and actions.account = accounts.account
    inner join {{ ref('dim_source') }} as sources on sources.source = 'pontoon'
    where
        actions.action_type in ('translation:approved', 'translation:rejected')
        and actions.acted_at < sources.watermark
),

submissions as (
    select submissions.*, facts.account
    from {{ ref('fct_translation_submission') }} as submissions
    inner join {{ ref('fct_contribution') }} as facts
        on submissions.contribution_id = facts.contribution_id
    where not submissions.is_direct
),

reviews as (
    select contribution_id, account, acted_at
    from (
        select
            submissions.contribution_id,
            verdicts.account,
            verdicts.acted_at,
            row_number() over (
                partition by submissions.contribution_id
                order by verdicts.acted_at asc, verdicts.account asc
            ) as place
        from submissions
        inner join verdicts
            on
                submissions.translation_id = verdicts.translation_id
                and submissions.occurred_at <= verdicts.acted_at
        where verdicts.is_by_person and submissions.person_id <> verdicts.person_id
    ) as ranked
    where place = 1
),

settlements as (
    select
        submissions.contribution_id,
        min(verdicts.acted_at) as settled_at,
        {% for verdict in ['approved', 'rejected'] %}
            min(
                case
                    when
                        verdicts.is_by_person
                        and verdicts.action_type = 'translation:{{ verdict }}'
                        and submissions.person_id <> verdicts.person_id
                        then verdicts.acted_at
                end
            ) as {{ verdict }}_at,
        {% endfor %}
        min(
            case
                when
                    verdicts.is_by_person
                    and verdicts.action_type = 'translation:rejected'
                    and submissions.person_id = verdicts.person_id
                    then verdicts.acted_at
            end
        ) as taken_back_at
    from submissions
    inner join verdicts
        on
            submissions.translation_id = verdicts.translation_id
            and submissions.occurred_at <= verdicts.acted_at
    group by submissions.contribution_id
),

items as (
    select
        'sumo:question:' || question_id as item_id,
        'question' as item_type,
        'sumo' as source,
        'support' as area,
        cast(question_id as {{ dbt.type_string() }}) as item,
        asker_account as opener_account,
        cast(null as {{ dbt.type_string() }}) as asked_account,
        responder_account,
        locale,
        product,
        cast(null as {{ dbt.type_string() }}) as component,
        cast(null as {{ dbt.type_string() }}) as project,
        set_aside_reason,
        {{ var('parameters')['support_cap_hours'] }} as cap_hours,
        has_erased_answer,
        created_at as opened_at,
        responded_at,
        cast(null as {{ dbt.type_timestamp() }}) as closed_at,
        responded_at as settled_at,
        cast(null as {{ dbt.type_timestamp() }}) as accepted_at,
        cast(null as {{ dbt.type_timestamp() }}) as rejected_at,
        false as is_cancelled
    from {{ ref('fct_support_question') }}
    union all
    select
        submissions.contribution_id as item_id,
        'suggestion' as item_type,
        'pontoon' as source,
        'localization' as area,
        submissions.translation_id as item,
        submissions.account as opener_account,
        cast(null as {{ dbt.type_string() }}) as asked_account,
        reviews.account as responder_account,
        submissions.locale,
        cast(null as {{ dbt.type_string() }}) as product,
        cast(null as {{ dbt.type_string() }}) as component,
        submissions.project,
        case when shown.reviews = 0 then 'reviews_missing' end as set_aside_reason,
        cast(null as integer) as cap_hours,
        false as has_erased_answer,
        submissions.occurred_at as opened_at,
        reviews.acted_at as responded_at,
        settlements.taken_back_at as closed_at,
        settlements.settled_at,
        settlements.approved_at as accepted_at,
        settlements.rejected_at,
        settlements.taken_back_at is not null as is_cancelled
    from submissions
    cross join (select count(*) as reviews from verdicts where is_by_person) as shown
    left join reviews on submissions.contribution_id = reviews.contribution_id
    left join settlements on submissions.contribution_id = settlements.contribution_id
    union all
    select
        item_id,
        'bug' as item_type,
        'bugzilla' as source,
        'quality' as area,
        item,
        opener_account,
        cast(null as {{ dbt.type_string() }}) as asked_account,
        responder_account,
        cast(null as {{ dbt.type_string() }}) as locale,
        product,
        component,
        cast(null as {{ dbt.type_string() }}) as project,
        set_aside_reason,
        {{ var('parameters')['bug_cap_hours'] }} as cap_hours,
        false as has_erased_answer,
        opened_at,
        responded_at,
        cast(null as {{ dbt.type_timestamp() }}) as closed_at,
        responded_at as settled_at,
        accepted_at,
        rejected_at,
        false as is_cancelled
    from {{ ref('int_item__bug') }}
    union all
    select
        requests.request_id as item_id,
        'needinfo' as item_type,
        'bugzilla' as source,
        'quality' as area,
        cast(requests.bug_id as {{ dbt.type_string() }}) as item,
        requests.setter_account as opener_account,
        requests.asked_account,
        case when requests.outcome = 'answered' then requests.clearer_account end
            as responder_account,
        cast(null as {{ dbt.type_string() }}) as locale,
        bugs.product,
        bugs.component,
        cast(null as {{ dbt.type_string() }}) as project,
        case when requests.is_to_oneself then 'own_request' end as set_aside_reason,
        cast(null as integer) as cap_hours,
        false as has_erased_answer,
        requests.requested_at as opened_at,
        case when requests.outcome = 'answered' then requests.cleared_at end as responded_at,
        case when requests.outcome <> 'answered' then requests.cleared_at end as closed_at,
        requests.cleared_at as settled_at,
        cast(null as {{ dbt.type_timestamp() }}) as accepted_at,
        cast(null as {{ dbt.type_timestamp() }}) as rejected_at,
        coalesce(requests.outcome = 'withdrawn', false) as is_cancelled
    from {{ ref('int_item__needinfo') }} as requests
    inner join {{ ref('stg_bugzilla__bugs') }} as bugs on requests.bug_id = bugs.bug_id
    union all
    select
        item_id,
        'topic' as item_type,
        'discourse' as source,
        'community_forum' as area,
        item,
        opener_account,
        cast(null as {{ dbt.type_string() }}) as asked_account,
        responder_account,
        cast(null as {{ dbt.type_string() }}) as locale,
        cast(null as {{ dbt.type_string() }}) as product,
        component,
        cast(null as {{ dbt.type_string() }}) as project,
        set_aside_reason,
        cast(null as integer) as cap_hours,
        false as has_erased_answer,
        opened_at,
        responded_at,
        closed_at,
        coalesce(responded_at, closed_at) as settled_at,
        cast(null as {{ dbt.type_timestamp() }}) as accepted_at,
        cast(null as {{ dbt.type_timestamp() }}) as rejected_at,
        false as is_cancelled
    from {{ ref('int_item__topic') }}
),

known as (
    select
        items.*,
        openers.person_id as opener_id,
        asked.person_id as asked_id,
        responders.person_id as responder_id,
        coalesce(opener_terms.affiliation, 'unknown') as opener_affiliation,
        case
            when items.asked_account is not null then coalesce(asked_terms.affiliation, 'unknown')
        end as asked_affiliation,
        case
            when items.responder_account is not null
                then coalesce(responder_terms.affiliation, 'unknown')
        end as responder_affiliation,
        case
            when items.set_aside_reason is not null then items.set_aside_reason
            when openers.is_bot or asked.is_bot then 'bot'
            when items.opened_at < sources.loaded_from then 'before_loaded_from'
            when items.opened_at >= sources.watermark then 'after_watermark'
            when items.responded_at < items.opened_at then 'negative_duration'
        end as final_reason,
        {{ hours_between('items.opened_at', 'items.responded_at') }} as response_hours,
        least(
            {{ hours_between('items.opened_at', 'sources.watermark') }},
            coalesce({{ hours_between('items.opened_at', 'items.closed_at') }}, 1e9),
            coalesce(items.cap_hours, 1e9)
        ) as observed_hours
    from items
    inner join {{ ref('dim_source') }} as sources on items.source = sources.source
    left join {{ ref('dim_account') }} as openers
        on items.source = openers.source and items.opener_account = openers.account
    left join {{ ref('dim_account') }} as asked
        on items.source = asked.source and items.asked_account = asked.account
    left join {{ ref('dim_account') }} as responders
        on items.source = responders.source and items.responder_account = responders.account
    left join {{ ref('int_identity__affiliations') }} as opener_terms
        on
            items.source = opener_terms.source
            and items.opener_account = opener_terms.account
            and cast(items.opened_at as date) >= opener_terms.valid_from
            and cast(items.opened_at as date) < opener_terms.valid_to
    left join {{ ref('int_identity__affiliations') }} as asked_terms
        on
            items.source = asked_terms.source
            and items.asked_account = asked_terms.account
            and cast(items.opened_at as date) >= asked_terms.valid_from
            and cast(items.opened_at as date) < asked_terms.valid_to
    left join {{ ref('int_identity__affiliations') }} as responder_terms
        on
            items.source = responder_terms.source
            and items.responder_account = responder_terms.account
            and cast(items.responded_at as date) >= responder_terms.valid_from
            and cast(items.responded_at as date) < responder_terms.valid_to
)

select
    known.item_id,
    known.opener_id,
    known.asked_id,
    known.responder_id,

    known.item_type,
    known.source,
    known.area,
    known.item,
    known.opener_affiliation,
    known.asked_affiliation,
    known.responder_affiliation,
    {{ is_newcomer('persons', 'known.opened_at') }} as is_opener_newcomer,
    known.locale,
    known.product,
    known.component,
    known.project,
    known.has_erased_answer,
    known.is_cancelled,
    known.final_reason as set_aside_reason,
    known.cap_hours,
    known.response_hours,
    known.observed_hours,
    least(coalesce(known.response_hours, 1e9), known.observed_hours) as waited_hours,
    coalesce(
        known.response_hours <= known.observed_hours
        and known.response_hours < coalesce(known.cap_hours, 1e9),
        false
    ) as is_responded,

    known.opened_at,
    known.responded_at,
    known.closed_at as closed_without_response_at,
    known.settled_at,
    known.accepted_at,
    known.rejected_at
from known
left join {{ ref('dim_person') }} as persons on known.opener_id = persons.person_id
