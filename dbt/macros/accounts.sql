{# How people name accounts in the files they keep: by number, or by a log-in that belongs to one. #}

{#
    The rows of a kept table with the account that is meant and these of its columns, for use as a subquery.
    A row that is there twice, by number and by log-in, is one.
#}
{% macro of_named_accounts(table, columns) -%}
    (
        select distinct
            told.source,
            coalesce(logins.account, told.account) as account
            {%- for column in columns %},
            told.{{ column }}
            {%- endfor %}
        from {{ ref(table) }} as told
        left join {{ ref('int_identity__logins') }} as logins
            on
                told.source = logins.source
                and told.account = logins.login
    )
{%- endmacro %}
