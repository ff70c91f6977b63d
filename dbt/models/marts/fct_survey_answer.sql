-- One row a value that a person chose in a wave, whichever of their accounts was invited. A refusal
-- (prefer_not_to_say) is a value, a question passed over (no_answer) too.

select
    answers.wave,
    accounts.person_id,

    answers.attribute,
    answers.attribute_value,
    max(case when answers.is_complete then 1 else 0 end) = 1 as is_complete
from {{ ref('stg_survey__answers') }} as answers
inner join {{ ref('stg_survey__invitations') }} as invitations
    on
        answers.wave = invitations.wave
        and answers.respondent = invitations.respondent
left join {{ ref('int_identity__logins') }} as logins
    on
        invitations.source = logins.source
        and invitations.account = logins.login
inner join {{ ref('int_identity__accounts') }} as accounts
    on
        invitations.source = accounts.source
        and accounts.account = coalesce(logins.account, invitations.account)
where invitations.is_delivered
group by answers.wave, accounts.person_id, answers.attribute, answers.attribute_value
