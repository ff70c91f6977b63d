-- Of the speakers of all languages of Pontoon, those whose language is served at the end of a
-- month: nine tenths translated when last seen in the month, and somebody of the community active
-- on it in the 90 days before. A language with several locales counts once, by its best. Months
-- without a snapshot cannot be told.

{% set window = var('parameters')['level_window_days'] %}
with slices as (
    {{ months_looking_back('localization', window) }}
),

days as (
    select
        slices.period_end,
        max(snapshots.seen_on) as seen_on
    from slices
    inner join {{ ref('fct_locale_snapshot') }} as snapshots
        on
            snapshots.seen_on >= slices.period_start
            and snapshots.seen_on < slices.period_end
    group by slices.period_end
),

active as (
    select
        slices.period_end,
        months.locale,
        count(distinct months.person_id) as persons
    from slices
    inner join {{ ref('fct_contributor_locale_month') }} as months
        on
            months.period_end > slices.period_end - interval {{ window }} day
            and months.period_start < slices.period_end
            and {{ days_within(
                'months.day_bits', 'months.period_start',
                '(slices.period_end - interval ' ~ window ~ ' day)'
            ) }} > 0
    inner join {{ ref('dim_population') }} as populations
        on months.affiliation = populations.affiliation and populations.population = 'community'
    where months.area = 'localization'
    group by slices.period_end, months.locale
),

languages as (
    select
        days.period_end,
        snapshots.language,
        max(snapshots.speakers) as speakers,
        max(
            case
                when
                    snapshots.complete_strings
                    >= {{ var('parameters')['served_completion'] }} * snapshots.total_strings
                    and snapshots.total_strings > 0
                    and active.persons > 0
                    then 1
                else 0
            end
        ) as is_served
    from days
    inner join {{ ref('fct_locale_snapshot') }} as snapshots using (seen_on)
    left join active
        on days.period_end = active.period_end and snapshots.locale = active.locale
    group by days.period_end, snapshots.language
),

summed as (
    select
        period_end,
        sum(speakers)::double as speakers,
        coalesce(sum(speakers) filter (where is_served = 1), 0)::double as served,
        count(speakers) / count(*) as coverage
    from languages
    group by period_end
),

measured as (
    select
        slices.*,
        summed.speakers,
        summed.served,
        summed.coverage,
        case when summed.period_end is null then 'unavailable' else slices.status end as found
    from slices
    left join summed using (period_end)
)

select
    grain,
    period_start,
    period_end,

    case when found <> 'unavailable' then served / nullif(speakers, 0) end as value,
    case when found <> 'unavailable' then served end as numerator,
    case when found <> 'unavailable' then speakers end as denominator,
    null::bigint as persons,
    null::bigint as smallest_group,
    case when found <> 'unavailable' then coverage end as coverage,
    case
        when found <> 'unavailable' and coalesce(speakers, 0) = 0 then 'no_denominator'
        else found
    end as status,
    {{ flags_of({
        'all_projects': "found <> 'unavailable'",
        'no_snapshot': 'speakers is null',
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured
