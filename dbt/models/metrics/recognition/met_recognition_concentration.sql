-- The share of a year's formal recognitions that went to the tenth of recipients who got most; in
-- `equal_shares`, what it would be had all got the same. Ties are broken by id; any order gives the
-- same number.

{% set days = var('parameters')['recognition_days'] %}
with systems as (
    select source, min(recognised_on) as known_from
    from {{ ref('fct_recognition') }}
    where is_formal
    group by grouping sets ((), (source))
),

states as (
    select
        source,
        period_end,
        case state when 'missing' then 'unavailable' else state end as status,
        state = 'missing' as is_source_missing
    from {{ ref('fct_source_period') }}
    where grain = 'trailing_{{ days }}d'
    union all
    select null, period_end, status, is_source_missing
    from {{ ref('fct_area_period') }}
    where grain = 'trailing_{{ days }}d' and area = 'all'
),

periods as (
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        systems.source,
        states.status,
        states.is_source_missing,
        coalesce(systems.known_from < periods.period_end::date, false) as is_recognition_known
    from {{ ref('dim_period') }} as periods
    cross join systems
    inner join states
        on
            periods.period_end = states.period_end
            and systems.source is not distinct from states.source
    where periods.grain = 'year' and states.status <> 'not_begun'
),

-- Who is recognised by an account that was never seen is nobody else at either level.
given as (
    select
        levels.identity_level,
        periods.period_end,
        periods.source,
        coalesce(identities.person_id, recognitions.person_id) as person_id,
        count(*) as recognitions
    from periods
    cross join {{ identity_levels() }} as levels
    inner join {{ ref('fct_recognition') }} as recognitions
        on
            recognitions.is_formal
            and recognitions.recognised_at < periods.period_end
            and recognitions.recognised_at >= periods.period_end - interval {{ days }} day
            and (periods.source is null or periods.source = recognitions.source)
    left join {{ ref('dim_identity') }} as identities
        on
            levels.identity_level = identities.identity_level
            and recognitions.person_id = identities.member_id
    group by
        levels.identity_level,
        periods.period_end,
        periods.source,
        coalesce(identities.person_id, recognitions.person_id)
),

ranked as (
    select
        *,
        row_number() over by_count as place,
        ceil({{ var('parameters')['top_recipients_share'] }} * count(*) over slice) as top
    from given
    window
        slice as (partition by identity_level, period_end, source),
        by_count as (
            partition by identity_level, period_end, source
            order by recognitions desc, person_id asc
        )
),

counted as (
    select
        identity_level,
        period_end,
        source,
        count(*) as persons,
        count_if(place <= top) as top_persons,
        sum(recognitions) as recognitions,
        sum(recognitions) filter (where place <= top) as top_recognitions
    from ranked
    group by identity_level, period_end, source
),

measured as (
    select
        periods.*,
        kinds.category,
        coalesce(counted.persons, 0) as persons,
        case
            when kinds.category is null then counted.top_recognitions else counted.top_persons
        end as found,
        case when kinds.category is null then counted.recognitions else counted.persons end
            as whole,
        coalesce(probable.persons, 0) as probable_persons,
        case
            when kinds.category is null then probable.top_recognitions else probable.top_persons
        end as probable_found,
        case when kinds.category is null then probable.recognitions else probable.persons end
            as probable_whole
    from periods
    cross join (select unnest([null, 'equal_shares']) as category) as kinds
    left join counted
        on
            counted.identity_level = 'confirmed'
            and periods.period_end = counted.period_end
            and periods.source is not distinct from counted.source
    left join counted as probable
        on
            probable.identity_level = 'probable'
            and periods.period_end = probable.period_end
            and periods.source is not distinct from probable.source
),

judged as (
    select
        *,
        is_recognition_known and status <> 'unavailable' as is_loaded,
        is_recognition_known
        and status <> 'unavailable'
        and persons >= {{ var('parameters')['top_recipients_least'] }} as is_measured,
        probable_persons >= {{ var('parameters')['top_recipients_least'] }}
            as are_probable_enough
    from measured
)

select
    grain,
    period_start,
    period_end,
    source,
    category,

    case when is_measured then found / whole end as value,
    case when is_measured and are_probable_enough then probable_found / probable_whole end
        as value_with_probable,
    case when is_measured then found end::double as numerator,
    case when is_measured then whole end::double as denominator,
    case when is_loaded then persons end as persons,
    case when is_loaded then {{ smaller_group('persons', 'probable_persons') }} end
        as smallest_group,
    case
        when not is_loaded then 'unavailable'
        when persons = 0 then 'no_denominator'
        when not is_measured then 'insufficient'
        else status
    end as status,
    {{ flags_of({
        'recognition_unknown': 'not is_recognition_known',
        'source_missing': 'is_source_missing',
    }) }} as flags
from judged
