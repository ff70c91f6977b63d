-- Pontoon's Community Health Score cannot be made again from what the interface shows: no sign-ups,
-- no completion of key projects by locale, so that five of its terms would be guessed.

{{ never_told('not_offered') }}
