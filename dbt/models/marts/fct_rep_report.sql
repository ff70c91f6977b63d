-- One row a report of a Rep, the automatic ones of events included, with the day that its author
-- gave it: some lie in the future.

select
    reports.report_id,
    accounts.person_id,

    coalesce(reports.is_passive, false) as is_passive,

    reports.reported_on
from {{ ref('stg_reps__activities') }} as reports
inner join {{ ref('int_identity__accounts') }} as accounts
    on
        accounts.source = 'reps'
        and reports.reporter_account = accounts.account
where not accounts.is_bot
