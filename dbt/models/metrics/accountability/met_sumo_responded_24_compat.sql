-- The share of a day's support questions with any answer within 24 hours, as the support forum's
-- own page counts it: own replies, spam and machines answer too. Beside `support_response_rate`.

{{ responded_compat(24) }}
