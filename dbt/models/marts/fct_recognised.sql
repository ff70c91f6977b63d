-- One row an identity level, person and end of a month D: had a formal recognition of any kind in
-- the year before D, by whichever account.

{% set days = var('parameters')['recognition_days'] %}
select distinct
    identities.identity_level,
    identities.person_id,
    periods.period_end
from {{ ref('dim_period') }} as periods
inner join {{ ref('fct_recognition') }} as recognitions
    on
        recognitions.is_formal
        and recognitions.recognised_at < periods.period_end
        and recognitions.recognised_at
        >= {{ dbt.dateadd('day', -days, 'periods.period_end') }}
inner join {{ ref('dim_identity') }} as identities on recognitions.person_id = identities.member_id
where periods.grain = 'month'
