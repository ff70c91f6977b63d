{#
    Tables of which only some dates are made anew. A model says so by its configuration:

        parts={
            'of': 'period_end',
            'among': "select period_end from marts.dim_period where grain = 'month'",
            'reads': {
                'fct_identity_month': {'since': 'period_start', 'until': "period_end + interval 365 day"},
                'dim_identity_country': {'rows': "select ... from marts.dim_identity_country ...", ...},
            },
        }

    `of`: the date of a row of the model. `among`: all dates, and maybe others. `reads`: which rows of which
    table a date D hangs on: those with since < D and (until >= D or until is null); `columns`: on which
    columns of them (all); `rows`: a query in place of the table; `by`: the columns that `since` and `until`
    are made of, for a table of many rows and few dates, which is hashed several times as fast by them. Tables
    that are not in `reads` are read whole: what is new in them makes all dates anew.

    The SQL says with `due` what it needs for the dates that are made. That what a model says is true is
    proved by the test suite: given no other rows than those of a date, it makes the rows of that date.
#}

{# Whether a row is of the dates that are made, or lies less than `back` days before one. True of all otherwise. #}
{% macro due(column, back=0) -%}
    {{ return(adapter.dispatch('due', 'mdm')(column, back)) }}
{%- endmacro %}

{% macro default__due(column, back) -%}
    true /* due: {{ column }}, {{ back }} */
{%- endmacro %}

{% macro spark__due(column, back) -%}
    true
{%- endmacro %}

{# The query for every date of a model and the hash of the rows that it hangs on, both as text. #}
{% macro query_of_parts(parts) -%}
    with dates as (
        select distinct cast(ends.one as date) as d from ({{ parts.among }}) as ends (one)
    ),

    moves as (
    {%- for name, read in parts.reads.items() %}
    {%- set rows = read.rows or ('select * from ' ~ mdm.relation_of(name)) %}
    {%- set rows_hash = "sum(hash(" ~ (read.columns or ['*columns(*)']) | join(', ') ~ ")::hugeint)" %}
        select
            {{ loop.index }} as place,
            cast({{ read.since }} as date) as since,
            cast({{ read.until or 'null' }} as date) as until,
            {% if read.by %}sum(rows_hash){% else %}{{ rows_hash }}{% endif %} as rows_hash
        from (
            {%- if read.by %}
            select {{ read.by | join(', ') }}, {{ rows_hash }} as rows_hash
            from ({{ rows }})
            group by {{ read.by | join(', ') }}
            {%- else %}
            {{ rows }}
            {%- endif %}
        )
        group by cast({{ read.since }} as date), cast({{ read.until or 'null' }} as date)
        having until is null or until >= since
        {% if not loop.last %}union all{% endif %}
    {%- endfor %}
    ),

    steps as (
        select place, since as step, sum(rows_hash) as rows_hash
        from moves
        group by place, since
        union all
        select place, until as step, -sum(rows_hash) as rows_hash
        from moves
        where until is not null
        group by place, until
    ),

    sums as (
        select dates.d, steps.place, sum(steps.rows_hash) as rows_hash
        from dates
        inner join steps on steps.step < dates.d
        group by dates.d, steps.place
    )

    select
        strftime(dates.d, '%Y-%m-%d'),
        left(md5(coalesce(string_agg(sums.place || ':' || sums.rows_hash, ' ' order by sums.place), '')), 16)
    from dates
    left join sums on dates.d = sums.d
    group by dates.d
{%- endmacro %}

{% macro relation_of(name) -%}
    {%- for node in graph.nodes.values() if node.name == name -%}
        {{ return(node.schema ~ '.' ~ node.alias) }}
    {%- endfor -%}
{%- endmacro %}

{# The dates and hashes of a label; empty when the table was made by other SQL or from other whole tables. #}
{% macro known_parts(label, base) -%}
    {%- set known = {} -%}
    {%- if label | length == 4 and label[2] == base -%}
        {%- for part in label[3].split(',') if part -%}
            {%- do known.update({part.split('=')[0]: part.split('=')[1]}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(known) }}
{%- endmacro %}

{% macro told_parts(hashes) -%}
    {%- for date, hash in hashes | dictsort -%}{{ date }}={{ hash }}{{ ',' if not loop.last }}{%- endfor -%}
{%- endmacro %}

{# Dates that are new, gone, or hang on other rows than before. #}
{% macro due_parts(hashes, known) -%}
    {%- set due = [] -%}
    {%- for date in hashes if hashes[date] != known.get(date) -%}{%- do due.append(date) -%}{%- endfor -%}
    {%- for date in known if date not in hashes -%}{%- do due.append(date) -%}{%- endfor -%}
    {{ return(due | sort) }}
{%- endmacro %}

{# The SQL of a model for these dates alone. #}
{% macro only_due(sql, due) -%}
    {%- set found = namespace(sql=sql) -%}
    {%- for mark, column, back in modules.re.findall('(true /\\* due: (.+?), (\\d+) \\*/)', sql) -%}
        {%- set condition -%}
            {%- if back == '0' -%}
                {{ mdm.in_parts(column, due) }}
            {%- else -%}
                {{ column }} > date '{{ due[0] }}' - interval {{ back }} day
            {%- endif -%}
        {%- endset -%}
        {%- set found.sql = found.sql.replace(mark, condition) -%}
    {%- endfor -%}
    {{ return(found.sql) }}
{%- endmacro %}

{% macro in_parts(column, due) -%}
    {{ column }} in (date '{{ due | join("', date '") }}')
{%- endmacro %}

{# The ends of all closed periods of these grains, for `among`. #}
{% macro closed_ends(grains) -%}
    select period_end from marts.dim_period where grain in ('{{ grains | join("', '") }}')
{%- endmacro %}

{# The ends of all months in which this relation has a day, for `among`. #}
{% macro ends_of_months(relation) -%}
    select distinct {{ end_of_month('occurred_on') }} from {{ relation }} where occurred_on is not null
{%- endmacro %}

{% macro end_of_month(day) -%}
    last_day({{ day }}) + interval 1 day
{%- endmacro %}

{% macro end_of_quarter(day) -%}
    date_trunc('quarter', {{ day }}) + interval 3 month
{%- endmacro %}

{# What a date hangs on of a table with one row, or some, a period: those of the periods that end on it. #}
{% macro read_of_grains(table, grains) -%}
    {{ return(read_at_end(
        rows="select * from marts." ~ table ~ " where grain in ('" ~ grains | join("', '") ~ "')"
    )) }}
{%- endmacro %}

{# What a date hangs on of the periods that end on it. #}
{% macro read_of_period(grains) -%}
    {{ return(read_of_grains("dim_period", grains)) }}
{%- endmacro %}

{# The same, with what can be measured in them. #}
{% macro read_of_areas(grains) -%}
    {{ return(read_of_grains("fct_area_period", grains)) }}
{%- endmacro %}

{# The same, with how complete its sources are. #}
{% macro read_of_sources(grains) -%}
    {{ return(read_of_grains("fct_source_period", grains)) }}
{%- endmacro %}

{# What a date hangs on of how far areas are known: whether it is `days` days further than the date, or how far. #}
{% macro read_of_horizons(grains, days) -%}
    {{ return({
        'rows': "
            select
                horizons.area,
                least(horizons.known_until, ends.period_end + interval " ~ days ~ " day) as known_until,
                ends.period_end
            from marts.dim_area_horizon as horizons
            cross join (" ~ closed_ends(grains) ~ " group by period_end) as ends
        ",
        'columns': ['area', 'known_until'],
        'since': 'period_end - interval 1 day',
        'until': 'period_end',
    }) }}
{%- endmacro %}

{# What every date hangs on: some columns of a table that changes in others. `rows`: a query in its place. #}
{% macro read_at_any_date(columns, rows=none) -%}
    {{ return({'columns': columns, 'rows': rows, 'since': "timestamp '1900-01-01'"}) }}
{%- endmacro %}

{# What a date hangs on of a table, or of a query in its place (`rows`), that has its rows by that date. #}
{% macro read_at_end(columns=none, rows=none) -%}
    {{ return({
        'by': ['period_end'],
        'columns': columns,
        'rows': rows,
        'since': 'period_end - interval 1 day',
        'until': 'period_end',
    }) }}
{%- endmacro %}

{# The same, and which values these columns have at any date: for what shows a place wherever it was once seen. #}
{% macro read_at_end_and_values(table, columns, values) -%}
    {{ return({
        'by': ['period_end'],
        'rows': "
            select * from marts." ~ table ~ "
            union all by name
            select distinct " ~ values | join(', ') ~ " from marts." ~ table,
        'columns': columns,
        'since': "coalesce(period_end - interval 1 day, timestamp '1900-01-01')",
        'until': 'period_end',
    }) }}
{%- endmacro %}

{# What a date hangs on of the months that begin less than `days` days, and a month, before it. #}
{% macro read_of_months(columns, days) -%}
    {{ return({
        'by': ['period_start', 'period_end'],
        'columns': columns,
        'since': 'period_start',
        'until': "period_end + interval " ~ days ~ " day",
    }) }}
{%- endmacro %}

{# What a date hangs on of the `days` days before it. #}
{% macro read_of_days(columns, days) -%}
    {{ return({
        'by': ['occurred_on'],
        'columns': columns,
        'since': 'occurred_on',
        'until': "occurred_on + interval " ~ days ~ " day",
    }) }}
{%- endmacro %}

{# What a date hangs on of who is one with whom, of those who had begun by then. #}
{% macro read_of_persons() -%}
    {{ return({
        'columns': ['person_id', 'probable_person_id'],
        'since': 'first_contribution_on',
    }) }}
{%- endmacro %}

{# What a date hangs on of whose the acts of those are who had begun by then. #}
{% macro read_of_members() -%}
    {{ return({
        'columns': ['identity_level', 'member_id', 'person_id'],
        'since': 'first_contribution_on',
    }) }}
{%- endmacro %}

{# What a date hangs on of those who had begun by then. #}
{% macro read_of_people() -%}
    {{ return({
        'rows': "
            select distinct identity_level, person_id, first_contribution_on, is_left_censored
            from marts.dim_identity
        ",
        'since': 'first_contribution_on',
    }) }}
{%- endmacro %}

{# What a date hangs on of the countries, at that date, of those who had begun by then. #}
{% macro read_of_countries() -%}
    {{ return({
        'rows': "
            select countries.*, people.first_contribution_on
            from marts.dim_identity_country as countries
            inner join (
                select distinct identity_level, person_id, first_contribution_on
                from marts.dim_identity
                where first_contribution_on is not null
            ) as people using (identity_level, person_id)
        ",
        'columns': ['identity_level', 'person_id', 'country', 'region', 'is_backfilled'],
        'since': 'greatest(seen_from, first_contribution_on)',
        'until': 'seen_until',
    }) }}
{%- endmacro %}

{# What the end of a wave of the survey hangs on of when the run was: whether it was before, and then when. #}
{% macro read_of_open_waves() -%}
    {{ return({
        'rows': "
            select waves.ends_on, least(cast(runs.as_of as date), waves.ends_on) as as_of
            from marts.dim_run as runs
            cross join (select distinct ends_on from marts.fct_survey_person) as waves
        ",
        'columns': ['as_of'],
        'since': 'ends_on - interval 1 day',
        'until': 'ends_on',
    }) }}
{%- endmacro %}
