-- The completion that a speaker meets: of locales by their speakers. Variants of one language share
-- its speakers equally; the speakers of a language are the most that one of its locales is given.

with shared as (
    select
        *,
        case
            when speakers is not null
                then max(speakers) over of_language / count(speakers) over of_language
        end as share_of_speakers
    from {{ ref('fct_locale_snapshot') }}
    where total_strings > 0
    window of_language as (partition by seen_on, language)
),

summed as (
    select
        seen_on,
        count(*) as locales,
        count(*) filter (where speakers is not null) as locales_with_speakers,
        sum(share_of_speakers order by locale asc) as speakers,
        sum(share_of_speakers * complete_strings / total_strings order by locale asc) as served
    from shared
    group by seen_on
)

select
    'day' as grain,
    seen_on::timestamp as period_start,
    seen_on::timestamp as period_end,

    served / speakers as value,
    served::double as numerator,
    speakers::double as denominator,
    null::bigint as persons,
    null::bigint as smallest_group,
    locales_with_speakers / locales as coverage,
    case when speakers is null then 'no_denominator' else 'complete' end as status,
    'all_projects' as flags
from summed
