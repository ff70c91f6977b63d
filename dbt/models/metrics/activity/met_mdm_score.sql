-- How near a person is to the strategy's persona is nobody else's to know: it is counted
-- in the restricted schema, and what is published is that it is not.

{{ never_told('not_published') }}
