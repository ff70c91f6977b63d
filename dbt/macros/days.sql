{# Sets of days of a month as bits: common SQL, and cheap to unite and to count. #}

{# A day of a month as one bit, the 1st as the lowest: `bit_or` of them is a month's set of days. #}
{% macro day_bit(date_column) -%}
    cast(power(2, extract(day from {{ date_column }}) - 1) as bigint)
{%- endmacro %}

{#
    The days of a month that lie in a window: all but those before `window_start`, when it begins within the
    month. For months that end with or before the window, as months do here.
#}
{% macro days_within(day_bits, month_start, window_start) -%}
    bit_count(
        case
            when {{ window_start }} <= {{ month_start }} then {{ day_bits }}
            else {{ day_bits }} - {{ day_bits }} % {{ day_bit(window_start) }}
        end
    )
{%- endmacro %}

{# How many days of a month's set are `since_date` or later, wherever that lies. #}
{% macro days_since(day_bits, month_start, month_end, since_date) -%}
    case
        when {{ since_date }} >= {{ month_end }} then 0
        else {{ days_within(day_bits, month_start, since_date) }}
    end
{%- endmacro %}
