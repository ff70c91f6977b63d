{# What metrics of waiting share: the periods of a kind of item, its curve, and known breaks. #}

{#
    Every closed period of the grains and kind of item, with the state of the source that holds it. A
    period without any item starts here, as zero or null. `watermark`: how far the source is known.
#}
{% macro item_periods(item_types, grains) -%}
    {%- set sources = {
        'question': 'sumo', 'suggestion': 'pontoon', 'bug': 'bugzilla', 'needinfo': 'bugzilla',
        'topic': 'discourse',
    } -%}
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        periods.source,
        kinds.item_type,
        periods.state,
        periods.is_newness_known,
        sources.watermark
    from {{ ref('fct_source_period') }} as periods
    inner join {{ ref('dim_source') }} as sources on periods.source = sources.source
    inner join (
        {%- for item_type in item_types %}
        select '{{ item_type }}' as item_type, '{{ sources[item_type] }}' as source
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- endfor %}
    ) as kinds on periods.source = kinds.source
    where periods.grain in ('{{ grains | join("', '") }}') and periods.state <> 'not_begun'
{%- endmacro %}

{# Kaplan-Meier median of the rows of fct_item in a group, as a struct; `unit`: hours in one unit. #}
{% macro waiting_median(unit=1, observed='is_responded', among='true') -%}
    km_median(
        list((waited_hours / {{ unit }})::double order by item_id) filter (where {{ among }}),
        list({{ observed }} order by item_id) filter (where {{ among }})
    )
{%- endmacro %}

{# One row a period of the grain that a known break of the source concerns, and the flags it gives. #}
{% macro broken_periods(metric, source, grain) -%}
    select
        periods.period_start,
        string_agg(distinct breaks.flag, ', ' order by breaks.flag) as break_flags
    from {{ ref('fct_source_period') }} as periods
    inner join {{ ref('fct_series_break') }} as breaks
        on
            periods.source = breaks.source
            and periods.period_start < breaks.until_on
            and periods.period_end > breaks.from_on
    where
        periods.source = '{{ source }}'
        and periods.grain = '{{ grain }}'
        and breaks.flag is not null
        and coalesce(breaks.metric, '{{ metric }}') = '{{ metric }}'
    group by periods.period_start
{%- endmacro %}

{# Whether an affiliation is that of the employer. #}
{% macro is_staff(affiliation) -%}
    {{ affiliation }} in ('staff', 'vendor')
{%- endmacro %}

{# The two ends of a share in which some affiliations are unknown: none of them staff, all of them staff. #}
{% macro affiliation_band() -%}
    (
        select 'low' as category, ['staff', 'vendor'] as counted_as_staff
        union all
        select 'high' as category, ['staff', 'vendor', 'unknown'] as counted_as_staff
    )
{%- endmacro %}
