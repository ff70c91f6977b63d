-- One row a chosen value of an attribute. prefer_not_to_say is an answer; no_answer says that the
-- question was passed over.

with latest as (
    {{ latest('survey', 'answers') }}
)

select
    wave,
    respondent,

    attribute,
    attribute_value,
    is_complete
from latest
